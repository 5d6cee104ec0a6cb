/* desk_update.c - the timeline of an incident or maintenance, and what one of its updates said. */
#include "base.h"
#include "desk_incident.h"

#include "clock.h"
#include "zone.h"

char *desk_place_of(struct desk *d, const struct incident *i, const char *word)
{
	enum desk_route page = incident_is_maintenance(i) ? DESK_MAINTENANCE : DESK_INCIDENT;

	return word == NULL ? desk_path(d->arena, page, i->id)
			    : desk_path_done(d, page, i->id, word);
}

/* ------------------------------------------------------------------ the timeline */

static void add_changes(struct tv *t, const struct incident_update *u)
{
	struct tv *changes = u->n_components == 0 ? NULL : tv_add(t, "changes");

	for (size_t k = 0; k < u->n_components; k++) {
		struct tv *c = tv_add(changes, "change");
		enum component_status now = u->components[k].new_status;
		tv_set(c, "name", u->components[k].name);
		tv_set(c, "state", component_status_word(now));
		tv_set(c, "state_word", component_status_label(now));
	}
}

void desk_add_updates(struct desk *d, struct tv *t, const struct incident *i,
    const struct incident_update *updates, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct incident_update *u = &updates[k];
		struct tv *x = tv_add(t, "update");
		tv_set(x, "status", incident_status_word(u->status));
		tv_set(x, "status_word", incident_status_label(u->status));
		desk_set_time(d, x, "at", u->display_at);
		desk_set_markdown(x, "body", u->body);
		if (!u->deliver_notifications)
			tv_add(x, "quiet");
		if (u->updated_at != u->created_at)
			desk_set_time(d, tv_add(x, "edited"), "edited", u->updated_at);
		if (desk_may(d, DESK_UPDATE_FORM))
			tv_set(tv_add(x, "edit"), "url",
			    desk_path_part(d->arena, DESK_UPDATE_FORM, i->id, u->id));
		add_changes(x, u);
	}
}

/* ------------------------------------------------------------------ one update */

enum { U_CSRF, U_BODY, U_AT, U__MAX };

static const struct form_field fields[U__MAX] = {
    [U_CSRF] = DESK_CSRF_FIELD,
    [U_BODY] = {"body", "The message", FORM_LINES, .max = INCIDENT_BODY_MAX},
    [U_AT] = {"display_at", "The time", FORM_TEXT, .required = true, .min = 1, .max = 40},
};

/* False: answered. */
static bool find(struct desk *d, struct incident *i, struct incident_update *u)
{
	struct incident_update *updates;
	size_t n = 0;
	int rc = incident_get(d->db, d->arena, d->id, i);

	if (rc == 1)
		rc = incident_updates(d->db, d->arena, d->id, &updates, &n);
	if (rc < 0) {
		desk_broken(d);
		return false;
	}
	for (size_t k = 0; k < n; k++) {
		if (strcmp(updates[k].id, d->part_id) != 0)
			continue;
		*u = updates[k];
		return true;
	}
	desk_not_found(d, "There is no such update. It may have been deleted.");
	return false;
}

static void draw(struct desk *d, int status, const struct form *form)
{
	char local[ZONE_LOCAL_LEN + 1];
	struct tv *t = tv_new(d->arena);
	struct incident_update u;
	struct incident i;

	if (!find(d, &i, &u))
		return;
	desk_say_errors(d, form);
	tv_set(t, "action", desk_path_part(d->arena, DESK_UPDATE_SAVE, i.id, u.id));
	desk_set_token(d, t, "csrf", DESK_UPDATE_SAVE);
	tv_set(t, "id", u.id);
	desk_set_flag(t, "redrawn", " data-redrawn", form != NULL);
	tv_set(t, "name", i.name);
	tv_set(t, "status_word", incident_status_label(u.status));
	tv_set(t, "zone", d->settings.time_zone);
	zone_format_local(d->settings.time_zone, u.display_at, local);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[U_BODY], "body", u.body, true);
	desk_set_field(
	    t, form, form == NULL ? NULL : &form->values[U_AT], "display_at", local, true);
	tv_set(t, "back", desk_place_of(d, &i, NULL));
	desk_draw(d, status,
	    incident_is_maintenance(&i) ? DESK_NAV_MAINTENANCE : DESK_NAV_INCIDENTS,
	    "Edit an update", DESK_UPDATE_PAGE, t);
}

void desk_show_update(struct desk *d)
{
	draw(d, 200, NULL);
}

/* The time of the form; 0 where it stands as it was drawn, so that its seconds stay. */
static int64_t take_time(struct desk *d, struct form *form, const struct incident_update *u)
{
	const struct form_value *v = &form->values[U_AT];
	char local[ZONE_LOCAL_LEN + 1];
	int64_t ms = 0;

	zone_format_local(d->settings.time_zone, u->display_at, local);
	if (!v->ok || strcmp(v->text, local) == 0)
		return 0;
	if (!zone_parse_local(d->settings.time_zone, v->text, v->len, &ms))
		form_add_error(
		    d->arena, form, "display_at", "This is no time: write it as 2026-11-23T16:00.");
	else if (ms > clock_now_ms())
		form_add_error(d->arena, form, "display_at",
		    "This time has not come yet: an update tells of what was.");
	return ms;
}

void desk_save_update(struct desk *d)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct incident_update u;
	struct incident i;
	struct form form;

	if (!desk_read_form(d, fields, U__MAX, draw, &form) || !find(d, &i, &u))
		return;
	int64_t at = take_time(d, &form, &u);
	if (form.error_count > 0) {
		draw(d, 422, &form);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = incident_edit_update(
	    d->db, d->arena, i.id, u.id, form.values[U_BODY].text, at, d->user.name, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, arena_printf(d->arena, "%s&update=%s",
				 desk_place_of(d, &i, "update_edited"), u.id));
	} else {
		desk_refuse(d, rc, &f);
	}
}
