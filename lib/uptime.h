/* uptime.h - how a component did on each of the past ninety days, from the history of its status.
 *
 * Days are UTC days.  Time before the component's start_date (where it has none, before it was
 * created) is not known and counts for nothing; so is the rest of today.  A major outage counts
 * whole as down, a partial one half; degraded performance and maintenance count as up.
 *
 * 1 done, -1 broken and logged.
 */
#ifndef UPTIME_H
#define UPTIME_H

#include "base.h"
#include "component.h"

struct arena;
struct db;

#define UPTIME_DAYS  90
#define UPTIME_WHOLE 10000 /* 100 per cent, in hundredths */

struct uptime_day {
	int64_t ms[COMPONENT_STATUS__MAX]; /* time spent in each status */
	int64_t known_ms;		   /* their sum; of a group the most of its members */
	enum component_status worst;	   /* of the known time; nothing is known where that is 0 */
};

struct uptime {
	struct uptime_day days[UPTIME_DAYS]; /* oldest first; the last one is today */
	/* hundredths of a per cent, rounded down, so that 100.00 means never down; -1: nothing known */
	int percent_hundredths;
	/* of a group: how many of its members have a per cent, and the sum of those, so that the
	 * mean is rounded once */
	int64_t percents, percents_sum;
};

/* Fills *out for one component that is no group, up to now. */
int uptime_load(
    struct db *db, struct arena *a, const struct component *c, int64_t now_ms, struct uptime *out);

/* Adds a member to a group's: per day the longest of each status among its members, the worst of
 * all; per cent the mean of those that are known.  *group starts as {0}; n counts the members that
 * were added so far, 0 at first. */
void uptime_add_member(struct uptime *group, const struct uptime *member, size_t n);

#endif
