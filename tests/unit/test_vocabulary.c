/* test_vocabulary.c - the words of the contract, as they stand there. */
#include "base.h"

#include "t.h"
#include "vocabulary.h"

static void component_words(void)
{
	static const char *const words[] = {"operational", "under_maintenance",
	    "degraded_performance", "partial_outage", "major_outage"};

	t_case("component statuses have the contract's words, and every word is read back");
	t_int(nelem(words), COMPONENT_STATUS__MAX);
	for (int i = 0; i < COMPONENT_STATUS__MAX; i++) {
		t_str(component_status_word((enum component_status)i), words[i]);
		t_int(component_status_from_word(words[i]), i);
	}
	t_case("a word that is none is -1, also one that only begins so, or has another case");
	t_int(component_status_from_word(""), -1);
	t_int(component_status_from_word("operationa"), -1);
	t_int(component_status_from_word("operational "), -1);
	t_int(component_status_from_word("Operational"), -1);
	t_int(component_status_from_word("investigating"), -1);
}

static void incident_words(void)
{
	static const char *const words[] = {"investigating", "identified", "monitoring", "resolved",
	    "postmortem", "scheduled", "in_progress", "verifying", "completed", "cancelled"};
	static const bool over[] = {
	    false, false, false, true, true, false, false, false, true, true};

	t_case("incident and maintenance statuses have the contract's words");
	t_int(nelem(words), INCIDENT_STATUS__MAX);
	for (int i = 0; i < INCIDENT_STATUS__MAX; i++) {
		t_str(incident_status_word((enum incident_status)i), words[i]);
		t_int(incident_status_from_word(words[i]), i);
	}
	t_case("over are resolved, postmortem, completed and cancelled");
	for (int i = 0; i < INCIDENT_STATUS__MAX; i++)
		t_int(incident_status_is_over((enum incident_status)i), over[i]);
	t_int(incident_status_from_word("open"), -1);
}

static void impacts_and_their_words(void)
{
	static const char *const words[] = {"none", "minor", "major", "critical", "maintenance"};
	static const enum impact of[] = {
	    IMPACT_NONE, IMPACT_NONE, IMPACT_MINOR, IMPACT_MAJOR, IMPACT_CRITICAL};

	t_case("impacts have the contract's words, from best to worst");
	t_int(nelem(words), IMPACT__MAX);
	for (int i = 0; i < IMPACT__MAX; i++) {
		t_str(impact_word((enum impact)i), words[i]);
		t_int(impact_from_word(words[i]), i);
	}
	t_ok(IMPACT_NONE < IMPACT_MINOR && IMPACT_MINOR < IMPACT_MAJOR &&
	     IMPACT_MAJOR < IMPACT_CRITICAL);

	t_case("degraded is minor, a partial outage major, a major one critical, all else none");
	for (int i = 0; i < COMPONENT_STATUS__MAX; i++)
		t_int(impact_of_component((enum component_status)i), of[i]);
	t_case("outages are the partial and the major one");
	for (int i = 0; i < COMPONENT_STATUS__MAX; i++)
		t_int(component_status_is_outage((enum component_status)i),
		    i == COMPONENT_PARTIAL_OUTAGE || i == COMPONENT_MAJOR_OUTAGE);
}

static void trigger_words(void)
{
	static const char *const words[] = {"incident_new", "incident_update", "incident_resolved",
	    "component_down", "component_recovered", "maintenance_starting",
	    "maintenance_scheduled", "maintenance_reminder", "maintenance_overrun",
	    "maintenance_completed", "maintenance_rescheduled", "maintenance_cancelled"};

	t_case("the twelve triggers have the contract's words");
	t_int(nelem(words), TRIGGER__MAX);
	for (int i = 0; i < TRIGGER__MAX; i++) {
		t_str(trigger_word((enum trigger)i), words[i]);
		t_int(trigger_from_word(words[i]), i);
	}
	t_int(trigger_from_word("incident"), -1);
}

static void labels(void)
{
	t_case("labels begin with a capital and hold no underscore");
	for (int i = 0; i < COMPONENT_STATUS__MAX; i++) {
		const char *s = component_status_label((enum component_status)i);
		t_ok(*s >= 'A' && *s <= 'Z' && strchr(s, '_') == NULL);
	}
	for (int i = 0; i < INCIDENT_STATUS__MAX; i++) {
		const char *s = incident_status_label((enum incident_status)i);
		t_ok(*s >= 'A' && *s <= 'Z' && strchr(s, '_') == NULL);
	}
	t_str(component_status_label(COMPONENT_PARTIAL_OUTAGE), "Partial outage");
	t_str(incident_status_label(INCIDENT_IN_PROGRESS), "In progress");
}

int main(void)
{
	component_words();
	incident_words();
	impacts_and_their_words();
	trigger_words();
	labels();
	return t_end();
}
