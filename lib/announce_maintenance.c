/* announce_maintenance.c - what the notices of a maintenance say: see announce_private.h. */
#include "base.h"
#include "announce_private.h"

#include "arena.h"
#include "clock.h"
#include "html.h"
#include "text.h"
#include "zone.h"

char *announce_maintenance_title(
    struct arena *a, const struct incident *i, enum trigger trigger, int64_t now_ms)
{
	char *name = text_shorten(a, announce_subject(i), ANNOUNCE_NAME_POINTS);

	switch (trigger) {
	case TRIGGER_MAINTENANCE_SCHEDULED:
		return arena_printf(a, "🔧 Maintenance scheduled: %s", name);
	case TRIGGER_MAINTENANCE_REMINDER:
		/* rounded up: "in 59 minutes" would be true, but nobody's words */
		return arena_printf(a, "🔧 Maintenance in %s: %s",
		    announce_duration(a, i->scheduled_for - now_ms + CLOCK_MINUTE - 1), name);
	case TRIGGER_MAINTENANCE_STARTING:
		return arena_printf(a, "🔧 Maintenance started: %s", name);
	case TRIGGER_MAINTENANCE_OVERRUN:
		return arena_printf(a, "🔧 Maintenance takes longer: %s", name);
	case TRIGGER_MAINTENANCE_COMPLETED:
		return arena_printf(a, "🟢 Maintenance completed: %s", name);
	case TRIGGER_MAINTENANCE_RESCHEDULED:
		return arena_printf(a, "🔧 Maintenance %s: %s",
		    i->begun_at != 0 ? "has a new end" : "rescheduled", name);
	case TRIGGER_MAINTENANCE_CANCELLED:
		return arena_printf(a, "🔧 Maintenance cancelled: %s", name);
	default:
		return arena_printf(a, "🔧 Maintenance: %s", name);
	}
}

/* "24 Nov 2026, 16:00" and, where the days differ, the same of the end. */
static char *moment(struct arena *a, const struct clock_date *d)
{
	return arena_printf(a, "%d %s %d, %02d:%02d", d->day, clock_month_short[d->month - 1],
	    d->year, d->hour, d->minute);
}

static char *window(struct arena *a, const struct incident *i, const char *zone)
{
	char called[ZONE_SHORT_SIZE], called_then[ZONE_SHORT_SIZE];
	struct clock_date from, until;

	zone_split(zone, i->scheduled_for, &from, called_then);
	zone_split(zone, i->scheduled_until, &until, called);
	if (from.year == until.year && from.month == until.month && from.day == until.day)
		return arena_printf(
		    a, "%s–%02d:%02d %s.", moment(a, &from), until.hour, until.minute, called);
	return arena_printf(a, "%s to %s %s.", moment(a, &from), moment(a, &until), called);
}

static char *end_text(struct arena *a, const struct incident *i, const char *zone, const char *fmt)
{
	char called[ZONE_SHORT_SIZE];
	struct clock_date d;

	zone_split(zone, i->scheduled_until, &d, called);
	return arena_printf(a, "%s %s %s.", fmt, moment(a, &d), called);
}

static char *when(struct arena *a, const struct incident *i, enum trigger trigger, const char *zone)
{
	switch (trigger) {
	case TRIGGER_MAINTENANCE_SCHEDULED:
	case TRIGGER_MAINTENANCE_REMINDER:
		return window(a, i, zone);
	case TRIGGER_MAINTENANCE_RESCHEDULED:
		return i->begun_at != 0 ? end_text(a, i, zone, "Now until") : window(a, i, zone);
	case TRIGGER_MAINTENANCE_STARTING:
		return end_text(a, i, zone, "Until");
	case TRIGGER_MAINTENANCE_OVERRUN:
		return end_text(a, i, zone, "The work goes on; it was to end on");
	default:
		return arena_strdup(a, "");
	}
}

/* Without a text of the admin's, what it is called: the title may name a component only. */
static char *said(struct arena *a, const struct incident *i, const char *markdown)
{
	char *text = markdown == NULL ? arena_strdup(a, "")
				      : html_plain_first_sentence(
					    a, markdown, strlen(markdown), ANNOUNCE_BODY_POINTS);

	return *text != '\0' ? text : i->name;
}

char *announce_maintenance_body(struct arena *a, const struct incident *i, enum trigger trigger,
    const char *markdown, const char *zone)
{
	char *first = when(a, i, trigger, zone);
	char *second = said(a, i, markdown);

	return *first == '\0' ? second : arena_printf(a, "%s %s", first, second);
}

int64_t announce_maintenance_expiry(
    const struct incident *i, enum trigger trigger, int64_t usual_ms)
{
	/* a reminder is of no use once the work has begun */
	if (trigger == TRIGGER_MAINTENANCE_REMINDER && i->scheduled_for < usual_ms)
		return i->scheduled_for;
	return usual_ms;
}
