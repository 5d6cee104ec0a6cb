/* desk_ledger.c - who was told of an incident: one entry per notification, in words and as a bar,
 * while it is sent and afterwards. */
#include "base.h"
#include "desk_incident.h"

#include "announce.h"
#include "clock.h"
#include "job.h"
#include "verdict.h"

#define LIST_MAX 50
/* the bar's length; see admin_ledger.html.in */
#define BAR 1000
/* how often a browser asks while something happens, and while nothing does */
#define EVERY_MS      1000
#define EVERY_IDLE_MS 10000
#define IDLE_MS	      (30 * CLOCK_SECOND)
/* fewer have no rate */
#define RATE_MIN 10

/* What one push service has still to do for a job. */
struct service {
	const char *origin, *reason;
	int64_t paused_ms, unread, again;
};

/* An entry on its way. */
struct entry {
	const struct job_view *job;
	struct service *services; /* of one that is being sent */
	size_t n_services;
	int64_t unread; /* subscribers not looked at yet, whose choices may be other ones */
	int64_t now;
};

static bool is_sending(const struct job_view *j)
{
	return strcmp(j->state, "sending") == 0;
}

static int64_t failed(const struct job_counts *c)
{
	return c->gone + c->refused + c->expired;
}

/* "2.1 s", "3 minutes" */
static char *took(struct arena *a, int64_t ms)
{
	if (ms >= CLOCK_MINUTE)
		return announce_duration(a, ms);
	return arena_printf(a, "%.1f s", ms < 100 ? 0.1 : (double)ms / 1000.0);
}

/* "42 s", "3 minutes" */
static char *about(struct arena *a, int64_t ms)
{
	return ms >= CLOCK_MINUTE
		   ? announce_duration(a, ms)
		   : arena_printf(a, "%" PRId64 " s", (ms + CLOCK_SECOND - 1) / CLOCK_SECOND);
}

/* ------------------------------------------------------------------ who is waiting */

static const char *trouble_of(const char *word)
{
	for (int i = 0; word != NULL && i < VERDICT_TROUBLE__MAX; i++)
		if (strcmp(verdict_trouble_word((enum verdict_trouble)i), word) == 0)
			return verdict_trouble_sentence((enum verdict_trouble)i);
	return "";
}

static const char *host_of(const char *origin)
{
	static const char scheme[] = "https://";
	size_t len = sizeof scheme - 1;

	return strncmp(origin, scheme, len) == 0 ? origin + len : origin;
}

static int read_services(struct desk *d, struct entry *e)
{
	struct db_stmt *s = db_stmt(d->db, SQL_JOB_WAITING);
	int rc;

	db_bind_int(s, ":job", e->job->id);
	while ((rc = db_step(s)) == 1) {
		int64_t until = db_col_int(s, 1);
		struct service one = {
		    .paused_ms = until > e->now ? until - e->now : 0,
		    .unread = db_col_int(s, 3),
		    .again = db_col_int(s, 4),
		};
		if (one.unread + one.again == 0)
			continue;
		one.origin = db_col_strdup(s, 0, d->arena);
		one.reason = db_col_strdup(s, 2, d->arena);
		e->services = arena_grow(d->arena, e->services, e->n_services, sizeof one);
		e->services[e->n_services++] = one;
		e->unread += one.unread;
	}
	return rc;
}

/* One push service that is not asked for now.  Of what is unread the choices are not looked at yet,
 * so it is about right. */
static char *waiting_for(struct arena *a, const struct service *s)
{
	static const char unreachable[] = "connect";
	bool connect = s->reason != NULL && strcmp(s->reason, unreachable) == 0;
	int64_t all = s->unread + s->again;

	return arena_printf(a, "%s%s %s waiting: %s %s; next try in %s.%s%s",
	    s->unread > 0 ? "About " : "", desk_count(a, all, "browser", "browsers"),
	    all == 1 ? "is" : "are", host_of(s->origin),
	    connect ? "cannot be reached" : "is left alone for now", about(a, s->paused_ms),
	    connect ? "" : " ", connect ? "" : trouble_of(s->reason));
}

/* A sentence for each push service that holds up the job, "" for none. */
static char *waiting(struct arena *a, const struct entry *e)
{
	char *out = arena_strdup(a, "");

	for (size_t i = 0; i < e->n_services; i++)
		if (e->services[i].paused_ms > 0)
			out = arena_printf(a, "%s%s%s", out, *out == '\0' ? "" : " ",
			    waiting_for(a, &e->services[i]));
	return out;
}

/* ------------------------------------------------------------------ in words */

/* "3 of about 1,211 browsers told so far." */
static char *so_far(struct arena *a, const struct entry *e)
{
	const struct job_counts *c = &e->job->counts;

	return arena_printf(a, "%s of %s%s told so far.", desk_number(a, c->accepted),
	    e->unread > 0 ? "about " : "",
	    desk_count(a, job_audience(c) + e->unread, "browser", "browsers"));
}

static char *sending(struct arena *a, const struct entry *e)
{
	if (e->job->counts.accepted > 0)
		return arena_printf(a, "Sending. %s", so_far(a, e));
	return arena_strdup(a, *waiting(a, e) == '\0' ? "Sending. No push service has answered yet."
						      : "Nobody told so far.");
}

static char *sentence(struct arena *a, const struct entry *e)
{
	const struct job_view *j = e->job;
	char *told = desk_number(a, j->counts.accepted);
	char *all = desk_count(a, job_audience(&j->counts), "browser", "browsers");

	if (is_sending(j))
		return sending(a, e);
	if (strcmp(j->state, "stopped") == 0)
		return arena_printf(a, "Stopped. %s of %s told.", told, all);
	if (job_audience(&j->counts) == 0)
		return arena_strdup(a, j->nobody == NULL ? "" : j->nobody);
	if (j->counts.accepted == 0)
		return arena_printf(a, "None of %s told.", all);
	return arena_printf(
	    a, "%s of %s told in %s.", told, all, took(a, j->last_at - j->created_at));
}

static void add_fact(struct tv *t, const char *text)
{
	tv_set(tv_add(t, "rest"), "text", text);
}

static void add_waiting(struct tv *t, struct arena *a, const struct entry *e)
{
	char *text = waiting(a, e);

	if (*text != '\0')
		tv_set(tv_add(t, "wait"), "text", text);
}

/* How fast it is, and who waits longest. */
static void add_pace(struct tv *t, struct arena *a, const struct entry *e)
{
	const struct job_view *j = e->job;
	int64_t ms = j->last_at - j->first_at;

	if (j->counts.accepted >= RATE_MIN && ms > 0)
		add_fact(t,
		    arena_printf(a, "%s a second", desk_number(a, j->counts.accepted * 1000 / ms)));
	if (is_sending(j) && e->unread + j->counts.retrying > 0)
		add_fact(
		    t, arena_printf(a, "oldest undelivered: %s", about(a, e->now - j->created_at)));
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

/* What is not coloured is to come, or was settled without sending. */
static void set_bar(struct tv *t, const struct job_counts *c, int64_t unread)
{
	int64_t all = job_audience(c) + unread, done = share(c->accepted, all);
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

/* ------------------------------------------------------------------ by push service */

static const struct service *service_of(const struct entry *e, const char *origin)
{
	static const struct service none = {0};

	for (size_t i = 0; i < e->n_services; i++)
		if (strcmp(e->services[i].origin, origin) == 0)
			return &e->services[i];
	return &none;
}

static void add_origin(struct tv *origins, struct arena *a, const char *origin,
    const struct job_counts *c, const struct service *s)
{
	struct tv *o = tv_add(origins, "origin");

	tv_set(o, "name", host_of(origin));
	tv_printf(o, "told", "%s of %s%s", desk_number(a, c->accepted),
	    s->unread > 0 ? "about " : "", desk_number(a, job_audience(c) + s->unread));
	set_bar(o, c, s->unread);
	add_counts(o, a, c);
	if (s->paused_ms > 0)
		add_fact(o, arena_printf(a, "left alone for %s", about(a, s->paused_ms)));
}

static void add_origins(struct tv *t, struct arena *a, const struct entry *e)
{
	static const struct job_counts nothing = {0};
	const struct job_view *j = e->job;
	size_t begun = j->n_origins, n = begun;
	struct tv *origins;

	for (size_t i = 0; i < e->n_services; i++)
		n += job_find_origin(j, e->services[i].origin) == NULL;
	if (n < 2)
		return;
	origins = tv_add(t, "origins");
	desk_set_flag(origins, "open", " open", is_sending(j));
	for (size_t i = 0; i < begun; i++)
		add_origin(origins, a, j->origins[i].origin, &j->origins[i].counts,
		    service_of(e, j->origins[i].origin));
	for (size_t i = 0; i < e->n_services; i++)
		if (job_find_origin(j, e->services[i].origin) == NULL)
			add_origin(origins, a, e->services[i].origin, &nothing, &e->services[i]);
}

/* ------------------------------------------------------------------ an entry */

static void add_stop(struct desk *d, struct tv *t, const struct job_view *j)
{
	struct tv *stop;

	if (!is_sending(j) || !desk_may(d, DESK_NOTIFICATION_STOP))
		return;
	stop = tv_add(t, "stop");
	desk_set_form(d, stop, DESK_NOTIFICATION_STOP, d->id);
	tv_set(stop, "notification", j->public_id);
}

static int add_retry(struct desk *d, struct tv *t, const struct job_view *j)
{
	struct tv *retry;
	int64_t n;

	if (is_sending(j) || !d->settings.push_enabled || !desk_may(d, DESK_NOTIFICATION_RETRY))
		return 1;
	if (job_count_missed(d->db, j->id, &n) < 0)
		return -1;
	if (n == 0)
		return 1;
	retry = tv_add(t, "retry");
	desk_set_form(d, retry, DESK_NOTIFICATION_RETRY, d->id);
	tv_set(retry, "notification", j->public_id);
	tv_printf(retry, "word", "Notify again: %s",
	    desk_count(d->arena, n, "browser that was missed", "browsers that were missed"));
	return 1;
}

static int add_job(struct desk *d, struct tv *t, const struct job_view *j, bool newest)
{
	struct entry e = {.job = j, .now = clock_now_ms()};

	if (is_sending(j) && read_services(d, &e) < 0)
		return -1;
	tv_set(t, "title", j->title);
	desk_set_time(d, t, "at", j->created_at);
	/* that nobody was told is worth large letters once */
	tv_set(t, "size",
	    newest || is_sending(j) || job_audience(&j->counts) > 0 ? "ledger-sentence" : "quiet");
	tv_set(t, "sentence", sentence(d->arena, &e));
	set_bar(t, &j->counts, e.unread);
	add_waiting(t, d->arena, &e);
	if (j->retry_of != NULL)
		add_fact(t, "again, to those whom the first one missed");
	add_counts(t, d->arena, &j->counts);
	add_pace(t, d->arena, &e);
	add_origins(t, d->arena, &e);
	add_stop(d, t, j);
	return add_retry(d, t, j);
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

/* What the message above the page says besides, where something was just published. */
static void say_untold(
    struct desk *d, const char *why, const struct incident_update *update, const struct job_view *j)
{
	if (!desk_has_published(d))
		return;
	d->say_more = why != NULL ? why : j == NULL ? NULL : j->nobody;
	/* quietly is how it was meant */
	d->nobody_told = d->say_more != NULL && (why == NULL || update->deliver_notifications);
}

/* Where a browser asks for what is new, and how often. */
static void set_live(struct desk *d, struct tv *ledger, const struct job_view *jobs, size_t n)
{
	int64_t now = clock_now_ms();
	const char *attributes = "";
	bool idle = true;

	for (size_t k = 0; k < n; k++)
		idle &= now - jobs[k].created_at > IDLE_MS && now - jobs[k].last_at > IDLE_MS;
	/* the path is made of our words and an id */
	if (n > 0)
		attributes = arena_printf(d->arena, " data-live=\"%s\" data-every=\"%d\"",
		    desk_path(d->arena, DESK_DELIVERY, d->id), idle ? EVERY_IDLE_MS : EVERY_MS);
	desk_set_flag(ledger, "live", attributes, true);
}

static int fill_ledger(struct desk *d, struct tv *ledger, const struct incident *i,
    const struct incident_update *newest)
{
	struct job_view *jobs;
	size_t n, finished = 0;

	if (job_list_incident(d->db, d->arena, i->id, LIST_MAX, &jobs, &n) < 0)
		return -1;
	const char *why = untold(d, n == 0 ? NULL : &jobs[0], newest);
	if (why != NULL)
		tv_set(tv_add(ledger, "untold"), "text", why);
	say_untold(d, why, newest, n == 0 ? NULL : &jobs[0]);
	/* the first one behind which all are finished */
	for (size_t k = 0; k < n; k++)
		if (is_sending(&jobs[k]))
			finished = k + 1;
	size_t fold = i->resolved_at == 0 ? n : finished == 0 ? 1 : finished;
	set_live(d, ledger, jobs, finished);
	return add_jobs(d, ledger, jobs, n, fold);
}

int desk_set_ledger(
    struct desk *d, struct tv *t, const struct incident *i, const struct incident_update *newest)
{
	struct tv *ledger = tv_new(d->arena);

	if (fill_ledger(d, ledger, i, newest) < 0)
		return -1;
	return desk_set_part(t, "ledger", DESK_LEDGER_PART, ledger);
}

int desk_draw_ledger(struct desk *d, const struct incident *i, const struct incident_update *newest)
{
	struct tv *ledger = tv_new(d->arena);

	if (fill_ledger(d, ledger, i, newest) < 0)
		return -1;
	web_answer(d->web, 200, WEB_HTML);
	return desk_render(DESK_LEDGER_PART, ledger, web_body(d->web));
}
