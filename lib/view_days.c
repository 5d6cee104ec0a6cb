/* view_days.c - the days that lists of incidents are split by. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "clock.h"
#include "template.h"

const char *view_month_name(int month)
{
	static const char *const name[] = {"January", "February", "March", "April", "May", "June",
	    "July", "August", "September", "October", "November", "December"};

	assert(month >= 1 && month <= (int)nelem(name));
	return name[month - 1];
}

static char *day_text(struct arena *a, const struct clock_date *d)
{
	return arena_printf(a, "%d %s", d->day, view_month_name(d->month));
}

void view_set_day(struct tv *values, struct arena *a, int64_t day)
{
	static const char *const weekday[] = {
	    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	struct clock_date d;

	clock_split(day, &d);
	tv_printf(values, "date", "%04d-%02d-%02d", d.year, d.month, d.day);
	tv_printf(values, "date_text", "%s, %s", weekday[d.weekday], day_text(a, &d));
}

char *view_quiet_text(struct arena *a, int64_t from, int64_t to)
{
	struct clock_date x, y;

	clock_split(from, &x);
	clock_split(to, &y);
	if (from == to)
		return arena_printf(a, "No incidents on %s", day_text(a, &x));
	if (x.month == y.month)
		return arena_printf(a, "No incidents from %d to %s", x.day, day_text(a, &y));
	return arena_printf(a, "No incidents from %s to %s", day_text(a, &x), day_text(a, &y));
}
