/* incident_effect.c - what a posting does to components: see incident_private.h. */
#include "base.h"
#include "incident_private.h"

#include "arena.h"
#include "db.h"
#include "maintenance.h"

bool incident_names(const struct incident_posting *p, const char *component_id)
{
	for (size_t i = 0; i < p->n_components; i++)
		if (strcmp(p->components[i].id, component_id) == 0)
			return true;
	return false;
}

static int put_component(
    struct db *db, const char *incident_id, const char *component_id, enum component_status status)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_COMPONENT_PUT);

	db_bind_text(s, ":incident", incident_id);
	db_bind_text(s, ":component", component_id);
	db_bind_text(s, ":status", component_status_word(status));
	return db_run(s);
}

static int change(struct db *db, struct arena *a, const struct incident *i, const char *id,
    enum component_status status, struct incident_effect *e)
{
	enum component_cause cause =
	    incident_is_maintenance(i) ? COMPONENT_CAUSE_MAINTENANCE : COMPONENT_CAUSE_INCIDENT;
	struct component_change c;
	int rc = component_set_status(db, a, id, status, cause, i->id, &c);

	if (rc == 1) {
		e->changes = arena_grow(a, e->changes, e->n, sizeof *e->changes);
		e->changes[e->n++] = c;
	}
	return rc;
}

static const struct incident_component *find(const struct incident *i, const char *id)
{
	for (size_t k = 0; k < i->n_components; k++)
		if (strcmp(i->components[k].id, id) == 0)
			return &i->components[k];
	return NULL;
}

/* ------------------------------------------------------------------ what is named */

/* A component named without a status keeps its own; one of a maintenance keeps what is planned for
 * it, which is to be under maintenance. */
static enum component_status wanted(
    const struct incident *i, const struct incident_set *set, const struct component *c)
{
	const struct incident_component *known = find(i, set->id);

	if (set->status >= 0)
		return (enum component_status)set->status;
	if (!incident_is_maintenance(i))
		return c->status;
	return known == NULL ? COMPONENT_UNDER_MAINTENANCE : known->status;
}

/* What the component becomes now.  A maintenance never masks what an open incident says; and that a
 * component is well as far as this incident goes does not end what others say of it. */
static int becomes(struct db *db, const struct incident *i, const char *id,
    enum component_status status, enum component_status *out)
{
	enum component_status others = COMPONENT_OPERATIONAL;

	bool asks = incident_is_maintenance(i) || status == COMPONENT_OPERATIONAL;

	if (asks && component_status_without(db, id, i->id, &others) < 0)
		return -1;
	*out = component_rollup(status, others);
	return 1;
}

/* What was planned for a component is taken back: nothing was done to it yet. */
static int take_out_others(
    struct db *db, const struct incident *i, const struct incident_posting *p)
{
	if (!p->only_these || !incident_is_maintenance(i) || i->begun_at != 0)
		return 1;
	for (size_t k = 0; k < i->n_components; k++) {
		struct db_stmt *s;
		if (incident_names(p, i->components[k].id))
			continue;
		s = db_stmt(db, SQL_INCIDENT_COMPONENT_DROP);
		db_bind_text(s, ":incident", i->id);
		db_bind_text(s, ":component", i->components[k].id);
		if (db_run(s) < 0)
			return -1;
	}
	return 1;
}

int incident_effect_named(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, struct incident_effect *e)
{
	bool acts = !incident_is_maintenance(i) || maintenance_is_running(i);

	for (size_t k = 0; k < p->n_components; k++) {
		const struct incident_set *set = &p->components[k];
		struct component c;
		enum component_status now;
		if (component_get(db, a, set->id, &c) != 1)
			return -1;
		enum component_status status = wanted(i, set, &c);
		if (put_component(db, i->id, set->id, status) < 0)
			return -1;
		if (!acts)
			continue;
		if (becomes(db, i, set->id, status, &now) < 0 ||
		    change(db, a, i, set->id, now, e) < 0)
			return -1;
	}
	return take_out_others(db, i, p);
}

int incident_effect_begin(
    struct db *db, struct arena *a, const struct incident *i, struct incident_effect *e)
{
	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		if (change(db, a, i, c->id, component_rollup(c->status, c->current_status), e) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ the end */

/* What a person or program had set before the maintenance changed the component, which comes back;
 * *ours: it did change it. */
static int read_before(struct db *db, const struct incident *i, const char *id, bool *ours,
    enum component_status *before)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_BEFORE_INCIDENT);
	int rc;

	*before = COMPONENT_OPERATIONAL;
	db_bind_text(s, ":id", id);
	db_bind_text(s, ":incident", i->id);
	rc = db_step(s);
	*ours = rc == 1;
	if (rc == 1 && db_col_int(s, 1) != 0)
		*before = (enum component_status)component_status_from_word(db_col_text(s, 0));
	db_reset(s);
	return rc < 0 ? -1 : 1;
}

/* Where the component goes when this incident lets it go; *ours false: nothing of it is taken back. */
static int find_way_back(struct db *db, const struct incident *i,
    const struct incident_component *c, bool *ours, enum component_status *back)
{
	enum component_status before = COMPONENT_OPERATIONAL;

	/* a person may have set it to something else meanwhile: that stays */
	*ours = c->current_status == c->status;
	if (*ours && incident_is_maintenance(i) && read_before(db, i, c->id, ours, &before) < 0)
		return -1;
	if (!*ours)
		return 1;
	if (component_status_without(db, c->id, i->id, back) < 0)
		return -1;
	*back = component_rollup(*back, before);
	return 1;
}

int incident_effect_release(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, struct incident_effect *e)
{
	/* a maintenance that never began has done nothing */
	if (incident_is_maintenance(i) && i->begun_at == 0)
		return 1;
	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		enum component_status back;
		bool ours;
		if (p != NULL && incident_names(p, c->id))
			continue;
		if (find_way_back(db, i, c, &ours, &back) < 0)
			return -1;
		if (!ours)
			continue;
		if (put_component(db, i->id, c->id, COMPONENT_OPERATIONAL) < 0 ||
		    change(db, a, i, c->id, back, e) < 0)
			return -1;
	}
	return 1;
}

/* ------------------------------------------------------------------ the rows of an update */

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

static int record_one(struct db *db, struct arena *a, const char *update_id,
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

static bool has_changed(const struct incident_effect *e, const char *id)
{
	for (size_t k = 0; k < e->n; k++)
		if (strcmp(e->changes[k].id, id) == 0)
			return true;
	return false;
}

/* What changed, and what the posting named though it had that status already. */
int incident_effect_record(struct db *db, struct arena *a, const char *update_id,
    const struct incident *i, const struct incident_posting *p, const struct incident_effect *e)
{
	for (size_t k = 0; k < e->n; k++)
		if (record_one(db, a, update_id, e->changes[k].id, e->changes[k].old_status,
			e->changes[k].new_status) < 0)
			return -1;
	for (size_t k = 0; k < i->n_components; k++) {
		const struct incident_component *c = &i->components[k];
		/* what is only planned is not yet a status of the component */
		enum component_status status =
		    incident_is_maintenance(i) ? c->current_status : c->status;
		if (incident_names(p, c->id) && !has_changed(e, c->id) &&
		    record_one(db, a, update_id, c->id, status, status) < 0)
			return -1;
	}
	return 1;
}
