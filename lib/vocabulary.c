/* vocabulary.c - see vocabulary.h. */
#include "base.h"
#include "vocabulary.h"

struct entry {
	const char *word, *label;
};

static const struct entry component_statuses[] = {
    [COMPONENT_OPERATIONAL] = {"operational", "Operational"},
    [COMPONENT_UNDER_MAINTENANCE] = {"under_maintenance", "Under maintenance"},
    [COMPONENT_DEGRADED_PERFORMANCE] = {"degraded_performance", "Degraded performance"},
    [COMPONENT_PARTIAL_OUTAGE] = {"partial_outage", "Partial outage"},
    [COMPONENT_MAJOR_OUTAGE] = {"major_outage", "Major outage"},
};
static_assert(nelem(component_statuses) == COMPONENT_STATUS__MAX, "a word for each");

static const struct entry incident_statuses[] = {
    [INCIDENT_INVESTIGATING] = {"investigating", "Investigating"},
    [INCIDENT_IDENTIFIED] = {"identified", "Identified"},
    [INCIDENT_MONITORING] = {"monitoring", "Monitoring"},
    [INCIDENT_RESOLVED] = {"resolved", "Resolved"},
    [INCIDENT_POSTMORTEM] = {"postmortem", "Postmortem"},
    [INCIDENT_SCHEDULED] = {"scheduled", "Scheduled"},
    [INCIDENT_IN_PROGRESS] = {"in_progress", "In progress"},
    [INCIDENT_VERIFYING] = {"verifying", "Verifying"},
    [INCIDENT_COMPLETED] = {"completed", "Completed"},
    [INCIDENT_CANCELLED] = {"cancelled", "Cancelled"},
};
static_assert(nelem(incident_statuses) == INCIDENT_STATUS__MAX, "a word for each");

static const struct entry impacts[] = {
    [IMPACT_NONE] = {"none", "None"},
    [IMPACT_MINOR] = {"minor", "Minor"},
    [IMPACT_MAJOR] = {"major", "Major"},
    [IMPACT_CRITICAL] = {"critical", "Critical"},
    [IMPACT_MAINTENANCE] = {"maintenance", "Maintenance"},
};
static_assert(nelem(impacts) == IMPACT__MAX, "a word for each");

static const struct entry triggers[] = {
    [TRIGGER_INCIDENT_NEW] = {"incident_new", "New incident"},
    [TRIGGER_INCIDENT_UPDATE] = {"incident_update", "Incident update"},
    [TRIGGER_INCIDENT_RESOLVED] = {"incident_resolved", "Incident resolved"},
    [TRIGGER_COMPONENT_DOWN] = {"component_down", "Component down"},
    [TRIGGER_COMPONENT_RECOVERED] = {"component_recovered", "Component recovered"},
    [TRIGGER_MAINTENANCE_STARTING] = {"maintenance_starting", "Maintenance starting"},
    [TRIGGER_TEST] = {"test", "Test"},
};
static_assert(nelem(triggers) == TRIGGER__MAX + 1, "a word for each, and the test");

static int find(const struct entry *table, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].word, word) == 0)
			return (int)i;
	return -1;
}

const char *component_status_word(enum component_status s)
{
	return component_statuses[s].word;
}

const char *incident_status_word(enum incident_status s)
{
	return incident_statuses[s].word;
}

const char *impact_word(enum impact i)
{
	return impacts[i].word;
}

const char *trigger_word(enum trigger t)
{
	return triggers[t].word;
}

int component_status_from_word(const char *word)
{
	return find(component_statuses, nelem(component_statuses), word);
}

int incident_status_from_word(const char *word)
{
	return find(incident_statuses, nelem(incident_statuses), word);
}

int impact_from_word(const char *word)
{
	return find(impacts, nelem(impacts), word);
}

int trigger_from_word(const char *word)
{
	return find(triggers, nelem(triggers), word);
}

const char *component_status_label(enum component_status s)
{
	return component_statuses[s].label;
}

const char *incident_status_label(enum incident_status s)
{
	return incident_statuses[s].label;
}

const char *impact_label(enum impact i)
{
	return impacts[i].label;
}

enum impact impact_of_component(enum component_status s)
{
	switch (s) {
	case COMPONENT_DEGRADED_PERFORMANCE:
		return IMPACT_MINOR;
	case COMPONENT_PARTIAL_OUTAGE:
		return IMPACT_MAJOR;
	case COMPONENT_MAJOR_OUTAGE:
		return IMPACT_CRITICAL;
	default:
		return IMPACT_NONE;
	}
}

bool component_status_is_outage(enum component_status s)
{
	return s == COMPONENT_PARTIAL_OUTAGE || s == COMPONENT_MAJOR_OUTAGE;
}

bool incident_status_is_over(enum incident_status s)
{
	return s == INCIDENT_RESOLVED || s == INCIDENT_POSTMORTEM || s == INCIDENT_COMPLETED ||
	       s == INCIDENT_CANCELLED;
}
