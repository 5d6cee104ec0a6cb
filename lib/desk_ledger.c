/* desk_ledger.c - who was told of an incident: one entry per notification, in words and as a bar. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "job.h"
#include "verdict.h"

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

/* ------------------------------------------------------------------ who is waiting */

static const char *trouble_of(const char *word)
{
	for (int i = 0; word != NULL && i < VERDICT_TROUBLE__MAX; i++)
		if (strcmp(verdict_trouble_word((enum verdict_trouble)i), word) == 0)
			return verdict_trouble_sentence((enum verdict_trouble)i);
	return "";
}

static char *until_next_try(struct arena *a, int64_t ms)
{
	return ms >= CLOCK_MINUTE
		   ? announce_duration(a, ms)
		   : arena_printf(a, "%" PRId64 " s", (ms + CLOCK_SECOND - 1) / CLOCK_SECOND);
}

/* One push service that is not asked for now.  n: of subscribers whose choices are not looked at
 * yet, so it is about right; again: of those that will be tried again. */
static char *waiting_for(
    struct arena *a, const char *origin, const char *reason, int64_t n, int64_t again, int64_t ms)
{
	static const char scheme[] = "https://", unreachable[] = "connect";
	bool connect = reason != NULL && strcmp(reason, unreachable) == 0;
	int64_t all = n + again;

	if (strncmp(origin, scheme, sizeof scheme - 1) == 0)
		origin += sizeof scheme - 1;
	return arena_printf(a, "%s%s %s waiting: %s %s; next try in %s.%s%s", n > 0 ? "About " : "",
	    desk_count(a, all, "browser", "browsers"), all == 1 ? "is" : "are", origin,
	    connect ? "cannot be reached" : "is left alone for now", until_next_try(a, ms),
	    connect ? "" : " ", connect ? "" : trouble_of(reason));
}

/* A sentence for each push service that holds up the job, "" for none. */
static int waiting(struct desk *d, const struct job_view *j, char **out)
{
	struct db_stmt *s = db_stmt(d->db, SQL_JOB_WAITING);
	int64_t now = clock_now_ms();
	int rc;

	*out = arena_strdup(d->arena, "");
	db_bind_int(s, ":job", j->id);
	db_bind_int(s, ":now", now);
	while ((rc = db_step(s)) == 1) {
		int64_t n = db_col_int(s, 3), again = db_col_int(s, 4);
		if (n + again > 0)
			*out = arena_printf(d->arena, "%s%s%s", *out, **out == '\0' ? "" : " ",
			    waiting_for(d->arena, db_col_text(s, 0), db_col_text(s, 2), n, again,
				db_col_int(s, 1) - now));
	}
	return rc;
}

/* ------------------------------------------------------------------ in words */

static int sending(struct desk *d, const struct job_view *j, char **out)
{
	int64_t told = j->counts.accepted;
	char *wait;

	if (waiting(d, j, &wait) < 0)
		return -1;
	char *so_far = arena_printf(
	    d->arena, "%s told so far.", desk_count(d->arena, told, "browser", "browsers"));
	if (*wait != '\0')
		*out = told == 0 ? wait : arena_printf(d->arena, "%s %s", so_far, wait);
	else
		*out = told == 0
			   ? arena_strdup(d->arena, "Sending. No push service has answered yet.")
			   : arena_printf(d->arena, "Sending. %s", so_far);
	return 1;
}

static int nobody(struct desk *d, const struct job_view *j, char **out)
{
	struct db_stmt *s = db_stmt(d->db, SQL_JOB_HAD_SUBSCRIBERS);
	int64_t had;

	db_bind_int(s, ":job", j->id);
	if (db_one_int(s, &had) != 1)
		return -1;
	*out =
	    arena_strdup(d->arena, had != 0 ? "Nobody was told: no subscriber had asked for this."
					    : "Nobody was told: there were no subscribers yet.");
	return 1;
}

static int sentence(struct desk *d, const struct job_view *j, char **out)
{
	struct arena *a = d->arena;
	const struct job_counts *c = &j->counts;
	char *told = desk_number(a, c->accepted);
	char *all = desk_count(a, audience(c), "browser", "browsers");

	if (strcmp(j->state, "sending") == 0)
		return sending(d, j, out);
	if (strcmp(j->state, "stopped") == 0)
		*out = arena_printf(a, "Stopped. %s of %s told.", told, all);
	else if (audience(c) == 0)
		return nobody(d, j, out);
	else if (c->accepted == 0)
		*out = arena_printf(a, "None of %s told.", all);
	else
		*out = arena_printf(
		    a, "%s of %s told in %s.", told, all, took(a, j->last_at - j->created_at));
	return 1;
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

static bool is_sending(const struct job_view *j)
{
	return strcmp(j->state, "sending") == 0;
}

static int add_job(struct desk *d, struct tv *t, const struct job_view *j, bool newest)
{
	char *words;

	if (sentence(d, j, &words) < 0)
		return -1;
	tv_set(t, "title", j->title);
	desk_set_time(d, t, "at", j->created_at);
	/* that nobody was told is worth large letters once */
	tv_set(t, "size",
	    newest || is_sending(j) || audience(&j->counts) > 0 ? "ledger-sentence" : "quiet");
	tv_set(t, "sentence", words);
	set_bar(t, &j->counts);
	add_counts(t, d->arena, &j->counts);
	add_origins(t, d->arena, j);
	if (!is_sending(j) || !desk_may(d, DESK_NOTIFICATION_STOP))
		return 1;
	struct tv *stop = tv_add(t, "stop");
	desk_set_form(d, stop, DESK_NOTIFICATION_STOP, d->id);
	tv_set(stop, "notification", j->public_id);
	return 1;
}

/* All jobs.  When the incident is over the older ones are folded, from `fold` on. */
static int add_jobs(
    struct desk *d, struct tv *ledger, const struct job_view *jobs, size_t n, size_t fold)
{
	for (size_t k = 0; k < n; k++) {
		struct tv *t = tv_add(ledger, "job");
		if (k == fold)
			tv_set(tv_add(t, "fold"), "count",
			    desk_count(d->arena, (int64_t)(n - k), "earlier notification",
				"earlier notifications"));
		if (add_job(d, t, &jobs[k], k == 0) < 0)
			return -1;
	}
	if (fold < n)
		tv_add(ledger, "folded");
	return 1;
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
	size_t n, finished = 0;

	if (job_list_incident(d->db, d->arena, i->id, LIST_MAX, &jobs, &n) < 0)
		return -1;
	const char *why = untold(d, n == 0 ? NULL : &jobs[0], newest);
	if (why != NULL)
		tv_set(tv_add(ledger, "untold"), "text", why);
	/* the first one behind which all are finished */
	for (size_t k = 0; k < n; k++)
		if (is_sending(&jobs[k]))
			finished = k + 1;
	size_t fold = i->resolved_at == 0 ? n : finished == 0 ? 1 : finished;
	if (add_jobs(d, ledger, jobs, n, fold) < 0)
		return -1;
	desk_set_flag(ledger, "live", " data-live", finished > 0);
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

	if (!desk_read_form(d, fields, N__MAX, NULL, &form))
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
		desk_refuse(d, rc, &f);
		return;
	}
	/* of a maintenance it leads on to that one's page */
	desk_done(d, desk_path_done(d, DESK_INCIDENT, d->id, "stopped"));
}
