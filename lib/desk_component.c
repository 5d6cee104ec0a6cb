/* desk_component.c - one component or group: adding it, changing it, setting its status. */
#include "base.h"
#include "desk_parts.h"

#include "announce.h"
#include "clock.h"

enum {
	C_CSRF,
	C_POST_ID,
	C_IS_GROUP,
	C_NAME,
	C_DESCRIPTION,
	C_GROUP,
	C_HIDDEN,
	C_DEGRADED,
	C_SHOWCASE,
	C_START,
	C__MAX
};

static const struct form_field fields[C__MAX] = {
    [C_CSRF] = DESK_CSRF_FIELD,
    [C_POST_ID] = DESK_POST_ID_FIELD,
    [C_IS_GROUP] = {"group", "Group", FORM_BOOL, .required = false},
    [C_NAME] = {"name", "The name", FORM_TEXT, .required = true, .min = 1,
	.max = COMPONENT_NAME_MAX},
    [C_DESCRIPTION] = {"description", "The description", FORM_LINES,
	.max = COMPONENT_DESCRIPTION_MAX},
    [C_GROUP] = {"group_id", "The group", FORM_ID, .required = false},
    [C_HIDDEN] = {"hidden", "Hidden", FORM_BOOL, .required = false},
    [C_DEGRADED] = {"only_show_if_degraded", "Only in trouble", FORM_BOOL, .required = false},
    [C_SHOWCASE] = {"showcase", "The 90-day bars", FORM_BOOL, .required = false},
    [C_START] = {"start_date", "The start date", FORM_TEXT, .max = 10},
};

/* ------------------------------------------------------------------ parts */

/* False: answered. */
static bool find(struct desk *d, struct component *c)
{
	int rc = component_get(d->db, d->arena, d->id, c);

	if (rc == 0)
		desk_not_found(d, "There is no such component. It may have been deleted.");
	else if (rc < 0)
		desk_broken(d);
	return rc == 1;
}

static const char *or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

static int add_groups(struct desk *d, struct tv *t, const char *chosen)
{
	struct component *list;
	struct tv *groups = NULL;
	size_t n;

	if (component_list(d->db, d->arena, &list, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!list[i].is_group)
			continue;
		if (groups == NULL)
			groups = tv_add(t, "groups");
		struct tv *g = tv_add(groups, "group");
		tv_set(g, "id", list[i].id);
		tv_set(g, "name", list[i].name);
		desk_set_flag(g, "selected", " selected", strcmp(list[i].id, chosen) == 0);
	}
	return 1;
}

static void add_start_date(struct tv *f, const struct component *c, const struct form *form)
{
	struct tv *start = tv_add(f, "start");

	desk_set_field(start, form, form == NULL ? NULL : &form->values[C_START], "start_date",
	    or_empty(c->start_date), true);
}

/* The form for what c holds, or, after a refusal, for what was sent. */
static int add_form(
    struct desk *d, struct tv *t, const struct component *c, const struct form *form)
{
	const struct form_value *v = form == NULL ? NULL : form->values;
	bool is_new = c->id == NULL;
	struct tv *f = tv_add(t, "edit");

	desk_set_form(d, f, is_new ? DESK_COMPONENT_ADD : DESK_COMPONENT_SAVE, c->id);
	tv_set(f, "is_group", c->is_group ? "1" : "0");
	tv_set(f, "save", !is_new ? "Save" : c->is_group ? "Add the group" : "Add the component");
	tv_set(f, "example", c->is_group ? "“Payments”, “Europe”" : "“API”, “Website”, “Checkout”");
	desk_set_field(f, form, v == NULL ? NULL : &v[C_NAME], "name", or_empty(c->name), true);
	desk_set_field(f, form, v == NULL ? NULL : &v[C_DESCRIPTION], "description",
	    or_empty(c->description), true);
	desk_set_state(f, form, "group_id", false);
	desk_set_flag(f, "hidden", " checked", v == NULL ? c->hidden : v[C_HIDDEN].truth);
	struct tv *only = c->is_group ? NULL : tv_add(f, "members_only");
	desk_set_flag(f, "showcase", " checked", v == NULL ? c->showcase : v[C_SHOWCASE].truth);
	if (only != NULL) {
		desk_set_flag(only, "degraded", " checked",
		    v == NULL ? c->only_show_if_degraded : v[C_DEGRADED].truth);
		add_start_date(f, c, form);
	}
	if (!is_new)
		tv_set(tv_add(f, "delete"), "url",
		    desk_path(d->arena, DESK_COMPONENT_DELETE_FORM, c->id));
	if (c->is_group)
		return 1;
	return add_groups(d, f, v == NULL ? or_empty(c->group_id) : v[C_GROUP].text);
}

/* Who is told when a status is set by hand. */
static const char *who_is_told(const struct settings *s)
{
	bool down = s->trigger[TRIGGER_COMPONENT_DOWN];
	bool up = s->trigger[TRIGGER_COMPONENT_RECOVERED];

	if (!s->push_enabled || (!down && !up))
		return "The page changes and nobody is notified. To tell people, open an incident.";
	if (down && up)
		return "Subscribers are notified when this is an outage, and when it ends.";
	return down ? "Subscribers are notified when this is an outage."
		    : "Subscribers are notified when an outage ends.";
}

static void add_status_form(struct desk *d, struct tv *t, const struct component *c)
{
	static const enum component_status order[] = {COMPONENT_OPERATIONAL,
	    COMPONENT_DEGRADED_PERFORMANCE, COMPONENT_PARTIAL_OUTAGE, COMPONENT_MAJOR_OUTAGE,
	    COMPONENT_UNDER_MAINTENANCE};
	struct tv *f;

	if (c->is_group || c->id == NULL)
		return;
	if (!desk_may(d, DESK_COMPONENT_STATUS)) {
		f = tv_add(t, "state_only");
		tv_set(f, "state", component_status_word(c->status));
		tv_set(f, "state_word", component_status_label(c->status));
		return;
	}
	f = tv_add(t, "status_form");
	desk_set_form(d, f, DESK_COMPONENT_STATUS, c->id);
	tv_set(f, "told", who_is_told(&d->settings));
	for (size_t i = 0; i < nelem(order); i++) {
		struct tv *s = tv_add(f, "choice");
		tv_set(s, "state", component_status_word(order[i]));
		tv_set(s, "word", desk_status_short(order[i]));
		desk_set_flag(s, "checked", " checked", order[i] == c->status);
	}
}

/* "since 14:02 CET, by hand": what made the component what it is. */
static int add_last_change(struct desk *d, struct tv *t, const struct component *c)
{
	static const char *const by[] = {
	    [COMPONENT_CAUSE_MANUAL] = "by hand",
	    [COMPONENT_CAUSE_API] = "by API",
	    [COMPONENT_CAUSE_INCIDENT] = "by an incident that is deleted",
	    [COMPONENT_CAUSE_MAINTENANCE] = "by a maintenance that is deleted",
	};
	static_assert(nelem(by) == COMPONENT_CAUSE__MAX, "words for each");
	struct component_last last;

	if (c->is_group || c->id == NULL)
		return 1;
	int rc = component_last_change(d->db, d->arena, c->id, &last);
	if (rc != 1)
		return rc;
	bool planned = last.cause == COMPONENT_CAUSE_MAINTENANCE;
	struct tv *l = tv_add(t, "last");
	tv_set(l, "status_word", component_status_label(c->status));
	desk_set_time(d, l, "at", last.at);
	tv_set(l, "since", desk_time_text_short(d, last.at));
	if (last.incident_name == NULL) {
		tv_set(l, "by", by[last.cause]);
		return 1;
	}
	tv_set(l, "by", planned ? "by maintenance" : "by incident");
	struct tv *incident = tv_add(l, "incident");
	tv_set(incident, "name", last.incident_name);
	tv_set(incident, "url",
	    desk_path(d->arena, planned ? DESK_MAINTENANCE : DESK_INCIDENT, last.incident_id));
	return 1;
}

static void draw(struct desk *d, int status, const char *title, const struct component *c,
    const struct form *form)
{
	struct tv *t = tv_new(d->arena);

	desk_say_errors(d, form);
	tv_set(t, "title", title);
	add_status_form(d, t, c);
	if (add_last_change(d, t, c) < 0 ||
	    (desk_may(d, DESK_COMPONENT_SAVE) && add_form(d, t, c, form) < 0))
		desk_broken(d);
	else
		desk_draw(d, status, DESK_NAV_COMPONENTS, title, DESK_COMPONENT_PAGE, t);
}

void desk_show_component(struct desk *d)
{
	struct component c;

	if (find(d, &c))
		draw(d, 200, c.name, &c, NULL);
}

static const char *new_title(bool group)
{
	return group ? "New group" : "New component";
}

void desk_show_new_component(struct desk *d)
{
	struct component c = {.showcase = true};

	draw(d, 200, new_title(false), &c, NULL);
}

void desk_show_new_group(struct desk *d)
{
	struct component c = {.showcase = true, .is_group = true};

	draw(d, 200, new_title(true), &c, NULL);
}

/* ------------------------------------------------------------------ what the forms do */

static char *text_or_null(struct desk *d, const struct form_value *v)
{
	return v->ok && v->len > 0 ? arena_strdup(d->arena, v->text) : NULL;
}

/* Of what the form says, what only the calendar knows to be wrong. */
static void check_start_date(struct desk *d, struct form *form)
{
	const struct form_value *v = &form->values[C_START];
	int64_t ms;

	if (!v->ok || v->len == 0)
		return;
	char *midnight = arena_printf(d->arena, "%sT00:00Z", v->text);
	if (v->len != strlen("YYYY-MM-DD") || !clock_parse_iso(midnight, strlen(midnight), &ms))
		form_add_error(d->arena, form, "start_date",
		    "The start date must be a day of the calendar, as 2026-11-23.");
}

static void take(struct desk *d, const struct form *form, struct component *c)
{
	const struct form_value *v = form->values;

	c->name = text_or_null(d, &v[C_NAME]);
	c->description = text_or_null(d, &v[C_DESCRIPTION]);
	c->hidden = v[C_HIDDEN].truth;
	c->showcase = v[C_SHOWCASE].truth;
	if (c->is_group)
		return;
	c->start_date = text_or_null(d, &v[C_START]);
	c->group_id = text_or_null(d, &v[C_GROUP]);
	c->only_show_if_degraded = v[C_DEGRADED].truth;
}

static void redraw(struct desk *d, int status, const struct form *form)
{
	struct component c = {.showcase = true, .is_group = form->values[C_IS_GROUP].truth};

	if (d->id == NULL)
		draw(d, status, new_title(c.is_group), &c, form);
	else if (find(d, &c))
		draw(d, status, c.name, &c, form);
}

void desk_add_component(struct desk *d)
{
	struct component c = {.showcase = true};
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;

	if (!desk_read_form(d, fields, C__MAX, redraw, &form))
		return;
	check_start_date(d, &form);
	if (form.error_count > 0) {
		redraw(d, 422, &form);
		return;
	}
	c.is_group = form.values[C_IS_GROUP].truth;
	take(d, &form, &c);
	if (!desk_begin(d))
		return;
	int rc = component_create(d->db, d->arena, &c, d->user.name, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_path_done(d, DESK_COMPONENTS, NULL, "added"));
	} else {
		desk_refuse(d, rc, &f);
	}
}

void desk_save_component(struct desk *d)
{
	struct component c;
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;

	if (!desk_read_form(d, fields, C__MAX, redraw, &form))
		return;
	check_start_date(d, &form);
	if (form.error_count > 0) {
		redraw(d, 422, &form);
		return;
	}
	if (!desk_begin(d) || !find(d, &c))
		return;
	take(d, &form, &c);
	int rc = component_save(d->db, d->arena, &c, d->user.name, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_path_done(d, DESK_COMPONENTS, NULL, "saved"));
	} else {
		desk_refuse(d, rc, &f);
	}
}

/* 1 changed, 0 it was so already, -1 broken. */
static int set_status(struct desk *d, enum component_status status)
{
	struct component_change change;
	int rc = component_set_status(
	    d->db, d->arena, d->id, status, COMPONENT_CAUSE_MANUAL, NULL, &change);

	if (rc != 1)
		return rc;
	char *detail = arena_printf(d->arena, "%s -> %s", component_status_word(change.old_status),
	    component_status_word(status));
	if (settings_audit(d->db, d->user.name, "component.status", d->id, detail) < 0)
		return -1;
	return announce_component(d->db, d->arena, &change) < 0 ? -1 : 1;
}

void desk_set_component_status(struct desk *d)
{
	enum { S_CSRF, S_STATUS, S__MAX };
	static const struct form_field status_fields[S__MAX] = {
	    [S_CSRF] = DESK_CSRF_FIELD,
	    [S_STATUS] = {"status", "The status", FORM_CHOICE, .required = true,
		.choices = desk_status_words, .choices_count = COMPONENT_STATUS__MAX},
	};
	struct component c;
	struct form form;

	if (!desk_read_form(d, status_fields, S__MAX, NULL, &form))
		return;
	if (form.error_count > 0) {
		web_error(d->web, 422, form.errors[0].sentence);
		return;
	}
	if (!desk_begin(d) || !find(d, &c))
		return;
	int rc = set_status(d, (enum component_status)form.values[S_STATUS].number);
	if (rc < 0) {
		desk_refuse(d, rc, NULL);
		return;
	}
	d->app->content_changed = rc == 1;
	desk_done(d, desk_path_done(d, DESK_COMPONENTS, NULL, "status"));
}
