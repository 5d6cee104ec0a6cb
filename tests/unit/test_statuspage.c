/* test_statuspage.c - our objects as Statuspage's JSON, to the byte. */
#include "base.h"

#include "buf.h"
#include "statuspage.h"
#include "t.h"

#define S(text) ((char *)(text)) /* the structs take char *, and nobody writes to them */

/* 2025-11-23T14:02:03.004Z and one second later */
#define AT	   INT64_C(1763906523004)
#define LATER	   (AT + 1000)
#define AT_TEXT	   "\"2025-11-23T14:02:03.004Z\""
#define LATER_TEXT "\"2025-11-23T14:02:04.004Z\""

static struct component list[] = {
    {.id = S("aaaaaaaaaaaa"),
	.name = S("Europe \"1\" </script>"),
	.is_group = true,
	.position = 1,
	.showcase = true,
	.created_at = AT,
	.updated_at = LATER},
    {.id = S("bbbbbbbbbbbb"),
	.name = S("API"),
	.description = S("What\nprograms call"),
	.group_id = S("aaaaaaaaaaaa"),
	.position = 2,
	.status = COMPONENT_DEGRADED_PERFORMANCE,
	.only_show_if_degraded = true,
	.start_date = S("2025-02-28"),
	.created_at = AT,
	.updated_at = AT},
    {.id = S("cccccccccccc"), .name = S("Web"), .group_id = S("aaaaaaaaaaaa"), .position = 3},
    {.id = S("dddddddddddd"), .name = S("Alone"), .status = COMPONENT_MAJOR_OUTAGE, .position = 2},
};
static struct statuspage page = {
    .page_id = "pagepagepage", .site_url = "https://status.example.com", .components = list};
static struct buf out = BUF_INIT;

static const char *component(const struct component *c)
{
	struct json_writer w = JSON_WRITER(&out);

	buf_clear(&out);
	statuspage_put_component(&w, NULL, &page, c);
	return out.data;
}

static void components(void)
{
	page.n_components = 2;

	t_case("a component has every member, absent ones as null, and no list of members");
	t_str(component(&list[1]),
	    "{\"id\":\"bbbbbbbbbbbb\",\"name\":\"API\",\"status\":\"degraded_performance\","
	    "\"created_at\":" AT_TEXT ",\"updated_at\":" AT_TEXT ",\"position\":2,"
	    "\"description\":\"What\\nprograms call\",\"showcase\":false,"
	    "\"start_date\":\"2025-02-28\",\"group_id\":\"aaaaaaaaaaaa\","
	    "\"page_id\":\"pagepagepage\",\"group\":false,\"only_show_if_degraded\":true,"
	    "\"hidden\":false}");

	t_case("a group has its members and the worst of their statuses");
	t_str(component(&list[0]),
	    "{\"id\":\"aaaaaaaaaaaa\",\"name\":\"Europe \\\"1\\\" \\u003c/script>\","
	    "\"status\":\"degraded_performance\",\"created_at\":" AT_TEXT
	    ",\"updated_at\":" LATER_TEXT ",\"position\":1,\"description\":null,"
	    "\"showcase\":true,\"start_date\":null,\"group_id\":null,"
	    "\"page_id\":\"pagepagepage\",\"group\":true,\"only_show_if_degraded\":false,"
	    "\"hidden\":false,\"components\":[\"bbbbbbbbbbbb\"]}");
}

static void rollup(void)
{
	static const struct {
		enum component_status one, two;
		bool two_hidden;
		enum component_status group;
	} table[] = {
	    {COMPONENT_OPERATIONAL, COMPONENT_OPERATIONAL, false, COMPONENT_OPERATIONAL},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_OPERATIONAL, false,
		COMPONENT_UNDER_MAINTENANCE},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_DEGRADED_PERFORMANCE, false,
		COMPONENT_DEGRADED_PERFORMANCE},
	    {COMPONENT_UNDER_MAINTENANCE, COMPONENT_MAJOR_OUTAGE, false, COMPONENT_MAJOR_OUTAGE},
	    {COMPONENT_PARTIAL_OUTAGE, COMPONENT_MAJOR_OUTAGE, false, COMPONENT_MAJOR_OUTAGE},
	    {COMPONENT_PARTIAL_OUTAGE, COMPONENT_MAJOR_OUTAGE, true, COMPONENT_PARTIAL_OUTAGE},
	};

	t_case("an outage is never masked by maintenance, and a hidden member says nothing");
	page.n_components = 4;
	for (size_t i = 0; i < nelem(table); i++) {
		list[1].status = table[i].one;
		list[2].status = table[i].two;
		list[2].hidden = table[i].two_hidden;
		t_int(statuspage_status(&page, &list[0]), table[i].group);
	}
	t_int(statuspage_status(&page, &list[3]), COMPONENT_MAJOR_OUTAGE);
	list[1].status = COMPONENT_DEGRADED_PERFORMANCE;
	page.n_components = 2;
}

static const char *incident(
    const struct incident *i, const struct incident_update *updates, size_t n)
{
	struct json_writer w = JSON_WRITER(&out);

	buf_clear(&out);
	statuspage_put_incident(&w, NULL, &page, i, updates, n);
	return out.data;
}

static void incidents(void)
{
	struct incident i = {.id = S("iiiiiiiiiiii"),
	    .name = S("Checkout <fails>"),
	    .status = INCIDENT_MONITORING,
	    .impact = IMPACT_MAJOR,
	    .max_impact = IMPACT_CRITICAL,
	    .impact_override = -1,
	    .created_at = AT,
	    .started_at = AT,
	    .updated_at = LATER};
	struct incident_update_component affected = {.id = list[1].id,
	    .name = S("Europe - API"),
	    .old_status = COMPONENT_OPERATIONAL,
	    .new_status = COMPONENT_PARTIAL_OUTAGE};
	struct incident_update updates[] = {
	    {.id = S("vvvvvvvvvvvv"),
		.status = INCIDENT_MONITORING,
		.body = S("**Two**"),
		.created_at = LATER,
		.updated_at = LATER,
		.display_at = LATER},
	    {.id = S("uuuuuuuuuuuu"),
		.status = INCIDENT_INVESTIGATING,
		.body = S(""),
		.created_at = AT,
		.updated_at = AT,
		.display_at = AT,
		.deliver_notifications = true,
		.components = &affected,
		.n_components = 1},
	};

	t_case(
	    "an incident without updates and components has empty lists, and null for what is not");
	t_str(incident(&i, NULL, 0),
	    "{\"id\":\"iiiiiiiiiiii\",\"name\":\"Checkout "
	    "\\u003cfails>\",\"status\":\"monitoring\","
	    "\"created_at\":" AT_TEXT ",\"updated_at\":" LATER_TEXT
	    ",\"monitoring_at\":null,\"resolved_at\":null,\"impact\":\"major\","
	    "\"impact_override\":null,"
	    "\"shortlink\":\"https://status.example.com/incidents/iiiiiiiiiiii/\","
	    "\"started_at\":" AT_TEXT ",\"page_id\":\"pagepagepage\",\"incident_updates\":[],"
	    "\"components\":[],\"reminder_intervals\":null}");

	t_case("times, override, updates and whole components stand where they are");
	i.monitoring_at = AT;
	i.resolved_at = LATER;
	i.impact_override = IMPACT_MINOR;
	struct incident_component c = {.id = list[1].id, .name = list[1].name};
	i.components = &c;
	i.n_components = 1;
	const char *text = incident(&i, updates, 2);
	t_ok(strstr(text, "\"monitoring_at\":" AT_TEXT ",\"resolved_at\":" LATER_TEXT) != NULL);
	t_ok(strstr(text, "\"impact_override\":\"minor\"") != NULL);
	t_ok(strstr(text,
		 "\"incident_updates\":[{\"id\":\"vvvvvvvvvvvv\",\"status\":\"monitoring\","
		 "\"body\":\"**Two**\",\"incident_id\":\"iiiiiiiiiiii\",\"created_at\":" LATER_TEXT
		 ",\"updated_at\":" LATER_TEXT ",\"display_at\":" LATER_TEXT
		 ",\"affected_components\":null,\"deliver_notifications\":false,"
		 "\"custom_tweet\":null,\"tweet_id\":null},{\"id\":\"uuuuuuuuuuuu\"") != NULL);
	t_ok(strstr(text,
		 "\"affected_components\":[{\"code\":\"bbbbbbbbbbbb\",\"name\":\"Europe - API\","
		 "\"old_status\":\"operational\",\"new_status\":\"partial_outage\"}],"
		 "\"deliver_notifications\":true") != NULL);
	t_ok(strstr(text, "\"components\":[{\"id\":\"bbbbbbbbbbbb\",\"name\":\"API\",") != NULL);
}

/* One incident that affected a component of a group, a hidden one and one that was deleted. */
static const char *public_incident(void)
{
	static struct incident_component affected[] = {
	    {.id = S("bbbbbbbbbbbb")}, {.id = S("dddddddddddd")}, {.id = S("zzzzzzzzzzzz")}};
	static struct incident_update_component changes[] = {
	    {.id = S("bbbbbbbbbbbb"), .name = S("Seen")},
	    {.id = S("dddddddddddd"), .name = S("Secret")},
	    {.id = S("zzzzzzzzzzzz"), .name = S("Deleted")}};
	static struct incident_update update = {
	    .id = S("uuuuuuuuuuuu"), .body = S(""), .components = changes, .n_components = 3};
	struct incident i = {.id = S("iiiiiiiiiiii"),
	    .name = S("N"),
	    .impact_override = -1,
	    .components = affected,
	    .n_components = 3};

	return incident(&i, &update, 1);
}

static void public_files(void)
{
	page.n_components = 4;
	list[2].hidden = false;
	list[3].hidden = true;

	t_case("the write API tells of what is hidden or gone, and says what is hidden");
	const char *text = public_incident();
	t_ok(strstr(text, "\"name\":\"Alone\"") != NULL);
	t_ok(strstr(text, "\"hidden\":true") != NULL);
	t_ok(strstr(text, "\"Secret\"") != NULL && strstr(text, "\"Deleted\"") != NULL);

	t_case("the public files do neither");
	page.is_public = true;
	text = public_incident();
	t_ok(strstr(text, "\"name\":\"API\"") != NULL);
	/* by today's name: what it was called then may tell of a group that is hidden now */
	t_ok(strstr(text, "Seen") == NULL);
	t_ok(strstr(text, "Alone") == NULL && strstr(text, "hidden") == NULL);
	t_ok(strstr(text, "Secret") == NULL && strstr(text, "Deleted") == NULL);

	t_case("nor of the members of a hidden group; a list of which nothing is left is null");
	list[0].hidden = true;
	text = public_incident();
	t_ok(strstr(text, "\"affected_components\":null") != NULL);
	t_ok(strstr(text, "\"components\":[],") != NULL);
	list[0].hidden = false;

	t_case("a group does not list its hidden members");
	list[1].hidden = true;
	t_ok(strstr(component(&list[0]), "\"components\":[\"cccccccccccc\"]") != NULL);
	page.is_public = false;
	t_ok(strstr(component(&list[0]), "\"components\":[\"bbbbbbbbbbbb\",\"cccccccccccc\"]") !=
	     NULL);
	list[1].hidden = list[3].hidden = false;
	page.n_components = 2;
}

static void maintenances(void)
{
	struct incident m = {.id = S("mmmmmmmmmmmm"),
	    .name = S("New disks"),
	    .status = INCIDENT_SCHEDULED,
	    .impact = IMPACT_NONE,
	    .impact_override = -1,
	    .created_at = AT,
	    .started_at = AT,
	    .updated_at = AT,
	    .scheduled_for = AT,
	    .scheduled_until = LATER};

	t_case("a maintenance has its own page and impact, and says from when to when");
	t_str(incident(&m, NULL, 0),
	    "{\"id\":\"mmmmmmmmmmmm\",\"name\":\"New disks\",\"status\":\"scheduled\","
	    "\"created_at\":" AT_TEXT ",\"updated_at\":" AT_TEXT
	    ",\"monitoring_at\":null,\"resolved_at\":null,\"impact\":\"maintenance\","
	    "\"impact_override\":null,"
	    "\"shortlink\":\"https://status.example.com/maintenance/mmmmmmmmmmmm/\","
	    "\"started_at\":" AT_TEXT ",\"page_id\":\"pagepagepage\",\"incident_updates\":[],"
	    "\"components\":[],\"reminder_intervals\":null,"
	    "\"scheduled_auto_in_progress\":false,\"scheduled_auto_completed\":false,"
	    "\"scheduled_remind_prior\":false,\"reminders\":[],\"scheduled_for\":" AT_TEXT
	    ",\"scheduled_until\":" LATER_TEXT "}");
}

static void pages(void)
{
	struct json_writer w = JSON_WRITER(&out);

	t_case("the page has its five members");
	page.name = "A \"page\"";
	page.time_zone = "Etc/UTC";
	page.updated_at = AT;
	buf_clear(&out);
	statuspage_put_page(&w, NULL, &page);
	t_str(out.data, "{\"id\":\"pagepagepage\",\"name\":\"A \\\"page\\\"\","
			"\"url\":\"https://status.example.com\",\"time_zone\":\"Etc/UTC\","
			"\"updated_at\":" AT_TEXT "}");
}

static void notifications(void)
{
	struct job_origin origin = {"https://m.example", {.accepted = 1, .retrying = 2, .gone = 3}};
	struct job_view j = {.public_id = S("jjjjjjjjjjjj"),
	    .trigger = S("incident_new"),
	    .title = S("T"),
	    .state = S("sending"),
	    .created_at = AT,
	    .counts = {.accepted = 1,
		.retrying = 2,
		.gone = 3,
		.refused = 4,
		.expired = 5,
		.superseded = 6,
		.stopped = 7}};
	struct json_writer w = JSON_WRITER(&out);

	t_case(
	    "a notification has the contract's members; its audience is the sum of the outcomes");
	buf_clear(&out);
	statuspage_put_notification(&w, NULL, &j);
	t_str(out.data, "{\"id\":\"jjjjjjjjjjjj\",\"created_at\":" AT_TEXT
			",\"trigger\":\"incident_new\",\"incident_id\":null,\"component_id\":null,"
			"\"title\":\"T\",\"state\":\"sending\",\"nobody\":null,\"retry_of\":null,"
			"\"audience\":28,\"accepted\":1,\"retrying\":2,"
			"\"gone\":3,\"refused\":4,\"expired\":5,\"superseded\":6,\"stopped\":7,"
			"\"first_at\":null,\"last_at\":null,\"origins\":[]}");

	j.origins = &origin;
	j.n_origins = 1;
	j.first_at = AT;
	j.incident_id = S("iiiiiiiiiiii");
	w = (struct json_writer)JSON_WRITER(&out);
	buf_clear(&out);
	statuspage_put_notification(&w, NULL, &j);
	t_ok(strstr(out.data, "\"first_at\":" AT_TEXT ",\"last_at\":null,\"origins\":[{\"origin\":"
			      "\"https://m.example\",\"audience\":6,\"accepted\":1,\"retrying\":2,"
			      "\"gone\":3,\"refused\":0,") != NULL);
}

int main(void)
{
	components();
	rollup();
	incidents();
	public_files();
	maintenances();
	pages();
	notifications();
	buf_release(&out);
	return t_end();
}
