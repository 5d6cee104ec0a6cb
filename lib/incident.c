/* incident.c - what a posting does: rules, rows, components, job.  See incident.h. */
#include "base.h"
#include "incident_private.h"

#include "announce.h"
#include "arena.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "job.h"
#include "settings.h"
#include "text.h"

/* ------------------------------------------------------------------ rules */

static bool is_named(const struct incident_posting *p, const char *id)
{
	for (size_t i = 0; i < p->n_components; i++)
		if (strcmp(p->components[i].id, id) == 0)
			return true;
	return false;
}

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

static int check_status(const struct incident *i, const struct incident_posting *p, struct fault *f)
{
	if (p->status < 0)
		return 1;
	if (p->status > INCIDENT_POSTMORTEM)
		return fault_set(f, FAULT_FIELD, "status",
		    "This is a status of maintenances: an incident is investigating, identified,"
		    " monitoring, resolved or postmortem.");
	if (p->status == INCIDENT_POSTMORTEM && i->resolved_at == 0)
		return fault_set(f, FAULT_STEP, "status",
		    "A postmortem follows the end: resolve the incident first.");
	return 1;
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

	if (i->impact_override >= 0)
		i->impact = (enum impact)i->impact_override;
	else if (!incident_status_is_over(i->status))
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
	bind_time(s, ":monitoring", i->monitoring_at);
	bind_time(s, ":resolved", i->resolved_at);
	return db_run(s);
}

/* What one posting does to components, collected for update row and notices. */
struct effect {
	struct component_change *changes;
	size_t n;
};

static int put_component(
    struct db *db, const char *incident_id, const char *component_id, enum component_status status)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_COMPONENT_PUT);

	db_bind_text(s, ":incident", incident_id);
	db_bind_text(s, ":component", component_id);
	db_bind_text(s, ":status", component_status_word(status));
	return db_run(s);
}

static int change_component(struct db *db, struct arena *a, const char *incident_id, const char *id,
    enum component_status status, struct effect *e)
{
	struct component_change change;
	int rc =
	    component_set_status(db, a, id, status, COMPONENT_CAUSE_INCIDENT, incident_id, &change);

	if (rc == 1) {
		e->changes = arena_grow(a, e->changes, e->n, sizeof *e->changes);
		e->changes[e->n++] = change;
	}
	return rc;
}

/* The components that the posting names. */
static int apply_named(struct db *db, struct arena *a, const char *incident_id,
    const struct incident_posting *p, struct effect *e)
{
	for (size_t i = 0; i < p->n_components; i++) {
		const struct incident_set *set = &p->components[i];
		struct component c;
		if (component_get(db, a, set->id, &c) != 1)
			return -1;
		enum component_status status =
		    set->status < 0 ? c.status : (enum component_status)set->status;
		if (put_component(db, incident_id, set->id, status) < 0 ||
		    change_component(db, a, incident_id, set->id, status, e) < 0)
			return -1;
	}
	return 1;
}

/* The incident is over: what it did to its other components is taken back. */
static int release_others(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, struct effect *e)
{
	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		enum component_status back;
		/* a person may have set it to something else meanwhile: that stays */
		bool ours = c->current_status == c->status;
		if ((p != NULL && is_named(p, c->id)) || !ours)
			continue;
		if (component_status_without(db, c->id, i->id, &back) < 0 ||
		    put_component(db, i->id, c->id, COMPONENT_OPERATIONAL) < 0 ||
		    change_component(db, a, i->id, c->id, back, e) < 0)
			return -1;
	}
	return 1;
}

/* "Group - Component", as Statuspage's clients know it. */
static int full_name(struct db *db, struct arena *a, const struct component *c, char **out)
{
	struct component group;
	int rc = 0;

	if (c->group_id != NULL)
		rc = component_get(db, a, c->group_id, &group);
	*out = rc == 1 ? arena_printf(a, "%s - %s", group.name, c->name) : c->name;
	return rc < 0 ? -1 : 1;
}

static int add_affected(struct db *db, struct arena *a, const char *update_id,
    const char *component_id, enum component_status old_status, enum component_status new_status)
{
	struct component c;
	struct db_stmt *s;
	char *name;

	if (component_get(db, a, component_id, &c) != 1 || full_name(db, a, &c, &name) < 0)
		return -1;
	s = db_stmt(db, SQL_INCIDENT_UPDATE_COMPONENT_ADD);
	db_bind_text(s, ":update", update_id);
	db_bind_text(s, ":component", component_id);
	db_bind_text(s, ":name", name);
	db_bind_text(s, ":old", component_status_word(old_status));
	db_bind_text(s, ":new", component_status_word(new_status));
	return db_run(s);
}

static bool has_changed(const struct effect *e, const char *id)
{
	for (size_t k = 0; k < e->n; k++)
		if (strcmp(e->changes[k].id, id) == 0)
			return true;
	return false;
}

/* What changed, and what the posting named though it had that status already. */
static int add_all_affected(struct db *db, struct arena *a, const char *update_id,
    const struct incident *i, const struct incident_posting *p, const struct effect *e)
{
	for (size_t k = 0; k < e->n; k++)
		if (add_affected(db, a, update_id, e->changes[k].id, e->changes[k].old_status,
			e->changes[k].new_status) < 0)
			return -1;
	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		if (is_named(p, c->id) && !has_changed(e, c->id) &&
		    add_affected(db, a, update_id, c->id, c->status, c->status) < 0)
			return -1;
	}
	return 1;
}

static int add_update(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, const struct effect *e)
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
	return add_all_affected(db, a, id, i, p, e);
}

/* Components, impact, row: the part that creating and updating share.  The row exists already. */
static int apply(struct db *db, struct arena *a, struct incident *i,
    const struct incident_posting *p, struct effect *e)
{
	if (apply_named(db, a, i->id, p, e) < 0 || incident_load_components(db, a, i) < 0)
		return -1;
	/* the statuses that were set count for the impact before they are taken back */
	set_impact(i);
	if (incident_status_is_over(i->status) && release_others(db, a, i, p, e) < 0)
		return -1;
	return save_row(db, i, SQL_INCIDENT_SAVE);
}

static enum trigger trigger_of(const struct incident *i, bool is_new, bool was_over)
{
	if (i->status == INCIDENT_RESOLVED && !was_over)
		return TRIGGER_INCIDENT_RESOLVED;
	return is_new ? TRIGGER_INCIDENT_NEW : TRIGGER_INCIDENT_UPDATE;
}

static int finish(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, int trigger, const struct effect *e, const char *action)
{
	if (settings_audit(db, p->actor, action, i->id, incident_status_word(i->status)) < 0 ||
	    settings_touch_content(db) < 0)
		return -1;
	if (!p->deliver_notifications)
		return 1;
	return announce_incident(db, a, i, trigger, p->body, e->changes, e->n) < 0 ? -1 : 1;
}

int incident_create(
    struct db *db, struct arena *a, const struct incident_posting *p, char id[13], struct fault *f)
{
	int64_t now = clock_now_ms();
	struct effect e = {NULL, 0};
	struct incident i = {
	    .name = arena_strdup(a, p->name),
	    .status = INCIDENT_INVESTIGATING,
	    .impact_override = p->set_override ? p->impact_override : -1,
	    .created_at = now,
	    .started_at = now,
	    .updated_at = now,
	};
	int rc = check_status(&i, p, f);

	if (rc == 1)
		rc = check_components(db, a, p, f);
	if (rc != 1)
		return rc;
	digest_new_id(id);
	i.id = arena_strdup(a, id);
	set_status(&i, p->status, now);
	if (save_row(db, &i, SQL_INCIDENT_ADD) < 0 || apply(db, a, &i, p, &e) < 0 ||
	    add_update(db, a, &i, p, &e) < 0)
		return -1;
	return finish(db, a, &i, p, trigger_of(&i, true, false), &e, "incident.create");
}

int incident_post(struct db *db, struct arena *a, const char *id, const struct incident_posting *p,
    struct fault *f)
{
	struct incident i;
	struct effect e = {NULL, 0};
	bool update = p->status >= 0 || p->body != NULL;
	int rc = incident_get(db, a, id, &i);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no incident with this id.");
	rc = check_status(&i, p, f);
	if (rc == 1)
		rc = check_components(db, a, p, f);
	if (rc != 1)
		return rc;
	if (p->name != NULL)
		i.name = arena_strdup(a, p->name);
	if (p->set_override)
		i.impact_override = p->impact_override;
	bool was_over = incident_status_is_over(i.status);
	i.updated_at = clock_now_ms();
	set_status(&i, p->status, i.updated_at);
	if (apply(db, a, &i, p, &e) < 0 || (update && add_update(db, a, &i, p, &e) < 0))
		return -1;
	return finish(db, a, &i, p, update ? (int)trigger_of(&i, false, was_over) : -1, &e,
	    update ? "incident.update" : "incident.edit");
}

int incident_delete(struct db *db, struct arena *a, const char *id, const char *actor)
{
	struct incident i;
	struct effect e = {NULL, 0};
	struct db_stmt *s;
	int rc = incident_get(db, a, id, &i);

	if (rc != 1)
		return rc;
	if (i.resolved_at == 0 && release_others(db, a, &i, NULL, &e) < 0)
		return -1;
	if (job_stop_incident(db, id) < 0)
		return -1;
	s = db_stmt(db, SQL_INCIDENT_DELETE);
	db_bind_text(s, ":id", id);
	if (db_run(s) < 0 || settings_audit(db, actor, "incident.delete", id, i.name) < 0)
		return -1;
	return settings_touch_content(db) < 0 ? -1 : 1;
}
