/* view_days.c - the days that lists of incidents are split by. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "clock.h"
#include "template.h"
#include "words_time.h"

void view_set_day(struct tv *values, struct arena *a, const struct view *v, int64_t day)
{
	struct clock_date d;

	clock_split(day, &d);
	tv_printf(values, "date", "%04d-%02d-%02d", d.year, d.month, d.day);
	tv_set(
	    values, "date_text", view_capital(a, words_date(v->words, a, "page.date_heading", &d)));
}

char *view_quiet_text(const struct view *v, struct arena *a, int64_t from, int64_t to)
{
	struct clock_date x, y;
	char *first, *last;

	clock_split(from, &x);
	clock_split(to, &y);
	last = words_date(v->words, a, "page.date_day", &y);
	if (from == to)
		return words_fill(v->words, a, "page.quiet_day", WORDS_VALUES({"day", last}));
	first = words_date(
	    v->words, a, x.month == y.month ? "page.date_range_start" : "page.date_day", &x);
	return words_fill(
	    v->words, a, "page.quiet_days", WORDS_VALUES({"from", first}, {"to", last}));
}
