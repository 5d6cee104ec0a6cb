/* view_bars.c - the past ninety days of a component as bars, in words, and in per cent.
 *
 * The picture is an SVG of one unit a day that is stretched to the width of its row.  Its ink is a
 * handful of paths, one for each kind of day, so that a page of hundreds of components stays small:
 * quiet days are one dashed line, a day in trouble is a stroke of its own, whose outline tells the
 * state without its colour.
 */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "template.h"
#include "words_time.h"

/* What follows "M<day>" in a path; of quiet days, the height of the dashed line. */
#define QUIET_Y	  27
#define UNKNOWN_Y 36
static const char *const stroke[] = {
    [COMPONENT_OPERATIONAL] = NULL,
    [COMPONENT_UNDER_MAINTENANCE] = ".35 16v8m0 6v8",	 /* cut in two */
    [COMPONENT_DEGRADED_PERFORMANCE] = ".35 9v3m0 4v22", /* a dot above */
    [COMPONENT_PARTIAL_OUTAGE] = ".35 9v29",		 /* taller */
    [COMPONENT_MAJOR_OUTAGE] = ".35 2v40",		 /* beyond both edges */
};
static_assert(nelem(stroke) == COMPONENT_STATUS__MAX, "a stroke for each");

/* ------------------------------------------------------------------ a day */

static bool is_now(const struct view_bars *b, size_t day, int status)
{
	return day == UPTIME_DAYS - 1 && status != COMPONENT_OPERATIONAL && b->now[status];
}

static bool is_known(const struct view_bars *b, size_t day)
{
	return b->uptime->days[day].known_ms > 0;
}

/* What goes on since this very millisecond has no time yet, but is the state of today. */
static enum component_status state_of(const struct view_bars *b, size_t day)
{
	enum component_status worst = b->uptime->days[day].worst;

	for (int s = 0; s < COMPONENT_STATUS__MAX; s++)
		if (is_now(b, day, s))
			worst = component_rollup(worst, (enum component_status)s);
	return worst;
}

static bool is_trouble(const struct view_bars *b, size_t day)
{
	return state_of(b, day) != COMPONENT_OPERATIONAL;
}

static char *date_text(const struct view *v, struct arena *a, size_t day)
{
	struct clock_date d;

	clock_split(v->today - (int64_t)(UPTIME_DAYS - 1 - day) * CLOCK_DAY, &d);
	return words_date(v->words, a, "page.date_day_short", &d);
}

/* "partial outage 42 minutes"; how long it takes is not known while it goes on. */
static char *state_text(
    const struct view *v, struct arena *a, const struct view_bars *b, size_t day, int status)
{
	int64_t ms = b->uptime->days[day].ms[status];
	const char *state = view_state_inner(v, (enum component_status)status);

	if (is_now(b, day, status))
		return words_fill(v->words, a, "page.not_over_yet", WORDS_VALUES({"state", state}));
	if (ms >= CLOCK_DAY)
		return words_fill(v->words, a, "page.all_day", WORDS_VALUES({"state", state}));
	return words_fill(v->words, a, "page.lasting",
	    WORDS_VALUES({"state", state}, {"duration", words_duration(v->words, a, ms)}));
}

/* The trouble of a day that lasted longest and is not in `told` yet; -1: no more. */
static int next_trouble(const struct view_bars *b, size_t day, const bool *told)
{
	const int64_t *ms = b->uptime->days[day].ms;
	int longest = -1;

	for (int s = COMPONENT_OPERATIONAL + 1; s < COMPONENT_STATUS__MAX; s++) {
		if (told[s] || (ms[s] == 0 && !is_now(b, day, s)))
			continue;
		if (longest < 0 || ms[s] >= ms[longest])
			longest = s;
	}
	return longest;
}

static char *day_text(const struct view *v, struct arena *a, const struct view_bars *b, size_t day)
{
	const char *comma = words_say(v->words, "page.comma");
	bool told[COMPONENT_STATUS__MAX] = {false};
	char *out = NULL;

	for (int s; (s = next_trouble(b, day, told)) >= 0; told[s] = true) {
		char *text = state_text(v, a, b, day, s);
		out = out == NULL ? text : arena_printf(a, "%s%s%s", out, comma, text);
	}
	return out;
}

/* ------------------------------------------------------------------ ink */

/* Runs of days without trouble that are known, or that are not, as one line. */
static void add_runs(
    struct tv *values, const struct view_bars *b, bool known, int y, const char *kind)
{
	struct buf d = BUF_INIT;
	bool inside = false;

	for (size_t day = 0; day < UPTIME_DAYS; day++) {
		bool fits = !is_trouble(b, day) && is_known(b, day) == known;
		if (fits && !inside)
			buf_printf(&d, "M%zu %d", day, y);
		if (!fits && inside)
			buf_printf(&d, "H%zu", day);
		inside = fits;
	}
	if (inside)
		buf_printf(&d, "H%d", UPTIME_DAYS);
	if (d.len > 0) {
		struct tv *t = tv_add(values, "ink");
		tv_set(t, "kind", kind);
		tv_set(t, "d", d.data);
	}
	buf_release(&d);
}

static void add_strokes(struct tv *values, const struct view_bars *b, enum component_status status)
{
	struct buf d = BUF_INIT;

	for (size_t day = 0; day < UPTIME_DAYS; day++)
		if (state_of(b, day) == status)
			buf_printf(&d, "M%zu%s", day, stroke[status]);
	if (d.len > 0) {
		struct tv *t = tv_add(values, "ink");
		tv_printf(t, "kind", "is-%s", component_status_word(status));
		tv_set(t, "d", d.data);
	}
	buf_release(&d);
}

/* ------------------------------------------------------------------ words */

char *view_percent_text(const struct view *v, struct arena *a, const struct view_bars *b)
{
	int percent = b->uptime->percent_hundredths;

	if (percent < 0)
		return arena_strdup(a, "");
	return words_fill(v->words, a, "page.percent",
	    WORDS_VALUES({"whole", arena_printf(a, "%d", percent / 100)},
		{"part", arena_printf(a, "%02d", percent % 100)}));
}

static size_t count_known(const struct view_bars *b)
{
	size_t n = 0;

	for (size_t day = 0; day < UPTIME_DAYS; day++)
		n += is_known(b, day);
	return n;
}

/* "API: 99.98 % over 90 days. 12 Nov: partial outage 42 minutes. And 3 more days.", newest first. */
static void add_record(
    struct buf *out, const struct view *v, struct arena *a, const struct view_bars *b)
{
	size_t known = count_known(b);
	const char *text;

	if (known == 0)
		text = words_fill(v->words, a, "page.unmonitored", WORDS_VALUES({"name", b->name}));
	else
		text = words_count(v->words, a, "page.over_days", (int64_t)known,
		    WORDS_VALUES({"name", b->name}, {"percent", view_percent_text(v, a, b)}));
	buf_add_str(out, text);
}

static void add_day(
    struct buf *out, const struct view *v, struct arena *a, const struct view_bars *b, size_t day)
{
	buf_add_str(out,
	    words_fill(v->words, a, "page.day_told",
		WORDS_VALUES({"date", date_text(v, a, day)}, {"states", day_text(v, a, b, day)})));
}

static char *whole_text(const struct view *v, struct arena *a, const struct view_bars *b)
{
	struct buf out = BUF_INIT;
	size_t n = 0;
	char *text;

	add_record(&out, v, a, b);
	for (size_t day = UPTIME_DAYS; day-- > 0;)
		if (is_trouble(b, day) && n++ < b->told)
			add_day(&out, v, a, b, day);
	if (n > b->told)
		buf_add_str(
		    &out, words_count(v->words, a, "page.more_days", (int64_t)(n - b->told), NULL));
	text = buf_arena(&out, a);
	buf_release(&out);
	return text;
}

/* "78:partial outage 42 minutes|80:...", by the number of the day. */
static char *days_text(const struct view *v, struct arena *a, const struct view_bars *b)
{
	struct buf out = BUF_INIT;
	char *text;

	for (size_t day = 0; day < UPTIME_DAYS; day++)
		if (is_trouble(b, day))
			buf_printf(
			    &out, "%s%zu:%s", out.len > 0 ? "|" : "", day, day_text(v, a, b, day));
	text = buf_arena(&out, a);
	buf_release(&out);
	return text;
}

int view_set_bars(
    struct tv *values, struct arena *a, const struct view *v, const struct view_bars *b)
{
	struct tv *t = tv_new(a);
	struct buf html = BUF_INIT;
	size_t first_known = 0;
	int rc;

	while (first_known < UPTIME_DAYS && !is_known(b, first_known))
		first_known++;
	tv_set(t, "words", whole_text(v, a, b));
	tv_set(t, "days", days_text(v, a, b));
	tv_set_int(t, "known", (int64_t)first_known);
	add_runs(t, b, true, QUIET_Y, "quiet-days");
	add_runs(t, b, false, UNKNOWN_Y, "unknown-days");
	for (int s = COMPONENT_OPERATIONAL + 1; s < COMPONENT_STATUS__MAX; s++)
		add_strokes(t, b, (enum component_status)s);
	rc = view_render(VIEW_BARS, t, &html);
	tv_set_html(values, "bars", html.data, html.len);
	buf_release(&html);
	return rc;
}

void view_set_bars_days(struct tv *values, const struct view *v)
{
	struct clock_date d;

	clock_split(v->today - (UPTIME_DAYS - 1) * CLOCK_DAY, &d);
	tv_printf(values, "first", "%04d-%02d-%02d", d.year, d.month, d.day);
	tv_set_int(values, "count", UPTIME_DAYS);
}
