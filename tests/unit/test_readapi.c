/* test_readapi.c - the eight public files of Statuspage's API, and the words for the page's state. */
#include "base.h"

#include "arena.h"
#include "buf.h"
#include "readapi.h"
#include "t.h"

#define S(text) ((char *)(text)) /* the structs take char *, and nobody writes to them */

/* 2025-11-23T14:02:03.004Z */
#define AT	INT64_C(1763906523004)
#define AT_TEXT "\"2025-11-23T14:02:03.004Z\""

#define PAGE                                                                                       \
	"{\"page\":{\"id\":\"pagepagepage\",\"name\":\"Example\",\"url\":\"https://s.example\","   \
	"\"time_zone\":\"Etc/UTC\",\"updated_at\":" AT_TEXT "}"

static struct arena arena = ARENA_INIT;
static struct buf out = BUF_INIT;

static struct component components[] = {
    {.id = S("gggggggggggg"), .name = S("Group"), .is_group = true, .position = 1},
    {.id = S("aaaaaaaaaaaa"), .name = S("API"), .group_id = S("gggggggggggg"), .position = 1},
    {.id = S("bbbbbbbbbbbb"), .name = S("Web"), .position = 2},
    {.id = S("hhhhhhhhhhhh"), .name = S("Hidden"), .hidden = true, .position = 3},
};
static struct view_incident incidents[60], maintenances[60];
static struct view v = {
    .site_url = "https://s.example",
    .settings = {.site_name = S("Example"),
	.page_id = S("pagepagepage"),
	.time_zone = S("Etc/UTC"),
	.content_at = AT},
    .components = components,
    .incidents = incidents,
    .maintenances = maintenances,
};

/* Nothing is wrong, nothing is planned. */
static void clear(void)
{
	for (size_t i = 0; i < nelem(components); i++)
		components[i].status = COMPONENT_OPERATIONAL;
	v.n_components = nelem(components);
	v.n_incidents = v.n_maintenances = 0;
}

static void add(enum incident_status status, enum impact impact)
{
	bool planned = incident_status_is_maintenance(status);
	struct view_incident *x =
	    planned ? &maintenances[v.n_maintenances++] : &incidents[v.n_incidents++];
	size_t number = planned ? v.n_maintenances : v.n_incidents;

	*x = (struct view_incident){
	    .row = {
		.id = arena_printf(&arena, "%c%011zu", planned ? 'm' : 'i', number),
		.name = S("Name"),
		.status = status,
		.impact = impact,
		.impact_override = -1,
		.created_at = AT,
		.started_at = AT,
		.updated_at = AT,
		.resolved_at = incident_status_is_over(status) ? AT : 0,
		.scheduled_for = planned ? AT : 0,
		.scheduled_until = planned ? AT : 0,
	    }};
}

static const char *file(view_draw *draw)
{
	buf_clear(&out);
	t_int(draw(&v, &arena, &out), 1);
	return out.data;
}

/* How often the text stands in the file. */
static size_t count(view_draw *draw, const char *text)
{
	size_t n = 0;

	for (const char *at = file(draw); (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

static void state(const char *want_indicator, const char *want_description)
{
	const char *description, *indicator = readapi_indicator(&v, &description);

	t_str(indicator, want_indicator);
	t_str(description, want_description);
}

static void states_by_components(void)
{
	static const struct {
		enum component_status api, web;
		const char *indicator, *description;
	} table[] = {
	    {COMPONENT_OPERATIONAL, COMPONENT_OPERATIONAL, "none", "All Systems Operational"},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_OPERATIONAL, "maintenance",
		"Service Under Maintenance"},
	    {COMPONENT_DEGRADED_PERFORMANCE, COMPONENT_OPERATIONAL, "minor",
		"Partially Degraded Service"},
	    {COMPONENT_DEGRADED_PERFORMANCE, COMPONENT_DEGRADED_PERFORMANCE, "minor",
		"Degraded System Service"},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_DEGRADED_PERFORMANCE, "minor",
		"Partially Degraded Service"},
	    {COMPONENT_PARTIAL_OUTAGE, COMPONENT_DEGRADED_PERFORMANCE, "major",
		"Partial System Outage"},
	    {COMPONENT_PARTIAL_OUTAGE, COMPONENT_MAJOR_OUTAGE, "critical", "Major System Outage"},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_MAJOR_OUTAGE, "critical",
		"Major System Outage"},
	};

	t_case("the worst component is the page's state; maintenance only where nothing is wrong");
	for (size_t i = 0; i < nelem(table); i++) {
		clear();
		components[1].status = table[i].api;
		components[2].status = table[i].web;
		state(table[i].indicator, table[i].description);
	}

	t_case("a hidden component says nothing, and neither does a member of a hidden group");
	clear();
	components[3].status = COMPONENT_MAJOR_OUTAGE;
	state("none", "All Systems Operational");
	components[1].status = COMPONENT_MAJOR_OUTAGE;
	components[0].hidden = true;
	state("none", "All Systems Operational");
	components[0].hidden = false;
}

static void states_by_incidents(void)
{
	t_case("without components all is well, unless an incident is open");
	clear();
	v.n_components = 0;
	state("none", "All Systems Operational");
	add(INCIDENT_INVESTIGATING, IMPACT_MINOR);
	state("minor", "Minor Service Outage");

	t_case("the worst open incident counts as a component does; what is over does not");
	clear();
	add(INCIDENT_RESOLVED, IMPACT_CRITICAL);
	add(INCIDENT_POSTMORTEM, IMPACT_CRITICAL);
	state("none", "All Systems Operational");
	add(INCIDENT_IDENTIFIED, IMPACT_NONE);
	state("none", "All Systems Operational");
	add(INCIDENT_MONITORING, IMPACT_MAJOR);
	state("major", "Partial System Outage");
	components[1].status = COMPONENT_DEGRADED_PERFORMANCE;
	state("major", "Partial System Outage");
	components[1].status = COMPONENT_MAJOR_OUTAGE;
	state("critical", "Major System Outage");

	t_case("a maintenance counts while it goes on, and not before or after");
	clear();
	add(INCIDENT_SCHEDULED, IMPACT_MAINTENANCE);
	add(INCIDENT_COMPLETED, IMPACT_MAINTENANCE);
	add(INCIDENT_CANCELLED, IMPACT_MAINTENANCE);
	state("none", "All Systems Operational");
	add(INCIDENT_VERIFYING, IMPACT_MAINTENANCE);
	state("maintenance", "Service Under Maintenance");
	add(INCIDENT_INVESTIGATING, IMPACT_NONE);
	state("maintenance", "Service Under Maintenance");
	add(INCIDENT_INVESTIGATING, IMPACT_MINOR);
	state("minor", "Minor Service Outage");
}

static void frames(void)
{
	t_case("an empty page has whole files");
	clear();
	v.n_components = 0;
	t_str(file(readapi_status), PAGE ",\"status\":{\"indicator\":\"none\",\"description\":"
					 "\"All Systems Operational\"}}\n");
	t_str(file(readapi_components), PAGE ",\"components\":[]}\n");
	t_str(file(readapi_incidents), PAGE ",\"incidents\":[]}\n");
	t_str(file(readapi_unresolved), PAGE ",\"incidents\":[]}\n");
	t_str(file(readapi_maintenances), PAGE ",\"scheduled_maintenances\":[]}\n");
	t_str(file(readapi_upcoming), PAGE ",\"scheduled_maintenances\":[]}\n");
	t_str(file(readapi_active), PAGE ",\"scheduled_maintenances\":[]}\n");
	t_str(file(readapi_summary),
	    PAGE ",\"status\":{\"indicator\":\"none\",\"description\":"
		 "\"All Systems Operational\"},\"components\":[],\"incidents\":[],"
		 "\"scheduled_maintenances\":[]}\n");

	t_case("where the time of the last change is not on record it is the newest row's");
	v.settings.content_at = 0;
	v.n_components = nelem(components);
	components[1].updated_at = AT;
	t_ok(strstr(file(readapi_status), "\"updated_at\":" AT_TEXT) != NULL);
	v.settings.content_at = AT;
}

static void lists(void)
{
	clear();
	t_case("components are those that visitors see, groups among them");
	t_int(count(readapi_components, "\"group_id\""), 3);
	t_int(count(readapi_components, "Hidden"), 0);
	t_int(count(readapi_components, "\"hidden\""), 0);
	t_int(count(readapi_summary, "\"group_id\""), 3);
	t_int(count(readapi_summary, "\"components\":[\"aaaaaaaaaaaa\"]"), 1);

	t_case("each list has the incidents that belong there");
	add(INCIDENT_INVESTIGATING, IMPACT_MAJOR);
	add(INCIDENT_IDENTIFIED, IMPACT_MAJOR);
	add(INCIDENT_MONITORING, IMPACT_MAJOR);
	add(INCIDENT_RESOLVED, IMPACT_MAJOR);
	add(INCIDENT_POSTMORTEM, IMPACT_MAJOR);
	t_int(count(readapi_incidents, "\"shortlink\""), 5);
	t_int(count(readapi_incidents, "\"postmortem\""), 1);
	t_int(count(readapi_unresolved, "\"shortlink\""), 3);
	t_int(count(readapi_unresolved, "\"resolved\""), 0);
	t_int(count(readapi_summary, "\"shortlink\""), 3);

	t_case("each list has the maintenances that belong there; what was called off is in none");
	clear();
	add(INCIDENT_SCHEDULED, IMPACT_MAINTENANCE);
	add(INCIDENT_SCHEDULED, IMPACT_MAINTENANCE);
	add(INCIDENT_IN_PROGRESS, IMPACT_MAINTENANCE);
	add(INCIDENT_VERIFYING, IMPACT_MAINTENANCE);
	add(INCIDENT_COMPLETED, IMPACT_MAINTENANCE);
	add(INCIDENT_CANCELLED, IMPACT_MAINTENANCE);
	t_int(count(readapi_maintenances, "\"shortlink\""), 5);
	t_int(count(readapi_maintenances, "cancelled"), 0);
	t_int(count(readapi_upcoming, "\"shortlink\""), 2);
	t_int(count(readapi_upcoming, "\"status\":\"scheduled\""), 2);
	t_int(count(readapi_active, "\"shortlink\""), 2);
	t_int(count(readapi_active, "\"scheduled\""), 0);
	t_int(count(readapi_summary, "\"scheduled_until\""), 4);
	t_int(count(readapi_summary, "/maintenance/"), 4);

	t_case("the two long lists tell of the fifty newest, open or not; the others of all");
	clear();
	for (size_t i = 0; i < 60; i++) {
		add(INCIDENT_INVESTIGATING, IMPACT_MINOR);
		add(INCIDENT_SCHEDULED, IMPACT_MAINTENANCE);
	}
	t_int(count(readapi_incidents, "\"shortlink\""), 50);
	t_ok(strstr(out.data, "\"i00000000001\"") != NULL);
	t_ok(strstr(out.data, "\"i00000000051\"") == NULL);
	t_int(count(readapi_maintenances, "\"shortlink\""), 50);
	t_int(count(readapi_unresolved, "\"shortlink\""), 60);
	t_int(count(readapi_upcoming, "\"shortlink\""), 60);
}

int main(void)
{
	states_by_components();
	states_by_incidents();
	frames();
	lists();
	buf_release(&out);
	arena_release(&arena);
	return t_end();
}
