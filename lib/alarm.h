/* alarm.h - what an operator has to know at once: why people are not told, or soon will not be.
 *
 * Nothing here is remembered: each alarm is read from what the sender and the admins wrote (origins,
 * jobs, settings), so it goes away by itself when its cause does.  One of a kind at most; the
 * sentence names the push service, or how many.  A look costs a few rows per push service and never
 * one per subscriber.
 *
 * 1 done, -1 broken and logged.
 */
#ifndef ALARM_H
#define ALARM_H

#include "base.h"

struct arena;
struct conf;
struct db;
struct settings;

enum alarm_kind {
	ALARM_KEYS,	 /* no usable pair of keys: nothing leaves */
	ALARM_REFUSED,	 /* a push service refuses the keys, or the keys were changed */
	ALARM_CLOCK,	 /* the Date of a push service's answers and our clock differ */
	ALARM_MASS_GONE, /* more subscriptions ended at once than can be true */
	ALARM_SENDER,	 /* work is due for five minutes and nobody works */
	ALARM_PAUSED,	 /* a push service takes nothing for five minutes */
	ALARM_PUSH_OFF,	 /* switched off while an incident is open */
	ALARM_FULL,	 /* nine tenths of SUBSCRIBE_MAX are taken */
	ALARM__MAX
};

struct alarm {
	enum alarm_kind kind;
	const char *sentence; /* what happened */
	const char *more;     /* why, and what to do */
};

/* "keys_refused" and the like, for metrics. */
const char *alarm_word(enum alarm_kind kind);

/* True if because of it people are not told now. */
bool alarm_is_grave(enum alarm_kind kind);

/* All that hold now, at most ALARM__MAX; out has room for these. */
int alarm_list(struct db *db, struct arena *a, const struct conf *conf,
    const struct settings *settings, struct alarm out[ALARM__MAX], size_t *n);

#endif
