/* desk_ledger.c - who was told of an incident: one entry per notification, in words and as a bar. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "job.h"

#define LIST_MAX 50
/* the bar's length; see admin_ledger.html.in */
#define BAR 1000

static int64_t failed(const struct job_counts *c)
{
	return c->gone + c->refused + c->expired;
}

static int64_t audience(const struct job_counts *c)
{
	return c->accepted + failed(c) + c->superseded + c->stopped + c->retrying;
}

/* "2.1 s", "3 minutes" */
static char *took(struct arena *a, int64_t ms)
{
	if (ms >= CLOCK_MINUTE)
		return announce_duration(a, ms);
	return arena_printf(a, "%.1f s", ms < 100 ? 0.1 : (double)ms / 1000.0);
}

static char *sentence(struct arena *a, const struct job_view *j)
{
	const struct job_counts *c = &j->counts;
	char *told = desk_number(a, c->accepted);
	char *all = desk_count(a, audience(c), "browser", "browsers");

	if (strcmp(j->state, "stopped") == 0)
		return arena_printf(a, "Stopped. %s of %s told.", told, all);
	if (strcmp(j->state, "sending") == 0)
		return c->accepted == 0
			   ? arena_strdup(a, "Sending. No push service has answered yet.")
			   : arena_printf(a, "Sending. %s told so far.",
				 desk_count(a, c->accepted, "browser", "browsers"));
	if (audience(c) == 0)
		return arena_strdup(a, "Nobody was told: no subscriber had asked for this.");
	if (c->accepted == 0)
		return arena_printf(a, "None of %s told.", all);
	return arena_printf(
	    a, "%s of %s told in %s.", told, all, took(a, j->last_at - j->created_at));
}

static void add_rest(struct tv *t, struct arena *a, int64_t n, const char *what)
{
	if (n == 0)
		return;
	struct tv *r = tv_add(t, "rest");
	tv_printf(r, "text", "%s %s", desk_number(a, n), what);
}

static void add_counts(struct tv *t, struct arena *a, const struct job_counts *c)
{
	add_rest(t, a, c->retrying, "to be tried again");
	add_rest(t, a, c->gone, "gone: the browser no longer exists");
	add_rest(t, a, c->refused, "refused by the push service");
	add_rest(t, a, c->expired, "too late: it had expired");
	add_rest(t, a, c->superseded, "told something newer instead");
	add_rest(t, a, c->stopped, "not told: sending was stopped");
}

static int64_t share(int64_t part, int64_t all)
{
	return all == 0 ? 0 : part * BAR / all;
}

static void set_bar(struct tv *t, const struct job_counts *c)
{
	int64_t all = audience(c), done = share(c->accepted, all);
	int64_t again = share(c->retrying, all), lost = share(failed(c), all);

	if (all == 0)
		return;
	struct tv *bar = tv_add(t, "bar");
	tv_set_int(bar, "accepted", done);
	tv_set_int(bar, "retrying_at", done);
	tv_set_int(bar, "retrying", again);
	tv_set_int(bar, "failed_at", done + again);
	tv_set_int(bar, "failed", lost);
}

static void add_origins(struct tv *t, struct arena *a, const struct job_view *j)
{
	if (j->n_origins < 2)
		return;
	struct tv *origins = tv_add(t, "origins");
	for (size_t i = 0; i < j->n_origins; i++) {
		const struct job_counts *c = &j->origins[i].counts;
		struct tv *o = tv_add(origins, "origin");
		tv_set(o, "name", j->origins[i].origin);
		tv_printf(o, "text", "%s of %s", desk_number(a, c->accepted),
		    desk_number(a, audience(c)));
	}
}

static void add_job(struct desk *d, struct tv *ledger, const struct job_view *j)
{
	struct tv *t = tv_add(ledger, "job");
	bool sending = strcmp(j->state, "sending") == 0;

	tv_set(t, "title", j->title);
	desk_set_time(t, d->arena, "at", j->created_at);
	tv_set(t, "sentence", sentence(d->arena, j));
	set_bar(t, &j->counts);
	add_counts(t, d->arena, &j->counts);
	add_origins(t, d->arena, j);
	if (!sending || !desk_may(d, DESK_NOTIFICATION_STOP))
		return;
	struct tv *stop = tv_add(t, "stop");
	desk_set_form(d, stop, DESK_NOTIFICATION_STOP, d->id);
	tv_set(stop, "notification", j->public_id);
}

/* Why there is no entry for what was published last; NULL if there is one. */
static const char *untold(
    struct desk *d, const struct job_view *newest, const struct incident_update *update)
{
	if (update == NULL || (newest != NULL && newest->created_at >= update->created_at))
		return NULL;
	if (!update->deliver_notifications)
		return "Nobody was told of the newest update: it was published quietly.";
	if (!d->settings.push_enabled)
		return "Nobody was told of the newest update: notifications are switched off in "
		       "Settings.";
	return "Nobody was told of the newest update: Settings → Notifications has this event "
	       "switched off.";
}

int desk_set_ledger(
    struct desk *d, struct tv *t, const struct incident *i, const struct incident_update *newest)
{
	struct tv *ledger = tv_new(d->arena);
	struct job_view *jobs;
	bool sending = false;
	size_t n;

	if (job_list_incident(d->db, d->arena, i->id, LIST_MAX, &jobs, &n) < 0)
		return -1;
	const char *why = untold(d, n == 0 ? NULL : &jobs[0], newest);
	if (why != NULL)
		tv_set(tv_add(ledger, "untold"), "text", why);
	for (size_t k = 0; k < n; k++) {
		add_job(d, ledger, &jobs[k]);
		sending |= strcmp(jobs[k].state, "sending") == 0;
	}
	desk_set_flag(ledger, "live", " data-live", sending);
	return desk_set_part(t, "ledger", DESK_LEDGER_PART, ledger);
}

void desk_stop_notification(struct desk *d)
{
	enum { N_CSRF, N_ID, N__MAX };
	static const struct form_field fields[N__MAX] = {
	    [N_CSRF] = DESK_CSRF_FIELD,
	    [N_ID] = {"notification", "The notification", FORM_ID, .required = true},
	};
	struct fault f = {FAULT_STEP, NULL, "This notification is no longer being sent."};
	struct form form;

	if (!desk_read_form(d, fields, N__MAX, &form))
		return;
	if (form.error_count > 0) {
		web_error(d->web, 422, form.errors[0].sentence);
		return;
	}
	if (!desk_begin(d))
		return;
	int rc = job_stop(d->db, form.values[N_ID].text);
	if (rc == 1 && settings_audit(d->db, d->user.name, "notification.stop",
			   form.values[N_ID].text, NULL) < 0)
		rc = -1;
	if (rc != 1) {
		app_refuse(d->app, rc, &f);
		return;
	}
	desk_done(d, NULL, desk_path_done(d, DESK_INCIDENT, d->id, "stopped"));
}
