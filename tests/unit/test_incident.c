/* test_incident.c - components and incidents: statuses, history, impact, triggers, jobs. */
#include "base.h"
#include "t_db.h"

#include <sys/wait.h>

#include "announce.h"
#include "component.h"
#include "incident.h"
#include "job.h"
#include "settings.h"
#include "t.h"

static struct db *db;
static struct arena arena = ARENA_INIT;

static void begin(void)
{
	if (db_begin_write(db) != 1)
		abort();
}

static void commit(void)
{
	if (db_commit(db) != 1)
		abort();
}

static char *create_component(struct component c)
{
	struct fault f = {0};

	begin();
	t_int(component_create(db, &arena, &c, "test", &f), 1);
	commit();
	return c.id;
}

static char *add_component(const char *name, const char *group_id, bool is_group)
{
	return create_component((struct component){.name = arena_strdup(&arena, name),
	    .group_id = arena_strdup(&arena, group_id),
	    .is_group = is_group});
}

static char *add_hidden_component(const char *name)
{
	return create_component(
	    (struct component){.name = arena_strdup(&arena, name), .hidden = true});
}

static enum component_status status_of(const char *id)
{
	struct component c;

	t_int(component_get(db, &arena, id, &c), 1);
	return c.status;
}

static void switch_trigger(enum trigger t, bool on)
{
	begin();
	settings_put(db, arena_printf(&arena, "trigger.%s", trigger_word(t)), on ? "1" : "0");
	commit();
}

struct jobs {
	struct job_view *list;
	size_t n;
};

static struct jobs jobs(void)
{
	struct jobs j;

	t_int(job_list(db, &arena, 100, &j.list, &j.n), 1);
	return j;
}

static struct incident_posting posting(
    int status, const char *body, const struct incident_set *set, size_t n)
{
	return (struct incident_posting){.name = "Checkout fails",
	    .status = status,
	    .body = body,
	    .impact_override = -1,
	    .components = set,
	    .n_components = n,
	    .deliver_notifications = true,
	    .actor = "test"};
}

static void create(const struct incident_posting *p, char id[13])
{
	struct fault f = {0};

	begin();
	t_int(incident_create(db, &arena, p, id, &f), 1);
	commit();
}

static int post(const char *id, const struct incident_posting *p, struct fault *f)
{
	begin();
	int rc = incident_post(db, &arena, id, p, f);
	if (rc == 1)
		commit();
	else
		db_rollback(db);
	return rc;
}

static struct incident get(const char *id)
{
	struct incident i;

	t_int(incident_get(db, &arena, id, &i), 1);
	return i;
}

static void life_of_an_incident(void)
{
	char *api = add_component("API", NULL, false), *web = add_component("Web", NULL, false),
	     id[13];
	struct incident_set down[] = {
	    {api, COMPONENT_MAJOR_OUTAGE}, {web, COMPONENT_DEGRADED_PERFORMANCE}};
	struct incident_posting p = posting(-1, "We are **looking** into it. More soon.", down, 2);
	struct fault f = {0};

	t_case("a new incident sets its components' statuses, and the worst decides its impact");
	create(&p, id);
	t_int(get(id).impact, IMPACT_CRITICAL);
	t_int(get(id).status, INCIDENT_INVESTIGATING);
	t_int(status_of(api), COMPONENT_MAJOR_OUTAGE);
	t_int(status_of(web), COMPONENT_DEGRADED_PERFORMANCE);

	t_case("a new incident writes one job with one notice");
	struct jobs j = jobs();
	t_int(j.n, 1);
	t_str(j.list[0].trigger, "incident_new");
	t_str(j.list[0].title, "🔴 Major outage: Checkout fails");

	t_case(
	    "components left out of an update keep their status, and the impact follows the rest");
	struct incident_set better[] = {{api, COMPONENT_PARTIAL_OUTAGE}};
	p = posting(INCIDENT_IDENTIFIED, "Found it.", better, 1);
	t_int(post(id, &p, &f), 1);
	t_int(status_of(web), COMPONENT_DEGRADED_PERFORMANCE);
	t_int(get(id).impact, IMPACT_MAJOR);
	t_int(get(id).max_impact, IMPACT_CRITICAL);

	t_case(
	    "resolving returns every component that was not named; what is over shows the highest"
	    " impact it had");
	p = posting(INCIDENT_RESOLVED, "Fixed.", NULL, 0);
	t_int(post(id, &p, &f), 1);
	t_int(status_of(api), COMPONENT_OPERATIONAL);
	t_int(status_of(web), COMPONENT_OPERATIONAL);
	t_int(get(id).impact, IMPACT_CRITICAL);
	t_ok(get(id).resolved_at > 0);
	t_str(jobs().list[0].trigger, "incident_resolved");

	t_case("a further posting to a resolved incident is an update, not a second resolution");
	p = posting(INCIDENT_RESOLVED, "Still fixed.", NULL, 0);
	t_int(post(id, &p, &f), 1);
	t_str(jobs().list[0].trigger, "incident_update");

	t_case("reopening is an update and clears the end");
	p = posting(INCIDENT_INVESTIGATING, "It is back.", down, 2);
	t_int(post(id, &p, &f), 1);
	t_int(get(id).resolved_at, 0);
	t_str(jobs().list[0].trigger, "incident_update");

	t_case("a postmortem before the end is refused and changes nothing");
	size_t before = jobs().n;
	p = posting(INCIDENT_POSTMORTEM, "What happened.", NULL, 0);
	t_int(post(id, &p, &f), 0);
	t_int(f.kind, FAULT_STEP);
	t_int(get(id).status, INCIDENT_INVESTIGATING);
	t_int(jobs().n, before);

	t_case("deleting an open incident gives its components back and removes its updates");
	begin();
	t_int(incident_delete(db, &arena, id, "test"), 1);
	commit();
	t_int(status_of(api), COMPONENT_OPERATIONAL);
	struct incident gone;
	t_int(incident_get(db, &arena, id, &gone), 0);
	t_str(jobs().list[0].state, "stopped");
}

static void two_incidents(void)
{
	char *api = add_component("Search", NULL, false), one[13], two[13];
	struct incident_set major[] = {{api, COMPONENT_MAJOR_OUTAGE}},
			    minor[] = {{api, COMPONENT_DEGRADED_PERFORMANCE}};
	struct incident_posting p = posting(-1, "One.", minor, 1);
	struct fault f = {0};

	create(&p, one);
	p = posting(-1, "Two.", major, 1);
	create(&p, two);
	t_case("resolving leaves a component at the worst that another open incident gives it");
	p = posting(INCIDENT_RESOLVED, "Over.", NULL, 0);
	t_int(post(two, &p, &f), 1);
	t_int(status_of(api), COMPONENT_DEGRADED_PERFORMANCE);
	t_int(post(one, &p, &f), 1);
	t_int(status_of(api), COMPONENT_OPERATIONAL);

	t_case("a status that a person set meanwhile survives the resolution");
	p = posting(-1, "Three.", major, 1);
	create(&p, one);
	struct component_change change;
	begin();
	t_int(component_set_status(db, &arena, api, COMPONENT_UNDER_MAINTENANCE,
		  COMPONENT_CAUSE_MANUAL, NULL, &change),
	    1);
	commit();
	p = posting(INCIDENT_RESOLVED, "Over.", NULL, 0);
	t_int(post(one, &p, &f), 1);
	t_int(status_of(api), COMPONENT_UNDER_MAINTENANCE);
}

static void silent_and_quiet(void)
{
	char *api = add_component("Mail", NULL, false), id[13];
	struct incident_set down[] = {{api, COMPONENT_PARTIAL_OUTAGE}};
	struct incident_posting p = posting(-1, "Quiet.", down, 1);
	struct incident_update *updates;
	struct fault f = {0};
	size_t before = jobs().n, n;

	t_case("a posting that shall not notify writes no job");
	p.deliver_notifications = false;
	create(&p, id);
	t_int(jobs().n, before);

	t_case("an edit without status and text adds no update and tells nobody");
	p = posting(-1, NULL, NULL, 0);
	p.name = "A better name";
	t_int(post(id, &p, &f), 1);
	t_str(get(id).name, "A better name");
	t_int(incident_updates(db, &arena, id, &updates, &n), 1);
	t_int(n, 1);
	t_int(jobs().n, before);

	t_case("a component that does not exist is refused by its id");
	struct incident_set none[] = {{"aaaaaaaaaaaa", COMPONENT_MAJOR_OUTAGE}};
	p = posting(-1, "x", none, 1);
	t_int(post(id, &p, &f), 0);
	t_int(f.kind, FAULT_FIELD);
	t_ok(strstr(f.sentence, "aaaaaaaaaaaa") != NULL);

	t_case("with push switched off no job is written");
	begin();
	settings_put(db, "push_enabled", "0");
	commit();
	p = posting(INCIDENT_IDENTIFIED, "x", NULL, 0);
	t_int(post(id, &p, &f), 1);
	t_int(jobs().n, before);
	begin();
	settings_put(db, "push_enabled", "1");
	commit();

	t_case("a trigger that is off makes no job, the others still do");
	switch_trigger(TRIGGER_INCIDENT_UPDATE, false);
	t_int(post(id, &p, &f), 1);
	t_int(jobs().n, before);
	switch_trigger(TRIGGER_INCIDENT_UPDATE, true);
	p = posting(INCIDENT_RESOLVED, "x", NULL, 0);
	t_int(post(id, &p, &f), 1);
	t_int(jobs().n, before + 1);
}

/* The statuses a component goes through, and what each change must mean. */
static void component_triggers(void)
{
	static const struct {
		enum component_status to;
		bool down, recovered;
	} steps[] = {
	    {COMPONENT_DEGRADED_PERFORMANCE, false, false},
	    {COMPONENT_OPERATIONAL, false, false},
	    {COMPONENT_PARTIAL_OUTAGE, true, false},
	    {COMPONENT_MAJOR_OUTAGE, true, false},
	    {COMPONENT_PARTIAL_OUTAGE, false, false},
	    {COMPONENT_MAJOR_OUTAGE, false, false},
	    {COMPONENT_DEGRADED_PERFORMANCE, false, false},
	    {COMPONENT_OPERATIONAL, false, true},
	    {COMPONENT_MAJOR_OUTAGE, true, false},
	    {COMPONENT_OPERATIONAL, false, true},
	    {COMPONENT_UNDER_MAINTENANCE, false, false},
	    {COMPONENT_OPERATIONAL, false, false},
	};
	char *id = add_component("Pay", NULL, false);
	struct component_change c;

	t_case("down: to a major outage once per trouble, or to a partial one from better; "
	       "recovered: back from an outage");
	for (size_t i = 0; i < nelem(steps); i++) {
		begin();
		t_int(component_set_status(
			  db, &arena, id, steps[i].to, COMPONENT_CAUSE_API, NULL, &c),
		    1);
		commit();
		t_int(c.went_down, steps[i].down);
		t_int(c.recovered, steps[i].recovered);
	}
	t_case("setting the status it has is no change");
	begin();
	t_int(component_set_status(
		  db, &arena, id, COMPONENT_OPERATIONAL, COMPONENT_CAUSE_API, NULL, &c),
	    0);
	commit();
}

/* Reads by the sqlite3 of the test, for the suite itself has no such statement. */
static char *query(const char *sql)
{
	int out[2];
	char *text = arena_alloc(&arena, 4096);
	size_t n = 0;

	if (pipe(out) != 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execlp("sqlite3", "sqlite3", t_db_path, sql, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	for (ssize_t got; (got = read(out[0], text + n, 4000 - n)) > 0;)
		n += (size_t)got;
	close(out[0]);
	waitpid(pid, NULL, 0);
	return text;
}

static char *notices_of_newest(void)
{
	char *text = query("SELECT group_concat(trigger || ' ' || subject_id, '|') || '|' FROM "
			   "(SELECT * FROM job_notices"
			   " WHERE job_id = (SELECT max(id) FROM jobs) ORDER BY position)");

	text[strcspn(text, "\n")] = '\0';
	return text;
}

static char *concerned_of_newest(void)
{
	return query("SELECT components FROM job_notices WHERE job_id = (SELECT max(id) FROM jobs) "
		     "AND position = 0");
}

static void one_job_per_action(void)
{
	char *group = add_component("Europe", NULL, true),
	     *api = add_component("EU API", group, false);
	char *web = add_component("EU Web", group, false), id[13];
	struct incident_set down[] = {
	    {web, COMPONENT_PARTIAL_OUTAGE}, {api, COMPONENT_MAJOR_OUTAGE}};
	struct incident_posting p = posting(-1, "Both.", down, 2);

	switch_trigger(TRIGGER_COMPONENT_DOWN, true);
	t_case("one action is one job: the incident's notice first, then components, worst first");
	create(&p, id);
	char *notices = notices_of_newest();
	t_str(notices, arena_printf(&arena, "incident_new %s|component_down %s|component_down %s|",
			   id, api, web));
	t_case("the incident's notice concerns its components and their groups");
	t_ok(strstr(concerned_of_newest(), group) != NULL &&
	     strstr(concerned_of_newest(), api) != NULL);
	switch_trigger(TRIGGER_COMPONENT_DOWN, false);

	t_case("a group cannot be affected by an incident");
	struct incident_set set[] = {{group, COMPONENT_MAJOR_OUTAGE}};
	struct fault f = {0};
	p = posting(-1, "x", set, 1);
	t_int(post(id, &p, &f), 0);
}

/* Components that visitors do not see, in an incident that they do. */
static void hidden_components(void)
{
	char *shown = add_component("Shown", NULL, false), *secret = add_hidden_component("Secret"),
	     *other = add_hidden_component("Other"), id[13];
	struct incident_set both[] = {
	    {shown, COMPONENT_DEGRADED_PERFORMANCE}, {secret, COMPONENT_MAJOR_OUTAGE}};
	struct incident_set unseen[] = {
	    {secret, COMPONENT_MAJOR_OUTAGE}, {other, COMPONENT_PARTIAL_OUTAGE}};
	struct incident_posting p = posting(-1, "x", both, 2);
	struct fault f = {0};

	switch_trigger(TRIGGER_COMPONENT_DOWN, true);
	switch_trigger(TRIGGER_COMPONENT_RECOVERED, true);
	t_case("a hidden component counts neither for the impact nor for the title");
	create(&p, id);
	t_int(get(id).impact, IMPACT_MINOR);
	t_int(get(id).max_impact, IMPACT_MINOR);
	t_str(jobs().list[0].title, "🟡 Degraded: Shown");
	t_case("a hidden component has no notice and is no part of the incident's");
	t_str(notices_of_newest(), arena_printf(&arena, "incident_new %s|", id));
	t_ok(strstr(concerned_of_newest(), shown) != NULL);
	t_ok(strstr(concerned_of_newest(), secret) == NULL);
	t_case("nor has its recovery");
	p = posting(INCIDENT_RESOLVED, "x", NULL, 0);
	t_int(post(id, &p, &f), 1);
	t_str(notices_of_newest(), arena_printf(&arena, "incident_resolved %s|", id));

	t_case("with hidden components alone the impact is none, but for an override");
	p = posting(-1, "x", unseen, 2);
	create(&p, id);
	t_int(get(id).impact, IMPACT_NONE);
	t_str(jobs().list[0].title, "🔵 Incident: Checkout fails");
	p = posting(-1, NULL, NULL, 0);
	p.set_override = true;
	p.impact_override = IMPACT_MAJOR;
	t_int(post(id, &p, &f), 1);
	t_int(get(id).impact, IMPACT_MAJOR);

	t_case("one rule tells the worst impact of what is seen");
	struct incident_component list[] = {
	    {.status = COMPONENT_MAJOR_OUTAGE, .hidden = true},
	    {.status = COMPONENT_PARTIAL_OUTAGE},
	    {.status = COMPONENT_DEGRADED_PERFORMANCE},
	};
	t_int(incident_worst_impact(list, 3), IMPACT_MAJOR);
	t_int(incident_worst_impact(list, 1), IMPACT_NONE);
	t_int(incident_worst_impact(NULL, 0), IMPACT_NONE);
	t_case("the only visible component, if there is exactly one");
	struct incident i = {.components = list, .n_components = 2};
	t_ok(incident_only_visible(&i) == &list[1]);
	i.n_components = 3;
	t_ok(incident_only_visible(&i) == NULL);
	i.n_components = 1;
	t_ok(incident_only_visible(&i) == NULL);
	switch_trigger(TRIGGER_COMPONENT_DOWN, false);
	switch_trigger(TRIGGER_COMPONENT_RECOVERED, false);
}

static void durations(void)
{
	t_case("a duration is told in its two largest units, rounded down");
	t_str(announce_duration(&arena, 59999), "less than a minute");
	t_str(announce_duration(&arena, 60000), "1 minute");
	t_str(announce_duration(&arena, 3 * 3600000 + 5 * 60000), "3 hours 5 minutes");
	t_str(announce_duration(&arena, 86400000 + 5 * 60000), "1 day");
	t_str(announce_duration(&arena, 2 * 86400000LL + 4 * 3600000), "2 days 4 hours");
}

static void order(void)
{
	struct component *list;
	size_t n, a = 0, b = 0;
	char *one = add_component("Zeta", NULL, false), *two = add_component("Alpha", NULL, false);

	t_case("components stand in the order they were added, and move one place at a time");
	begin();
	t_int(component_move(db, &arena, two, -1, "test"), 1);
	commit();
	t_int(component_list(db, &arena, &list, &n), 1);
	for (size_t i = 0; i < n; i++) {
		a = strcmp(list[i].id, one) == 0 ? i : a;
		b = strcmp(list[i].id, two) == 0 ? i : b;
	}
	t_ok(b + 1 == a);
}

int main(void)
{
	db = t_db_open();
	life_of_an_incident();
	two_incidents();
	silent_and_quiet();
	component_triggers();
	one_job_per_action();
	hidden_components();
	durations();
	order();
	arena_release(&arena);
	t_db_close(&db);
	return t_end();
}
