/* test_maintenance.c - what is planned: steps, times, components, reminders, what becomes due. */
#include "base.h"
#include "t_db.h"

#include "clock.h"
#include "component.h"
#include "job.h"
#include "maintenance.h"
#include "settings.h"
#include "t.h"
#include "t_sql.h"

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

static char *add_component(const char *name)
{
	struct component c = {.name = arena_strdup(&arena, name)};
	struct fault f = {0};

	begin();
	t_int(component_create(db, &arena, &c, "test", &f), 1);
	commit();
	return c.id;
}

static enum component_status status_of(const char *id)
{
	struct component c;

	t_int(component_get(db, &arena, id, &c), 1);
	return c.status;
}

static void set_status(const char *id, enum component_status status)
{
	struct component_change change;

	begin();
	component_set_status(db, &arena, id, status, COMPONENT_CAUSE_MANUAL, NULL, &change);
	commit();
}

static struct incident get(const char *id)
{
	struct incident i = {0};

	t_int(incident_get(db, &arena, id, &i), 1);
	return i;
}

/* The trigger of the newest job, "" where there is none since the last question. */
static const char *told(void)
{
	static int64_t seen;
	struct job_view *list;
	size_t n;

	t_int(job_list(db, &arena, 1, &list, &n), 1);
	if (n == 0 || list[0].id <= seen)
		return "";
	seen = list[0].id;
	return list[0].trigger;
}

static const char *title_told(void)
{
	struct job_view *list;
	size_t n;

	t_int(job_list(db, &arena, 1, &list, &n), 1);
	return n == 0 ? "" : list[0].title;
}

static struct incident_posting posting(int64_t from, int64_t until)
{
	struct incident_posting p = INCIDENT_POSTING;

	p.name = "Database upgrade";
	p.actor = "test";
	p.scheduled_for = from;
	p.scheduled_until = until;
	return p;
}

/* "" where it was done. */
static const char *create(const struct incident_posting *p, char id[13])
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	int rc;

	begin();
	rc = incident_create(db, &arena, p, id, &f);
	if (rc != 1) {
		db_rollback(db);
		return f.field == NULL ? "?" : f.field;
	}
	commit();
	return "";
}

static enum fault_kind post(const char *id, const struct incident_posting *p)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	int rc;

	begin();
	rc = incident_post(db, &arena, id, p, &f);
	if (rc != 1) {
		db_rollback(db);
		return f.kind;
	}
	commit();
	return FAULT_NONE;
}

static enum fault_kind go(const char *id, enum incident_status status)
{
	struct incident_posting p = INCIDENT_POSTING;

	p.status = (int)status;
	p.actor = "test";
	return post(id, &p);
}

static void switch_on_everything(void)
{
	begin();
	for (int t = 0; t < TRIGGER__MAX; t++)
		settings_put(
		    db, arena_printf(&arena, "trigger.%s", trigger_word((enum trigger)t)), "1");
	commit();
}

/* ------------------------------------------------------------------ */

static void refusals(int64_t now)
{
	struct incident_posting p;
	char id[13];

	t_case("a maintenance needs a beginning and a later end");
	p = posting(now + CLOCK_HOUR, 0);
	t_str(create(&p, id), "scheduled_until");
	p = posting(0, now + CLOCK_HOUR);
	t_str(create(&p, id), "scheduled_for");
	p = posting(now + CLOCK_HOUR, now + CLOCK_HOUR);
	t_str(create(&p, id), "scheduled_until");
	p = posting(now + CLOCK_HOUR, now + 400 * CLOCK_DAY);
	t_str(create(&p, id), "scheduled_until");

	t_case("what lies wholly in the past cannot be planned, only recorded as completed");
	p = posting(now - 2 * CLOCK_HOUR, now - CLOCK_HOUR);
	t_str(create(&p, id), "scheduled_until");
	p.status = INCIDENT_COMPLETED;
	t_str(create(&p, id), "");
	t_int(get(id).resolved_at, now - CLOCK_HOUR);
	t_int(get(id).started_at, now - 2 * CLOCK_HOUR);
	told();

	t_case("a status of incidents, an impact and a strange reminder are refused");
	p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	p.status = INCIDENT_RESOLVED;
	t_str(create(&p, id), "status");
	p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	p.set_override = true;
	p.impact_override = IMPACT_MAJOR;
	t_str(create(&p, id), "impact_override");
	p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	p.set_reminders = true;
	p.reminders = (int64_t[]){0};
	p.n_reminders = 1;
	t_str(create(&p, id), "reminders");
	t_str(told(), "");

	t_case("an incident cannot get a schedule or a status of maintenances");
	struct incident_posting q = INCIDENT_POSTING;
	q.name = "Down";
	q.actor = "test";
	t_str(create(&q, id), "");
	told();
	q.scheduled_for = now + CLOCK_HOUR;
	t_int(post(id, &q), FAULT_FIELD);
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_FIELD);
	t_int(go(id, INCIDENT_RESOLVED), FAULT_NONE);
	told();
}

static void life(int64_t now, const char *component)
{
	struct incident_set set = {component, -1};
	struct incident_posting p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	char id[13];

	p.components = &set;
	p.n_components = 1;
	t_case("planning tells maintenance_scheduled and leaves the components alone");
	t_str(create(&p, id), "");
	t_str(told(), "maintenance_scheduled");
	t_int(status_of(component), COMPONENT_OPERATIONAL);
	t_int(get(id).status, INCIDENT_SCHEDULED);
	t_int(get(id).impact, IMPACT_MAINTENANCE);
	t_int(get(id).components[0].status, COMPONENT_UNDER_MAINTENANCE);

	t_case("before its time nothing is due");
	t_int(maintenance_run_due(db, now), 0);

	t_case("verifying does not follow scheduled");
	t_int(go(id, INCIDENT_VERIFYING), FAULT_STEP);

	t_case("at its time it begins by itself, once, and its components are under maintenance");
	t_int(maintenance_run_due(db, now + CLOCK_HOUR), 1);
	t_str(told(), "maintenance_starting");
	t_str(title_told(), "🔧 Maintenance started: Database");
	t_int(get(id).status, INCIDENT_IN_PROGRESS);
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	t_int(maintenance_run_due(db, now + CLOCK_HOUR), 0);

	t_case("verifying and back to work is an update, not another beginning");
	t_int(go(id, INCIDENT_VERIFYING), FAULT_NONE);
	t_str(told(), "incident_update");
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	t_str(told(), "incident_update");

	t_case("once it has begun its start stays, and its end can be moved");
	p = posting(now + 3 * CLOCK_HOUR, now + 4 * CLOCK_HOUR);
	t_int(post(id, &p), FAULT_STEP);
	int64_t sequence = get(id).sequence;
	p = posting(0, now + 3 * CLOCK_HOUR);
	t_int(post(id, &p), FAULT_NONE);
	t_str(told(), "maintenance_rescheduled");
	t_int(get(id).sequence, sequence + 1);
	t_int(maintenance_run_due(db, now + 2 * CLOCK_HOUR), 0);

	t_case("at its end it completes by itself and the components return");
	t_int(maintenance_run_due(db, now + 3 * CLOCK_HOUR), 1);
	t_str(told(), "maintenance_completed");
	t_int(get(id).status, INCIDENT_COMPLETED);
	t_int(status_of(component), COMPONENT_OPERATIONAL);

	t_case("what is over stays over; one more word may be said about it");
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_STEP);
	t_int(go(id, INCIDENT_CANCELLED), FAULT_STEP);
	struct incident_posting q = INCIDENT_POSTING;
	q.body = "It was quick.";
	q.actor = "test";
	t_int(post(id, &q), FAULT_NONE);
	t_str(told(), "incident_update");
}

static void masks(int64_t now, const char *component)
{
	struct incident_set major = {component, COMPONENT_MAJOR_OUTAGE}, plain = {component, -1};
	struct incident_posting p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	struct incident_posting incident = INCIDENT_POSTING;
	char id[13], down[13];

	p.components = &plain;
	p.n_components = 1;
	incident.name = "Down";
	incident.actor = "test";
	incident.components = &major;
	incident.n_components = 1;
	t_str(create(&p, id), "");
	t_str(create(&incident, down), "");

	t_case("a maintenance that begins never masks an outage");
	t_int(maintenance_run_due(db, now + CLOCK_HOUR), 1);
	t_int(status_of(component), COMPONENT_MAJOR_OUTAGE);

	t_case(
	    "an incident that ends while the work goes on leaves the component under maintenance");
	t_int(go(down, INCIDENT_RESOLVED), FAULT_NONE);
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);

	t_case("what a person set meanwhile stays when the maintenance ends");
	set_status(component, COMPONENT_DEGRADED_PERFORMANCE);
	t_int(maintenance_run_due(db, now + 2 * CLOCK_HOUR), 1);
	t_int(status_of(component), COMPONENT_DEGRADED_PERFORMANCE);
	set_status(component, COMPONENT_OPERATIONAL);

	t_case("what was set by hand before it began comes back when it ends");
	set_status(component, COMPONENT_DEGRADED_PERFORMANCE);
	struct incident_set worse = {component, COMPONENT_PARTIAL_OUTAGE};
	p.components = &worse;
	t_str(create(&p, id), "");
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	t_int(status_of(component), COMPONENT_PARTIAL_OUTAGE);
	t_int(go(id, INCIDENT_COMPLETED), FAULT_NONE);
	t_int(status_of(component), COMPONENT_DEGRADED_PERFORMANCE);
	set_status(component, COMPONENT_UNDER_MAINTENANCE);
	p.components = &plain;
	t_str(create(&p, id), "");
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	t_int(go(id, INCIDENT_COMPLETED), FAULT_NONE);
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	set_status(component, COMPONENT_OPERATIONAL);

	t_case("an incident that says all is well does not end a maintenance that is at work");
	struct incident_set well = {component, COMPONENT_OPERATIONAL};
	t_str(create(&p, id), "");
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	t_str(create(&incident, down), "");
	t_int(status_of(component), COMPONENT_MAJOR_OUTAGE);
	struct incident_posting resolves = INCIDENT_POSTING;
	resolves.status = INCIDENT_RESOLVED;
	resolves.actor = "test";
	resolves.components = &well;
	resolves.n_components = 1;
	t_int(post(down, &resolves), FAULT_NONE);
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	t_int(go(id, INCIDENT_COMPLETED), FAULT_NONE);
	t_int(status_of(component), COMPONENT_OPERATIONAL);

	t_case("a new one is not verifying, and not completed before its time");
	p.status = INCIDENT_VERIFYING;
	t_str(create(&p, id), "status");
	p.status = INCIDENT_COMPLETED;
	t_str(create(&p, id), "status");
	p.status = -1;
	t_str(create(&p, id), "");
	t_int(go(id, INCIDENT_COMPLETED), FAULT_STEP);
	t_int(go(id, INCIDENT_CANCELLED), FAULT_NONE);

	t_case("cancelling or deleting what has not begun changes no component");
	set_status(component, COMPONENT_UNDER_MAINTENANCE);
	t_str(create(&p, id), "");
	t_int(go(id, INCIDENT_CANCELLED), FAULT_NONE);
	t_str(told(), "maintenance_cancelled");
	t_int(get(id).sequence, 1);
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	t_str(create(&p, id), "");
	begin();
	t_int(incident_delete(db, &arena, id, "test"), 1);
	commit();
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	set_status(component, COMPONENT_OPERATIONAL);
	told();

	t_case("begun early by a person, and cancelled at work, the components return");
	t_str(create(&p, id), "");
	told();
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	t_str(told(), "maintenance_starting");
	t_int(status_of(component), COMPONENT_UNDER_MAINTENANCE);
	t_int(go(id, INCIDENT_CANCELLED), FAULT_NONE);
	t_int(status_of(component), COMPONENT_OPERATIONAL);
	told();
}

static void reminders(int64_t now)
{
	struct incident_posting p = posting(now + 30 * CLOCK_HOUR, now + 31 * CLOCK_HOUR);
	char id[13];

	t_str(create(&p, id), "");
	told();
	t_case("people are reminded a day and an hour before, once each");
	t_int(maintenance_run_due(db, now + 6 * CLOCK_HOUR - 1), 0);
	t_int(maintenance_run_due(db, now + 6 * CLOCK_HOUR), 1);
	t_str(told(), "maintenance_reminder");
	t_int(maintenance_run_due(db, now + 7 * CLOCK_HOUR), 0);
	t_int(maintenance_run_due(db, now + 29 * CLOCK_HOUR), 1);
	t_str(told(), "maintenance_reminder");
	t_int(maintenance_run_due(db, now + 29 * CLOCK_HOUR + CLOCK_MINUTE), 0);

	t_case("moved away, they are reminded again");
	p = posting(now + 60 * CLOCK_HOUR, now + 61 * CLOCK_HOUR);
	t_int(post(id, &p), FAULT_NONE);
	t_str(told(), "maintenance_rescheduled");
	t_int(maintenance_run_due(db, now + 40 * CLOCK_HOUR), 1);
	t_str(told(), "maintenance_reminder");

	t_case("two that came due while nobody was there are one reminder");
	p = posting(now + 90 * CLOCK_HOUR, now + 91 * CLOCK_HOUR);
	t_int(post(id, &p), FAULT_NONE);
	t_str(told(), "maintenance_rescheduled");
	t_int(maintenance_run_due(db, now + 89 * CLOCK_HOUR + CLOCK_MINUTE), 1);
	t_str(told(), "maintenance_reminder");
	t_int(maintenance_run_due(db, now + 89 * CLOCK_HOUR + CLOCK_MINUTE), 0);
	t_int(go(id, INCIDENT_CANCELLED), FAULT_NONE);
	told();

	t_case("planned for in half an hour, nobody is reminded of what was told just now");
	p = posting(now + CLOCK_HOUR / 2, now + CLOCK_HOUR);
	t_str(create(&p, id), "");
	told();
	t_int(maintenance_run_due(db, now + CLOCK_MINUTE), 0);

	t_case("without reminders nobody is reminded");
	p = posting(now + 2 * CLOCK_HOUR, now + 3 * CLOCK_HOUR);
	p.set_reminders = true;
	t_int(post(id, &p), FAULT_NONE);
	told();
	t_int(maintenance_run_due(db, now + CLOCK_HOUR + CLOCK_MINUTE), 0);
	t_int(go(id, INCIDENT_CANCELLED), FAULT_NONE);
	told();
}

static void by_hand(int64_t now)
{
	struct incident_posting p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	char id[13];

	p.auto_start = 0;
	p.auto_end = 0;
	p.set_reminders = true;
	t_str(create(&p, id), "");
	told();
	t_case("one that begins by hand waits for its person");
	t_int(maintenance_run_due(db, now + CLOCK_HOUR + 1), 0);
	t_int(go(id, INCIDENT_IN_PROGRESS), FAULT_NONE);
	told();

	t_case("one that ends by hand is told to take longer, once");
	t_int(maintenance_run_due(db, now + 2 * CLOCK_HOUR), 1);
	t_str(told(), "maintenance_overrun");
	t_int(get(id).overrun_at, now + 2 * CLOCK_HOUR);
	t_int(maintenance_run_due(db, now + 2 * CLOCK_HOUR + 1), 0);

	t_case("made longer, it may overrun again");
	p = posting(0, now + 3 * CLOCK_HOUR);
	t_int(post(id, &p), FAULT_NONE);
	t_int(get(id).overrun_at, 0);
	t_int(maintenance_run_due(db, now + 3 * CLOCK_HOUR), 1);
	t_int(go(id, INCIDENT_COMPLETED), FAULT_NONE);
	told();

	t_case("one whose whole window passed while nobody was there is completed, never begun");
	p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	t_str(create(&p, id), "");
	told();
	t_run(arena_printf(&arena,
	    "UPDATE incidents SET scheduled_for = %" PRId64 ", scheduled_until = %" PRId64
	    " WHERE id = '%s'",
	    now - 2 * CLOCK_HOUR, now - CLOCK_HOUR, id));
	t_int(maintenance_run_due(db, now), 1);
	t_str(told(), "maintenance_completed");
	t_int(get(id).status, INCIDENT_COMPLETED);
}

static void revisions(int64_t now)
{
	struct incident_posting p = posting(now + CLOCK_HOUR, now + 2 * CLOCK_HOUR);
	struct incident_ref *refs;
	struct settings s;
	size_t n;
	char id[13];

	t_case("a publisher finds what changed since a revision, and nothing else");
	t_int(settings_load(db, &arena, &s), 1);
	t_int(incident_list_refs(db, &arena, s.content_rev, &refs, &n), 1);
	t_int(n, 0);
	t_str(create(&p, id), "");
	t_int(incident_list_refs(db, &arena, s.content_rev, &refs, &n), 1);
	t_int(n, 1);
	t_ok(n == 1 && refs[0].is_maintenance && strcmp(refs[0].id, id) == 0 &&
	     refs[0].at == now + CLOCK_HOUR);
	t_int(settings_load(db, &arena, &s), 1);
	t_int(incident_list_refs(db, &arena, s.content_rev, &refs, &n), 1);
	t_int(n, 0);

	t_case("an update that is corrected is a change of its page, says so, and tells nobody");
	struct incident_update *updates;
	struct fault f = {FAULT_NONE, NULL, NULL};
	t_int(incident_updates(db, &arena, id, &updates, &n), 1);
	told();
	begin();
	t_int(incident_edit_update(db, &arena, id, updates[0].id, "Corrected.", 0, "test", &f), 1);
	commit();
	t_int(incident_list_refs(db, &arena, s.content_rev, &refs, &n), 1);
	t_int(n, 1);
	t_int(incident_updates(db, &arena, id, &updates, &n), 1);
	t_str(updates[0].body, "Corrected.");
	t_str(told(), "");
	begin();
	t_int(incident_edit_update(db, &arena, id, updates[0].id, "Corrected.", 0, "test", &f), 1);
	int64_t edited = updates[0].updated_at;
	t_int(incident_updates(db, &arena, id, &updates, &n), 1);
	t_int(updates[0].updated_at, edited);
	t_int(incident_edit_update(db, &arena, id, updates[0].id, "x", 1, "test", &f), 0);
	t_str(f.field, "display_at");
	t_int(incident_edit_update(db, &arena, id, "nosuchupdate", "x", 0, "test", &f), 0);
	t_int(f.kind, FAULT_ABSENT);
	db_rollback(db);
}

int main(void)
{
	int64_t now = clock_now_ms();

	db = t_db_open();
	t_sql_open(t_db_path);
	switch_on_everything();
	char *component = add_component("Database");
	refusals(now);
	life(now, component);
	masks(now, component);
	reminders(now);
	by_hand(now);
	revisions(now);
	t_sql_close();
	t_db_close(&db);
	arena_release(&arena);
	return t_end();
}
