/* desk_maintenance.c - maintenances: the list of them, and the form that plans one. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "maintenance.h"

#define RECENT_MAX 30

/* ------------------------------------------------------------------ the list */

static char *distance(struct desk *d, const struct incident *i, int64_t now)
{
	if (i->status == INCIDENT_SCHEDULED) {
		if (i->scheduled_for > now)
			return arena_printf(
			    d->arena, "in %s", announce_duration(d->arena, i->scheduled_for - now));
		return arena_printf(d->arena, "was to begin %s ago",
		    announce_duration(d->arena, now - i->scheduled_for));
	}
	if (i->scheduled_until >= now)
		return arena_printf(
		    d->arena, "%s left", announce_duration(d->arena, i->scheduled_until - now));
	return arena_printf(d->arena, "%s longer than planned",
	    announce_duration(d->arena, now - i->scheduled_until));
}

static struct tv *add_row(struct desk *d, struct tv *list, const struct incident *i)
{
	struct tv *t = tv_add(list, "row");

	tv_set(t, "url", desk_path(d->arena, DESK_MAINTENANCE, i->id));
	tv_set(t, "name", i->name);
	tv_set(t, "window", desk_window_text(d, i->scheduled_for, i->scheduled_until));
	tv_set(t, "status_word", incident_status_label(i->status));
	return t;
}

static void add_planned(struct desk *d, struct tv *list, const struct incident *i)
{
	bool running = i->status != INCIDENT_SCHEDULED;
	struct tv *t = add_row(d, list, i);

	tv_set(t, "distance", distance(d, i, clock_now_ms()));
	tv_set(t, "state", running ? "under_maintenance" : "none");
	if (!desk_may(d, DESK_MAINTENANCE_UPDATE))
		return;
	struct tv *forms = tv_add(t, "forms");
	tv_set(forms, "act", running ? "Complete" : "Start");
}

static struct tv *section(struct tv *t, struct tv *have, const char *id, const char *title)
{
	if (have != NULL)
		return have;
	have = tv_add(t, "section");
	tv_set(have, "id", id);
	tv_set(have, "title", title);
	return have;
}

static void add_current(struct desk *d, struct tv *t, const struct incident *list, size_t n)
{
	struct tv *running = NULL, *upcoming = NULL;

	for (size_t k = 0; k < n; k++) {
		if (list[k].status == INCIDENT_SCHEDULED)
			continue;
		running = section(t, running, "running", "In progress");
		add_planned(d, running, &list[k]);
	}
	for (size_t k = 0; k < n; k++) {
		if (list[k].status != INCIDENT_SCHEDULED)
			continue;
		upcoming = section(t, upcoming, "upcoming", "Upcoming");
		add_planned(d, upcoming, &list[k]);
	}
	if (n == 0)
		tv_add(t, "calm");
}

static void add_past(struct desk *d, struct tv *t, const struct incident *list, size_t n)
{
	struct tv *past = NULL;

	for (size_t k = 0; k < n; k++) {
		const struct incident *i = &list[k];
		if (!incident_status_is_over(i->status))
			continue;
		past = section(t, past, "past", "Past");
		struct tv *row = add_row(d, past, i);
		tv_set(row, "distance", "");
		tv_set(row, "state", i->status == INCIDENT_COMPLETED ? "operational" : "none");
	}
}

void desk_show_maintenances(struct desk *d)
{
	struct tv *t = tv_new(d->arena);
	struct incident *planned, *recent;
	size_t n_planned, n_recent;

	if (maintenance_list_planned(d->db, d->arena, &planned, &n_planned) < 0 ||
	    maintenance_list_recent(d->db, d->arena, 0, RECENT_MAX, &recent, &n_recent) < 0) {
		desk_broken(d);
		return;
	}
	add_current(d, t, planned, n_planned);
	add_past(d, t, recent, n_recent);
	if (desk_may(d, DESK_MAINTENANCE_FORM))
		tv_set(
		    tv_add(t, "create"), "url", desk_path(d->arena, DESK_MAINTENANCE_FORM, NULL));
	desk_draw(d, 200, DESK_NAV_MAINTENANCE, "Maintenance", DESK_MAINTENANCES_PAGE, t);
}

/* ------------------------------------------------------------------ the form */

/* form NULL: nothing is written yet. */
static void draw(struct desk *d, int status, const struct form *form)
{
	const struct form_value *v = form == NULL ? NULL : form->values;
	struct desk_statuses statuses = {.chosen = v == NULL ? NULL : &v[DESK_F_COMPONENTS],
	    .keep_word = "Not affected",
	    .offer = DESK_OFFER_PLAN};
	struct tv *t = tv_new(d->arena);

	desk_say_errors(d, form);
	desk_set_form(d, t, DESK_MAINTENANCE_ADD, NULL);
	desk_set_field(t, form, v == NULL ? NULL : &v[DESK_F_NAME], "name", "", true);
	desk_set_field(t, form, v == NULL ? NULL : &v[DESK_F_BODY], "body", "", true);
	desk_set_flag(t, "redrawn", " data-redrawn", form != NULL);
	tv_set(t, "preview", desk_path(d->arena, DESK_PREVIEW, NULL));
	desk_set_token(d, t, "preview_csrf", DESK_PREVIEW);
	if (desk_set_window(d, t, form, NULL) < 0 || desk_set_planning(d, t, form, NULL) < 0 ||
	    desk_set_statuses(d, t, &statuses) < 0 ||
	    desk_set_publish(d, t, "Schedule", DESK_TELLS(TRIGGER_MAINTENANCE_SCHEDULED)) < 0) {
		desk_broken(d);
		return;
	}
	desk_draw(
	    d, status, DESK_NAV_MAINTENANCE, "Plan a maintenance", DESK_MAINTENANCE_FORM_PAGE, t);
}

void desk_show_new_maintenance(struct desk *d)
{
	draw(d, 200, NULL);
}

void desk_add_maintenance(struct desk *d)
{
	struct incident_posting p;
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;
	char id[13];

	if (!desk_read_form(d, desk_incident_fields, DESK_F__MAX, draw, &form))
		return;
	desk_take_posting(d, &form, &p);
	desk_take_window(d, &form, NULL, &p);
	if (p.name == NULL)
		form_add_error(d->arena, &form, "name", "Give the maintenance a title.");
	if (form.error_count > 0) {
		draw(d, 422, &form);
		return;
	}
	/* an impact is not asked for, and it is scheduled whatever came */
	p.set_override = false;
	p.status = INCIDENT_SCHEDULED;
	if (desk_take_planning(d, &form, NULL, &p) < 0) {
		desk_broken(d);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = incident_create(d->db, d->arena, &p, id, &f);
	if (rc == 1) {
		d->app->content_changed = true;
		desk_done(d, desk_path_done(d, DESK_MAINTENANCE, id, "scheduled"));
	} else {
		desk_refuse(d, rc, &f);
	}
}
