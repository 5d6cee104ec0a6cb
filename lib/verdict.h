/* verdict.h - what an answer of a push service means.
 *
 * Pure: the rules for the answers of push services as functions, with no clock, database or
 * network, so that every row can be tested alone.  What one answer cannot tell (do others of the
 * same service succeed?) is left to courier.h.
 *
 * All times are milliseconds.  Words are for dead_reason, last_test_outcome and logs: lower case
 * with underscores, constant strings.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "base.h"

struct push_answer;

enum verdict_kind {
	VERDICT_ACCEPTED,
	VERDICT_GONE,	   /* the subscription has ended: dead, counted gone */
	VERDICT_DEAD,	   /* it can never be sent to: dead, counted refused */
	VERDICT_DROP,	   /* this message is refused; the subscription may get a strike */
	VERDICT_RETRY,	   /* temporary, or nobody knows what became of it */
	VERDICT_THROTTLED, /* too much; a later try succeeds */
	VERDICT_AUTH,	  /* our token is refused: renew it once, then it is the origin's trouble */
	VERDICT_SIZE,	  /* too long: once more as the smallest message */
	VERDICT_NO_TOPIC, /* once more without Topic */
	VERDICT_SHORT_TTL, /* once more with TTL VERDICT_SHORT_TTL_S */
	VERDICT_AGAIN,	   /* surely not processed: at once again */
	VERDICT_ORIGIN,	   /* nothing about this message: the whole origin is in `trouble` */
	VERDICT_KIND__MAX
};

#define VERDICT_SHORT_TTL_S 60

/* Why an origin is paused. */
enum verdict_trouble {
	VERDICT_TROUBLE_NONE,
	VERDICT_TROUBLE_CONNECT,     /* no connection, no address of the name */
	VERDICT_TROUBLE_BUSY,	     /* errors of the server or no answers, ten in a row */
	VERDICT_TROUBLE_THROTTLED,   /* several messages were refused as too many */
	VERDICT_TROUBLE_AUTH,	     /* the token is refused for several endpoints */
	VERDICT_TROUBLE_BLOCKED,     /* the service has blocked us */
	VERDICT_TROUBLE_CERTIFICATE, /* the peer is not who it should be */
	VERDICT_TROUBLE_ADDRESS,     /* the name leads to addresses that are not public */
	VERDICT_TROUBLE_PROXY,	     /* the operator's proxy */
	VERDICT_TROUBLE_MASS_GONE,   /* more endpoints ended at once than can be true */
	VERDICT_TROUBLE_LOCAL,	     /* we: no memory, no descriptor */
	VERDICT_TROUBLE__MAX
};

/* Strikes are counted in one column; each kind has limits of its own. */
enum verdict_strike {
	VERDICT_STRIKE_NONE,
	VERDICT_STRIKE_UNKNOWN,	 /* a refusal that we do not understand: 3 suspend, 9 kill */
	VERDICT_STRIKE_REDIRECT, /* 5 kill */
	VERDICT_STRIKE_AUTH,	 /* refused alone while others succeed: one a day, 5 kill */
	VERDICT_STRIKE_LOST,	 /* all tries failed: one a day, 10 kill */
	VERDICT_STRIKE__MAX
};

struct verdict {
	enum verdict_kind kind;
	enum verdict_trouble trouble; /* for VERDICT_ORIGIN; for VERDICT_DEAD the origin's share */
	enum verdict_strike strike;   /* for VERDICT_DROP */
	bool busy;		      /* counts towards VERDICT_TROUBLE_BUSY */
	bool alarm;		      /* an operator should see it: most likely a fault of ours */
	int64_t retry_after_ms;	      /* from now, within [1 s, 1 h]; -1 = not said */
	const char *word;
};

void verdict_judge(const struct push_answer *answer, struct verdict *out);

/* In how many milliseconds to try again after `tries` attempts that failed (>= 1), or -1: give up.
 * random is any number; it spreads the tries by 0.5 to 1.5, and those with Retry-After by up to a
 * tenth behind it.  Throttled messages are never given up, they expire. */
int64_t verdict_delay_ms(const struct verdict *v, int64_t tries, uint32_t random);

/* The longest time that verdict_delay_ms gives: a time farther away means that the clock was set
 * back. */
#define VERDICT_DELAY_MAX_MS (INT64_C(3) * 3600 * 1000)

/* For how long an origin is paused when this is its failures-th trouble in a row (>= 1). */
int64_t verdict_pause_ms(enum verdict_trouble trouble, int64_t failures);

#define VERDICT_PAUSE_MAX_MS (INT64_C(6) * 3600 * 1000)

/* "connect", "auth", ...: origins.pause_reason. */
const char *verdict_trouble_word(enum verdict_trouble trouble);

/* The trouble as a sentence for the operator. */
const char *verdict_trouble_sentence(enum verdict_trouble trouble);

/* The payload size to keep to after one of `octets` (text and padding) was too long; 0 = only the
 * smallest message. */
int64_t verdict_smaller_size(int64_t octets);

/* What one more strike does to a subscription. */
struct verdict_standing {
	int64_t strikes;
	int64_t struck_at;	 /* last strike that counted, 0 = never */
	int64_t suspended_until; /* 0 = not */
	bool dead;
};

void verdict_strike(enum verdict_strike kind, int64_t now_ms, struct verdict_standing *standing);

#endif
