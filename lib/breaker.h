/* breaker.h - how a push service is doing, and when it is left alone for a while.
 *
 * One per origin and sender process; the pause itself is in `origins`, so it outlives the process
 * and holds for all workers.  What one answer means is in verdict.h; here answers are seen
 * together:
 *  - no connection: 5 s twice, then 30 s doubling to 10 min;
 *  - ten server errors in a row, or three times no answer at all: 2 min doubling to 10 min;
 *  - five of the last hundred answers throttles, or two with Retry-After: until that, 1 min to 1 h;
 *  - the renewed token refused for three endpoints and accepted for none: 15 min doubling to 6 h;
 *  - more than half of at least twenty endpoints ended within ten minutes: the same, and the rows
 * that ended are kept for good until a visit revives them;
 *  - certificate, proxy, blocked: verdict.c.
 * A pause is never a verdict about a subscription.  One accepted push resets the doubling.
 */
#ifndef BREAKER_H
#define BREAKER_H

#include "base.h"
#include "transport.h"
#include "verdict.h"

struct db;

#define BREAKER_RING	   100
#define BREAKER_MINUTES	   10
#define BREAKER_ERROR_MAX  300
#define BREAKER_AUTH_LIMIT 3

struct breaker {
	int64_t origin_id;
	const char *origin; /* for logs; the owner's */

	/* the row in `origins` */
	int64_t paused_until, failures; /* ms; pauses in a row */
	enum verdict_trouble trouble;	/* of the last pause made here */
	char last_error[BREAKER_ERROR_MAX];
	int64_t last_error_at;
	enum transport_protocol protocol;
	bool changed, recovered, learnt; /* to be stored: a pause, its end, the protocol */
	int64_t clock_skew; /* ms that its clock is ahead of ours; 0: less than a minute */
	bool skew_changed;
	bool keep_gone; /* the last pause was for a mass of endings */

	/* this process's memory */
	uint8_t ring[BREAKER_RING]; /* last answers: 0, 1 throttled, 2 throttled with Retry-After */
	unsigned ring_next;
	unsigned busy; /* in a row; no answer at all weighs more than an error */
	uint64_t busy_turn;
	int64_t auth_ids[BREAKER_AUTH_LIMIT];
	unsigned auth_count;
	struct {
		int64_t minute; /* monotonic */
		unsigned answered, gone;
	} minutes[BREAKER_MINUTES];
};

/* What the breaker has to know of the moment. */
struct breaker_now {
	int64_t wall_ms, mono_ms;
	uint64_t turn; /* grows with each turn of the loop: failures of one turn have one cause */
};

void breaker_init(struct breaker *b, int64_t origin_id, const char *origin);

bool breaker_is_paused(const struct breaker *b, int64_t wall_ms);

/* Each answer goes through here.  True: the origin is paused now (or was already). */
bool breaker_answer(struct breaker *b, const struct verdict *v, const struct breaker_now *now);

/* The renewed token was refused for this subscription too, and none was accepted.  True: paused. */
bool breaker_unauthorized(
    struct breaker *b, int64_t subscription_id, const struct breaker_now *now);

/* Pauses for a trouble of the whole origin, if it is not paused yet; at least for at_least_ms. */
void breaker_trip(struct breaker *b, enum verdict_trouble trouble, int64_t at_least_ms,
    const struct breaker_now *now);

/* Remembers what a service said, for the admin page; never an endpoint. */
void breaker_remember(struct breaker *b, int status, const char *word, const char *text,
    const struct breaker_now *now);

/* The Date of an answer (ms): a clock of ours that is wrong by more than a minute is told to the
 * operator, as tokens (RFC 8292 §2) and times on the page depend on it. */
void breaker_date(struct breaker *b, int64_t date_ms, const struct breaker_now *now);

/* What the service speaks; remembered for the next process. */
void breaker_protocol(struct breaker *b, enum transport_protocol protocol);

/* The clock was set back by -ms: what lies ahead stays as far ahead. */
void breaker_shift(struct breaker *b, int64_t ms);

/* Reads the row, which another worker may have written; inside a transaction, as breaker_store. */
int breaker_load(struct breaker *b, struct db *db);
int breaker_store(struct breaker *b, struct db *db, int64_t wall_ms);

/* After the commit. */
void breaker_stored(struct breaker *b);

#endif
