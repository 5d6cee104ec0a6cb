/* view_load.c - see view.h: from rows to a struct view. */
#include "base.h"
#include "view.h"

#include "arena.h"
#include "clock.h"
#include "conf.h"
#include "maintenance.h"
#include "uptime.h"
#include "words.h"

/* ------------------------------------------------------------------ components */

/* A group's days are those of its members that visitors may see. */
static void add_up_groups(struct view *v)
{
	for (size_t g = 0; g < v->n_components; g++) {
		size_t n = 0;
		if (!v->components[g].is_group)
			continue;
		for (size_t i = 0; i < v->n_components; i++) {
			const struct component *c = &v->components[i];
			if (c->group_id != NULL && strcmp(c->group_id, v->components[g].id) == 0 &&
			    view_is_public(v, c))
				uptime_add_member(&v->uptime[g], &v->uptime[i], n++);
		}
	}
}

static int load_component(struct db *db, struct arena *a, struct view *v, size_t i)
{
	const struct component *c = &v->components[i];

	if (c->is_group)
		return 1;
	if (c->status != COMPONENT_OPERATIONAL &&
	    component_trouble_since(db, c, &v->trouble_since[i]) < 0)
		return -1;
	return uptime_load(db, a, c, v->now, &v->uptime[i]);
}

static int load_components(struct db *db, struct arena *a, struct view *v)
{
	if (component_list(db, a, &v->components, &v->n_components) < 0)
		return -1;
	v->trouble_since = arena_array(a, v->n_components, sizeof *v->trouble_since);
	v->uptime = arena_array(a, v->n_components, sizeof *v->uptime);
	for (size_t i = 0; i < v->n_components; i++)
		if (load_component(db, a, v, i) < 0)
			return -1;
	add_up_groups(v);
	return 1;
}

/* ------------------------------------------------------------------ incidents and maintenances */

static int newest_first(const void *x, const void *y)
{
	const struct view_incident *a = x, *b = y;

	return (a->row.created_at < b->row.created_at) - (a->row.created_at > b->row.created_at);
}

static int latest_first(const void *x, const void *y)
{
	const struct view_incident *a = x, *b = y;

	return (a->row.scheduled_for < b->row.scheduled_for) -
	       (a->row.scheduled_for > b->row.scheduled_for);
}

static bool is_there(const struct view_incident *list, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].row.id, id) == 0)
			return true;
	return false;
}

/* Appends those that are not in the list yet. */
static size_t add_missing(
    struct view_incident *list, size_t n, const struct incident *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++)
		if (!is_there(list, n, rows[i].id))
			list[n++].row = rows[i];
	return n;
}

static int load_updates(struct db *db, struct arena *a, struct view_incident *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (incident_updates(db, a, list[i].row.id, &list[i].updates, &list[i].n_updates) <
		    0)
			return -1;
	return 1;
}

static int load_incidents(struct db *db, struct arena *a, struct view *v)
{
	struct incident *open, *recent, *latest;
	size_t n_open, n_recent, n_latest, n = 0;
	int64_t since = v->today - (VIEW_DAYS - 1) * CLOCK_DAY;

	if (incident_list_open(db, a, &open, &n_open) < 0 ||
	    incident_list_recent(db, a, since, VIEW_INCIDENTS_MAX, &recent, &n_recent) < 0 ||
	    incident_list_recent(db, a, 0, VIEW_LATEST, &latest, &n_latest) < 0)
		return -1;
	v->incidents = arena_array(a, n_open + n_recent + n_latest, sizeof *v->incidents);
	n = add_missing(v->incidents, n, recent, n_recent);
	n = add_missing(v->incidents, n, latest, n_latest);
	v->n_incidents = add_missing(v->incidents, n, open, n_open);
	qsort(v->incidents, v->n_incidents, sizeof *v->incidents, newest_first);
	return load_updates(db, a, v->incidents, v->n_incidents);
}

static int load_maintenances(struct db *db, struct arena *a, struct view *v)
{
	struct incident *planned, *latest;
	size_t n_planned, n_latest, n = 0;

	if (maintenance_list_planned(db, a, &planned, &n_planned) < 0 ||
	    maintenance_list_recent(db, a, 0, VIEW_LATEST, &latest, &n_latest) < 0)
		return -1;
	v->maintenances = arena_array(a, n_planned + n_latest, sizeof *v->maintenances);
	n = add_missing(v->maintenances, n, planned, n_planned);
	v->n_maintenances = add_missing(v->maintenances, n, latest, n_latest);
	qsort(v->maintenances, v->n_maintenances, sizeof *v->maintenances, latest_first);
	return load_updates(db, a, v->maintenances, v->n_maintenances);
}

int view_load_incident(struct db *db, struct arena *a, const char *id, struct view_incident *out)
{
	int rc = incident_get(db, a, id, &out->row);

	if (rc == 1 && incident_updates(db, a, id, &out->updates, &out->n_updates) < 0)
		rc = -1;
	return rc;
}

int view_load(
    const struct conf *conf, struct db *db, struct arena *a, int64_t now_ms, struct view *out)
{
	*out = (struct view){
	    .site_url = conf->site_url == NULL ? "" : conf->site_url,
	    .public_key = conf->vapid_public_key,
	    .now = now_ms,
	    .today = clock_day_start(now_ms),
	};
	if (settings_load(db, a, &out->settings) < 0 || load_components(db, a, out) < 0 ||
	    load_incidents(db, a, out) < 0)
		return -1;
	*out = view_in(out, words_for(out->settings.page_lang));
	return load_maintenances(db, a, out);
}
