/* api_notifications.c - /v1/pages/{page_id}/notifications: what was sent to whom, in numbers;
 * stopping it, and telling again whom it failed to reach. */
#include "base.h"
#include "api_parts.h"

#include "arena.h"
#include "text.h"

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

static void answer_one(struct api_call *c, int status)
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
	web_answer(c->web, status, WEB_JSON);
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
		answer_one(c, 200);
}

/* A new notification to those whose push of this one failed. */
static void retry(struct api_call *c)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	char *new_id = arena_array(c->arena, TEXT_ID_LEN + 1, 1);

	if (!api_allowed(c, ADMIN_SCOPE_INCIDENTS) || !app_begin(c->app))
		return;
	int rc = job_retry(c->app->db, c->arena, c->id, new_id, &f);
	if (rc == 1 &&
	    settings_audit(c->app->db, c->actor, "notification.retry", c->id, new_id) < 0)
		rc = -1;
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->id = new_id;
	if (app_commit(c->app))
		answer_one(c, 201);
}

/* True if the path ends in the word of what is to be done, and that was answered. */
static bool acts(struct api_call *c, const char *word, void (*act)(struct api_call *c))
{
	if (c->sub == NULL || c->id == NULL || c->sub_id != NULL || strcmp(c->sub, word) != 0)
		return false;
	if (c->web->method == WEB_POST)
		act(c);
	else
		web_method_error(c->web, "POST");
	return true;
}

void api_notifications(struct api_call *c)
{
	bool reading = c->web->method == WEB_GET || c->web->method == WEB_HEAD;

	if (acts(c, "stop", stop) || acts(c, "retry", retry))
		return;
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
		answer_one(c, 200);
}
