/* clock.h - the only two sources of time, and the text forms of it.
 *
 * Everything stored or sent is wall time in milliseconds since 1970 (UTC); everything measured
 * (time-outs, rates) is monotonic milliseconds.  No other file calls time(2) or clock_gettime(2),
 * so a test build can shift the wall clock: with -DATSTATUS_TEST, the environment variable
 * ATSTATUS_CLOCK_FILE names a file whose content, a signed number of milliseconds, is added to the
 * wall clock at every reading.
 *
 * Thread-safe; nothing fails except the parsers, which leave their output untouched and return
 * false.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "base.h"

#define CLOCK_SECOND INT64_C(1000)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR   (60 * CLOCK_MINUTE)
#define CLOCK_DAY    (24 * CLOCK_HOUR)

/* "2026-11-23T16:43:30.123Z" without its NUL */
#define CLOCK_ISO_LEN 24

/* Wall time, milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_ms(void);

/* Monotonic time, milliseconds since an unspecified start (the same for all processes of one boot).
 */
int64_t clock_mono_ms(void);

/* Writes ISO 8601 UTC with milliseconds and a NUL. */
void clock_format_iso(int64_t ms, char out[CLOCK_ISO_LEN + 1]);

/* Reads "YYYY-MM-DDTHH:MM[:SS[.fff]]" followed by "Z" or an offset "+HH:MM" / "-HH:MM". */
bool clock_parse_iso(const char *s, size_t len, int64_t *out);

/* Reads the three date forms of HTTP (RFC 9110 §5.6.7), of which only IMF-fixdate is written today:
 * "Sun, 06 Nov 1994 08:49:37 GMT". */
bool clock_parse_http(const char *s, size_t len, int64_t *out);

/* The parts of a wall time in UTC; month 1..12, day 1..31, weekday 0 = Sunday. */
struct clock_date {
	int year, month, day, hour, minute, second, weekday;
};

void clock_split(int64_t ms, struct clock_date *out);

/* "Jan" to "Dec", by month - 1. */
extern const char *const clock_month_short[12];

/* Midnight UTC of the day that holds ms. */
int64_t clock_day_start(int64_t ms);

/* Midnight UTC of the first day of a month, 1..12; 13 is January of the next year. */
int64_t clock_month_start(int year, int month);

#endif
