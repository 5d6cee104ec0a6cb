/* test_view.c - what the pages say: which rows are loaded, the headline, the small files. */
#include "base.h"
#include "t_db.h"

#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "t.h"
#include "t_sql.h"
#include "view.h"

/* 2025-11-23T14:02:03Z, a Sunday */
#define NOW INT64_C(1763906523000)

/* How push.json ends while no admin has chosen anything. */
#define PUSH_END                                                                                   \
	"\"events\":[\"incident_new\",\"incident_update\",\"incident_resolved\"],"                 \
	"\"lang\":\"en\",\"languages\":[\"de\",\"en\",\"es\",\"fr\",\"ja\"]}\n"

static struct db *db;
static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;

static struct view load(void)
{
	static struct conf conf = {
	    .site_url = (char *)"https://status.example.com", .vapid_public_key = (char *)"BKEY"};
	struct view v;

	t_int(view_load(&conf, db, &arena, NOW, &v), 1);
	return v;
}

static void clear(void)
{
	t_run("DELETE FROM components; DELETE FROM incidents; DELETE FROM settings;"
	      " DELETE FROM component_history");
}

static void component(const char *id, const char *name, const char *status, const char *more)
{
	t_run(arena_printf(&arena,
	    "INSERT INTO components (id, name, status, position, created_at, updated_at) VALUES"
	    " ('%s', '%s', '%s', (SELECT count(*) + 1 FROM components), 1, 1);"
	    "UPDATE components SET %s WHERE id = '%s'",
	    id, name, status, *more == '\0' ? "name = name" : more, id));
}

/* An incident that began `days` before the day of NOW; over after 42 minutes if told so. */
static void incident(const char *id, int days, bool over)
{
	int64_t at = NOW - days * CLOCK_DAY;

	t_run(arena_printf(&arena,
	    "INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	    " updated_at, resolved_at) VALUES ('%s', '%s', '%s', 'minor', 'minor', %" PRId64
	    ", %" PRId64 ", %" PRId64 ", %s)",
	    id, id, over ? "resolved" : "investigating", at, at, at,
	    over ? arena_printf(&arena, "%" PRId64, at + 42 * CLOCK_MINUTE) : "NULL"));
}

static const char *headline(const char *want_state)
{
	const char *state;
	struct view v = load();
	char *sentence = view_headline(&v, &arena, &state);

	t_str(state, want_state);
	return sentence;
}

static void headlines(void)
{
	t_case("an empty page says that it is empty");
	clear();
	t_str(headline("none"), "No components yet");

	t_case("all well: one component by its name, several together");
	component("aaaaaaaaaaaa", "API", "operational", "");
	t_str(headline("operational"), "API is operational");
	component("bbbbbbbbbbbb", "Web", "operational", "");
	t_str(headline("operational"), "All components are operational");

	t_case("the worst state speaks, with those in it by name and no other");
	component("cccccccccccc", "Mail", "degraded_performance", "");
	t_str(headline("degraded_performance"), "Degraded performance: Mail");
	t_run("UPDATE components SET status = 'partial_outage' WHERE name = 'API'");
	t_str(headline("partial_outage"), "Partial outage: API");
	t_run("UPDATE components SET status = 'partial_outage' WHERE name = 'Web'");
	t_str(headline("partial_outage"), "Partial outage: API and Web");
	t_run("UPDATE components SET status = 'partial_outage'");
	t_str(headline("partial_outage"), "Partial outage: API, Web and 1 more");
	t_run("UPDATE components SET status = 'under_maintenance' WHERE name <> 'Mail'");
	t_str(headline("partial_outage"), "Partial outage: Mail");

	t_case("what is hidden says nothing, by itself or by its group");
	t_run("UPDATE components SET hidden = 1 WHERE name = 'Mail'");
	t_str(headline("under_maintenance"), "Under maintenance: API and Web");
	component("gggggggggggg", "Group", "operational", "is_group = 1, hidden = 1");
	t_run("UPDATE components SET group_id = 'gggggggggggg' WHERE name = 'Web'");
	t_str(headline("under_maintenance"), "Under maintenance: API");

	t_case("components that are well leave the word to the newest incident that is open");
	t_run("UPDATE components SET status = 'operational'");
	incident("incident0002", 2, false);
	incident("incident0001", 1, false);
	incident("incident0000", 0, true);
	t_str(headline("degraded_performance"), "incident0001");
}

static void since(void)
{
	t_case("trouble is counted from when the component left operational, not from its last "
	       "change");
	clear();
	component("aaaaaaaaaaaa", "API", "major_outage", "");
	t_run(
	    "INSERT INTO component_history (component_id, at, old_status, new_status, cause) VALUES"
	    " ('aaaaaaaaaaaa', 10, 'operational', 'major_outage', 'api'),"
	    " ('aaaaaaaaaaaa', 20, 'major_outage', 'operational', 'api'),"
	    " ('aaaaaaaaaaaa', 30, 'operational', 'partial_outage', 'api'),"
	    " ('aaaaaaaaaaaa', 40, 'partial_outage', 'major_outage', 'api')");
	struct view v = load();
	t_int(v.trouble_since[0], 30);

	t_case("without a history it is since the component was made; a well one has none");
	t_run("DELETE FROM component_history");
	v = load();
	t_int(v.trouble_since[0], 1);
	t_run("UPDATE components SET status = 'operational'");
	v = load();
	t_int(v.trouble_since[0], 0);
}

static const char *loaded(void)
{
	struct view v = load();
	char *names = arena_strdup(&arena, "");

	for (size_t i = 0; i < v.n_incidents; i++)
		if (strncmp(v.incidents[i].row.id, "day", 3) == 0)
			names = arena_printf(&arena, "%s%s ", names, v.incidents[i].row.id);
	return names;
}

static void incidents(void)
{
	t_case(
	    "loaded are the past fourteen days, what is open since longer, and what changed since, "
	    "newest first");
	clear();
	/* as many of the twelfth day as the read API tells of, so that nothing older is among them */
	for (int i = 0; i < VIEW_LATEST; i++)
		incident(arena_printf(&arena, "filler%06d", i), 12, true);
	t_int(load().today, NOW - NOW % CLOCK_DAY);
	incident("day000000000", 0, true);
	incident("day000000013", 13, true);
	incident("day000000014", 14, true);
	incident("day000000020", 20, false);
	incident("day000000030", 30, true);
	incident("day000000040", 40, false);
	t_str(loaded(), "day000000000 day000000013 day000000020 day000000040 ");
	t_run(arena_printf(&arena,
	    "UPDATE incidents SET updated_at = %" PRId64
	    " WHERE id IN ('day000000030', 'day000000040')",
	    NOW - CLOCK_DAY));
	t_str(loaded(), "day000000000 day000000013 day000000020 day000000030 day000000040 ");

	t_case("and at least as many of the newest as the read API tells of");
	t_run("DELETE FROM incidents WHERE id LIKE 'filler%'");
	t_str(loaded(),
	    "day000000000 day000000013 day000000014 day000000020 day000000030 day000000040 ");

	t_case("one incident is loaded by its id, however old; an unknown one is not");
	struct view_incident one;
	t_int(view_load_incident(db, &arena, "day000000014", &one), 1);
	t_str(one.row.id, "day000000014");
	t_int(view_load_incident(db, &arena, "day000000099", &one), 0);
}

static bool draws(int (*draw)(const struct view *, struct arena *, struct buf *), const char *text)
{
	struct view v = load();

	buf_clear(&out);
	t_int(draw(&v, &arena, &out), 1);
	return strstr(out.data, text) != NULL;
}

static void past_days(void)
{
	t_case("past days end at the day that is told, with ranges that know the month's end");
	clear();
	component("aaaaaaaaaaaa", "API", "operational", "");
	t_ok(draws(view_draw_index, "No incidents in the past fourteen days"));
	incident("day000000005", 5, true);
	t_ok(draws(view_draw_index, "No incidents from 19 to 23 November"));
	t_ok(draws(view_draw_index, "Tuesday, 18 November"));
	t_ok(draws(view_draw_index, "No incidents from 10 to 17 November"));
	incident("day000000001", 1, true);
	t_ok(draws(view_draw_index, "No incidents on 23 November"));
	t_ok(draws(view_draw_index, "No incidents from 19 to 21 November"));
	t_ok(draws(view_draw_index, "42 minutes"));

	t_case("drawing twice gives the same bytes");
	struct view v = load();
	struct buf again = BUF_INIT;
	draws(view_draw_index, "");
	t_int(view_draw_index(&v, &arena, &again), 1);
	t_str(again.data, out.data);
	buf_release(&again);
}

static void small_files(void)
{
	struct view v;

	t_case("push.json is the contract's, with and without a key, on and off");
	clear();
	component("aaaaaaaaaaaa", "A\"<", "operational", "");
	component("gggggggggggg", "G", "operational", "is_group = 1");
	component("bbbbbbbbbbbb", "B", "operational", "group_id = 'gggggggggggg'");
	component("cccccccccccc", "C", "operational", "hidden = 1");
	v = load();
	buf_clear(&out);
	t_int(view_draw_push_json(&v, &arena, &out), 1);
	t_str(out.data,
	    "{\"enabled\":true,\"publicKey\":\"BKEY\",\"components\":[{\"id\":\"aaaaaaaaaaaa\","
	    "\"name\":\"A\\\"\\u003c\",\"group\":null},{\"id\":\"bbbbbbbbbbbb\",\"name\":\"B\","
	    "\"group\":{\"id\":\"gggggggggggg\",\"name\":\"G\"}}]," PUSH_END);
	v.settings.push_enabled = false;
	v.n_components = 0;
	buf_clear(&out);
	t_int(view_draw_push_json(&v, &arena, &out), 1);
	t_str(out.data, "{\"enabled\":false,\"publicKey\":\"BKEY\",\"components\":[]," PUSH_END);
	v.settings.push_enabled = true;
	buf_clear(&out);
	v.public_key = NULL;
	t_int(view_draw_push_json(&v, &arena, &out), 1);
	t_str(out.data, "{\"enabled\":false,\"publicKey\":null,\"components\":[]," PUSH_END);

	t_case("the 404 page and the manifest carry the site's name, escaped for their place");
	t_run("INSERT INTO settings VALUES ('site_name', 'A \"<b>\" & co')");
	t_ok(draws(view_draw_not_found, "A &quot;&lt;b&gt;&quot; &amp; co"));
	t_ok(strstr(out.data, "<b>\"") == NULL);
	t_ok(draws(view_draw_manifest, "\"A \\\"\\u003cb>\\\" & co\""));
}

static void times(void)
{
	t_case("a time is read as a person writes it");
	t_str(view_time_text(&arena, NOW), "23 Nov 2025, 14:02 UTC");
	t_str(view_time_text(&arena, INT64_C(1704067199999)), "31 Dec 2023, 23:59 UTC");
	t_str(view_time_text(&arena, INT64_C(1709164800000)), "29 Feb 2024, 00:00 UTC");
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	view_open();
	headlines();
	since();
	incidents();
	past_days();
	small_files();
	times();
	buf_release(&out);
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
