/* zone.h - time zones of the IANA database, as the system's /usr/share/zoneinfo holds them.
 *
 * Stored times are UTC; a zone is asked only where people read or write a time of day: in the forms
 * of admins and in the text of a notice.  Works through tzset(3), so a call changes the zone of the
 * whole process and restores it: for processes of one thread, or after zone_prepare_threads where no
 * other thread asks for the time of day.
 *
 * An unknown zone counts as UTC, so that a setting that came with another system harms nothing.
 */
#ifndef ZONE_H
#define ZONE_H

#include "base.h"
#include "clock.h"

/* "CEST", "+0530" or "UTC" with its NUL */
#define ZONE_SHORT_SIZE 16

/* To be called before the first thread: others may then read the environment (getaddrinfo(3) does)
 * while a zone is asked.  A variable that is there already is exchanged in place; one that comes and
 * goes would move the others. */
void zone_prepare_threads(void);

/* True for a name such as "Europe/Berlin" or "Etc/UTC" that this system has. */
bool zone_is_known(const char *name);

/* The wall clock there, and what that time is called. */
void zone_split(const char *name, int64_t ms, struct clock_date *out, char called[ZONE_SHORT_SIZE]);

/* Reads "YYYY-MM-DDTHH:MM", as <input type="datetime-local"> sends it, as a time of that zone; of a
 * time that there is twice, the first is meant.  False: there is no such time, also where the change
 * to summer leaves it out. */
bool zone_parse_local(const char *name, const char *text, size_t len, int64_t *ms);

/* Writes "YYYY-MM-DDTHH:MM" and a NUL. */
#define ZONE_LOCAL_LEN 16
void zone_format_local(const char *name, int64_t ms, char out[ZONE_LOCAL_LEN + 1]);

#endif
