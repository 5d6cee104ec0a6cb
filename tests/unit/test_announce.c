/* test_announce.c - what a notice says: titles, bodies, durations, urgency, and which are made. */
#include "base.h"
#include "t_db.h"

#include "announce.h"
#include "clock.h"
#include "t.h"
#include "t_sql.h"
#include "text.h"

#define START INT64_C(1700000000000)

/* A text that may be written to, as the structs want it. */
#define S(text) ((char *)(text)) /* the structs take char *, and nobody writes to them */

static struct db *db;
static struct arena arena = ARENA_INIT;

static struct incident_component api = {.id = S("aaaaaaaaaaaa"), .name = S("API")};
static struct incident_component web = {
    .id = S("bbbbbbbbbbbb"), .name = S("Web"), .group_id = S("gggggggggggg")};

static struct incident incident(enum impact impact, const struct incident_component *c, size_t n)
{
	static struct incident_component list[2];
	static char id[] = "incident0001", name[] = "Checkout fails";

	if (n > 0)
		memcpy(list, c, n * sizeof *list);
	return (struct incident){.id = id,
	    .name = name,
	    .status = INCIDENT_INVESTIGATING,
	    .impact = impact,
	    .max_impact = impact,
	    .impact_override = -1,
	    .started_at = START,
	    .components = list,
	    .n_components = n};
}

static void open_titles(void)
{
	static const char *const none[] = {"🔵 Incident: Checkout fails",
	    "🟡 Degraded: Checkout fails", "🟠 Partial outage: Checkout fails",
	    "🔴 Major outage: Checkout fails"};
	static const char *const one[] = {"🔧 Under maintenance: API", "🟡 Degraded: API",
	    "🟠 Partial outage: API", "🔴 Major outage: API"};

	t_case("without components the title is the impact's word and the incident's name");
	for (int i = IMPACT_NONE; i <= IMPACT_CRITICAL; i++) {
		struct incident x = incident((enum impact)i, NULL, 0);
		t_str(announce_title(&arena, &x, START), none[i]);
	}
	t_case("with one component it is that component's state and name");
	for (int i = COMPONENT_UNDER_MAINTENANCE; i < COMPONENT_STATUS__MAX; i++) {
		api.status = (enum component_status)i;
		struct incident x = incident(impact_of_component(api.status), &api, 1);
		t_str(announce_title(&arena, &x, START), one[i - 1]);
	}
	t_case("an override speaks instead of the component's state, about the component");
	struct incident x = incident(IMPACT_MINOR, &api, 1);
	x.impact_override = IMPACT_MINOR;
	t_str(announce_title(&arena, &x, START), "🟡 Degraded: API");

	t_case("with several components it is the incident's name");
	struct incident_component both[] = {api, web};
	x = incident(IMPACT_CRITICAL, both, 2);
	t_str(announce_title(&arena, &x, START), "🔴 Major outage: Checkout fails");

	t_case("a hidden component is not named; the only one that is seen is");
	both[0].hidden = true;
	both[1].status = COMPONENT_MAJOR_OUTAGE;
	x = incident(IMPACT_CRITICAL, both, 2);
	t_str(announce_title(&arena, &x, START), "🔴 Major outage: Web");
	x = incident(IMPACT_CRITICAL, both, 1);
	t_str(announce_title(&arena, &x, START), "🔴 Major outage: Checkout fails");
}

static void over_titles(void)
{
	struct incident x = incident(IMPACT_NONE, &api, 1);

	x.status = INCIDENT_RESOLVED;
	t_case("the end of an outage says how long it was down, of anything less after how long");
	x.max_impact = IMPACT_CRITICAL;
	t_str(announce_title(&arena, &x, START + 42 * CLOCK_MINUTE),
	    "🟢 Resolved: API, down 42 minutes");
	x.max_impact = IMPACT_MAJOR;
	t_str(announce_title(&arena, &x, START + CLOCK_HOUR), "🟢 Resolved: API, down 1 hour");
	x.max_impact = IMPACT_MINOR;
	t_str(
	    announce_title(&arena, &x, START + 2 * CLOCK_DAY), "🟢 Resolved: API, after 2 days");
	t_str(announce_title(&arena, &x, START), "🟢 Resolved: API, after less than a minute");
}

static void long_names(void)
{
	struct incident x = incident(IMPACT_CRITICAL, NULL, 0);
	char name[4 * 200 + 1] = "";

	t_case("a long name is cut between code points, and the title stays within 120");
	for (int i = 0; i < 200; i++)
		memcpy(name + 4 * i, "🚀", 5);
	x.name = name;
	char *title = announce_title(&arena, &x, START);
	t_ok(text_is_utf8(title, strlen(title)));
	t_ok(text_length(title, strlen(title)) <= 120);
}

static void durations(void)
{
	static const struct {
		int64_t ms;
		const char *text;
	} table[] = {
	    {0, "less than a minute"},
	    {59999, "less than a minute"},
	    {60000, "1 minute"},
	    {119999, "1 minute"},
	    {2 * CLOCK_MINUTE, "2 minutes"},
	    {CLOCK_HOUR - 1, "59 minutes"},
	    {CLOCK_HOUR, "1 hour"},
	    {CLOCK_HOUR + CLOCK_MINUTE, "1 hour 1 minute"},
	    {23 * CLOCK_HOUR + 59 * CLOCK_MINUTE, "23 hours 59 minutes"},
	    {CLOCK_DAY, "1 day"},
	    {CLOCK_DAY + 59 * CLOCK_MINUTE, "1 day"},
	    {400 * CLOCK_DAY + CLOCK_HOUR, "400 days 1 hour"},
	    {-5, "less than a minute"},
	};

	t_case("durations are told in their two largest units, rounded down");
	for (size_t i = 0; i < nelem(table); i++)
		t_str(announce_duration(&arena, table[i].ms), table[i].text);
}

/* Announces and gives the newest job's notices, "trigger subject urgency path" each. */
static const char *told(const struct incident *x, int trigger, const char *body,
    const struct component_change *changes, size_t n)
{
	t_run("DELETE FROM jobs");
	t_int(db_begin_write(db), 1);
	t_ok(announce_incident(db, &arena, x, trigger, body, changes, n) >= 0);
	t_int(db_commit(db), 1);
	return t_get(
	    "SELECT coalesce(group_concat(trigger || ' ' || subject_id || ' ' || urgency || "
	    "' ' || path, ', '), '') FROM (SELECT * FROM job_notices ORDER BY position)");
}

static void notices(void)
{
	struct incident x = incident(IMPACT_CRITICAL, &api, 1);
	struct component_change down[] = {
	    {.id = S("cccccccccccc"),
		.name = S("C"),
		.new_status = COMPONENT_PARTIAL_OUTAGE,
		.went_down = true,
		.max_impact = IMPACT_MAJOR},
	    {.id = S("dddddddddddd"),
		.name = S("D"),
		.new_status = COMPONENT_MAJOR_OUTAGE,
		.went_down = true,
		.max_impact = IMPACT_CRITICAL},
	    {.id = S("eeeeeeeeeeee"),
		.name = S("E"),
		.new_status = COMPONENT_MAJOR_OUTAGE,
		.went_down = true,
		.hidden = true},
	    {.id = S("ffffffffffff"), .name = S("F"), .new_status = COMPONENT_DEGRADED_PERFORMANCE},
	};

	t_case("with the defaults only the incident is told; a grave new one in a hurry");
	t_str(told(&x, TRIGGER_INCIDENT_NEW, "x", down, nelem(down)),
	    "incident_new incident0001 high /incidents/incident0001/");
	x.impact = IMPACT_MINOR;
	t_str(told(&x, TRIGGER_INCIDENT_NEW, "x", NULL, 0),
	    "incident_new incident0001 normal /incidents/incident0001/");
	x.impact = IMPACT_CRITICAL;
	t_str(told(&x, TRIGGER_INCIDENT_UPDATE, "x", NULL, 0),
	    "incident_update incident0001 normal /incidents/incident0001/");

	t_case("components that went down follow, worst first, without those that the page hides");
	t_run("INSERT INTO settings VALUES ('trigger.component_down', '1'),"
	      " ('trigger.component_recovered', '1')");
	t_str(told(&x, TRIGGER_INCIDENT_NEW, "x", down, nelem(down)),
	    "incident_new incident0001 high /incidents/incident0001/, "
	    "component_down dddddddddddd high /incidents/incident0001/, "
	    "component_down cccccccccccc high /incidents/incident0001/");

	t_case("a silent edit tells of components alone; a change without a trigger of nothing");
	t_str(told(&x, -1, NULL, down, 1),
	    "component_down cccccccccccc high /incidents/incident0001/");
	t_str(told(&x, -1, NULL, NULL, 0), "");
	t_row("SELECT count(*) FROM jobs", "0");
}

static void bodies(void)
{
	struct incident x = incident(IMPACT_NONE, NULL, 0);
	static const struct {
		const char *markdown, *text;
	} table[] = {
	    {"First. Second.", "First."},
	    {"We are **looking** into [it](https://example.com/).", "We are looking into it."},
	    {"v1.2 is e.g. slow. Next", "v1.2 is e.g. slow."},
	    {"# Heading\n\nText", "Heading"},
	    {"<b>x</b>", "<b>x</b>"},
	    {"", "Investigating: Checkout fails"},
	    {"![](https://example.com/x.png)", "Investigating: Checkout fails"},
	};

	t_case(
	    "the body is the first sentence as plain text; without text it says what it is about");
	for (size_t i = 0; i < nelem(table); i++) {
		told(&x, TRIGGER_INCIDENT_NEW, table[i].markdown, NULL, 0);
		t_row("SELECT body FROM job_texts WHERE lang = 'en'", table[i].text);
	}
	told(&x, TRIGGER_INCIDENT_NEW, NULL, NULL, 0);
	t_row("SELECT body FROM job_texts WHERE lang = 'en'", "Investigating: Checkout fails");
}

static const char *component_told(const struct component_change *c)
{
	t_run("DELETE FROM jobs");
	t_int(db_begin_write(db), 1);
	t_ok(announce_component(db, &arena, c) >= 0);
	t_int(db_commit(db), 1);
	return t_get("SELECT n.path || '|' || n.components || '|' || t.title || '|' || t.body FROM "
		     "job_notices n JOIN job_texts t USING (job_id, position) WHERE t.lang = 'en'");
}

static void components(void)
{
	struct component_change c = {.id = S("cccccccccccc"),
	    .name = S("Pay"),
	    .group_id = S("gggggggggggg"),
	    .new_status = COMPONENT_MAJOR_OUTAGE,
	    .went_down = true};

	t_case("a component's own notice leads to the page, and concerns it and its group");
	t_str(component_told(&c),
	    "/|cccccccccccc gggggggggggg|🔴 Major outage: Pay|Pay is not available.");
	c.new_status = COMPONENT_PARTIAL_OUTAGE;
	t_str(component_told(&c),
	    "/|cccccccccccc gggggggggggg|🟠 Partial outage: Pay|Pay is partly not available.");

	t_case("a recovery says how long it was down, where that is known");
	c = (struct component_change){.id = S("cccccccccccc"),
	    .name = S("Pay"),
	    .new_status = COMPONENT_OPERATIONAL,
	    .recovered = true,
	    .trouble_since = clock_now_ms() - 90 * CLOCK_MINUTE - 5};
	t_str(component_told(&c),
	    "/|cccccccccccc|🟢 Recovered: Pay, down 1 hour 30 minutes|Pay is operational again.");
	c.trouble_since = 0;
	t_str(component_told(&c), "/|cccccccccccc|🟢 Recovered: Pay|Pay is operational again.");

	t_case("nobody is told of a hidden component, nor of a change that is neither");
	c.hidden = true;
	t_str(component_told(&c), "(none)");
	c.hidden = c.recovered = false;
	t_str(component_told(&c), "(none)");
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	open_titles();
	over_titles();
	long_names();
	durations();
	notices();
	bodies();
	components();
	t_sql_close();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
