/* view_past.c - the past fourteen days of the page: an incident stands under the UTC day it began, a
 * maintenance under the day it ended or was cancelled. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "clock.h"
#include "template.h"
#include "words_time.h"

#define PAST_MAX 100 /* entries in the list */

/* Entries of both kinds, newest first. */
struct entry {
	const struct view_incident *x;
	int64_t at;  /* what it is sorted by */
	int64_t day; /* midnight UTC */
};

struct past {
	struct entry *entries;
	size_t n;
	int64_t oldest; /* the first day that is shown */
};

static int newest_first(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	return (a->at < b->at) - (a->at > b->at);
}

static void collect_one(
    struct past *p, const struct view *v, const struct view_incident *x, int64_t at)
{
	int64_t day = clock_day_start(at);

	if (day >= p->oldest && day <= v->today)
		p->entries[p->n++] = (struct entry){.x = x, .at = at, .day = day};
}

static struct past collect(struct arena *a, const struct view *v)
{
	struct past p = {.oldest = v->today - (VIEW_DAYS - 1) * CLOCK_DAY};

	p.entries = arena_array(a, v->n_incidents + v->n_maintenances, sizeof *p.entries);
	for (size_t i = 0; i < v->n_incidents; i++)
		collect_one(&p, v, &v->incidents[i], v->incidents[i].row.started_at);
	for (size_t i = 0; i < v->n_maintenances; i++)
		if (v->maintenances[i].row.resolved_at != 0)
			collect_one(&p, v, &v->maintenances[i], v->maintenances[i].row.resolved_at);
	qsort(p.entries, p.n, sizeof *p.entries, newest_first);
	return p;
}

static bool is_busy(const struct past *p, int64_t day)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->entries[i].day == day)
			return true;
	return false;
}

/* ------------------------------------------------------------------ one entry */

static void set_summary(struct tv *entry, const struct view_incident *x)
{
	if (x->n_updates > 0 && *x->updates[0].body != '\0')
		view_set_markdown(tv_add(entry, "summary"), "body", x->updates[0].body);
}

/* What is still open is told above: here its day only says so. */
static void add_open(struct tv *busy, const struct view *v, const struct incident *row)
{
	struct tv *open = tv_add(busy, "open");

	tv_printf(open, "url", "%s/incidents/%s/", v->root, row->id);
	tv_set(open, "name", row->name);
}

static void set_incident(
    struct tv *entry, struct arena *a, const struct view *v, const struct incident *row)
{
	tv_printf(entry, "url", "%s/incidents/%s/", v->root, row->id);
	tv_set(entry, "state", component_status_word(COMPONENT_OPERATIONAL));
	tv_set(entry, "outcome",
	    view_after(v, a, "page.resolved_after", row->resolved_at - row->started_at));
	tv_set(entry, "impact_word", view_impact_label(v, row->impact));
	view_set_time(tv_add(entry, "began"), a, v, "started", row->started_at);
}

static void set_completed(
    struct tv *entry, struct arena *a, const struct view *v, const struct incident *row)
{
	const char *word = view_status_label(v, row->status);
	char *took;

	tv_set(entry, "state", component_status_word(COMPONENT_UNDER_MAINTENANCE));
	tv_set(entry, "outcome", word);
	if (row->begun_at == 0)
		return;
	took = words_duration(v->words, a, row->resolved_at - row->begun_at);
	tv_set(entry, "outcome",
	    words_fill(v->words, a, "page.status_after",
		WORDS_VALUES({"status", word}, {"duration", took})));
	view_set_time(tv_add(entry, "began"), a, v, "started", row->begun_at);
}

static void set_maintenance(
    struct tv *entry, struct arena *a, const struct view *v, const struct incident *row)
{
	tv_printf(entry, "url", "%s/maintenance/%s/", v->root, row->id);
	tv_set(entry, "impact_word", view_impact_label(v, IMPACT_MAINTENANCE));
	if (row->status != INCIDENT_CANCELLED) {
		set_completed(entry, a, v, row);
		return;
	}
	tv_set(entry, "state", "none");
	tv_set(entry, "outcome", view_status_label(v, row->status));
	view_set_window(tv_add(entry, "planned_for"), a, v, row);
}

static void add_entry(
    struct tv *busy, struct arena *a, const struct view *v, const struct view_incident *x)
{
	const struct incident *row = &x->row;
	struct tv *entry;

	if (row->resolved_at == 0) {
		add_open(busy, v, row);
		return;
	}
	entry = tv_add(busy, "entry");
	tv_set(entry, "name", row->name);
	if (incident_is_maintenance(row))
		set_maintenance(entry, a, v, row);
	else
		set_incident(entry, a, v, row);
	set_summary(entry, x);
}

/* ------------------------------------------------------------------ the days */

static void add_quiet(struct tv *past, struct arena *a, const struct view *v, int64_t from,
    int64_t to, bool everything)
{
	struct tv *quiet = tv_add(tv_add(past, "day"), "quiet");

	tv_set(quiet, "text",
	    everything ? words_say(v->words, "page.quiet_all") : view_quiet_text(v, a, from, to));
}

/* The entries of a day, from the k-th on; returns the first one of another day. */
static size_t add_busy(struct tv *past, struct arena *a, const struct view *v, const struct past *p,
    size_t k, size_t end)
{
	struct tv *busy = tv_add(tv_add(past, "day"), "busy");
	int64_t day = p->entries[k].day;

	view_set_day(busy, a, v, day);
	for (; k < end && p->entries[k].day == day; k++)
		add_entry(busy, a, v, p->entries[k].x);
	return k;
}

/* The first day of the quiet days that `day` is the last of. */
static int64_t quiet_since(const struct past *p, int64_t day)
{
	while (day > p->oldest && !is_busy(p, day - CLOCK_DAY))
		day -= CLOCK_DAY;
	return day;
}

void view_add_past(struct tv *values, struct arena *a, const struct view *v)
{
	struct tv *past = tv_add(values, "past");
	struct past p = collect(a, v);
	size_t end = p.n < PAST_MAX ? p.n : PAST_MAX, k = 0;

	/* beyond the last entry that there is room for nothing is said of any day */
	for (int64_t day = v->today; day >= p.oldest && (k < end || end == p.n);) {
		int64_t first = day;
		if (is_busy(&p, day)) {
			k = add_busy(past, a, v, &p, k, end);
		} else {
			first = quiet_since(&p, day);
			add_quiet(past, a, v, first, day, first == p.oldest && day == v->today);
		}
		day = first - CLOCK_DAY;
	}
	if (p.n > end)
		tv_set(tv_add(past, "more"), "text",
		    words_count(v->words, a,
			v->n_incidents >= VIEW_INCIDENTS_MAX ? "page.and_many_more"
							     : "page.and_more",
			(int64_t)(p.n - end), NULL));
}
