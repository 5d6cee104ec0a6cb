/* test_view_history.c - the history: which entries a month has, what is said of its days, and where it leads. */
#include "base.h"
#include "t_db.h"

#include <time.h>

#include "buf.h"
#include "clock.h"
#include "t.h"
#include "t_sql.h"
#include "view.h"
#include "words.h"

static struct db *db;
static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;
static struct view view = {.site_url = ""};
static int64_t oldest;

static int64_t at(const char *iso)
{
	int64_t ms = 0;

	t_ok(clock_parse_iso(iso, strlen(iso), &ms));
	return ms;
}

static void set_now(const char *iso)
{
	view.now = at(iso);
	view.today = clock_day_start(view.now);
}

static void clear(void)
{
	t_run("DELETE FROM incidents");
	oldest = 0;
}

/* Over after 42 minutes. */
static void incident(const char *id, const char *began)
{
	int64_t ms = at(began);

	t_run(arena_printf(&arena,
	    "INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	    " updated_at, resolved_at) VALUES ('%s', '%s', 'resolved', 'major', 'major', %" PRId64
	    ", %" PRId64 ", %" PRId64 ", %" PRId64 ")",
	    id, id, ms, ms, ms, ms + 42 * CLOCK_MINUTE));
}

static void update(const char *incident_id, const char *id, int64_t display_at, const char *body)
{
	t_run(arena_printf(&arena,
	    "INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at,"
	    " display_at, deliver_notifications) VALUES ('%s', '%s', 'resolved', '%s', 1, 1,"
	    " %" PRId64 ", 1)",
	    id, incident_id, body, display_at));
}

/* Written long before it is to begin; takes two hours. */
static void maintenance(const char *id, const char *scheduled_for, const char *status)
{
	int64_t ms = at(scheduled_for);

	t_run(arena_printf(&arena,
	    "INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	    " updated_at, scheduled_for, scheduled_until) VALUES ('%s', '%s', '%s', 'maintenance',"
	    " 'maintenance', 1, %" PRId64 ", 1, %" PRId64 ", %" PRId64 ")",
	    id, id, status, ms, ms, ms + 2 * CLOCK_HOUR));
}

static void draw(int year, int month)
{
	struct view_month m;

	buf_clear(&out);
	t_int(view_load_month(db, &arena, year, month, &m), 1);
	t_int(view_draw_month(&view, &m, oldest, &arena, &out), 1);
}

static bool says(const char *text)
{
	return strstr(out.data, text) != NULL;
}

/* The texts behind a mark, each up to the next tag or quote, in their order. */
static char *texts(const char *const *marks, size_t n)
{
	char *all = arena_strdup(&arena, "");

	for (const char *s = out.data; *s != '\0'; s++) {
		for (size_t i = 0; i < n; i++) {
			if (strncmp(s, marks[i], strlen(marks[i])) != 0)
				continue;
			const char *text = s + strlen(marks[i]);
			all = arena_printf(&arena, "%s%s%.*s", all, *all == '\0' ? "" : " | ",
			    (int)strcspn(text, "<\""), text);
		}
	}
	return all;
}

/* What is said of the days, newest first. */
static char *days(int year, int month)
{
	static const char *const marks[] = {"data-day>", "<p class=\"quiet\">"};

	draw(year, month);
	return texts(marks, nelem(marks));
}

/* Where the page leads: addresses and words of the neighbours. */
static char *neighbours(int year, int month)
{
	static const char *const marks[] = {
	    "older\" href=\"", "rel=\"prev\">", "newer\" href=\"", "rel=\"next\">"};

	draw(year, month);
	return texts(marks, nelem(marks));
}

static void empty_months(void)
{
	t_case(
	    "a month without any entry says so once; of this month only that it is so up to now");
	clear();
	set_now("2025-11-23T14:02:03Z");
	t_str(days(2025, 10), "No incidents in October 2025.");
	t_str(days(2025, 11), "No incidents in November 2025 so far.");
}

static void runs(void)
{
	t_case("empty days are said once, between the days that have an entry and at both ends");
	clear();
	set_now("2025-11-23T14:02:03Z");
	incident("middle000000", "2025-10-12T10:00Z");
	incident("last00000000", "2025-10-29T23:59Z");
	incident("next00000000", "2025-10-13T00:00Z");
	t_str(days(2025, 10),
	    "No incidents from 30 to 31 October | Wednesday, 29 October |"
	    " No incidents from 14 to 28 October | Monday, 13 October | Sunday, 12 October |"
	    " No incidents from 1 to 11 October");

	t_case("the first and the last day of a month leave nothing to say at its ends");
	incident("first0000000", "2025-10-01T00:00Z");
	incident("end000000000", "2025-10-31T23:59Z");
	t_str(days(2025, 10),
	    "Friday, 31 October | No incidents on 30 October | Wednesday, 29 October |"
	    " No incidents from 14 to 28 October | Monday, 13 October | Sunday, 12 October |"
	    " No incidents from 2 to 11 October | Wednesday, 1 October");
	t_str(days(2025, 9), "No incidents in September 2025.");

	t_case("of this month nothing is said about days to come");
	incident("today0000000", "2025-11-21T10:00Z");
	t_str(days(2025, 11), "No incidents from 22 to 23 November | Friday, 21 November |"
			      " No incidents from 1 to 20 November");

	t_case("unless something is planned for them");
	maintenance("planned00000", "2025-11-28T16:00Z", "scheduled");
	t_str(days(2025, 11),
	    "Friday, 28 November | No incidents from 22 to 23 November | Friday, 21 November |"
	    " No incidents from 1 to 20 November");

	t_case("several of a day stand together, newest first");
	incident("noon00000000", "2025-11-21T12:00Z");
	incident("dawn00000000", "2025-11-21T05:00Z");
	static const char *const names[] = {"0000/\">"};
	days(2025, 11);
	t_str(texts(names, 1), "planned00000 | noon00000000 | today0000000 | dawn00000000");
}

static void leap_day(void)
{
	t_case("February has the days of its year");
	clear();
	set_now("2025-11-23T14:02:03Z");
	incident("leap00000000", "2024-02-29T12:00Z");
	t_str(days(2024, 2), "Thursday, 29 February | No incidents from 1 to 28 February");
	t_str(days(2024, 3), "No incidents in March 2024.");
	incident("plain0000000", "2023-02-27T12:00Z");
	t_str(days(2023, 2), "No incidents on 28 February | Monday, 27 February | No incidents "
			     "from 1 to 26 February");
}

static void links(void)
{
	t_case("a month leads to its neighbours, this one has an address that stays, and at the "
	       "ends there is nothing");
	clear();
	set_now("2026-01-01T00:00:00Z");
	oldest = at("2025-11-05T00:00Z");
	t_str(neighbours(2026, 1), "/history/2025-12/ | December 2025");
	t_str(neighbours(2025, 12), "/history/2025-11/ | November 2025 | /history/ | January 2026");
	t_str(neighbours(2025, 11), "/history/2025-12/ | December 2025");

	t_case("behind many entries the same links stand once more");
	t_ok(!says("More months"));
	for (int i = 1; i <= 5; i++)
		incident(arena_printf(&arena, "many0000000%d", i), "2025-12-05T00:00Z");
	t_str(neighbours(2025, 12),
	    "/history/2025-11/ | November 2025 | /history/ | January 2026 |"
	    " /history/2025-11/ | November 2025 | /history/ | January 2026");

	t_case("where there is only this month it leads nowhere");
	oldest = at("2026-01-01T00:00Z");
	t_str(neighbours(2026, 1), "");
	t_ok(!says("<nav class=\"months\""));
}

static void oldest_month(void)
{
	int year = 0, month = 0;
	int64_t now = at("2025-11-23T14:02:03Z");

	t_case("the history begins with the oldest incident or maintenance, at the latest with "
	       "this month");
	clear();
	t_int(view_oldest_month(db, now, &year, &month), 1);
	t_int(year * 100 + month, 202511);
	maintenance("planned00000", "2026-03-01T00:00Z", "scheduled");
	t_int(view_oldest_month(db, now, &year, &month), 1);
	t_int(year * 100 + month, 202511);
	incident("old000000000", "2024-12-31T23:59Z");
	t_int(view_oldest_month(db, now, &year, &month), 1);
	t_int(year * 100 + month, 202412);
	maintenance("older0000000", "2023-01-01T00:00Z", "completed");
	t_int(view_oldest_month(db, now, &year, &month), 1);
	t_int(year * 100 + month, 202301);
}

static void entries(void)
{
	t_case("an entry has its page, impact, end, and the first sentence of its newest update as "
	       "plain text");
	clear();
	set_now("2025-11-23T14:02:03Z");
	incident("incident0000", "2025-11-20T10:00Z");
	update("incident0000", "update000001", 1, "Old news.");
	update("incident0000", "update000002", 2,
	    "All *is* <b>well</b> [again](https://example.com/). More.");
	draw(2025, 11);
	t_ok(says("<a href=\"/incidents/incident0000/\">incident0000</a>"));
	t_ok(says("is-partial_outage"));
	t_ok(says("Major impact"));
	t_ok(says("Resolved after 42 minutes"));
	t_ok(says("<p class=\"summary\">All is &lt;b&gt;well&lt;/b&gt; again.</p>"));
	t_ok(!says("Old news") && !says("More."));

	t_case("an open one says where it stands, one without a text nothing more");
	t_run("UPDATE incidents SET status = 'identified', resolved_at = NULL;"
	      " DELETE FROM incident_updates");
	draw(2025, 11);
	t_ok(says("<span>Identified</span>"));
	t_ok(!says("class=\"summary\""));

	t_case("a maintenance stands under the day it was planned for, and says how it went");
	maintenance("planned00000", "2025-11-21T16:00Z", "scheduled");
	draw(2025, 11);
	t_ok(says("<a href=\"/maintenance/planned00000/\">planned00000</a>"));
	t_ok(says("#shape-under_maintenance"));
	t_ok(says("<span>Scheduled</span>"));
	t_run(arena_printf(&arena,
	    "UPDATE incidents SET status = 'completed', begun_at = %" PRId64
	    ", resolved_at = %" PRId64 " WHERE id = 'planned00000'",
	    at("2025-11-21T16:00Z"), at("2025-11-21T17:55Z")));
	draw(2025, 11);
	t_ok(says("Completed after 1 hour 55 minutes"));
	t_run(
	    "UPDATE incidents SET status = 'cancelled', begun_at = NULL WHERE id = 'planned00000'");
	draw(2025, 11);
	t_ok(says("<span>Cancelled</span>"));
}

/* CPU milliseconds of loading and drawing a month. */
static double cost(int year, int month)
{
	clock_t begun = clock();

	draw(year, month);
	return (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC;
}

static void growth(void)
{
	double ms = 1e9;

	t_case("a month with a thousand incidents of three updates is drawn within 60 ms of CPU");
	clear();
	set_now("2025-11-23T14:02:03Z");
	t_run(
	    "BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
	    " INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	    " updated_at, resolved_at) SELECT printf('i%011d', i), 'Checkout is failing ' || i,"
	    " 'resolved', 'major', 'major', t, t, t, t + 2520000 FROM"
	    " (SELECT i, 1761955200000 + i * 1900000 AS t FROM n);"
	    " INSERT INTO incident_updates (id, incident_id, status, body, created_at, updated_at,"
	    " display_at, deliver_notifications) SELECT printf('u%010d', incidents.rowid) || k, "
	    "id, "
	    "'resolved',"
	    " '**Payments** work again for [everybody](https://example.com/). We will write here'"
	    " || ' what happened, and why it took so long to find.' || char(10) || char(10) ||"
	    " 'Thank you for your patience.', created_at, created_at, created_at + k, 1"
	    " FROM incidents, (SELECT 1 AS k UNION SELECT 2 UNION SELECT 3); COMMIT");
	/* the best of some: another process on this core is not what is measured */
	for (int i = 0; i < 5; i++) {
		double once = cost(2025, 11);
		ms = once < ms ? once : ms;
	}
	t_ok(says("Checkout is failing 1000"));
	if (getenv("SHOW_COST") != NULL)
		printf("%.1f ms, %zu bytes\n", ms, out.len);
#if defined(__SANITIZE_ADDRESS__)
	t_ok(ms < 60 * 20);
#else
	t_ok(ms < 60);
#endif
}

static void in_other_languages(void)
{
	struct view english = view;

	clear();
	set_now("2025-11-23T14:02:03Z");
	t_case("a month is said in the language of the view, and its links stay in it");
	view = view_in(&english, words_find("fr"));
	draw(2025, 11);
	t_ok(says("<h1>Novembre 2025</h1>"));
	t_ok(says("Aucun incident pour l’instant en novembre 2025."));
	t_ok(says("href=\"/fr/\""));
	view = view_in(&english, words_find("ja"));
	draw(2025, 11);
	t_ok(says("<h1>2025年11月</h1>"));
	view = view_in(&english, words_find("en"));
	draw(2025, 11);
	t_ok(says("<h1>November 2025</h1>") && says("No incidents in November 2025 so far."));
	view = english;
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	view_open();
	view.settings.site_name = arena_strdup(&arena, "Example Cloud");
	view = view_in(&view, words_for(NULL));
	empty_months();
	runs();
	leap_day();
	links();
	oldest_month();
	entries();
	in_other_languages();
	growth();
	buf_release(&out);
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
