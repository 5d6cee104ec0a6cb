/* quiet.c - see quiet.h. */
#include "base.h"
#include "quiet.h"

#include "clock.h"
#include "log.h"
#include "zone.h"

#define ZONES	  1024 /* a power of two; the IANA database has about 600 names */
#define ZONES_MAX (ZONES * 3 / 4)
#define DAY	  (24 * 60) /* minutes */

/* The zones that were asked for, by the hash of their names; the last one is UTC. */
static struct zone_clock {
	char *name;	/* NULL: free */
	int64_t minute; /* since 1970, when `of_day` was read */
	int of_day;
} zones[ZONES + 1];
static size_t n_zones;

/* FNV-1a */
static uint32_t hash_of(const char *name)
{
	uint32_t h = 2166136261U;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619U;
	return h;
}

static uint16_t add_zone(size_t slot, const char *name)
{
	if (n_zones == ZONES_MAX)
		return ZONES;
	zones[slot].name = strdup(name);
	if (zones[slot].name == NULL)
		log_die("QUIET-01", "out of memory");
	zones[slot].minute = INT64_MIN;
	n_zones++;
	return (uint16_t)slot;
}

static uint16_t find_zone(const char *name)
{
	size_t slot = hash_of(name) % ZONES;

	for (; zones[slot].name != NULL; slot = (slot + 1) % ZONES)
		if (strcmp(zones[slot].name, name) == 0)
			return (uint16_t)slot;
	return add_zone(slot, name);
}

/* "HH:MM" */
static uint16_t minute_of(const char *t)
{
	return (
	    uint16_t)(((t[0] - '0') * 10 + (t[1] - '0')) * 60 + (t[3] - '0') * 10 + (t[4] - '0'));
}

static bool is_time(const char *t)
{
	return t != NULL && strlen(t) == 5 && t[2] == ':' && strspn(t, "0123456789:") == 5 &&
	       minute_of(t) < DAY;
}

struct quiet_hours quiet_read(const char *from, const char *to, const char *zone, bool critical)
{
	if (!is_time(from) || !is_time(to) || zone == NULL)
		return (struct quiet_hours){0};
	return (struct quiet_hours){minute_of(from), minute_of(to), find_zone(zone), critical};
}

static bool covers(const struct quiet_hours *q, int minute)
{
	if (q->from <= q->to)
		return minute >= q->from && minute < q->to;
	return minute >= q->from || minute < q->to;
}

bool quiet_silences(const struct quiet_hours *q, enum quiet_notice notice, int minute)
{
	if (notice == QUIET_NEVER || (notice == QUIET_CRITICAL && q->critical))
		return false;
	return covers(q, minute);
}

int quiet_minute(uint16_t zone, int64_t now_ms)
{
	struct zone_clock *z = &zones[zone];
	int64_t minute = now_ms / CLOCK_MINUTE;
	char called[ZONE_SHORT_SIZE];
	struct clock_date d;

	if (z->name == NULL)
		return (int)(minute % DAY);
	if (z->minute != minute) {
		zone_split(z->name, now_ms, &d, called);
		z->of_day = d.hour * 60 + d.minute;
		z->minute = minute;
	}
	return z->of_day;
}
