/* quiet.h - quiet hours: times of day in which a subscriber's notices come without a sound.
 *
 * They are hours of the subscriber's own wall clock, so they follow the changes to summer and winter
 * time by themselves: what is left out of a day is left out of them, an hour that there is twice is
 * in them twice.  The first minute is in them, the last is not; hours that begin later than they end
 * pass midnight; hours that end when they begin hold no time at all (nobody can choose them).
 *
 * Asking a time zone is slow (zone.h), so the minute of the day in each is remembered, per process,
 * until the minute changes.  Who has no quiet hours costs nothing.
 */
#ifndef QUIET_H
#define QUIET_H

#include "base.h"

/* Of one subscription; all zeros: none. */
struct quiet_hours {
	uint16_t from, to; /* minutes of the day */
	uint16_t zone;	   /* of quiet_read */
	bool critical;	   /* a critical incident breaks the silence */
};

/* What quiet hours do to a notice. */
enum quiet_notice {
	QUIET_USUAL,	/* it is silent */
	QUIET_CRITICAL, /* it is silent, but for those who let critical ones through */
	QUIET_NEVER	/* it is heard: who asked for it waits for it */
};

/* From "HH:MM", "HH:MM" and an IANA name, as they are stored; NULL = none.  An unknown zone counts
 * as UTC. */
struct quiet_hours quiet_read(const char *from, const char *to, const char *zone, bool critical);

/* True if the notice is to be silent at this minute of the day, 0 to 1439. */
bool quiet_silences(const struct quiet_hours *q, enum quiet_notice notice, int minute);

/* The minute of the day that a clock on a wall there shows. */
int quiet_minute(uint16_t zone, int64_t now_ms);

/* The same of now; changes the zone of the process for a moment (zone.h). */
static inline bool quiet_is_silent(
    const struct quiet_hours *q, enum quiet_notice notice, int64_t now_ms)
{
	return q->from != q->to && quiet_silences(q, notice, quiet_minute(q->zone, now_ms));
}

#endif
