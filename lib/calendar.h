/* calendar.h - /maintenance.ics: the maintenances as a calendar that can be subscribed to (RFC 5545).
 *
 * One VEVENT per maintenance, the newest VIEW_LATEST and all that are planned; its UID never changes,
 * SEQUENCE rises with each change of name, time or cancellation (the row counts it), a cancelled one
 * stays with STATUS:CANCELLED.  Times are UTC.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "base.h"
#include "view.h"

view_draw calendar_draw;

#endif
