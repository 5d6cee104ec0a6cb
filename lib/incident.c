/* incident.c - what a posting does: rules, rows, components, job.  See incident.h. */
#include "base.h"
#include "incident_private.h"

#include "announce.h"
#include "arena.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "job.h"
#include "maintenance.h"
#include "settings.h"
#include "text.h"

#define DISPLAY_EARLIEST INT64_C(946684800000) /* the year 2000 */

/* ------------------------------------------------------------------ rules */

static int check_components(
    struct db *db, struct arena *a, const struct incident_posting *p, struct fault *f)
{
	for (size_t i = 0; i < p->n_components; i++) {
		struct component c;
		int rc = component_get(db, a, p->components[i].id, &c);
		if (rc < 0)
			return -1;
		if (rc == 0 || c.is_group)
			return fault_set(f, FAULT_FIELD,
			    p->components[i].status < 0 ? "component_ids" : "components",
			    arena_printf(
				a, "There is no component with the id %s.", p->components[i].id));
	}
	return 1;
}

static int check_incident(
    const struct incident *i, const struct incident_posting *p, struct fault *f)
{
	if (p->scheduled_for != 0 || p->scheduled_until != 0)
		return fault_set(f, FAULT_FIELD,
		    p->scheduled_for != 0 ? "scheduled_for" : "scheduled_until",
		    "An incident has no schedule: plan a maintenance instead.");
	if (p->impact_override == IMPACT_MAINTENANCE)
		return fault_set(f, FAULT_FIELD, "impact_override",
		    "The impact of an incident is none, minor, major or critical.");
	if (p->status < 0)
		return 1;
	if (incident_status_is_maintenance((enum incident_status)p->status))
		return fault_set(f, FAULT_FIELD, "status",
		    "This is a status of maintenances: an incident is investigating, identified,"
		    " monitoring, resolved or postmortem.");
	if (p->status == INCIDENT_POSTMORTEM && i->resolved_at == 0)
		return fault_set(f, FAULT_STEP, "status",
		    "A postmortem follows the end: resolve the incident first.");
	return 1;
}

/* i as it is before the posting; a new one has only what is_new ones have. */
static int check(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, bool is_new, struct fault *f)
{
	int rc = incident_is_maintenance(i) ? maintenance_check(i, p, is_new, f)
					    : check_incident(i, p, f);

	return rc == 1 ? check_components(db, a, p, f) : rc;
}

enum impact incident_worst_impact(const struct incident_component *components, size_t n)
{
	enum impact worst = IMPACT_NONE;

	for (size_t k = 0; k < n; k++)
		if (!components[k].hidden && impact_of_component(components[k].status) > worst)
			worst = impact_of_component(components[k].status);
	return worst;
}

const struct incident_component *incident_only_visible(const struct incident *i)
{
	const struct incident_component *only = NULL;

	for (size_t k = 0; k < i->n_components; k++) {
		if (i->components[k].hidden)
			continue;
		if (only != NULL)
			return NULL;
		only = &i->components[k];
	}
	return only;
}

static void set_impact(struct incident *i)
{
	enum impact worst = incident_worst_impact(i->components, i->n_components);

	if (incident_is_maintenance(i))
		i->impact = IMPACT_MAINTENANCE;
	else if (i->impact_override >= 0)
		i->impact = (enum impact)i->impact_override;
	else if (incident_status_is_over(i->status))
		/* what it was, also where its components were well before it was resolved */
		i->impact = worst > i->max_impact ? worst : i->max_impact;
	else
		i->impact = worst;
	if (i->impact > i->max_impact)
		i->max_impact = i->impact;
}

static void set_status(struct incident *i, int status, int64_t now)
{
	if (status < 0)
		return;
	i->status = (enum incident_status)status;
	if (i->status == INCIDENT_MONITORING)
		i->monitoring_at = now;
	if (!incident_status_is_over(i->status))
		i->resolved_at = 0;
	else if (i->resolved_at == 0)
		i->resolved_at = now;
}

/* Everything that the posting says of the incident itself. */
static void take(struct arena *a, struct incident *i, const struct incident_posting *p, int64_t now)
{
	const char *old_name = i->name;

	if (p->name != NULL)
		i->name = arena_strdup(a, p->name);
	i->updated_at = now;
	if (incident_is_maintenance(i)) {
		maintenance_set(i, old_name, p, now);
		return;
	}
	if (p->set_override)
		i->impact_override = p->impact_override;
	set_status(i, p->status, now);
}

/* ------------------------------------------------------------------ writing */

static void bind_time(struct db_stmt *s, const char *name, int64_t ms)
{
	if (ms != 0)
		db_bind_int(s, name, ms);
}

static int save_row(struct db *db, const struct incident *i, enum sql which)
{
	struct db_stmt *s = db_stmt(db, which);

	db_bind_text(s, ":id", i->id);
	db_bind_text(s, ":name", i->name);
	db_bind_text(s, ":status", incident_status_word(i->status));
	db_bind_text(s, ":impact", impact_word(i->impact));
	db_bind_text(s, ":override",
	    i->impact_override < 0 ? NULL : impact_word((enum impact)i->impact_override));
	db_bind_text(s, ":max_impact", impact_word(i->max_impact));
	db_bind_int(s, ":now", i->updated_at);
	db_bind_int(s, ":started", i->started_at);
	bind_time(s, ":monitoring", i->monitoring_at);
	bind_time(s, ":resolved", i->resolved_at);
	bind_time(s, ":for", i->scheduled_for);
	bind_time(s, ":until", i->scheduled_until);
	bind_time(s, ":begun", i->begun_at);
	bind_time(s, ":overrun", i->overrun_at);
	db_bind_int(s, ":auto_start", i->auto_start);
	db_bind_int(s, ":auto_end", i->auto_end);
	db_bind_int(s, ":sequence", i->sequence);
	return db_run(s);
}

static int add_update(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, const struct incident_effect *e)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_UPDATE_ADD);
	char id[13];

	digest_new_id(id);
	db_bind_text(s, ":id", id);
	db_bind_text(s, ":incident", i->id);
	db_bind_text(s, ":status", incident_status_word(i->status));
	db_bind_text(s, ":body", p->body == NULL ? "" : p->body);
	db_bind_int(s, ":now", i->updated_at);
	db_bind_int(s, ":deliver", p->deliver_notifications);
	if (db_run(s) < 0)
		return -1;
	return incident_effect_record(db, a, id, i, p, e);
}

/* Components, impact, row: the part that creating and updating share.  The row exists already;
 * begins: the maintenance was not at work before. */
static int apply(struct db *db, struct arena *a, struct incident *i,
    const struct incident_posting *p, bool begins, struct incident_effect *e)
{
	if (incident_effect_named(db, a, i, p, e) < 0 || incident_load_components(db, a, i) < 0)
		return -1;
	if (begins &&
	    (incident_effect_begin(db, a, i, e) < 0 || incident_load_components(db, a, i) < 0))
		return -1;
	/* the statuses that were set count for the impact before they are taken back */
	set_impact(i);
	if (incident_status_is_over(i->status) && incident_effect_release(db, a, i, p, e) < 0)
		return -1;
	return save_row(db, i, SQL_INCIDENT_SAVE);
}

static int trigger_of(
    const struct incident *was, const struct incident *i, bool is_new, bool update)
{
	if (incident_is_maintenance(i))
		return maintenance_trigger(is_new ? NULL : was, i, update);
	if (!update)
		return -1;
	if (i->status == INCIDENT_RESOLVED && (is_new || !incident_status_is_over(was->status)))
		return TRIGGER_INCIDENT_RESOLVED;
	return is_new ? TRIGGER_INCIDENT_NEW : TRIGGER_INCIDENT_UPDATE;
}

static int finish(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, int trigger, const struct incident_effect *e,
    const char *action)
{
	/* a maintenance that was moved may stand in another month of the history */
	bool everywhere = p->scheduled_for != 0;

	if (settings_audit(db, p->actor, action, i->id, incident_status_word(i->status)) < 0 ||
	    (everywhere ? settings_touch_all(db) : settings_touch_content(db)) < 0)
		return -1;
	if (!p->deliver_notifications)
		return 1;
	return announce_incident(db, a, i, trigger, p->body, e->changes, e->n) < 0 ? -1 : 1;
}

int incident_create(
    struct db *db, struct arena *a, const struct incident_posting *p, char id[13], struct fault *f)
{
	int64_t now = clock_now_ms();
	struct incident_effect e = {NULL, 0};
	bool planned = p->scheduled_for != 0 || p->scheduled_until != 0;
	struct incident i = {
	    .status = planned ? INCIDENT_SCHEDULED : INCIDENT_INVESTIGATING,
	    .impact_override = -1,
	    .created_at = now,
	    .started_at = now,
	    /* of these alone the rules see that it is a maintenance; 1: to be refused */
	    .scheduled_for = planned && p->scheduled_for == 0 ? 1 : p->scheduled_for,
	    .scheduled_until = p->scheduled_until,
	    .auto_start = true,
	    .auto_end = true,
	};
	int rc = check(db, a, &i, p, true, f);

	if (rc != 1)
		return rc;
	digest_new_id(id);
	i.id = arena_strdup(a, id);
	take(a, &i, p, now);
	if (save_row(db, &i, SQL_INCIDENT_ADD) < 0 ||
	    apply(db, a, &i, p, maintenance_is_running(&i), &e) < 0 ||
	    add_update(db, a, &i, p, &e) < 0 ||
	    (planned && maintenance_plan_reminders(db, &i, p, true) < 0))
		return -1;
	return finish(db, a, &i, p, trigger_of(&i, &i, true, true), &e,
	    planned ? "maintenance.create" : "incident.create");
}

static const char *action_of(const struct incident *i, bool update)
{
	if (incident_is_maintenance(i))
		return update ? "maintenance.update" : "maintenance.edit";
	return update ? "incident.update" : "incident.edit";
}

/* Who muted it until its end was told of that: that it is back is news. */
static int end_mutes_of_reopened(
    struct db *db, const struct incident *was, const struct incident *i)
{
	struct db_stmt *s;

	if (!incident_status_is_over(was->status) || incident_status_is_over(i->status))
		return 1;
	s = db_stmt(db, SQL_INCIDENT_UNMUTE);
	db_bind_text(s, ":id", i->id);
	return db_run(s);
}

int incident_post(struct db *db, struct arena *a, const char *id, const struct incident_posting *p,
    struct fault *f)
{
	struct incident i, was;
	struct incident_effect e = {NULL, 0};
	bool update = p->status >= 0 || p->body != NULL;
	int rc = incident_get(db, a, id, &was);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no incident with this id.");
	rc = check(db, a, &was, p, false, f);
	if (rc != 1)
		return rc;
	i = was;
	take(a, &i, p, clock_now_ms());
	bool begins = maintenance_is_running(&i) && !maintenance_is_running(&was);
	if (apply(db, a, &i, p, begins, &e) < 0 || (update && add_update(db, a, &i, p, &e) < 0) ||
	    (incident_is_maintenance(&i) && maintenance_plan_reminders(db, &i, p, false) < 0) ||
	    end_mutes_of_reopened(db, &was, &i) < 0)
		return -1;
	return finish(db, a, &i, p, trigger_of(&was, &i, false, update), &e, action_of(&i, update));
}

/* ------------------------------------------------------------------ changing the past */

/* What changes nothing is no correction. */
static int says_already(struct db *db, struct arena *a, const char *id, const char *update_id,
    const char *body, int64_t display_at)
{
	struct incident_update *updates;
	size_t n;

	if (incident_updates(db, a, id, &updates, &n) < 0)
		return -1;
	for (size_t k = 0; k < n; k++)
		if (strcmp(updates[k].id, update_id) == 0)
			return strcmp(updates[k].body, body) == 0 &&
			       (display_at == 0 || display_at == updates[k].display_at);
	return 0;
}

int incident_edit_update(struct db *db, struct arena *a, const char *id, const char *update_id,
    const char *body, int64_t display_at, const char *actor, struct fault *f)
{
	struct incident i;
	struct db_stmt *s;
	int rc = incident_get(db, a, id, &i);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no incident with this id.");
	if (display_at != 0 && (display_at < DISPLAY_EARLIEST || display_at > clock_now_ms()))
		return fault_set(f, FAULT_FIELD, "display_at",
		    "An update was said at a time between the year 2000 and now.");
	rc = says_already(db, a, id, update_id, body, display_at);
	if (rc != 0)
		return rc;
	s = db_stmt(db, SQL_INCIDENT_UPDATE_EDIT);
	db_bind_text(s, ":id", update_id);
	db_bind_text(s, ":incident", id);
	db_bind_text(s, ":body", body);
	bind_time(s, ":display", display_at);
	db_bind_int(s, ":now", clock_now_ms());
	rc = db_run(s);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no update with this id.");
	i.updated_at = clock_now_ms();
	if (save_row(db, &i, SQL_INCIDENT_SAVE) < 0 ||
	    settings_audit(db, actor, "incident.edit-update", id, update_id) < 0)
		return -1;
	return settings_touch_content(db) < 0 ? -1 : 1;
}

/* Who followed it and nothing else has nothing left to be told of. */
static int erase_followers(struct db *db, const char *id)
{
	struct db_stmt *s;
	int rc;

	do {
		s = db_stmt(db, SQL_UPKEEP_ERASE_FOLLOWERS);
		db_bind_text(s, ":incident", id);
	} while ((rc = db_run(s)) == 1);
	return rc;
}

int incident_delete(struct db *db, struct arena *a, const char *id, const char *actor)
{
	struct incident i;
	struct incident_effect e = {NULL, 0};
	struct db_stmt *s;
	int rc = incident_get(db, a, id, &i);

	if (rc != 1)
		return rc;
	if (i.resolved_at == 0 && incident_effect_release(db, a, &i, NULL, &e) < 0)
		return -1;
	if (job_stop_incident(db, id) < 0 || erase_followers(db, id) < 0)
		return -1;
	s = db_stmt(db, SQL_INCIDENT_DELETE);
	db_bind_text(s, ":id", id);
	if (db_run(s) < 0 || settings_audit(db, actor, "incident.delete", id, i.name) < 0)
		return -1;
	return settings_touch_all(db) < 0 ? -1 : 1;
}
