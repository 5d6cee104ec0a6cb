/* worker.h - the loop of a sender process: claims, sends, stores, until nothing is due soon.
 *
 * A worker of n has the shards with shard % n == its number, of every origin.  It keeps at most one
 * window of an origin and shard under way and claims the next only while the origin's queue is
 * short, so a crash repeats little and memory stays flat: at most WORKER_MESSAGES, beyond which only
 * origins that hold little get a window: those that do not answer never take all the room.  The
 * results of all windows that ended in a turn and the next claims are one commit.
 *
 * It ends when nothing is due within WORKER_PATIENCE_MS, or when it is told to: then it sends
 * nothing more, waits at most WORKER_GRACE_MS for answers, and stores what it knows.
 *
 * A clock that is set back takes pauses and retries with it; set forward it only makes them due.
 *
 * A database that is busy or full stops claims; what is known is kept and stored when it can be,
 * for about a minute, then the process fails and a later one starts from the claims.
 */
#ifndef WORKER_H
#define WORKER_H

#include "base.h"
#include "courier.h"

struct db;

#define WORKER_MESSAGES	   (64 * LANE_WINDOW_MAX)
#define WORKER_PATIENCE_MS (INT64_C(2) * 60 * 1000)
#define WORKER_GRACE_MS	   (INT64_C(8) * 1000)

struct worker_settings {
	const char *database;
	const char *site_url;
	struct courier_settings courier;
	int64_t key_id, previous_key_id; /* vapid_keys, 0 = none */
	bool may_send;	     /* false: the keys are bad, only count what needs no sending */
	int workers, worker; /* n, number from 0 */
	/* Of the only process, NULL in a crew: what is to be done with this worker's handle before
	 * work is looked for.  1 or -1. */
	int (*prepare)(void *user, struct db *db);
	void *user;
	/* True once the configuration is another one than this was made of: nothing new is begun then, and whoever comes
	 * next has the new one.  Also asked in the only process; NULL: never. */
	bool (*outdated)(void *user);
	int wake_fd; /* bytes: there is new work; end of file: stop */
	int stop_fd; /* readable: stop; -1 = none.  Nothing is read from it */
};

/* 1 nothing is left to do soon, or nothing with this configuration; 0 it was told to stop; -1
 * broken and logged.  Opens everything itself, so it may be called right after a fork. */
int worker_run(const struct worker_settings *settings);

#endif
