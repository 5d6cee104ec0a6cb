/* worker_books.c - what a worker reads from and writes to the database: see worker.h and worker_parts.h. */
#include "base.h"
#include "worker_parts.h"

#include "clock.h"
#include "db.h"
#include "log.h"
#include "testpoint.h"

#define COUNTED_MAX  16 /* windows settled without sending, for one place and commit */
#define FAILURES_MAX 12 /* commits that failed in a row before we give up */

/* ------------------------------------------------------------------ claiming */

static int rest(struct worker *w, struct track *t, bool paused)
{
	if (!w->settings->may_send) {
		t->ready_at = WORKER_NEVER;
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
	/* however much others hold, an origin that has little gets more: who does not answer must not take
	 * everybody's room */
	if (w->messages >= WORKER_MESSAGES && courier_held(t->origin) >= COURIER_QUEUE)
		return false;
	return t->window == NULL && t->ready_at <= now && courier_queued(t->origin) < COURIER_QUEUE;
}

bool worker_may_claim(const struct worker *w, int64_t now)
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
		w->messages += t->window->n;
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
		w->windows--;
		w->messages -= claimed->n;
		lane_free(claimed);
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
		w->windows--;
		w->messages -= v->n;
		lane_free(v);
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

int worker_count_failure(struct worker *w)
{
	w->failed_at = clock_mono_ms();
	w->failures++;
	if (w->failures < FAILURES_MAX && (!w->stopping || w->failed_at < w->stop_at))
		return 1;
	log_error("WORKER-02", "the database could not be used %u times: giving up", w->failures);
	return -1;
}

bool worker_may_try(const struct worker *w)
{
	return w->failures == 0 || clock_mono_ms() - w->failed_at >= WORKER_FAILURE_MS;
}

int worker_keep_books(struct worker *w)
{
	struct lane_window *claimed = NULL;
	int64_t now = clock_now_ms();

	if ((w->ended == NULL && !worker_may_claim(w, now)) || !worker_may_try(w))
		return 1;
	free_tracks(w, true);
	if (commit_turn(w, now, &claimed) < 0) {
		unclaim_all(w, claimed);
		free_tracks(w, false);
		return worker_count_failure(w);
	}
	testpoint("after-commit");
	w->failures = 0;
	free_ended(w);
	send_all(w, claimed);
	return 1;
}
