/* worker.c - see worker.h: places, the loop, life.  Claims and results are in worker_books.c. */
#include "base.h"
#include "worker_parts.h"

#include "clock.h"
#include "db.h"
#include "log.h"
#include "transport.h"

#define LOOK_MS	      500
#define CLOCK_STEP_MS 2000 /* a clock is slewed, not set, by less in a turn */

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

	if (w->set_back && lane_rewind(w->db, clock_now_ms()) != 1)
		return -1;
	w->set_back = false;
	if (s->prepare != NULL && s->prepare(s->user, w->db) != 1)
		return -1;
	if (lane_places(w->db, s->workers, s->worker, found_place, w) < 0)
		return -1;
	w->woken = false;
	w->failures = 0;
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

/* The file that the configuration came from is looked at now and then. */
static void follow_configuration(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	int64_t now = clock_mono_ms();

	if (s->outdated == NULL || w->stopping || now - w->looked_at < LOOK_MS)
		return;
	w->looked_at = now;
	if (!s->outdated(s->user))
		return;
	log_info("WORKER-07", "the configuration has changed: what is left is sent by the new one");
	w->outdated = true;
	stop(w);
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
		w->outdated = false;
		stop(w);
	}
}

static void on_stop(void *user, unsigned events)
{
	struct worker *w = user;

	(void)events;
	transport_unwatch(w->stop_watch); /* it stays readable */
	w->stop_watch = NULL;
	w->outdated = false; /* nobody goes on with another one */
	stop(w);
}

/* Milliseconds until a place is ready, WORKER_NEVER if none is. */
static int64_t until_ready(const struct worker *w)
{
	int64_t first = WORKER_NEVER, now = clock_now_ms();

	for (const struct track *t = w->tracks; t != NULL; t = t->next)
		if (t->window == NULL && t->ready_at < first)
			first = t->ready_at;
	return first == WORKER_NEVER ? WORKER_NEVER : first > now ? first - now : 0;
}

static bool is_over(const struct worker *w)
{
	if (w->windows > 0)
		return false;
	return w->stopping || (!w->woken && until_ready(w) > WORKER_PATIENCE_MS);
}

/* While windows are under way the transport's own time-outs wake us.  Never for long: that the clock was
 * set is only seen by looking. */
static int how_long(const struct worker *w)
{
	int64_t ms = until_ready(w);

	if (w->woken || w->ended != NULL)
		ms = 0;
	if (w->failures > 0)
		ms = WORKER_FAILURE_MS / 4;
	else if (ms == 0 && w->windows > 0 && !worker_may_claim(w, clock_now_ms()))
		ms = WORKER_GRACE_MS; /* ready, but the queue is long enough */
	if (w->stopping && ms > WORKER_FAILURE_MS / 4)
		ms = WORKER_FAILURE_MS / 4;
	return ms > LOOK_MS ? LOOK_MS : (int)ms;
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

/* ------------------------------------------------------------------ a clock that is set */

/* Messages that are to be tried again and wait for the others of their window. */
static void shift_retries(struct worker *w, int64_t ms)
{
	for (struct track *t = w->tracks; t != NULL; t = t->next)
		for (size_t i = 0; t->window != NULL && i < t->window->n; i++)
			if (t->window->messages[i].state == LANE_LATER)
				t->window->messages[i].due_at += ms;
}

/* Retries and pauses are times of the wall clock, as they outlive the process.  When it is set back they
 * follow; when it is set forward they are merely due sooner. */
static void follow_clock(struct worker *w)
{
	int64_t offset = clock_now_ms() - clock_mono_ms(), step = offset - w->clock_offset;

	w->clock_offset = offset;
	if (llabs(step) < CLOCK_STEP_MS)
		return;
	/* once for a crew */
	if (w->settings->worker == 0)
		log_warn("WORKER-06", "the clock was set %s by %" PRId64 " s",
		    step < 0 ? "back" : "forward", (int64_t)llabs(step) / CLOCK_SECOND);
	courier_clock_set(w->courier, step);
	if (step < 0) {
		shift_retries(w, step);
		w->set_back = true;
	}
	w->woken = true;
}

static int turn(struct worker *w)
{
	follow_clock(w);
	follow_configuration(w);
	/* what is due stands in another file now, which a sender that begins anew reads */
	if (db_has_moved(w->db)) {
		log_error("WORKER-05", "the database file was replaced, moved or removed: ending");
		return -1;
	}
	if (w->woken && !w->stopping && worker_may_try(w) && look_around(w) < 0 &&
	    worker_count_failure(w) < 0)
		return -1;
	if (worker_keep_books(w) < 0)
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
	struct lane_settings lane = {.site_url = s->site_url,
	    .key_id = s->key_id,
	    .previous_key_id = s->previous_key_id,
	    .outdated = s->outdated,
	    .user = s->user};

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
	w.clock_offset = clock_now_ms() - clock_mono_ms();
	if (open_all(&w) == 1) {
		rc = loop(&w);
		log_summary(&w);
	}
	bool stopped = w.stopping && !w.outdated;
	release(&w);
	return rc < 0 ? -1 : !stopped;
}
