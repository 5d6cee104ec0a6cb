/* lane.h - how far each job is at each push service: claims, windows and their results.
 *
 * A lane is job x origin x shard: a cursor over the subscription ids of that origin and shard, up
 * to the highest id when the job was written.  A window is what is worked on at once: the next ids
 * of a lane, or a handful of exceptions (subscriptions whose push must be tried again).
 *
 *	           claim, committed             all answered, committed
 *	cursor 40 ------------------> claimed_to 90 ------------------> cursor 90, counts,
 * exceptions tries 1          crash: claimed again from 40, tries 2
 *
 * Promises:
 *  - a push leaves only after its claim is on disk, and a cursor passes an id only when that id is
 *    counted in the ledger or has an exception: a sender that is killed sends again at most the
 * windows that it had claimed;
 *  - one window of an origin and shard at a time, the newest job first: nothing overtakes.  What an
 *    older job has not sent to somebody who passes a newer job's notice of the same topic is
 * superseded;
 *  - what can be known without sending (stopped, expired, superseded, suspended) is settled while
 * the window is read;
 *  - an id that crashes the sender is found: after LANE_CRASHES crashes at one claim its ids are sent
 *    alone, by no more than 64, 16, 4, 1 with each further crash, and one that is in the window with nobody
 *    else at LANE_CRASHES crashes in a row is counted refused.
 *    Alone means without any other window under way, which would be taken for guilty too.
 *
 * Use, always inside one write transaction of the caller for several windows:
 *	lane_begin -> lane_store (windows that ended) -> lane_claim (next ones) -> db_commit
 * and only then: lane_free the stored ones, send the claimed ones.  If the commit fails nothing has
 * happened: free the claimed ones, keep the others and store them later.
 *
 * Results 1 / 0 / -1 as everywhere.
 */
#ifndef LANE_H
#define LANE_H

#include "base.h"
#include "arena.h"
#include "bulletin.h"
#include "verdict.h"

struct db;
struct lane_desk;

#define LANE_SHARDS	16
#define LANE_WINDOW_MAX 256 /* messages */
#define LANE_CRASHES	3

enum lane_outcome {
	LANE_ACCEPTED,
	LANE_GONE,
	LANE_REFUSED,
	LANE_EXPIRED,
	LANE_SUPERSEDED,
	LANE_STOPPED,
	LANE_OUTCOME__MAX
};

const char *lane_outcome_word(enum lane_outcome o);

enum lane_state {
	LANE_QUEUED,	/* to be sent */
	LANE_IN_FLIGHT, /* handed to the transport */
	LANE_SETTLED,	/* `outcome` is final */
	LANE_LATER,	/* to be tried again at due_at: becomes or stays an exception */
	LANE_HELD	/* not sent after all: the origin is paused, or the sender ends */
};

struct lane_message {
	struct lane_window *window;
	struct lane_message *next; /* in the courier's queue */
	int64_t id;
	uint8_t hash[16], p256dh[65], auth[16];
	bool previous_key;
	const char *path; /* of the endpoint */
	const struct bulletin_notice *notice;
	const struct bulletin_text *text;
	struct quiet_hours quiet;

	enum lane_state state;
	enum lane_outcome outcome;
	const char *word; /* why, for LANE_SETTLED */
	int64_t due_at;

	int64_t tries; /* attempts answered or lost, this one included once it is */
	bool sent;     /* it was in flight at least once in this window */
	bool silent;   /* as sent last: it was in the quiet hours */
	bool without_topic, minimal, short_ttl;
	uint8_t repeats;  /* sent again within this window */
	uint32_t token;	  /* serial of the token it was sent with */
	size_t body_size; /* text and padding, as sent last */

	bool proven, gap_before; /* gap: unproven ids between this and the message before */
	struct verdict_standing standing;
	bool standing_changed;
	int64_t max_payload; /* 0 = not known */
	bool max_payload_changed;
	const char *dead_reason; /* set: the subscription is dead from now on */
};

struct lane_window {
	struct bulletin *bulletin;
	int64_t origin_id;
	int shard;
	bool exceptions;	   /* else a part of a lane */
	bool careful;		   /* may crash us: nothing else is claimed beside it */
	int64_t from, to;	   /* lane: ids behind `from` up to `to` */
	bool last;		   /* lane: nothing is left behind `to` */
	int64_t tries_after;	   /* lane: what `tries` becomes (one by one goes on) */
	int64_t first_at, last_at; /* accepted, ms; 0 = none */
	size_t n, open;		   /* messages; those neither settled, later nor held */
	struct lane_message *messages;
	struct lane_window *next; /* of whoever holds it */
	void *owner;		  /* the worker's track */
	struct arena arena;
};

/* Where windows come from.  The caller keeps it for as long as it claims there. */
struct lane_place {
	int64_t origin_id;
	const char *origin; /* https://host[:port] */
	int shard;
	bool allowed;	/* by the configuration: else all is refused without sending */
	size_t careful; /* ids still to be sent with care after crashes; starts as 0 */
};

struct lane_settings {
	struct db *db;
	const char *site_url;
	int64_t key_id, previous_key_id; /* rows of vapid_keys, 0 = none */
	/* True if these keys may no longer be those of the configuration: what needs another one is then left to the
	 * next sender.  NULL: they are. */
	bool (*outdated)(void *user);
	void *user;
};

struct lane_desk *lane_open(const struct lane_settings *settings);
void lane_close(struct lane_desk **desk);

/* Begins the write transaction and looks whether jobs, their states or the push switch changed. */
int lane_begin(struct lane_desk *desk);

enum lane_claim {
	LANE_CLAIM_BROKEN = -1,
	LANE_CLAIM_NOTHING,
	LANE_CLAIM_WINDOW,  /* *out: commit, then send */
	LANE_CLAIM_COUNTED, /* some were settled without sending; ask again */
	LANE_CLAIM_ALONE    /* it has crashed us before: ask again when nothing is under way */
};

struct lane_when {
	int64_t now_ms;
	bool paused; /* only what needs no sending */
	bool alone;  /* no other window is claimed */
};

/* The next window here. */
enum lane_claim lane_claim(struct lane_desk *desk, struct lane_place *place,
    const struct lane_when *when, struct lane_window **out);

/* When the next exception here is due; INT64_MAX = there is none. */
int lane_next_due(struct lane_desk *desk, const struct lane_place *place, int64_t *out);

/* Writes what became of a window none of whose messages is queued or in flight. */
int lane_store(struct lane_desk *desk, const struct lane_window *w, int64_t now_ms);

void lane_free(struct lane_window *w);

/* Settles or puts off a message (courier.h). */
void lane_settle(struct lane_message *m, enum lane_outcome outcome, const char *word);

/* Makes the lanes of the jobs that have none yet, each job in a transaction with its mark.  Times
 * that lie too far ahead because the clock was set back become due. */
int lane_spread(struct db *db, int64_t now_ms);

/* Retries and pauses move back with a clock that was set back; lane_spread does it too. */
int lane_rewind(struct db *db, int64_t now_ms);

/* Calls `found` for every origin and shard that has an open lane or an exception. */
typedef void lane_found(
    void *user, int64_t origin_id, const char *origin, bool built_in, int shard);
int lane_places(struct db *db, int workers, int worker, lane_found *found, void *user);

/* When there is something to do next, ms: now or earlier if at once; INT64_MAX = never. */
int lane_next_work(struct db *db, int64_t *out);

#endif
