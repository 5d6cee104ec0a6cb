/* words_time.c - see words_time.h. */
#include "base.h"
#include "words_time.h"

#include "arena.h"

char *words_duration(const struct words *w, struct arena *a, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} unit[] = {
	    {CLOCK_DAY, "page.day"}, {CLOCK_HOUR, "page.hour"}, {CLOCK_MINUTE, "page.minute"}};
	char *out = NULL;
	int used = 0;

	for (size_t i = 0; i < nelem(unit) && used < 2; i++) {
		int64_t n = ms / unit[i].ms;
		ms %= unit[i].ms;
		if (n > 0) {
			char *text = words_count(w, a, unit[i].name, n, NULL);
			const struct words_value both[] = {
			    {"more", out}, {"less", text}, {NULL, NULL}};
			out = out == NULL ? text : words_fill(w, a, "page.two_units", both);
		}
		/* "1 day 5 minutes" would be two units, but not the two largest */
		used += n > 0 || used > 0;
	}
	return out != NULL ? out : arena_strdup(a, words_say(w, "page.under_a_minute"));
}

/* The i-th word of a text that is a list of words. */
static char *nth_word(const struct words *w, struct arena *a, const char *name, int i)
{
	const char *text = words_say(w, name);

	for (; i > 0; i--) {
		text += strcspn(text, " ");
		text += *text == ' ';
	}
	return arena_copy(a, text, strcspn(text, " "));
}

char *words_day(const struct words *w, struct arena *a, int day)
{
	return day == 1 ? arena_strdup(a, words_say(w, "page.first_of_month"))
			: arena_printf(a, "%d", day);
}

char *words_date(
    const struct words *w, struct arena *a, const char *pattern, const struct clock_date *d)
{
	const struct words_value values[] = {
	    {"day", words_day(w, a, d->day)},
	    {"month", nth_word(w, a, "page.months", d->month - 1)},
	    {"mon", nth_word(w, a, "page.months_short", d->month - 1)},
	    {"weekday", nth_word(w, a, "page.weekdays", d->weekday)},
	    {"wday", nth_word(w, a, "page.weekdays_short", d->weekday)},
	    {"year", arena_printf(a, "%d", d->year)},
	    {"time", arena_printf(a, "%02d:%02d", d->hour, d->minute)},
	    {NULL, NULL},
	};

	return words_fill(w, a, pattern, values);
}

char *words_moment(const struct words *w, struct arena *a, const struct clock_date *d)
{
	return words_date(w, a, "page.date_moment", d);
}
