/* view_history.c - the history: one page a month, read by one query and drawn from its rows alone. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "db.h"
#include "html.h"
#include "template.h"
#include "text.h"
#include "words_time.h"

#define SUMMARY_POINTS 200  /* of the first sentence */
#define SUMMARY_BYTES  4000 /* of Markdown that it is looked for in */
#define LONG_MONTH     5    /* entries after which the way on is wanted at the end as well */

/* ------------------------------------------------------------------ loading */

/* Midnight of a month's first day; month 13 is January of the next year. */
static int64_t month_start(struct arena *a, int year, int month)
{
	char *text =
	    arena_printf(a, "%04d-%02d-01T00:00Z", year + (month - 1) / 12, (month - 1) % 12 + 1);
	int64_t at = 0;

	clock_parse_iso(text, strlen(text), &at);
	return at;
}

static int64_t time_or_0(struct db_stmt *s, int col)
{
	return db_col_null(s, col) ? 0 : db_col_int(s, col);
}

static void read_entry(struct db_stmt *s, struct arena *a, struct view_incident *out)
{
	out->row = (struct incident){
	    .id = db_col_strdup(s, 0, a),
	    .name = db_col_strdup(s, 1, a),
	    .status = (enum incident_status)incident_status_from_word(db_col_text(s, 2)),
	    .impact = (enum impact)impact_from_word(db_col_text(s, 3)),
	    .impact_override = -1,
	    .created_at = db_col_int(s, 4),
	    .started_at = db_col_int(s, 5),
	    .resolved_at = time_or_0(s, 6),
	    .scheduled_for = time_or_0(s, 7),
	    .scheduled_until = time_or_0(s, 8),
	    .begun_at = time_or_0(s, 9),
	};
	if (db_col_null(s, 10))
		return;
	out->updates = arena_alloc(a, sizeof *out->updates);
	out->updates->body = db_col_strdup(s, 10, a);
	out->n_updates = 1;
}

int view_load_month(struct db *db, struct arena *a, int year, int month, struct view_month *out)
{
	struct db_stmt *s = db_stmt(db, SQL_VIEW_MONTH);
	int rc;

	*out = (struct view_month){
	    .year = year,
	    .month = month,
	    .first_ms = month_start(a, year, month),
	    .next_ms = month_start(a, year, month + 1),
	};
	db_bind_int(s, ":first", out->first_ms);
	db_bind_int(s, ":next", out->next_ms);
	while ((rc = db_step(s)) == 1) {
		out->incidents =
		    arena_grow(a, out->incidents, out->n_incidents, sizeof *out->incidents);
		read_entry(s, a, &out->incidents[out->n_incidents++]);
	}
	return rc < 0 ? -1 : 1;
}

int view_oldest_month(struct db *db, int64_t now_ms, int *year, int *month)
{
	struct db_stmt *s = db_stmt(db, SQL_VIEW_OLDEST);
	struct clock_date d;
	int rc;

	db_bind_int(s, ":now", now_ms);
	rc = db_step(s);
	if (rc == 1) {
		clock_split(db_col_int(s, 0), &d);
		*year = d.year;
		*month = d.month;
	}
	db_reset(s);
	return rc == 1 ? 1 : -1;
}

/* ------------------------------------------------------------------ entries */

/* The moment that an entry's place in the history follows from. */
static int64_t moment(const struct incident *i)
{
	return incident_is_maintenance(i) ? i->scheduled_for : i->created_at;
}

static const char *status_text(const struct view *v, struct arena *a, const struct incident *i)
{
	if (i->resolved_at == 0)
		return view_status_label(v, i->status);
	if (incident_is_maintenance(i))
		return view_maintenance_end(v, a, i);
	return view_after(v, a, "page.resolved_after", i->resolved_at - i->started_at);
}

/* The start of a postmortem is its first heading: the update before it says how it went. */
static void set_summary(struct tv *entry, struct arena *a, const struct view_incident *x)
{
	const char *body = x->n_updates == 0 ? "" : x->updates[0].body;
	size_t len = text_cut_bytes(body, strlen(body), SUMMARY_BYTES);
	char *text = html_plain_first_sentence(a, body, len, SUMMARY_POINTS);

	if (*text != '\0')
		tv_set(tv_add(entry, "summary"), "text", text);
}

static void add_entry(
    struct tv *busy, struct arena *a, const struct view *v, const struct view_incident *x)
{
	const struct incident *i = &x->row;
	bool planned = incident_is_maintenance(i);
	enum impact impact = planned ? IMPACT_MAINTENANCE : i->impact;
	struct tv *entry = tv_add(busy, "entry");

	tv_printf(entry, "url", "%s/%s/%s/", v->root, planned ? "maintenance" : "incidents", i->id);
	tv_set(entry, "name", i->name);
	tv_set(entry, "state", view_state_of_impact(impact));
	tv_set(entry, "kind_word", view_impact_label(v, impact));
	tv_set(entry, "status_text", status_text(v, a, i));
	if (planned)
		view_set_window(tv_add(entry, "window"), a, v, i);
	else
		view_set_time(tv_add(entry, "began"), a, v, "at", i->created_at);
	if (i->status == INCIDENT_POSTMORTEM)
		tv_add(entry, "postmortem");
	set_summary(entry, a, x);
}

/* ------------------------------------------------------------------ days */

static void add_quiet(
    struct tv *values, struct arena *a, const struct view *v, int64_t from, int64_t to)
{
	if (from <= to)
		tv_set(tv_add(tv_add(values, "day"), "quiet"), "text",
		    view_quiet_text(v, a, from, to));
}

/* Entries come newest first.  Days to come are shown where something is planned for them; that
 * nothing happened is said of past days alone. */
static void add_days(
    struct tv *values, struct arena *a, const struct view *v, const struct view_month *m)
{
	int64_t last = m->next_ms - CLOCK_DAY;
	int64_t unsaid =
	    last < v->today ? last : v->today; /* the newest day that nothing is said of */
	int64_t day = m->next_ms;
	struct tv *busy = NULL;

	for (size_t k = 0; k < m->n_incidents; k++) {
		const struct view_incident *x = &m->incidents[k];
		if (busy == NULL || clock_day_start(moment(&x->row)) != day) {
			day = clock_day_start(moment(&x->row));
			add_quiet(values, a, v, day + CLOCK_DAY, unsaid);
			if (day <= unsaid)
				unsaid = day - CLOCK_DAY;
			busy = tv_add(tv_add(values, "day"), "busy");
			view_set_day(busy, a, v, day);
		}
		add_entry(busy, a, v, x);
	}
	add_quiet(values, a, v, m->first_ms, unsaid);
}

/* ------------------------------------------------------------------ the page */

/* A month is told by any moment in it. */
static bool is_this_month(const struct view *v, int64_t ms)
{
	struct clock_date d, today;

	clock_split(ms, &d);
	clock_split(v->today, &today);
	return d.year == today.year && d.month == today.month;
}

static char *month_text(const struct view *v, struct arena *a, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	return words_date(v->words, a, "page.date_month", &d);
}

/* Behind the language's root.  This month's page has an address that stays. */
static char *month_path(const struct view *v, struct arena *a, int64_t ms)
{
	struct clock_date d;

	clock_split(ms, &d);
	if (is_this_month(v, ms))
		return arena_strdup(a, "/history/");
	return arena_printf(a, "/history/%04d-%02d/", d.year, d.month);
}

static void add_neighbour(
    struct tv *values, const struct view *v, struct arena *a, const char *block, int64_t ms)
{
	struct tv *t = tv_add(values, block);

	tv_printf(t, "url", "%s%s", v->root, month_path(v, a, ms));
	tv_set(t, "month_text", view_capital(a, month_text(v, a, ms)));
}

static void add_neighbours(struct tv *values, const struct view *v, const struct view_month *m,
    int64_t oldest_ms, struct arena *a, const char *block)
{
	bool older = oldest_ms < m->first_ms, newer = m->next_ms <= v->today;
	struct tv *months;

	if (!older && !newer)
		return;
	months = tv_add(values, block);
	if (older)
		add_neighbour(months, v, a, "older", m->first_ms - 1);
	if (newer)
		add_neighbour(months, v, a, "newer", m->next_ms);
}

static void set_days(
    struct tv *values, struct arena *a, const struct view *v, const struct view_month *m)
{
	bool unfinished = is_this_month(v, m->first_ms);

	if (m->n_incidents > 0) {
		add_days(values, a, v, m);
		return;
	}
	char *month = month_text(v, a, m->first_ms);
	tv_set(tv_add(tv_add(values, "day"), "quiet"), "text",
	    words_fill(v->words, a, unfinished ? "page.quiet_month_so_far" : "page.quiet_month",
		WORDS_VALUES({"month", month})));
}

int view_draw_month(const struct view *v, const struct view_month *m, int64_t oldest_ms,
    struct arena *a, struct buf *out)
{
	struct tv *values = view_values(v, a);
	struct buf main = BUF_INIT;
	char *month = month_text(v, a, m->first_ms), *title = view_capital(a, month);
	const char *site = v->settings.site_name;
	struct view_frame frame = {
	    .title = arena_printf(a, "%s · %s · %s", title, words_say(v->words, "page.history"),
		view_site_title(v, a)),
	    .description = words_fill(v->words, a, "page.history_description",
		WORDS_VALUES({"site", site}, {"month", month})),
	    .path = month_path(v, a, m->first_ms),
	    .main = &main,
	};
	int rc;

	tv_set(values, "month_text", title);
	tv_set(values, "site_name", site);
	add_neighbours(values, v, m, oldest_ms, a, "months");
	if (m->n_incidents >= LONG_MONTH)
		add_neighbours(values, v, m, oldest_ms, a, "more_months");
	set_days(values, a, v, m);
	rc = view_render(VIEW_HISTORY, values, &main);
	if (rc == 1)
		rc = view_draw_frame(v, a, &frame, out);
	buf_release(&main);
	return rc;
}
