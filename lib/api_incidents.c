/* api_incidents.c - /v1/pages/{page_id}/incidents: incidents and maintenances. */
#include "base.h"
#include "api_parts.h"

#include "arena.h"
#include "maintenance.h"

#define LIST_MAX 100
#define ABSENT	 "There is no incident with this id."

/* 1 put, 0 not there, -1 broken. */
static int put_incident(
    struct api_call *c, struct json_writer *w, const struct statuspage *page, struct incident *i)
{
	struct incident_update *updates;
	int64_t *reminders;
	size_t n;

	if (incident_is_maintenance(i)) {
		if (maintenance_reminders(
			c->app->db, c->arena, i->id, &reminders, &i->n_reminders) < 0)
			return -1;
		i->reminders = reminders;
	}
	if (incident_updates(c->app->db, c->arena, i->id, &updates, &n) < 0)
		return -1;
	statuspage_put_incident(w, NULL, page, i, updates, n);
	return 1;
}

bool api_answer_incident(struct api_call *c, int status, const char *id)
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

/* The row, to know its kind.  False: answered. */
static bool find(struct api_call *c, struct incident *i)
{
	int rc = incident_get(c->app->db, c->arena, c->id, i);

	if (rc == 0)
		web_json_error(c->web, 404, ABSENT);
	else if (rc < 0)
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
	return rc == 1;
}

enum admin_scope api_scope_of(bool is_maintenance)
{
	return is_maintenance ? ADMIN_SCOPE_MAINTENANCE : ADMIN_SCOPE_INCIDENTS;
}

/* Whoever may write one of both may read both, and create: what, is looked at when it is known. */
static bool allowed(struct api_call *c)
{
	bool reading = c->web->method == WEB_GET || c->web->method == WEB_HEAD;
	bool maintenance = admin_token_allows(&c->token, ADMIN_SCOPE_MAINTENANCE);
	struct incident i;

	if (reading || c->id == NULL)
		return api_allowed(
		    c, maintenance ? ADMIN_SCOPE_MAINTENANCE : ADMIN_SCOPE_INCIDENTS);
	if (!maintenance && !admin_token_allows(&c->token, ADMIN_SCOPE_INCIDENTS))
		return api_allowed(c, ADMIN_SCOPE_INCIDENTS);
	return find(c, &i) && api_allowed(c, api_scope_of(incident_is_maintenance(&i)));
}

static int read_list(struct api_call *c, struct incident **out, size_t *n)
{
	struct db *db = c->app->db;

	if (c->filter == NULL)
		return incident_list_all(db, c->arena, LIST_MAX, out, n);
	if (strcmp(c->filter, "unresolved") == 0)
		return incident_list_open(db, c->arena, out, n);
	if (strcmp(c->filter, "scheduled") == 0)
		return maintenance_list_recent(db, c->arena, 0, LIST_MAX, out, n);
	return maintenance_list_planned(db, c->arena, out, n);
}

static bool is_wanted(const struct api_call *c, const struct incident *i)
{
	if (c->filter == NULL)
		return true;
	if (strcmp(c->filter, "upcoming") == 0)
		return i->status == INCIDENT_SCHEDULED;
	if (strcmp(c->filter, "active_maintenance") == 0)
		return i->status != INCIDENT_SCHEDULED;
	return true;
}

static void list(struct api_call *c)
{
	struct statuspage page;
	struct incident *incidents;
	struct json_writer w;
	size_t n;
	int rc = read_list(c, &incidents, &n);

	if (rc < 0 || !api_load_page(c, &page)) {
		web_json_error(c->web, 500, "The database cannot be read; the log says why.");
		return;
	}
	web_answer(c->web, 200, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < n && rc == 1; i++)
		if (is_wanted(c, &incidents[i]))
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

	if (!api_read_posting(c, true, &p) ||
	    !api_allowed(c, api_scope_of(p.scheduled_for != 0 || p.scheduled_until != 0)) ||
	    !app_begin(c->app))
		return;
	int rc = incident_create(c->app->db, c->arena, &p, id, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		api_answer_incident(c, 201, id);
}

static void change(struct api_call *c)
{
	struct incident_posting p;
	struct fault f = {FAULT_NONE, NULL, NULL};

	if (!api_read_posting(c, false, &p) || !app_begin(c->app))
		return;
	int rc = incident_post(c->app->db, c->arena, c->id, &p, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		api_answer_incident(c, 200, c->id);
}

static int remove_one(struct api_call *c)
{
	return incident_delete(c->app->db, c->arena, c->id, c->actor);
}

void api_incidents(struct api_call *c)
{
	static const struct api_verbs verbs = {
	    .allowed = allowed,
	    .list = list,
	    .create = create,
	    .show = api_answer_incident,
	    .change = change,
	    .remove = remove_one,
	    .absent = ABSENT,
	};

	if (c->sub != NULL && c->sub_id != NULL && strcmp(c->sub, "incident_updates") == 0) {
		if (allowed(c))
			api_incident_update(c);
		return;
	}
	api_dispatch(c, &verbs);
}
