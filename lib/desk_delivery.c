/* desk_delivery.c - the delivery as it happens, stopping it, and telling again whom it missed. */
#include "base.h"
#include "desk_incident.h"

#include "job.h"
#include "text.h"

enum { N_CSRF, N_ID, N__MAX };

static const struct form_field fields[N__MAX] = {
    [N_CSRF] = DESK_CSRF_FIELD,
    [N_ID] = {"notification", "The notification", FORM_ID, .required = true},
};

/* The ledger alone, for the script that keeps it fresh.  A page that nobody looks at must not keep a
 * session alive. */
void desk_show_delivery(struct desk *d)
{
	struct incident_update *updates;
	struct incident i;
	size_t n;
	int rc = incident_get(d->db, d->arena, d->id, &i);

	d->app->session_is_stale = false;
	if (rc == 0) {
		desk_not_found(d, "There is no such incident. It may have been deleted.");
		return;
	}
	if (rc == 1)
		rc = incident_updates(d->db, d->arena, i.id, &updates, &n);
	if (rc < 0 || desk_draw_ledger(d, &i, n == 0 ? NULL : &updates[0]) < 0)
		desk_broken(d);
}

/* The notification that the form names; NULL: answered. */
static const char *read_id(struct desk *d, struct form *form)
{
	if (!desk_read_form(d, fields, N__MAX, NULL, form))
		return NULL;
	if (form->error_count > 0) {
		web_error(d->web, 422, form->errors[0].sentence);
		return NULL;
	}
	return desk_begin(d) ? form->values[N_ID].text : NULL;
}

/* Audited and answered; of a maintenance it leads on to that one's page. */
static void finish(struct desk *d, int rc, const struct fault *f, const char *action,
    const char *id, const char *detail, const char *word)
{
	if (rc == 1 && settings_audit(d->db, d->user.name, action, id, detail) < 0)
		rc = -1;
	if (rc != 1)
		desk_refuse(d, rc, f);
	else
		desk_done(d, desk_path_done(d, DESK_INCIDENT, d->id, word));
}

void desk_stop_notification(struct desk *d)
{
	static const struct fault f = {
	    FAULT_STEP, NULL, "This notification is no longer being sent."};
	struct form form;
	const char *id = read_id(d, &form);

	if (id != NULL)
		finish(d, job_stop(d->db, id), &f, "notification.stop", id, NULL, "stopped");
}

void desk_retry_notification(struct desk *d)
{
	struct fault f = {FAULT_NONE, NULL, NULL};
	char new_id[TEXT_ID_LEN + 1];
	struct form form;
	const char *id = read_id(d, &form);

	if (id == NULL)
		return;
	int rc = job_retry(d->db, d->arena, id, new_id, &f);
	finish(d, rc, &f, "notification.retry", id, rc == 1 ? new_id : NULL, "retried");
}
