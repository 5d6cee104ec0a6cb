/* announce.h - the notices that follow from a change: which triggers fire, and what they say.
 *
 * One call per admin action, inside its transaction.  The notices are ordered as subscribers get
 * them: the incident first, then components, worst first.  Triggers that the admin switched off
 * make no notice; no notice, no job.
 *
 * Titles follow docs/contract.md §5: one affected component -> its name, else the incident's.  A
 * component that the page hides is neither named nor told of.
 * Bodies are the first sentence of the update.
 *
 * 1 a job was written, 0 nothing to tell, -1 broken and logged.
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include "base.h"
#include "component.h"
#include "incident.h"

struct arena;
struct db;

/* The incident or maintenance as it is after the change; trigger is one of the three of incidents or
 * of those of maintenances, or -1 for a silent edit; body: Markdown of the update, or NULL. */
int announce_incident(struct db *db, struct arena *a, const struct incident *i, int trigger,
    const char *body, const struct component_change *changes, size_t n);

/* A component's status changed without an incident. */
int announce_component(struct db *db, struct arena *a, const struct component_change *change);

/* The title of an incident's notice; also shown as preview by the admin form. */
char *announce_title(struct arena *a, const struct incident *i, int64_t now_ms);

/* "42 minutes", "3 hours 5 minutes", "less than a minute": the two largest units, rounded down. */
char *announce_duration(struct arena *a, int64_t ms);

#endif
