/* worker.c - see worker.h. */
#include "base.h"
#include "worker.h"

#include "clock.h"
#include "db.h"
#include "log.h"
#include "testpoint.h"
#include "transport.h"

#define COUNTED_MAX  16 /* windows settled without sending, for one place and commit */
#define FAILURES_MAX 12 /* commits that failed in a row before we give up */
#define FAILURE_MS   1000
#define NEVER	     INT64_MAX

/* A place and what it is doing. */
struct track {
	struct lane_place place;
	struct courier_origin *origin;
	struct lane_window *window; /* claimed, until it is stored */
	int64_t ready_at;	    /* ms: when to ask for a window again */
	struct track *next;
};

struct worker {
	const struct worker_settings *settings;
	struct db *db;
	struct lane_desk *desk;
	struct courier *courier;
	struct track *tracks;
	struct lane_window *ended, **ended_tail; /* to be stored */
	struct loop_watch *wake_watch, *stop_watch;
	size_t windows, windows_most;
	struct track *alone; /* has or wants a window beside which there is no other */
	bool woken, stopping;
	int64_t stop_at, failed_at; /* monotonic */
	unsigned failures;
};

/* ------------------------------------------------------------------ places */

static void found_place(void *user, int64_t origin_id, const char *origin, bool built_in, int shard)
{
	struct worker *w = user;
	struct track *t;

	for (t = w->tracks; t != NULL; t = t->next)
		if (t->place.origin_id == origin_id && t->place.shard == shard)
			break;
	if (t == NULL) {
		t = calloc(1, sizeof *t);
		if (t == NULL)
			log_die("WORKER-01", "out of memory");
		t->origin = courier_origin(w->courier, origin_id, origin, built_in);
		t->place.origin_id = origin_id;
		t->place.origin = courier_name(t->origin);
		t->place.shard = shard;
		t->place.allowed = courier_allowed(t->origin);
		t->next = w->tracks;
		w->tracks = t;
	}
	t->ready_at = 0;
}

static int look_around(struct worker *w)
{
	const struct worker_settings *s = w->settings;

	if (s->prepare != NULL && s->prepare(s->user, w->db) != 1)
		return -1;
	if (lane_places(w->db, s->workers, s->worker, found_place, w) < 0)
		return -1;
	w->woken = false;
	w->failures = 0;
	return 1;
}

/* ------------------------------------------------------------------ claiming */

static int rest(struct worker *w, struct track *t, bool paused)
{
	if (!w->settings->may_send) {
		t->ready_at = NEVER;
		return 1;
	}
	if (paused) {
		t->ready_at = courier_breaker(t->origin)->paused_until;
		return 1;
	}
	return lane_next_due(w->desk, &t->place, &t->ready_at);
}

/* 1 and t->window may be set; -1. */
static int claim(struct worker *w, struct track *t, int64_t now)
{
	struct breaker *b = courier_breaker(t->origin);
	struct lane_when when = {.now_ms = now, .alone = w->windows == 0};

	w->alone = NULL;
	if (breaker_load(b, w->db) < 0)
		return -1;
	when.paused = !w->settings->may_send || breaker_is_paused(b, now);
	for (int i = 0; i < COUNTED_MAX; i++) {
		switch (lane_claim(w->desk, &t->place, &when, &t->window)) {
		case LANE_CLAIM_WINDOW:
			t->window->owner = t;
			w->alone = t->window->careful ? t : NULL;
			return 1;
		case LANE_CLAIM_COUNTED:
			break;
		case LANE_CLAIM_NOTHING:
			return rest(w, t, when.paused);
		case LANE_CLAIM_ALONE:
			w->alone = t;
			return 1;
		default:
			return -1;
		}
	}
	return 1; /* more to count: the next commit goes on */
}

static bool wants_claim(const struct worker *w, const struct track *t, int64_t now)
{
	/* one that has crashed us is alone, and comes next */
	if (w->alone != NULL && (w->alone != t || w->windows > 0))
		return false;
	return t->window == NULL && t->ready_at <= now && w->windows < WORKER_WINDOWS &&
	       courier_queued(t->origin) < COURIER_QUEUE;
}

static bool may_claim(const struct worker *w, int64_t now)
{
	if (w->stopping)
		return false;
	for (const struct track *t = w->tracks; t != NULL; t = t->next)
		if (wants_claim(w, t, now))
			return true;
	return false;
}

/* The new windows, a list over `next`. */
static int claim_all(struct worker *w, int64_t now, struct lane_window **claimed)
{
	for (struct track *t = w->tracks; t != NULL; t = t->next) {
		if (!wants_claim(w, t, now))
			continue;
		if (claim(w, t, now) < 0)
			return -1;
		if (t->window == NULL)
			continue;
		courier_announce(t->origin, t->window, true);
		t->window->next = *claimed;
		*claimed = t->window;
		w->windows++;
	}
	return 1;
}

static void send_all(struct worker *w, struct lane_window *claimed)
{
	while (claimed != NULL) {
		struct lane_window *next = claimed->next;
		struct track *t = claimed->owner;

		courier_send(t->origin, claimed);
		claimed = next;
	}
	if (w->windows > w->windows_most)
		w->windows_most = w->windows;
}

static void unclaim_all(struct worker *w, struct lane_window *claimed)
{
	while (claimed != NULL) {
		struct lane_window *next = claimed->next;
		struct track *t = claimed->owner;

		courier_announce(t->origin, claimed, false);
		t->window = NULL;
		lane_free(claimed);
		w->windows--;
		claimed = next;
	}
}

/* ------------------------------------------------------------------ storing */

/* The tracks of ended windows count as free while the commit is prepared. */
static void free_tracks(struct worker *w, bool is_free)
{
	for (struct lane_window *v = w->ended; v != NULL; v = v->next) {
		struct track *t = v->owner;

		t->window = is_free ? NULL : v;
		t->ready_at = 0;
		if (v->careful)
			w->alone = is_free ? NULL : t;
	}
}

static int store_ended(struct worker *w, int64_t now)
{
	for (struct lane_window *v = w->ended; v != NULL; v = v->next)
		if (lane_store(w->desk, v, now) < 0)
			return -1;
	return 1;
}

struct storing {
	struct worker *worker;
	int64_t now;
	int rc;
};

static void store_breaker(void *user, struct courier_origin *o)
{
	struct storing *s = user;

	if (s->rc >= 0)
		s->rc = breaker_store(courier_breaker(o), s->worker->db, s->now);
}

static int store_breakers(struct worker *w, int64_t now)
{
	struct storing s = {w, now, 1};

	courier_each(w->courier, store_breaker, &s);
	return s.rc;
}

static void breaker_was_stored(void *user, struct courier_origin *o)
{
	(void)user;
	breaker_stored(courier_breaker(o));
}

static void free_ended(struct worker *w)
{
	while (w->ended != NULL) {
		struct lane_window *v = w->ended;

		w->ended = v->next;
		lane_free(v);
		w->windows--;
	}
	w->ended_tail = &w->ended;
	courier_each(w->courier, breaker_was_stored, NULL);
}

/* ------------------------------------------------------------------ one commit */

/* What ended is stored, then free places claim.  1 or -1; nothing in memory is lost by -1. */
static int commit_turn(struct worker *w, int64_t now, struct lane_window **claimed)
{
	int rc = lane_begin(w->desk);

	if (rc != 1)
		return -1;
	rc = store_ended(w, now);
	if (rc >= 0)
		rc = store_breakers(w, now);
	if (rc >= 0 && !w->stopping)
		rc = claim_all(w, now, claimed);
	if (rc < 0) {
		db_rollback(w->db);
		return -1;
	}
	testpoint("before-commit");
	return db_commit(w->db);
}

static int count_failure(struct worker *w)
{
	w->failed_at = clock_mono_ms();
	w->failures++;
	if (w->failures < FAILURES_MAX && (!w->stopping || w->failed_at < w->stop_at))
		return 1;
	log_error("WORKER-02", "the database could not be used %u times: giving up", w->failures);
	return -1;
}

/* After a failure the database gets a pause. */
static bool may_try(const struct worker *w)
{
	return w->failures == 0 || clock_mono_ms() - w->failed_at >= FAILURE_MS;
}

static int keep_books(struct worker *w)
{
	struct lane_window *claimed = NULL;
	int64_t now = clock_now_ms();

	if ((w->ended == NULL && !may_claim(w, now)) || !may_try(w))
		return 1;
	free_tracks(w, true);
	if (commit_turn(w, now, &claimed) < 0) {
		unclaim_all(w, claimed);
		free_tracks(w, false);
		return count_failure(w);
	}
	testpoint("after-commit");
	w->failures = 0;
	free_ended(w);
	send_all(w, claimed);
	return 1;
}

/* ------------------------------------------------------------------ the loop */

static void stop(struct worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_at = clock_mono_ms() + WORKER_GRACE_MS;
	log_info("WORKER-03", "stopping: %zu requests are waiting for an answer",
	    courier_in_flight(w->courier));
	courier_stop(w->courier);
}

static void on_wake(void *user, unsigned events)
{
	struct worker *w = user;
	char bytes[64];
	ssize_t n = read(w->settings->wake_fd, bytes, sizeof bytes);

	(void)events;
	if (n > 0) {
		w->woken = true;
	} else if (n == 0) {
		transport_unwatch(w->wake_watch);
		w->wake_watch = NULL;
		stop(w);
	}
}

static void on_stop(void *user, unsigned events)
{
	struct worker *w = user;

	(void)events;
	transport_unwatch(w->stop_watch); /* it stays readable */
	w->stop_watch = NULL;
	stop(w);
}

/* Milliseconds until a place is ready, NEVER if none is. */
static int64_t until_ready(const struct worker *w)
{
	int64_t first = NEVER, now = clock_now_ms();

	for (const struct track *t = w->tracks; t != NULL; t = t->next)
		if (t->window == NULL && t->ready_at < first)
			first = t->ready_at;
	return first == NEVER ? NEVER : first > now ? first - now : 0;
}

static bool is_over(const struct worker *w)
{
	if (w->windows > 0)
		return false;
	return w->stopping || (!w->woken && until_ready(w) > WORKER_PATIENCE_MS);
}

/* While windows are under way the transport's own time-outs wake us. */
static int how_long(const struct worker *w)
{
	int64_t ms = until_ready(w);

	if (w->woken || w->ended != NULL)
		ms = 0;
	if (w->failures > 0)
		ms = FAILURE_MS / 4;
	else if (ms == 0 && w->windows > 0 && !may_claim(w, clock_now_ms()))
		ms = WORKER_GRACE_MS; /* ready, but the queue is long enough */
	if (w->stopping && ms > FAILURE_MS / 4)
		ms = FAILURE_MS / 4;
	return ms > CLOCK_MINUTE ? (int)CLOCK_MINUTE : (int)ms;
}

static void collect_ended(struct worker *w)
{
	struct lane_window *v;

	while ((v = courier_finished(w->courier)) != NULL) {
		v->next = NULL;
		*w->ended_tail = v;
		w->ended_tail = &v->next;
	}
}

static int turn(struct worker *w)
{
	/* what is due stands in another file now, which a sender that begins anew reads */
	if (db_has_moved(w->db)) {
		log_error("WORKER-05", "the database file was replaced, moved or removed: ending");
		return -1;
	}
	if (w->woken && !w->stopping && may_try(w) && look_around(w) < 0 && count_failure(w) < 0)
		return -1;
	if (keep_books(w) < 0)
		return -1;
	if (is_over(w))
		return 0;
	if (courier_turn(w->courier, how_long(w)) < 0)
		return -1;
	if (w->stopping && clock_mono_ms() > w->stop_at)
		courier_abandon(w->courier);
	collect_ended(w);
	return 1;
}

static int loop(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	struct transport *transport = courier_transport(w->courier);
	int rc = -1;

	w->wake_watch = transport_watch(transport, s->wake_fd, on_wake, w);
	if (s->stop_fd >= 0)
		w->stop_watch = transport_watch(transport, s->stop_fd, on_stop, w);
	if (w->wake_watch != NULL && (s->stop_fd < 0 || w->stop_watch != NULL))
		while ((rc = turn(w)) == 1)
			continue;
	transport_unwatch(w->stop_watch);
	transport_unwatch(w->wake_watch);
	return rc;
}

/* ------------------------------------------------------------------ life */

static void log_summary(const struct worker *w)
{
	struct transport_counts n;

	transport_count(courier_transport(w->courier), &n);
	if (n.requests > 0)
		log_info("WORKER-04",
		    "%" PRIu64 " requests, %" PRIu64 " answers, %" PRIu64 " connections; at most"
		    " %zu windows of %d subscriptions were under way",
		    n.requests, n.answers, n.connections, w->windows_most, LANE_WINDOW_MAX);
}

static void release(struct worker *w)
{
	if (w->courier != NULL && w->windows > 0) {
		/* broken: what was claimed stays claimed, a later sender begins there */
		courier_stop(w->courier);
		courier_abandon(w->courier);
		collect_ended(w);
	}
	while (w->ended != NULL) {
		struct lane_window *v = w->ended;
		w->ended = v->next;
		lane_free(v);
	}
	courier_close(&w->courier);
	lane_close(&w->desk);
	db_close(&w->db);
	while (w->tracks != NULL) {
		struct track *t = w->tracks;
		w->tracks = t->next;
		free(t);
	}
}

static int open_all(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	struct lane_settings lane = {
	    .site_url = s->site_url, .key_id = s->key_id, .previous_key_id = s->previous_key_id};

	if (db_open(s->database, DB_SENDER, &w->db) != 1)
		return -1;
	lane.db = w->db;
	w->desk = lane_open(&lane);
	w->courier = courier_open(&s->courier);
	return w->courier == NULL ? -1 : 1;
}

int worker_run(const struct worker_settings *settings)
{
	struct worker w = {.settings = settings, .woken = true};
	int rc = -1;

	w.ended_tail = &w.ended;
	if (open_all(&w) == 1) {
		rc = loop(&w);
		log_summary(&w);
	}
	bool stopped = w.stopping;
	release(&w);
	return rc < 0 ? -1 : !stopped;
}
