/* api_incident_updates.c - .../incidents/{id}/incident_updates/{update_id}: what was said is corrected.
 *
 * Nobody is told; the page says that the update was edited.
 */
#include "base.h"
#include "api_parts.h"

#include "text.h"

enum { U_BODY, U_DISPLAY_AT, U__MAX };

static const struct form_field fields[U__MAX] = {
    [U_BODY] = {"body", "Message", FORM_LINES, .required = true, .max = INCIDENT_BODY_MAX},
    [U_DISPLAY_AT] = {"display_at", "Time", FORM_TIME},
};

static const char *const ignored[] = {
    /* of Statuspage, with nothing behind them here */
    "wants_twitter_update", "deliver_notifications",
    /* of our answers */
    "id", "status", "incident_id", "created_at", "updated_at", "affected_components",
    "custom_tweet", "tweet_id", NULL};

static const struct api_shape shape = {"incident_update", fields, U__MAX, ignored};

static void edit(struct api_call *c)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	struct form form;

	if (!api_read_object(c, &shape, &form) || !app_begin(c->app))
		return;
	const struct form_value *v = form.values;
	int rc = incident_edit_update(c->app->db, c->arena, c->id, c->sub_id, v[U_BODY].text,
	    v[U_DISPLAY_AT].ok ? v[U_DISPLAY_AT].number : 0, c->actor, &f);
	if (rc != 1) {
		app_refuse(c->app, rc, &f);
		return;
	}
	c->app->content_changed = true;
	if (app_commit(c->app))
		api_answer_incident(c, 200, c->id);
}

void api_incident_update(struct api_call *c)
{
	if (!text_is_id(c->sub_id, strlen(c->sub_id)))
		api_not_found(c);
	else if (c->web->method == WEB_PATCH)
		edit(c);
	else
		web_method_error(c->web, "PATCH");
}
