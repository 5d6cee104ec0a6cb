/* uptime.c - see uptime.h. */
#include "base.h"
#include "uptime.h"

#include "arena.h"
#include "clock.h"
#include "db.h"

/* How much a moment of each status counts as down, in halves. */
static const int down_halves[] = {
    [COMPONENT_OPERATIONAL] = 0,
    [COMPONENT_UNDER_MAINTENANCE] = 0,
    [COMPONENT_DEGRADED_PERFORMANCE] = 0,
    [COMPONENT_PARTIAL_OUTAGE] = 1,
    [COMPONENT_MAJOR_OUTAGE] = 2,
};
static_assert(nelem(down_halves) == COMPONENT_STATUS__MAX, "a weight for each");

/* The time that is looked at. */
struct span {
	int64_t first_day; /* midnight UTC */
	int64_t from, to;  /* what of it is known */
};

/* A word that is none would be a damaged row: it must not spoil more than its own time. */
static enum component_status read_status(struct db_stmt *s, int col)
{
	int status = component_status_from_word(db_col_text(s, col));

	return status < 0 ? COMPONENT_OPERATIONAL : (enum component_status)status;
}

static int64_t known_from(struct arena *a, const struct component *c)
{
	int64_t from = c->created_at;

	if (c->start_date != NULL) {
		const char *midnight = arena_printf(a, "%sT00:00Z", c->start_date);
		clock_parse_iso(midnight, strlen(midnight), &from);
	}
	return from;
}

static void add_to_day(struct uptime_day *day, enum component_status status, int64_t ms)
{
	day->ms[status] += ms;
	day->known_ms += ms;
	day->worst = component_rollup(day->worst, status);
}

/* The component was in `status` from `from` to `to`, of which the span may know a part. */
static void add(struct uptime *out, const struct span *span, enum component_status status,
    int64_t from, int64_t to)
{
	if (from < span->from)
		from = span->from;
	if (to > span->to)
		to = span->to;
	while (from < to) {
		int64_t day = (from - span->first_day) / CLOCK_DAY;
		int64_t next = span->first_day + (day + 1) * CLOCK_DAY;
		int64_t until = to < next ? to : next;
		add_to_day(&out->days[day], status, until - from);
		from = until;
	}
}

/* Before the component was created nothing was recorded: it counts as operational. */
static void add_first(struct uptime *out, const struct span *span, const struct component *c,
    enum component_status status, int64_t to)
{
	int64_t created = c->created_at < to ? c->created_at : to;

	add(out, span, COMPONENT_OPERATIONAL, span->from, created);
	add(out, span, status, created, to);
}

/* What the component was before the first change is told by that change. */
static int read_history(
    struct db *db, const struct component *c, const struct span *span, struct uptime *out)
{
	struct db_stmt *s = db_stmt(db, SQL_UPTIME_HISTORY);
	enum component_status status = c->status;
	int64_t since = 0;
	bool any = false;
	int rc;

	db_bind_text(s, ":id", c->id);
	db_bind_int(s, ":from", span->from);
	while ((rc = db_step(s)) == 1) {
		int64_t at = db_col_int(s, 0);
		if (!any)
			add_first(out, span, c, read_status(s, 1), at);
		else
			add(out, span, status, since, at);
		any = true;
		since = at;
		status = read_status(s, 2);
	}
	if (rc < 0)
		return -1;
	if (any)
		add(out, span, status, since, span->to);
	else
		add_first(out, span, c, status, span->to);
	return 1;
}

static int percent_of(const struct uptime *u)
{
	int64_t known = 0, halves = 0;

	for (size_t day = 0; day < UPTIME_DAYS; day++) {
		known += u->days[day].known_ms;
		for (int s = 0; s < COMPONENT_STATUS__MAX; s++)
			halves += u->days[day].ms[s] * down_halves[s];
	}
	return known == 0 ? -1 : (int)((2 * known - halves) * UPTIME_WHOLE / (2 * known));
}

int uptime_load(
    struct db *db, struct arena *a, const struct component *c, int64_t now_ms, struct uptime *out)
{
	struct span span = {.to = now_ms};

	*out = (struct uptime){.percent_hundredths = -1};
	span.first_day = clock_day_start(now_ms) - (UPTIME_DAYS - 1) * CLOCK_DAY;
	span.from = known_from(a, c);
	if (span.from < span.first_day)
		span.from = span.first_day;
	if (read_history(db, c, &span, out) < 0)
		return -1;
	out->percent_hundredths = percent_of(out);
	/* an outage that began in this very millisecond took no time yet, but 100.00 means never down */
	if (out->percent_hundredths == UPTIME_WHOLE && component_status_is_outage(c->status))
		out->percent_hundredths--;
	return 1;
}

static void add_member_day(struct uptime_day *group, const struct uptime_day *member)
{
	for (int s = 0; s < COMPONENT_STATUS__MAX; s++)
		if (member->ms[s] > group->ms[s])
			group->ms[s] = member->ms[s];
	if (member->known_ms > group->known_ms)
		group->known_ms = member->known_ms;
	group->worst = component_rollup(group->worst, member->worst);
}

void uptime_add_member(struct uptime *group, const struct uptime *member, size_t n)
{
	if (n == 0)
		*group = (struct uptime){.percent_hundredths = -1};
	for (size_t day = 0; day < UPTIME_DAYS; day++)
		add_member_day(&group->days[day], &member->days[day]);
	if (member->percent_hundredths < 0)
		return;
	group->percents_sum += member->percent_hundredths;
	group->percents++;
	group->percent_hundredths = (int)(group->percents_sum / group->percents);
}
