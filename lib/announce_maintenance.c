/* announce_maintenance.c - what the notices of a maintenance say: see announce_private.h. */
#include "base.h"
#include "announce_private.h"

#include "arena.h"
#include "clock.h"
#include "text.h"
#include "words.h"
#include "words_time.h"
#include "zone.h"

static char *soon_title(
    const struct words *w, struct arena *a, const struct incident *i, int64_t now_ms)
{
	/* rounded up: "in 59 minutes" would be true, but nobody's words */
	int64_t left = i->scheduled_for - now_ms + CLOCK_MINUTE - 1;
	const struct words_value values[] = {
	    {"name", text_shorten(a, announce_subject(i), ANNOUNCE_NAME_POINTS)},
	    {"duration", words_duration(w, a, left)}, {NULL, NULL}};

	return arena_printf(a, "🔧 %s", words_fill(w, a, "notice.maintenance_soon", values));
}

static const char *title_text(const struct incident *i, enum trigger trigger)
{
	switch (trigger) {
	case TRIGGER_MAINTENANCE_SCHEDULED:
		return "notice.maintenance_scheduled";
	case TRIGGER_MAINTENANCE_STARTING:
		return "notice.maintenance_started";
	case TRIGGER_MAINTENANCE_OVERRUN:
		return "notice.maintenance_longer";
	case TRIGGER_MAINTENANCE_COMPLETED:
		return "notice.maintenance_completed";
	case TRIGGER_MAINTENANCE_RESCHEDULED:
		return i->begun_at != 0 ? "notice.maintenance_new_end"
					: "notice.maintenance_rescheduled";
	case TRIGGER_MAINTENANCE_CANCELLED:
		return "notice.maintenance_cancelled";
	default:
		return "notice.maintenance_update";
	}
}

static char *title(const struct words *w, struct arena *a, const struct announce_about *x)
{
	bool done = x->trigger == TRIGGER_MAINTENANCE_COMPLETED;

	if (x->trigger == TRIGGER_MAINTENANCE_REMINDER)
		return soon_title(w, a, x->incident, x->now);
	return announce_headline(w, a, done ? "🟢" : "🔧", title_text(x->incident, x->trigger),
	    announce_subject(x->incident));
}

/* "24 Nov 2026, 16:00–18:00 CET." or, where the days differ, "24 Nov 2026, 16:00 to 25 Nov …" */
static char *window(
    const struct words *w, struct arena *a, const struct incident *i, const char *zone)
{
	char called[ZONE_SHORT_SIZE], called_then[ZONE_SHORT_SIZE];
	struct clock_date from, until;

	zone_split(zone, i->scheduled_for, &from, called_then);
	zone_split(zone, i->scheduled_until, &until, called);
	const struct words_value values[] = {{"from", words_moment(w, a, &from)},
	    {"until", words_moment(w, a, &until)},
	    {"end", arena_printf(a, "%02d:%02d", until.hour, until.minute)}, {"zone", called},
	    {NULL, NULL}};
	bool one_day =
	    from.year == until.year && from.month == until.month && from.day == until.day;
	return words_fill(w, a, one_day ? "notice.window_day" : "notice.window", values);
}

static char *until(const struct words *w, struct arena *a, const struct incident *i,
    const char *zone, const char *text)
{
	char called[ZONE_SHORT_SIZE];
	struct clock_date d;

	zone_split(zone, i->scheduled_until, &d, called);
	const struct words_value values[] = {
	    {"until", words_moment(w, a, &d)}, {"zone", called}, {NULL, NULL}};
	return words_fill(w, a, text, values);
}

static char *when(const struct words *w, struct arena *a, const struct announce_about *x)
{
	const struct incident *i = x->incident;

	switch (x->trigger) {
	case TRIGGER_MAINTENANCE_SCHEDULED:
	case TRIGGER_MAINTENANCE_REMINDER:
		return window(w, a, i, x->zone);
	case TRIGGER_MAINTENANCE_RESCHEDULED:
		return i->begun_at != 0 ? until(w, a, i, x->zone, "notice.now_until")
					: window(w, a, i, x->zone);
	case TRIGGER_MAINTENANCE_STARTING:
		return until(w, a, i, x->zone, "notice.until");
	case TRIGGER_MAINTENANCE_OVERRUN:
		return until(w, a, i, x->zone, "notice.goes_on");
	default:
		return NULL;
	}
}

static const char *body(const struct words *w, struct arena *a, const struct announce_about *x)
{
	/* without a text of the admin's, what it is called: the title may name a component only */
	const char *said = *x->said != '\0' ? x->said : x->incident->name;
	const struct words_value both[] = {
	    {"first", when(w, a, x)}, {"second", said}, {NULL, NULL}};

	return both[0].text == NULL ? said : words_fill(w, a, "notice.sentences", both);
}

struct job_text announce_maintenance_text(
    const struct words *w, struct arena *a, const struct announce_about *x)
{
	return (struct job_text){
	    .lang = words_tag(w),
	    .title = title(w, a, x),
	    .body = body(w, a, x),
	};
}

int64_t announce_maintenance_expiry(
    const struct incident *i, enum trigger trigger, int64_t usual_ms)
{
	/* a reminder is of no use once the work has begun */
	if (trigger == TRIGGER_MAINTENANCE_REMINDER && i->scheduled_for < usual_ms)
		return i->scheduled_for;
	return usual_ms;
}
