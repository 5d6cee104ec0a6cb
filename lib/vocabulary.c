/* vocabulary.c - see vocabulary.h. */
#include "base.h"
#include "vocabulary.h"

const char *const component_status_words[COMPONENT_STATUS__MAX] = {
    [COMPONENT_OPERATIONAL] = "operational",
    [COMPONENT_UNDER_MAINTENANCE] = "under_maintenance",
    [COMPONENT_DEGRADED_PERFORMANCE] = "degraded_performance",
    [COMPONENT_PARTIAL_OUTAGE] = "partial_outage",
    [COMPONENT_MAJOR_OUTAGE] = "major_outage",
};

static const char *const component_status_labels[COMPONENT_STATUS__MAX] = {
    [COMPONENT_OPERATIONAL] = "Operational",
    [COMPONENT_UNDER_MAINTENANCE] = "Under maintenance",
    [COMPONENT_DEGRADED_PERFORMANCE] = "Degraded performance",
    [COMPONENT_PARTIAL_OUTAGE] = "Partial outage",
    [COMPONENT_MAJOR_OUTAGE] = "Major outage",
};

const char *const incident_status_words[INCIDENT_STATUS__MAX] = {
    [INCIDENT_INVESTIGATING] = "investigating",
    [INCIDENT_IDENTIFIED] = "identified",
    [INCIDENT_MONITORING] = "monitoring",
    [INCIDENT_RESOLVED] = "resolved",
    [INCIDENT_POSTMORTEM] = "postmortem",
    [INCIDENT_SCHEDULED] = "scheduled",
    [INCIDENT_IN_PROGRESS] = "in_progress",
    [INCIDENT_VERIFYING] = "verifying",
    [INCIDENT_COMPLETED] = "completed",
    [INCIDENT_CANCELLED] = "cancelled",
};

static const char *const incident_status_labels[INCIDENT_STATUS__MAX] = {
    [INCIDENT_INVESTIGATING] = "Investigating",
    [INCIDENT_IDENTIFIED] = "Identified",
    [INCIDENT_MONITORING] = "Monitoring",
    [INCIDENT_RESOLVED] = "Resolved",
    [INCIDENT_POSTMORTEM] = "Postmortem",
    [INCIDENT_SCHEDULED] = "Scheduled",
    [INCIDENT_IN_PROGRESS] = "In progress",
    [INCIDENT_VERIFYING] = "Verifying",
    [INCIDENT_COMPLETED] = "Completed",
    [INCIDENT_CANCELLED] = "Cancelled",
};

const char *const impact_words[IMPACT__MAX] = {
    [IMPACT_NONE] = "none",
    [IMPACT_MINOR] = "minor",
    [IMPACT_MAJOR] = "major",
    [IMPACT_CRITICAL] = "critical",
    [IMPACT_MAINTENANCE] = "maintenance",
};

static const char *const impact_labels[IMPACT__MAX] = {
    [IMPACT_NONE] = "None",
    [IMPACT_MINOR] = "Minor",
    [IMPACT_MAJOR] = "Major",
    [IMPACT_CRITICAL] = "Critical",
    [IMPACT_MAINTENANCE] = "Maintenance",
};

static const char *const trigger_words[TRIGGER__MAX + 1] = {
    [TRIGGER_INCIDENT_NEW] = "incident_new",
    [TRIGGER_INCIDENT_UPDATE] = "incident_update",
    [TRIGGER_INCIDENT_RESOLVED] = "incident_resolved",
    [TRIGGER_COMPONENT_DOWN] = "component_down",
    [TRIGGER_COMPONENT_RECOVERED] = "component_recovered",
    [TRIGGER_MAINTENANCE_STARTING] = "maintenance_starting",
    [TRIGGER_MAINTENANCE_SCHEDULED] = "maintenance_scheduled",
    [TRIGGER_MAINTENANCE_REMINDER] = "maintenance_reminder",
    [TRIGGER_MAINTENANCE_OVERRUN] = "maintenance_overrun",
    [TRIGGER_MAINTENANCE_COMPLETED] = "maintenance_completed",
    [TRIGGER_MAINTENANCE_RESCHEDULED] = "maintenance_rescheduled",
    [TRIGGER_MAINTENANCE_CANCELLED] = "maintenance_cancelled",
    [TRIGGER_TEST] = "test",
};

static int find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

const char *component_status_word(enum component_status s)
{
	return component_status_words[s];
}

const char *incident_status_word(enum incident_status s)
{
	return incident_status_words[s];
}

const char *impact_word(enum impact i)
{
	return impact_words[i];
}

const char *trigger_word(enum trigger t)
{
	return trigger_words[t];
}

int component_status_from_word(const char *word)
{
	return find(component_status_words, nelem(component_status_words), word);
}

int incident_status_from_word(const char *word)
{
	return find(incident_status_words, nelem(incident_status_words), word);
}

int impact_from_word(const char *word)
{
	return find(impact_words, nelem(impact_words), word);
}

int trigger_from_word(const char *word)
{
	return find(trigger_words, nelem(trigger_words), word);
}

const char *component_status_label(enum component_status s)
{
	return component_status_labels[s];
}

const char *incident_status_label(enum incident_status s)
{
	return incident_status_labels[s];
}

const char *impact_label(enum impact i)
{
	return impact_labels[i];
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

bool incident_status_is_maintenance(enum incident_status s)
{
	return s >= INCIDENT_SCHEDULED;
}
