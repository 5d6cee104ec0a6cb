/* api_notifications.c - /v1/pages/{page_id}/notifications: what was sent to whom, in numbers. */
#include "base.h"
#include "api_parts.h"

#define LIST_MAX 100

static void broken(struct api_call *c)
{
	web_json_error(c->web, 500, "The database cannot be read; the log says why.");
}

static void list(struct api_call *c)
{
	struct job_view *jobs;
	struct json_writer w;
	size_t n;

	if (job_list(c->app->db, c->arena, LIST_MAX, &jobs, &n) < 0) {
		broken(c);
		return;
	}
	web_answer(c->web, 200, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	json_begin_array(&w, NULL);
	for (size_t i = 0; i < n; i++)
		statuspage_put_notification(&w, NULL, &jobs[i]);
	json_end_array(&w);
}

static void answer_one(struct api_call *c)
{
	struct job_view job;
	struct json_writer w;
	int rc = job_get(c->app->db, c->arena, c->id, &job);

	if (rc < 0) {
		broken(c);
		return;
	}
	if (rc == 0) {
		web_json_error(c->web, 404, "There is no notification with this id.");
		return;
	}
	web_answer(c->web, 200, WEB_JSON);
	w = (struct json_writer)JSON_WRITER(web_body(c->web));
	statuspage_put_notification(&w, NULL, &job);
}

static void stop(struct api_call *c)
{
	struct fault f = {FAULT_STEP, NULL, "This notification is no longer being sent."};
	struct job_view job;

	if (!api_allowed(c, ADMIN_SCOPE_INCIDENTS) || !app_begin(c->app))
		return;
	int rc = job_get(c->app->db, c->arena, c->id, &job);
	if (rc == 0)
		f = (struct fault){FAULT_ABSENT, NULL, "There is no notification with this id."};
	if (rc == 1)
		rc = job_stop(c->app->db, c->id);
	if (rc == 1 && settings_audit(c->app->db, c->actor, "notification.stop", c->id, NULL) < 0)
		rc = -1;
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	if (app_commit(c->app))
		answer_one(c);
}

void api_notifications(struct api_call *c)
{
	bool reading = c->web->method == WEB_GET || c->web->method == WEB_HEAD;

	if (c->sub != NULL && c->sub_id == NULL && strcmp(c->sub, "stop") == 0) {
		c->web->method == WEB_POST ? stop(c) : web_method_error(c->web, "POST");
		return;
	}
	if (c->sub != NULL) {
		api_not_found(c);
		return;
	}
	if (!reading) {
		web_method_error(c->web, "GET, HEAD");
		return;
	}
	if (!api_allowed(c, ADMIN_SCOPE_INCIDENTS))
		return;
	if (c->id == NULL)
		list(c);
	else
		answer_one(c);
}
