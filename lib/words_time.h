/* words_time.h - durations, days and times of day as each language says them.
 *
 * The patterns and names stand in the section `page` of the language files; everything is UTC
 * unless the caller splits the time itself (clock.h, zone.h).  Results live in the arena.
 */
#ifndef WORDS_TIME_H
#define WORDS_TIME_H

#include "base.h"
#include "clock.h"
#include "words.h"

/* "42 minutes", "3 hours 5 minutes", "less than a minute": the two largest units, rounded down. */
char *words_duration(const struct words *w, struct arena *a, int64_t ms);

/* A date in the pattern of a text, whose holes may be {day} (as the first of the month is called
 * where it has a name of its own), {month} {mon} {weekday} {wday} (the two short ones are mon and wday)
 * {year} {time}. */
char *words_date(
    const struct words *w, struct arena *a, const char *pattern, const struct clock_date *d);

/* "23 Nov 2026, 14:02", without a zone. */
char *words_moment(const struct words *w, struct arena *a, const struct clock_date *d);

/* The day of the month alone, as {day} is said above. */
char *words_day(const struct words *w, struct arena *a, int day);

#endif
