/* desk_overview.c - where people arrive: what is open, and what was lately. */
#include "base.h"
#include "desk_parts.h"

#include "announce.h"
#include "clock.h"
#include "view.h"

#define RECENT_MAX 30

static void add_open(struct desk *d, struct tv *list, const struct incident *i)
{
	struct tv *t = tv_add(list, "open");

	tv_set(t, "url", desk_path(d->arena, DESK_INCIDENT, i->id));
	tv_set(t, "name", i->name);
	tv_set(t, "state", view_state_of_impact(i->impact));
	tv_printf(t, "impact_word", "%s impact",
	    i->impact == IMPACT_NONE ? "No" : impact_label(i->impact));
	tv_set(t, "status_word", incident_status_label(i->status));
	tv_set(t, "age", announce_duration(d->arena, clock_now_ms() - i->started_at));
	if (desk_may(d, DESK_INCIDENT_RESOLVE))
		tv_add(t, "forms");
}

static void add_ended(struct desk *d, struct tv *list, const struct incident *i)
{
	struct tv *t = tv_add(list, "ended");

	tv_set(t, "url", desk_path(d->arena, DESK_INCIDENT, i->id));
	tv_set(t, "name", i->name);
	desk_set_time(d, t, "at", i->resolved_at);
	tv_set(t, "duration", announce_duration(d->arena, i->resolved_at - i->started_at));
}

static int add_lists(struct desk *d, struct tv *t)
{
	struct incident *open, *recent;
	struct tv *list = NULL;
	size_t n_open, n_recent;

	if (incident_list_open(d->db, d->arena, &open, &n_open) < 0 ||
	    incident_list_recent(d->db, d->arena, 0, RECENT_MAX, &recent, &n_recent) < 0)
		return -1;
	if (n_open == 0)
		tv_add(t, "calm");
	else
		list = tv_add(t, "open_list");
	for (size_t i = 0; i < n_open; i++)
		add_open(d, list, &open[i]);
	list = NULL;
	for (size_t i = 0; i < n_recent; i++) {
		if (recent[i].resolved_at == 0)
			continue;
		if (list == NULL)
			list = tv_add(t, "ended_list");
		add_ended(d, list, &recent[i]);
	}
	return 1;
}

/* A page without components says nothing to anybody: that is the first thing to do. */
static int add_guide(struct desk *d, struct tv *t)
{
	int64_t n;

	if (component_count(d->db, &n) < 0)
		return -1;
	if (n > 0)
		return 1;
	struct tv *guide = tv_add(t, "guide");
	if (desk_may(d, DESK_COMPONENT_FORM))
		tv_set(
		    tv_add(guide, "button"), "url", desk_path(d->arena, DESK_COMPONENT_FORM, NULL));
	return 1;
}

void desk_show_overview(struct desk *d)
{
	struct tv *t = tv_new(d->arena);

	if (add_guide(d, t) < 0 || add_lists(d, t) < 0) {
		desk_broken(d);
		return;
	}
	if (desk_may(d, DESK_INCIDENT_FORM))
		tv_set(tv_add(t, "create"), "url", desk_path(d->arena, DESK_INCIDENT_FORM, NULL));
	desk_draw(d, 200, DESK_NAV_INCIDENTS, "Incidents", DESK_OVERVIEW_PAGE, t);
}
