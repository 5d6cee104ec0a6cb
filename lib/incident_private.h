/* incident_private.h - what the files of the incident and maintenance modules share; nobody else
 * includes it. */
#ifndef INCIDENT_PRIVATE_H
#define INCIDENT_PRIVATE_H

#include "base.h"
#include "incident.h"

/* Fills components and n_components from the rows.  1 or -1. */
int incident_load_components(struct db *db, struct arena *a, struct incident *i);

/* Reads the rows of a bound statement of INCIDENT_COLUMNS, components filled. */
struct db_stmt;
int incident_read_list(
    struct db *db, struct arena *a, struct db_stmt *s, struct incident **out, size_t *n);

/* ---- incident_effect.c: what one posting does to components */

struct incident_effect {
	struct component_change *changes;
	size_t n;
};

bool incident_names(const struct incident_posting *p, const char *component_id);

/* The components that the posting names: rows, and statuses where the incident has begun.  Reads
 * i->components as they were. */
int incident_effect_named(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, struct incident_effect *e);

/* A maintenance begins: each of its components gets what was planned, unless it has worse. */
int incident_effect_begin(
    struct db *db, struct arena *a, const struct incident *i, struct incident_effect *e);

/* It is over: what it did to components that the posting (or NULL) does not name is taken back. */
int incident_effect_release(struct db *db, struct arena *a, const struct incident *i,
    const struct incident_posting *p, struct incident_effect *e);

/* The rows that say what an update did to which component. */
int incident_effect_record(struct db *db, struct arena *a, const char *update_id,
    const struct incident *i, const struct incident_posting *p, const struct incident_effect *e);

/* ---- maintenance_rules.c: the steps and times of what is planned; i as it is, `is_new` without a
 * row yet */

int maintenance_check(
    const struct incident *i, const struct incident_posting *p, bool is_new, struct fault *f);

/* Takes times and switches of the posting, and the status with what follows from it; old_name: what
 * it was called before the posting, NULL for a new one. */
void maintenance_set(
    struct incident *i, const char *old_name, const struct incident_posting *p, int64_t now);

/* The one that a posting fires, or -1.  `was` is the maintenance before it. */
int maintenance_trigger(const struct incident *was, const struct incident *i, bool is_update);

/* Rows of the reminders after a posting. */
int maintenance_plan_reminders(
    struct db *db, const struct incident *i, const struct incident_posting *p, bool is_new);

/* Those whose moment has come have been told, or are not to be. */
int maintenance_settle_reminders(struct db *db, const struct incident *i, int64_t now);

#endif
