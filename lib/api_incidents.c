/* api_incidents.c - /v1/pages/{page_id}/incidents */
#include "base.h"
#include "api_parts.h"

#include "arena.h"

#define LIST_MAX 100
#define ABSENT	 "There is no incident with this id."
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
	I__MAX
};

static const char *const status_words[] = {"investigating", "identified", "monitoring", "resolved",
    "postmortem", "scheduled", "in_progress", "verifying", "completed", "cancelled"};
static_assert(nelem(status_words) == INCIDENT_STATUS__MAX, "in the order of the enum");

static const char *const impact_words[] = {"none", "minor", "major", "critical"};

static const char *const component_words[] = {
    "operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"};
static_assert(nelem(component_words) == COMPONENT_STATUS__MAX, "in the order of the enum");

static const struct form_field fields[I__MAX] = {
    [I_NAME] = {"name", "Name", FORM_TEXT, .min = 1, .max = INCIDENT_NAME_MAX},
    [I_STATUS] = {"status", "Status", FORM_CHOICE, .choices = status_words,
	.choices_count = nelem(status_words)},
    [I_BODY] = {"body", "Message", FORM_LINES, .max = INCIDENT_BODY_MAX},
    [I_OVERRIDE] = {"impact_override", "Impact", FORM_CHOICE, .choices = impact_words,
	.choices_count = nelem(impact_words)},
    [I_COMPONENTS] = {"components", "Components", FORM_MAP, .max = COMPONENTS_MAX,
	.choices = component_words, .choices_count = nelem(component_words)},
    [I_COMPONENT_IDS] = {"component_ids", "Components", FORM_LIST, .max = COMPONENTS_MAX},
    [I_DELIVER] = {"deliver_notifications", "Notify", FORM_BOOL},
    [I_FOR] = {"scheduled_for", "Start", FORM_TIME},
    [I_UNTIL] = {"scheduled_until", "End", FORM_TIME},
};

static const char *const ignored[] = {
    /* of Statuspage, with nothing behind them here */
    "metadata", "backfilled", "backfill_date", "reminder_intervals", "scheduled_remind_prior",
    "scheduled_reminded_at", "scheduled_auto_in_progress", "scheduled_auto_completed",
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

/* False: answered. */
static bool read_posting(struct api_call *c, bool is_new, struct incident_posting *p)
{
	struct form form;
	const struct form_value *v;

	if (!api_read_object(c, &shape, &form))
		return false;
	v = form.values;
	if (!check_name(c, &v[I_NAME], is_new))
		return false;
	if (v[I_FOR].ok || v[I_UNTIL].ok) {
		web_json_field_error(c->web, 422, v[I_FOR].ok ? "scheduled_for" : "scheduled_until",
		    "Scheduled maintenances are not available in this version; leave this member "
		    "out.");
		return false;
	}
	*p = (struct incident_posting){
	    .name = v[I_NAME].ok ? v[I_NAME].text : NULL,
	    .status = v[I_STATUS].ok ? (int)v[I_STATUS].number : -1,
	    .body = v[I_BODY].ok && v[I_BODY].len > 0 ? v[I_BODY].text : NULL,
	    .set_override = v[I_OVERRIDE].ok || v[I_OVERRIDE].null,
	    .impact_override = v[I_OVERRIDE].ok ? (int)v[I_OVERRIDE].number : -1,
	    .deliver_notifications = !v[I_DELIVER].ok || v[I_DELIVER].truth,
	    .actor = c->actor,
	};
	take_components(c->arena, &v[I_COMPONENTS], &v[I_COMPONENT_IDS], p);
	return true;
}

/* 1 put, 0 not there, -1 broken. */
static int put_incident(struct api_call *c, struct json_writer *w, const struct statuspage *page,
    const struct incident *i)
{
	struct incident_update *updates;
	size_t n;

	if (incident_updates(c->app->db, c->arena, i->id, &updates, &n) < 0)
		return -1;
	statuspage_put_incident(w, NULL, page, i, updates, n);
	return 1;
}

static bool answer_one(struct api_call *c, int status, const char *id)
{
	struct statuspage page;
	struct incident i;
	struct json_writer w;
	int rc = incident_get(c->app->db, c->arena, id, &i);

	if (rc == 0) {
		web_json_error(c->web, 404, ABSENT);
		return false;
	}
	if (rc < 0) {
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
		return false;
	}
	if (!api_load_page(c, &page))
		return false;
	web_answer(c->web, status, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	if (put_incident(c, &w, &page, &i) == 1)
		return true;
	web_json_error(c->web, 500, "The database cannot be read; the log says why.");
	return false;
}

static void list(struct api_call *c)
{
	struct statuspage page;
	struct incident *incidents;
	struct json_writer w;
	size_t n;
	int rc = incident_list_recent(c->app->db, c->arena, 0, LIST_MAX, &incidents, &n);

	if (rc < 0 || !api_load_page(c, &page)) {
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
		return;
	}
	web_answer(c->web, 200, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < n && rc == 1; i++)
		rc = put_incident(c, &w, &page, &incidents[i]);
	json_end_array(&w);
	if (rc < 0)
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
}

static void create(struct api_call *c)
{
	struct incident_posting p;
	struct fault f = {FAULT_NONE, NULL, NULL};
	char id[13];

	if (!read_posting(c, true, &p))
		return;
	if (!app_begin(c->app))
		return;
	int rc = incident_create(c->app->db, c->arena, &p, id, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		answer_one(c, 201, id);
}

static void change(struct api_call *c)
{
	struct incident_posting p;
	struct fault f = {FAULT_NONE, NULL, NULL};

	if (!read_posting(c, false, &p) || !app_begin(c->app))
		return;
	int rc = incident_post(c->app->db, c->arena, c->id, &p, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		answer_one(c, 200, c->id);
}

static int remove_one(struct api_call *c)
{
	return incident_delete(c->app->db, c->arena, c->id, c->actor);
}

void api_incidents(struct api_call *c)
{
	static const struct api_verbs verbs = {
	    .scope = ADMIN_SCOPE_INCIDENTS,
	    .list = list,
	    .create = create,
	    .show = answer_one,
	    .change = change,
	    .remove = remove_one,
	    .absent = ABSENT,
	};

	api_dispatch(c, &verbs);
}
