/* vocabulary.h - the words of the contract (docs/contract.md, "One vocabulary") and what follows
 * from them.
 *
 * The same words stand in the database, the API, the forms and the code.  An enum is closed by
 * __MAX; its words are read and written only here.  *_from_word returns -1 for a word that is none.
 */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "base.h"

/* From best to worst, but for maintenance, which is no trouble at all for an impact. */
enum component_status {
	COMPONENT_OPERATIONAL,
	COMPONENT_UNDER_MAINTENANCE,
	COMPONENT_DEGRADED_PERFORMANCE,
	COMPONENT_PARTIAL_OUTAGE,
	COMPONENT_MAJOR_OUTAGE,
	COMPONENT_STATUS__MAX
};

enum incident_status {
	INCIDENT_INVESTIGATING,
	INCIDENT_IDENTIFIED,
	INCIDENT_MONITORING,
	INCIDENT_RESOLVED,
	INCIDENT_POSTMORTEM,
	INCIDENT_SCHEDULED, /* from here on: of a maintenance */
	INCIDENT_IN_PROGRESS,
	INCIDENT_VERIFYING,
	INCIDENT_COMPLETED,
	INCIDENT_CANCELLED,
	INCIDENT_STATUS__MAX
};

/* Ordered: a subscriber's minimum is compared with <. */
enum impact {
	IMPACT_NONE,
	IMPACT_MINOR,
	IMPACT_MAJOR,
	IMPACT_CRITICAL,
	IMPACT_MAINTENANCE, /* of maintenances alone; passes every minimum */
	IMPACT__MAX
};

enum trigger {
	TRIGGER_INCIDENT_NEW,
	TRIGGER_INCIDENT_UPDATE,
	TRIGGER_INCIDENT_RESOLVED,
	TRIGGER_COMPONENT_DOWN,
	TRIGGER_COMPONENT_RECOVERED,
	TRIGGER_MAINTENANCE_STARTING,
	TRIGGER_MAINTENANCE_SCHEDULED,
	TRIGGER_MAINTENANCE_REMINDER,
	TRIGGER_MAINTENANCE_OVERRUN,
	TRIGGER_MAINTENANCE_COMPLETED,
	TRIGGER_MAINTENANCE_RESCHEDULED,
	TRIGGER_MAINTENANCE_CANCELLED,
	TRIGGER__MAX,
	TRIGGER_TEST = TRIGGER__MAX /* a test to one browser; no admin setting, no choice */
};

/* The words, in the order of their enum: also the choices of forms and of the write API.  The
 * first INCIDENT_POSTMORTEM + 1 statuses are those of incidents, the first IMPACT_CRITICAL + 1
 * impacts those that an admin may choose. */
extern const char *const component_status_words[COMPONENT_STATUS__MAX];
extern const char *const incident_status_words[INCIDENT_STATUS__MAX];
extern const char *const impact_words[IMPACT__MAX];

const char *component_status_word(enum component_status s);
const char *incident_status_word(enum incident_status s);
const char *impact_word(enum impact i);
const char *trigger_word(enum trigger t);

int component_status_from_word(const char *word);
int incident_status_from_word(const char *word);
int impact_from_word(const char *word);
int trigger_from_word(const char *word);

/* What a person reads: "Partial outage", "Investigating", "Major". */
const char *component_status_label(enum component_status s);
const char *incident_status_label(enum incident_status s);
const char *impact_label(enum impact i);

/* degraded -> minor, partial -> major, major -> critical, else none. */
enum impact impact_of_component(enum component_status s);

/* True for partial and major outage. */
bool component_status_is_outage(enum component_status s);

/* True for resolved, postmortem, completed, cancelled. */
bool incident_status_is_over(enum incident_status s);

/* True for the statuses that only a maintenance has. */
bool incident_status_is_maintenance(enum incident_status s);

#endif
