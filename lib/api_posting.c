/* api_posting.c - what a caller of the write API says of an incident or a maintenance. */
#include "base.h"
#include "api_parts.h"

#include "arena.h"
#include "maintenance.h"

/* As many components as one incident may name. */
#define COMPONENTS_MAX 200

enum {
	I_NAME,
	I_STATUS,
	I_BODY,
	I_OVERRIDE,
	I_COMPONENTS,
	I_COMPONENT_IDS,
	I_DELIVER,
	I_FOR,
	I_UNTIL,
	I_AUTO_START,
	I_AUTO_END,
	I_REMIND,
	I_REMINDERS,
	I__MAX
};

static const struct form_field fields[I__MAX] = {
    [I_NAME] = {"name", "Name", FORM_TEXT, .min = 1, .max = INCIDENT_NAME_MAX},
    [I_STATUS] = {"status", "Status", FORM_CHOICE, .choices = incident_status_words,
	.choices_count = INCIDENT_STATUS__MAX},
    [I_BODY] = {"body", "Message", FORM_LINES, .max = INCIDENT_BODY_MAX},
    [I_OVERRIDE] = {"impact_override", "Impact", FORM_CHOICE, .choices = impact_words,
	.choices_count = IMPACT__MAX},
    [I_COMPONENTS] = {"components", "Components", FORM_MAP, .max = COMPONENTS_MAX,
	.choices = component_status_words, .choices_count = COMPONENT_STATUS__MAX},
    [I_COMPONENT_IDS] = {"component_ids", "Components", FORM_LIST, .max = COMPONENTS_MAX},
    [I_DELIVER] = {"deliver_notifications", "Notify", FORM_BOOL},
    [I_FOR] = {"scheduled_for", "Start", FORM_TIME},
    [I_UNTIL] = {"scheduled_until", "End", FORM_TIME},
    [I_AUTO_START] = {"scheduled_auto_in_progress", "The automatic beginning", FORM_BOOL},
    [I_AUTO_END] = {"scheduled_auto_completed", "The automatic end", FORM_BOOL},
    [I_REMIND] = {"scheduled_remind_prior", "Reminders", FORM_BOOL},
    [I_REMINDERS] = {"reminders", "Reminders", FORM_LIST, .max = MAINTENANCE_REMINDERS_MAX,
	.choices = maintenance_reminder_words, .choices_count = MAINTENANCE_REMINDER__MAX},
};

static const char *const ignored[] = {
    /* of Statuspage, with nothing behind them here */
    "metadata", "backfilled", "backfill_date", "reminder_intervals", "scheduled_reminded_at",
    "scheduled_auto_transition", "auto_transition_to_maintenance_state",
    "auto_transition_to_operational_state", "auto_transition_deliver_notifications_at_start",
    "auto_transition_deliver_notifications_at_end", "auto_tweet_at_beginning",
    "auto_tweet_on_creation", "auto_tweet_on_completion", "auto_tweet_one_hour_before",
    "postmortem_body", "postmortem_body_last_updated_at", "postmortem_ignored",
    "postmortem_published_at", "postmortem_notified_subscribers", "postmortem_notified_twitter",
    /* of our answers */
    "id", "created_at", "updated_at", "started_at", "monitoring_at", "resolved_at", "impact",
    "shortlink", "page_id", "incident_updates", NULL};

static const struct api_shape shape = {"incident", fields, I__MAX, ignored};

/* Statuses of `components` and ids of `component_ids` as one list; an id in both counts by its
 * status. */
static void take_components(struct arena *a, const struct form_value *map,
    const struct form_value *ids, struct incident_posting *p)
{
	size_t n = (map->ok ? map->count : 0) + (ids->ok ? ids->count : 0);
	struct incident_set *set = arena_array(a, n, sizeof *set);
	size_t count = 0;

	for (size_t i = 0; map->ok && i < map->count; i++)
		set[count++] =
		    (struct incident_set){map->members[i].key, (int)map->members[i].choice};
	size_t named = count;
	for (size_t i = 0; ids->ok && i < ids->count; i++) {
		bool twice = false;
		for (size_t k = 0; k < named; k++)
			twice |= strcmp(set[k].id, ids->members[i].value) == 0;
		if (!twice)
			set[count++] = (struct incident_set){ids->members[i].value, -1};
	}
	p->components = set;
	p->n_components = count;
}

/* A new one needs a name, and none may lose it.  False: answered. */
static bool check_name(struct api_call *c, const struct form_value *name, bool is_new)
{
	if ((name->ok && name->len > 0) || (!name->ok && !is_new))
		return true;
	web_json_field_error(c->web, 422, "name", "An incident needs a name.");
	return false;
}

/* -1 where the caller does not say. */
static int said(const struct form_value *v)
{
	return v->ok ? v->truth : -1;
}

/* False without any reminder, true the usual ones; or a list of minutes, which counts more. */
static void take_reminders(struct arena *a, const struct form_value *remind,
    const struct form_value *list, struct incident_posting *p)
{
	static const int64_t usual[] = MAINTENANCE_REMINDERS_DEFAULT;
	int64_t *minutes = arena_array(a, list->ok ? list->count : 0, sizeof *minutes);

	if (list->ok) {
		for (size_t i = 0; i < list->count; i++)
			minutes[i] = maintenance_reminder_minutes(list->members[i].choice);
		p->set_reminders = true;
		p->reminders = minutes;
		p->n_reminders = list->count;
	} else if (remind->ok) {
		p->set_reminders = true;
		p->reminders = usual;
		p->n_reminders = remind->truth ? nelem(usual) : 0;
	}
}

/* Whoever writes a time without a zone means one that we cannot know. */
static bool check_zone(struct api_call *c, const struct form_value *v, const char *field)
{
	if (!v->ok || !v->local)
		return true;
	web_json_field_error(c->web, 422, field,
	    "Say the time with its zone: \"2026-11-24T16:00:00Z\" or "
	    "\"2026-11-24T17:00:00+01:00\".");
	return false;
}

static int64_t time_of(const struct form_value *v)
{
	return v->ok ? v->number : 0;
}

bool api_read_posting(struct api_call *c, bool is_new, struct incident_posting *p)
{
	struct form form;
	const struct form_value *v;

	if (!api_read_object(c, &shape, &form))
		return false;
	v = form.values;
	if (!check_name(c, &v[I_NAME], is_new) || !check_zone(c, &v[I_FOR], "scheduled_for") ||
	    !check_zone(c, &v[I_UNTIL], "scheduled_until"))
		return false;
	*p = (struct incident_posting){
	    .name = v[I_NAME].ok ? v[I_NAME].text : NULL,
	    .status = v[I_STATUS].ok ? (int)v[I_STATUS].number : -1,
	    .body = v[I_BODY].ok && v[I_BODY].len > 0 ? v[I_BODY].text : NULL,
	    .set_override = v[I_OVERRIDE].ok || v[I_OVERRIDE].null,
	    .impact_override = v[I_OVERRIDE].ok ? (int)v[I_OVERRIDE].number : -1,
	    .only_these = v[I_COMPONENT_IDS].ok,
	    .scheduled_for = time_of(&v[I_FOR]),
	    .scheduled_until = time_of(&v[I_UNTIL]),
	    .auto_start = said(&v[I_AUTO_START]),
	    .auto_end = said(&v[I_AUTO_END]),
	    .deliver_notifications = !v[I_DELIVER].ok || v[I_DELIVER].truth,
	    .actor = c->actor,
	};
	take_components(c->arena, &v[I_COMPONENTS], &v[I_COMPONENT_IDS], p);
	take_reminders(c->arena, &v[I_REMIND], &v[I_REMINDERS], p);
	return true;
}
