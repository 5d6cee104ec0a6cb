/* readapi.c - see readapi.h. */
#include "base.h"
#include "readapi.h"

#include "buf.h"
#include "maintenance.h"
#include "statuspage.h"

#define LATEST_MAX 50 /* that incidents.json and scheduled-maintenances.json tell of */

/* ------------------------------------------------------------------ the page's state */

/* What visitors see of the components, counted by status. */
struct tally {
	size_t all, with[COMPONENT_STATUS__MAX];
	enum component_status worst;
};

static struct tally count_components(const struct view *v)
{
	struct tally t = {.worst = COMPONENT_OPERATIONAL};

	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		if (!view_is_public(v, c))
			continue;
		t.all++;
		t.with[c->status]++;
		t.worst = component_rollup(t.worst, c->status);
	}
	return t;
}

static bool is_open(const struct incident *i)
{
	return !incident_status_is_over(i->status);
}

static enum impact worst_open_impact(const struct view *v)
{
	enum impact worst = IMPACT_NONE;

	for (size_t i = 0; i < v->n_incidents; i++)
		if (is_open(&v->incidents[i].row) && v->incidents[i].row.impact > worst)
			worst = v->incidents[i].row.impact;
	return worst;
}

static bool is_maintained(const struct view *v, const struct tally *t)
{
	for (size_t i = 0; i < v->n_maintenances; i++)
		if (maintenance_is_running(&v->maintenances[i].row))
			return true;
	return t->with[COMPONENT_UNDER_MAINTENANCE] > 0;
}

/* Statuspage has three sentences for "minor": by how much of the page is degraded, and for an
 * incident that no component shows. */
static const char *describe_minor(const struct tally *t)
{
	size_t degraded = t->with[COMPONENT_DEGRADED_PERFORMANCE];

	if (degraded == 0)
		return "Minor Service Outage";
	return degraded == t->all ? "Degraded System Service" : "Partially Degraded Service";
}

/* Maintenance is said only where nothing is wrong: strict readers know four indicators. */
static enum impact page_impact(const struct view *v, const struct tally *t)
{
	enum impact worst = impact_of_component(t->worst), open = worst_open_impact(v);

	if (open > worst)
		worst = open;
	return worst == IMPACT_NONE && is_maintained(v, t) ? IMPACT_MAINTENANCE : worst;
}

const char *readapi_indicator(const struct view *v, const char **description)
{
	static const char *const sentence[IMPACT__MAX] = {
	    [IMPACT_NONE] = "All Systems Operational",
	    [IMPACT_MAJOR] = "Partial System Outage",
	    [IMPACT_CRITICAL] = "Major System Outage",
	    [IMPACT_MAINTENANCE] = "Service Under Maintenance",
	};
	struct tally t = count_components(v);
	enum impact impact = page_impact(v, &t);

	*description = impact == IMPACT_MINOR ? describe_minor(&t) : sentence[impact];
	return impact_word(impact);
}

/* ------------------------------------------------------------------ parts of the files */

/* Databases of the first version do not know when their content changed. */
static int64_t newest_change(const struct view *v)
{
	int64_t newest = v->settings.content_at;

	if (newest != 0)
		return newest;
	for (size_t i = 0; i < v->n_components; i++)
		if (v->components[i].updated_at > newest)
			newest = v->components[i].updated_at;
	for (size_t i = 0; i < v->n_incidents; i++)
		if (v->incidents[i].row.updated_at > newest)
			newest = v->incidents[i].row.updated_at;
	return newest;
}

static struct statuspage page_of(const struct view *v)
{
	return (struct statuspage){
	    .page_id = v->settings.page_id,
	    .site_url = v->site_url,
	    .components = v->components,
	    .n_components = v->n_components,
	    .is_public = true,
	    .name = v->settings.site_name,
	    .time_zone = v->settings.time_zone,
	    .updated_at = newest_change(v),
	};
}

/* One file in the making. */
struct sheet {
	const struct view *view;
	struct statuspage page;
	struct json_writer w;
};

static struct sheet begin(const struct view *v, struct buf *out)
{
	struct sheet s = {.view = v, .page = page_of(v), .w = JSON_WRITER(out)};

	json_begin_object(&s.w, NULL);
	statuspage_put_page(&s.w, "page", &s.page);
	return s;
}

static int end(struct sheet *s)
{
	json_end_object(&s->w);
	buf_add_char(s->w.out, '\n');
	return 1;
}

static void put_status(struct sheet *s)
{
	const char *description, *indicator = readapi_indicator(s->view, &description);

	json_begin_object(&s->w, "status");
	json_put_string(&s->w, "indicator", indicator);
	json_put_string(&s->w, "description", description);
	json_end_object(&s->w);
}

static void put_components(struct sheet *s)
{
	json_begin_array(&s->w, "components");
	for (size_t i = 0; i < s->page.n_components; i++)
		if (statuspage_tells(&s->page, &s->page.components[i]))
			statuspage_put_component(&s->w, NULL, &s->page, &s->page.components[i]);
	json_end_array(&s->w);
}

/* The first `max` of those that pass. */
static void put_some(struct sheet *s, const char *name, const struct view_incident *list, size_t n,
    bool (*passes)(const struct incident *), size_t max)
{
	size_t count = 0;

	json_begin_array(&s->w, name);
	for (size_t i = 0; i < n && count < max; i++) {
		const struct view_incident *x = &list[i];
		if (!passes(&x->row))
			continue;
		statuspage_put_incident(&s->w, NULL, &s->page, &x->row, x->updates, x->n_updates);
		count++;
	}
	json_end_array(&s->w);
}

static void put_incidents(struct sheet *s, bool (*passes)(const struct incident *), size_t max)
{
	put_some(s, "incidents", s->view->incidents, s->view->n_incidents, passes, max);
}

/* What is still to come: the next one first. */
static void put_planned(struct sheet *s, bool (*passes)(const struct incident *))
{
	json_begin_array(&s->w, "scheduled_maintenances");
	for (size_t i = s->view->n_maintenances; i > 0; i--) {
		const struct view_incident *x = &s->view->maintenances[i - 1];
		if (passes(&x->row))
			statuspage_put_incident(
			    &s->w, NULL, &s->page, &x->row, x->updates, x->n_updates);
	}
	json_end_array(&s->w);
}

static void put_maintenances(struct sheet *s, bool (*passes)(const struct incident *), size_t max)
{
	put_some(s, "scheduled_maintenances", s->view->maintenances, s->view->n_maintenances,
	    passes, max);
}

/* ------------------------------------------------------------------ the files */

static bool is_any(const struct incident *i)
{
	return i != NULL;
}

static bool is_upcoming(const struct incident *i)
{
	return i->status == INCIDENT_SCHEDULED;
}

/* Statuspage has no word for a maintenance that was called off. */
static bool is_not_cancelled(const struct incident *i)
{
	return i->status != INCIDENT_CANCELLED;
}

int readapi_summary(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_status(&s);
	put_components(&s);
	put_incidents(&s, is_open, SIZE_MAX);
	put_planned(&s, is_open);
	return end(&s);
}

int readapi_status(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_status(&s);
	return end(&s);
}

int readapi_components(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_components(&s);
	return end(&s);
}

int readapi_incidents(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_incidents(&s, is_any, LATEST_MAX);
	return end(&s);
}

int readapi_unresolved(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_incidents(&s, is_open, SIZE_MAX);
	return end(&s);
}

int readapi_maintenances(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_maintenances(&s, is_not_cancelled, LATEST_MAX);
	return end(&s);
}

int readapi_upcoming(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_planned(&s, is_upcoming);
	return end(&s);
}

int readapi_active(const struct view *v, struct arena *a, struct buf *out)
{
	struct sheet s = begin(v, out);

	(void)a;
	put_planned(&s, maintenance_is_running);
	return end(&s);
}
