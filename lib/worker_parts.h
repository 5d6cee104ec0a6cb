/* worker_parts.h - what worker.c (places, loop, life) and worker_books.c (claims and results) share. */
#ifndef WORKER_PARTS_H
#define WORKER_PARTS_H

#include "worker.h"

#define WORKER_NEVER	  INT64_MAX
#define WORKER_FAILURE_MS INT64_C(1000) /* the database's rest after a failure */

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
	size_t windows, windows_most, messages; /* claimed and not stored */
	struct track *alone; /* has or wants a window beside which there is no other */
	bool woken, stopping, set_back;
	bool outdated;		    /* it is stopping because the configuration has changed */
	int64_t looked_at;	    /* monotonic: at the configuration */
	int64_t stop_at, failed_at; /* monotonic */
	int64_t clock_offset;	    /* wall clock - monotonic clock */
	unsigned failures;
};

/* True if somebody would get a window now. */
bool worker_may_claim(const struct worker *w, int64_t now_ms);

/* One commit, if there is something to write: stores what has ended, claims what comes next, then sends that.  1 or
 * -1 (the database failed too often). */
int worker_keep_books(struct worker *w);

/* After a failure the database gets a rest. */
bool worker_may_try(const struct worker *w);

/* The database failed.  1 or -1 (too often). */
int worker_count_failure(struct worker *w);

#endif
