/* desk_components.c - the list of components, their order, and what is lost by deleting one. */
#include "base.h"
#include "desk_parts.h"

static const struct component *find_in(const struct component *list, size_t n, const char *id)
{
	for (size_t i = 0; id != NULL && i < n; i++)
		if (strcmp(list[i].id, id) == 0)
			return &list[i];
	return NULL;
}

/* A group is as bad as its worst member. */
static enum component_status status_of(
    const struct component *list, size_t n, const struct component *c)
{
	enum component_status worst = c->is_group ? COMPONENT_OPERATIONAL : c->status;

	for (size_t i = 0; c->is_group && i < n; i++)
		if (list[i].group_id != NULL && strcmp(list[i].group_id, c->id) == 0)
			worst = component_rollup(worst, list[i].status);
	return worst;
}

/* The buttons that move a row; after a move the same button has the focus again, so that the next
 * press goes on with it. */
static void add_order(struct desk *d, struct tv *row, const struct component *c)
{
	static const char focus[] = " autofocus";
	const char *at = web_query(d->web, "at"), *way = web_query(d->web, "way");
	bool moved = at != NULL && way != NULL && strcmp(at, c->id) == 0;
	struct tv *t = tv_add(row, "order");

	desk_set_form(d, t, DESK_COMPONENT_MOVE, c->id);
	desk_set_flag(t, "focus_up", focus, moved && strcmp(way, "up") == 0);
	desk_set_flag(t, "focus_down", focus, moved && strcmp(way, "down") == 0);
}

static void add_row(
    struct desk *d, struct tv *rows, const struct component *list, size_t n, size_t at)
{
	const struct component *c = &list[at];
	enum component_status status = status_of(list, n, c);
	struct tv *t = tv_add(rows, "row");

	tv_set(t, "url", desk_path(d->arena, DESK_COMPONENT, c->id));
	tv_set(t, "name", c->name);
	tv_set(t, "description", c->description);
	tv_set(t, "class", c->is_group ? "is-group" : c->group_id != NULL ? "is-member" : "");
	if (c->hidden)
		tv_add(t, "hidden");
	struct tv *state = tv_add(t, "status");
	tv_set(state, "state", component_status_word(status));
	tv_set(state, "state_word", component_status_label(status));
	if (desk_may(d, DESK_COMPONENT_MOVE))
		add_order(d, t, c);
}

void desk_show_components(struct desk *d)
{
	struct tv *t = tv_new(d->arena);
	struct component *list;
	struct tv *rows = NULL;
	size_t n;

	if (component_list(d->db, d->arena, &list, &n) < 0) {
		desk_broken(d);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (rows == NULL)
			rows = tv_add(t, "list");
		add_row(d, rows, list, n, i);
	}
	struct tv *guide = n == 0 ? tv_add(t, "guide") : NULL;
	if (desk_may(d, DESK_COMPONENT_FORM)) {
		struct tv *create = guide != NULL ? tv_add(guide, "first") : tv_add(t, "create");
		tv_set(create, "url", desk_path(d->arena, DESK_COMPONENT_FORM, NULL));
		tv_set(create, "group_url", desk_path(d->arena, DESK_GROUP_FORM, NULL));
	}
	desk_draw(d, 200, DESK_NAV_COMPONENTS, "Components", DESK_COMPONENTS_PAGE, t);
}

void desk_move_component(struct desk *d)
{
	enum { M_CSRF, M_DIRECTION, M__MAX };
	static const char *const directions[] = {"up", "down"};
	static const struct form_field fields[M__MAX] = {
	    [M_CSRF] = DESK_CSRF_FIELD,
	    [M_DIRECTION] = {"direction", "The direction", FORM_CHOICE, .required = true,
		.choices = directions, .choices_count = nelem(directions)},
	};
	struct form form;

	if (!desk_read_form(d, fields, M__MAX, NULL, &form))
		return;
	if (form.error_count > 0) {
		web_error(d->web, 422, form.errors[0].sentence);
		return;
	}
	if (!desk_begin(d))
		return;
	int direction = form.values[M_DIRECTION].number == 0 ? -1 : 1;
	int rc = component_move(d->db, d->arena, d->id, direction, d->user.name);
	if (rc < 0) {
		desk_refuse(d, rc, NULL);
		return;
	}
	/* at the end of the list there is nothing to do, and nothing to complain about */
	d->app->content_changed = rc == 1;
	desk_done(d,
	    arena_printf(d->arena, "%s?%sat=%s&way=%s", desk_path(d->arena, DESK_COMPONENTS, NULL),
		rc == 1 ? "done=moved&" : "", d->id, directions[form.values[M_DIRECTION].number]));
}

/* ------------------------------------------------------------------ deleting */

static void say_lost(struct tv *t, const char *text)
{
	tv_set(tv_add(t, "lost"), "text", text);
}

void desk_ask_delete_component(struct desk *d)
{
	struct tv *t = tv_new(d->arena);
	struct component *list;
	size_t n;

	if (component_list(d->db, d->arena, &list, &n) < 0) {
		desk_broken(d);
		return;
	}
	const struct component *c = find_in(list, n, d->id);
	if (c == NULL) {
		desk_not_found(d, "There is no such component. It may have been deleted.");
		return;
	}
	desk_set_form(d, t, DESK_COMPONENT_DELETE, c->id);
	tv_printf(t, "title", "Delete “%s”?", c->name);
	if (c->is_group) {
		say_lost(t,
		    "Lost for good: the group’s name. Its components stay, without a group, "
		    "and whoever chose the group is no longer told of them.");
	} else {
		say_lost(t, "Lost for good: the component, its status and the whole history that "
			    "its uptime is counted from.");
		say_lost(t,
		    "Incidents stay, but no longer name it, and whoever chose it is told "
		    "nothing more of it. To take it off the page and keep its history, hide "
		    "it instead.");
	}
	tv_set(t, "word", c->is_group ? "Delete this group" : "Delete this component");
	tv_set(t, "back", desk_path(d->arena, DESK_COMPONENT, c->id));
	tv_set(t, "back_word", "Keep it");
	desk_draw(d, 200, DESK_NAV_COMPONENTS, "Delete component", DESK_DELETE_PAGE, t);
}

void desk_delete_component(struct desk *d)
{
	static const struct form_field fields[] = {DESK_CSRF_FIELD};
	struct fault f = {
	    FAULT_ABSENT, NULL, "There is no such component. It may be gone already."};
	struct form form;

	if (!desk_read_form(d, fields, nelem(fields), NULL, &form) || !desk_begin(d))
		return;
	int rc = component_delete(d->db, d->arena, d->id, d->user.name);
	if (rc != 1) {
		desk_refuse(d, rc, &f);
		return;
	}
	d->app->content_changed = true;
	desk_done(d, desk_path_done(d, DESK_COMPONENTS, NULL, "component_deleted"));
}
