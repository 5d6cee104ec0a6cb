/* test_uptime.c - uptime.h: days and per cent from the history of a component. */
#include "base.h"
#include "t_db.h"

#include "clock.h"
#include "t.h"
#include "t_sql.h"
#include "uptime.h"

/* 2025-11-23T14:00:00Z */
#define NOW   INT64_C(1763906400000)
#define TODAY (NOW - 14 * CLOCK_HOUR)
#define LAST  (UPTIME_DAYS - 1)

static struct db *db;
static struct arena arena = ARENA_INIT;

/* Midnight of the day before today by so many days. */
static int64_t midnight(int days)
{
	return TODAY - days * CLOCK_DAY;
}

/* A component created so many days ago, at midnight, with this status now. */
static struct component component(int days, enum component_status status)
{
	t_run("DELETE FROM component_history; DELETE FROM components");
	t_run("INSERT INTO components (id, name, position, created_at, updated_at)"
	      " VALUES ('aaaaaaaaaaaa', 'API', 1, 1, 1)");
	return (struct component){
	    .id = arena_strdup(&arena, "aaaaaaaaaaaa"),
	    .name = arena_strdup(&arena, "API"),
	    .status = status,
	    .created_at = midnight(days),
	};
}

static void change(int64_t at, const char *old_status, const char *new_status)
{
	t_run(arena_printf(&arena,
	    "INSERT INTO component_history (component_id, at, old_status, new_status, cause)"
	    " VALUES ('aaaaaaaaaaaa', %" PRId64 ", '%s', '%s', 'api')",
	    at, old_status, new_status));
}

static const struct uptime *load(const struct component *c)
{
	static struct uptime u;

	t_int(uptime_load(db, &arena, c, NOW, &u), 1);
	return &u;
}

static void weights(void)
{
	static const struct {
		const char *word;
		enum component_status status;
		int percent;
	} row[] = {
	    {"major_outage", COMPONENT_MAJOR_OUTAGE, 5000},
	    {"partial_outage", COMPONENT_PARTIAL_OUTAGE, 7500},
	    {"degraded_performance", COMPONENT_DEGRADED_PERFORMANCE, 10000},
	    {"under_maintenance", COMPONENT_UNDER_MAINTENANCE, 10000},
	};

	t_case("an outage counts whole, a partial one half, degraded and maintenance not at all");
	for (size_t i = 0; i < nelem(row); i++) {
		struct component c = component(1, COMPONENT_OPERATIONAL);
		/* 19 of the 38 hours that are known */
		change(midnight(1) + CLOCK_HOUR, "operational", row[i].word);
		change(midnight(1) + 20 * CLOCK_HOUR, row[i].word, "operational");
		const struct uptime *u = load(&c);
		t_int(u->percent_hundredths, row[i].percent);
		t_int(u->days[LAST - 1].ms[row[i].status], 19 * CLOCK_HOUR);
		t_int(u->days[LAST - 1].ms[COMPONENT_OPERATIONAL], 5 * CLOCK_HOUR);
		t_int(u->days[LAST - 1].worst, row[i].status);
		t_int(u->days[LAST].worst, COMPONENT_OPERATIONAL);
	}
}

static void days(void)
{
	t_case("several changes in one day are kept apart and add up");
	struct component c = component(200, COMPONENT_OPERATIONAL);
	int64_t day = midnight(10);
	change(day + 1 * CLOCK_HOUR, "operational", "degraded_performance");
	change(day + 2 * CLOCK_HOUR, "degraded_performance", "major_outage");
	change(day + 4 * CLOCK_HOUR, "major_outage", "under_maintenance");
	change(day + 7 * CLOCK_HOUR, "under_maintenance", "degraded_performance");
	change(day + 8 * CLOCK_HOUR, "degraded_performance", "operational");
	const struct uptime *u = load(&c);
	const struct uptime_day *d = &u->days[LAST - 10];
	t_int(d->ms[COMPONENT_DEGRADED_PERFORMANCE], 2 * CLOCK_HOUR);
	t_int(d->ms[COMPONENT_MAJOR_OUTAGE], 2 * CLOCK_HOUR);
	t_int(d->ms[COMPONENT_UNDER_MAINTENANCE], 3 * CLOCK_HOUR);
	t_int(d->ms[COMPONENT_OPERATIONAL], 17 * CLOCK_HOUR);
	t_int(d->known_ms, CLOCK_DAY);
	t_int(d->worst, COMPONENT_MAJOR_OUTAGE);
	t_int(u->days[LAST - 11].worst, COMPONENT_OPERATIONAL);
	t_int(u->days[LAST - 9].worst, COMPONENT_OPERATIONAL);

	t_case("the past is known whole, today as far as it has come");
	t_int(u->days[0].known_ms, CLOCK_DAY);
	t_int(u->days[LAST].known_ms, 14 * CLOCK_HOUR);

	t_case("trouble across midnight belongs to both days, each its part");
	c = component(200, COMPONENT_OPERATIONAL);
	change(midnight(3) - CLOCK_HOUR, "operational", "partial_outage");
	change(midnight(2) + 2 * CLOCK_HOUR, "partial_outage", "operational");
	u = load(&c);
	t_int(u->days[LAST - 4].ms[COMPONENT_PARTIAL_OUTAGE], CLOCK_HOUR);
	t_int(u->days[LAST - 3].ms[COMPONENT_PARTIAL_OUTAGE], CLOCK_DAY);
	t_int(u->days[LAST - 2].ms[COMPONENT_PARTIAL_OUTAGE], 2 * CLOCK_HOUR);
	t_int(u->days[LAST - 3].ms[COMPONENT_OPERATIONAL], 0);

	t_case("trouble that goes on counts up to now");
	c = component(200, COMPONENT_MAJOR_OUTAGE);
	change(midnight(1) + 23 * CLOCK_HOUR, "operational", "major_outage");
	u = load(&c);
	t_int(u->days[LAST - 1].ms[COMPONENT_MAJOR_OUTAGE], CLOCK_HOUR);
	t_int(u->days[LAST].ms[COMPONENT_MAJOR_OUTAGE], 14 * CLOCK_HOUR);
	t_int(u->days[LAST].ms[COMPONENT_OPERATIONAL], 0);
}

static void window(void)
{
	t_case("what began before the ninety days is told by the first change within them");
	struct component c = component(300, COMPONENT_OPERATIONAL);
	change(midnight(120), "operational", "major_outage");
	change(midnight(88), "major_outage", "operational");
	const struct uptime *u = load(&c);
	t_int(u->days[0].ms[COMPONENT_MAJOR_OUTAGE], CLOCK_DAY);
	t_int(u->days[1].ms[COMPONENT_MAJOR_OUTAGE], 0);

	t_case("without a change within them, by the present status");
	c = component(300, COMPONENT_PARTIAL_OUTAGE);
	change(midnight(120), "operational", "partial_outage");
	u = load(&c);
	t_int(u->days[0].worst, COMPONENT_PARTIAL_OUTAGE);
	t_int(u->days[LAST].ms[COMPONENT_PARTIAL_OUTAGE], 14 * CLOCK_HOUR);
	t_int(u->percent_hundredths, 5000);

	t_case("a change at the first moment of the first day belongs to the time before");
	c = component(300, COMPONENT_OPERATIONAL);
	change(midnight(LAST), "major_outage", "operational");
	t_int(load(&c)->percent_hundredths, 10000);
}

static void beginnings(void)
{
	t_case("of the time before it was created nothing is known, and it counts for nothing");
	struct component c = component(2, COMPONENT_OPERATIONAL);
	c.created_at += 12 * CLOCK_HOUR;
	change(c.created_at + CLOCK_HOUR, "operational", "major_outage");
	change(c.created_at + 2 * CLOCK_HOUR, "major_outage", "operational");
	const struct uptime *u = load(&c);
	t_int(u->days[LAST - 3].known_ms, 0);
	t_int(u->days[LAST - 2].known_ms, 12 * CLOCK_HOUR);
	/* 1 of 12 + 24 + 14 hours */
	t_int(u->percent_hundredths, 9800);

	t_case("a start date after the creation hides what was before it");
	c = component(10, COMPONENT_OPERATIONAL);
	change(midnight(9), "operational", "major_outage");
	change(midnight(4), "major_outage", "operational");
	c.start_date = arena_strdup(&arena, "2025-11-18"); /* five days ago */
	u = load(&c);
	t_int(u->days[LAST - 6].known_ms, 0);
	t_int(u->days[LAST - 5].ms[COMPONENT_MAJOR_OUTAGE], CLOCK_DAY);
	t_int(u->days[LAST - 4].worst, COMPONENT_OPERATIONAL);

	t_case("a start date before the creation: operational until the history begins");
	c = component(3, COMPONENT_OPERATIONAL);
	change(midnight(2), "major_outage", "operational");
	c.start_date = arena_strdup(&arena, "2025-11-18");
	u = load(&c);
	t_int(u->days[LAST - 6].known_ms, 0);
	t_int(u->days[LAST - 5].ms[COMPONENT_OPERATIONAL], CLOCK_DAY);
	t_int(u->days[LAST - 3].ms[COMPONENT_MAJOR_OUTAGE], CLOCK_DAY);
	t_int(u->days[LAST - 2].ms[COMPONENT_OPERATIONAL], CLOCK_DAY);

	t_case("a component of this very moment, or of a day to come, is not known at all");
	c = component(0, COMPONENT_OPERATIONAL);
	c.created_at = NOW;
	t_int(load(&c)->percent_hundredths, -1);
	c.start_date = arena_strdup(&arena, "2026-01-01");
	u = load(&c);
	t_int(u->percent_hundredths, -1);
	t_int(u->days[LAST].known_ms, 0);
}

static void rounding(void)
{
	t_case("100.00 is kept for what was never down, and rounding never flatters");
	struct component c = component(300, COMPONENT_OPERATIONAL);
	t_int(load(&c)->percent_hundredths, 10000);
	change(midnight(5), "operational", "partial_outage");
	change(midnight(5) + 2, "partial_outage", "operational");
	t_int(load(&c)->percent_hundredths, 9999);
	/* 89 days and 14 hours are 7740000 s: 1548 s are 0.02 %, one second more is below 99.98 */
	c = component(300, COMPONENT_OPERATIONAL);
	change(midnight(5), "operational", "major_outage");
	change(midnight(5) + 1548 * CLOCK_SECOND, "major_outage", "operational");
	t_int(load(&c)->percent_hundredths, 9998);
	change(midnight(4), "operational", "major_outage");
	change(midnight(4) + CLOCK_SECOND, "major_outage", "operational");
	t_int(load(&c)->percent_hundredths, 9997);
}

static void groups(void)
{
	struct uptime group = {0}, one, other;
	struct component c = component(300, COMPONENT_OPERATIONAL);

	t_case("a group: of each day the longest of each state and the worst, the mean of the "
	       "per cents");
	change(midnight(5), "operational", "partial_outage");
	change(midnight(5) + CLOCK_HOUR, "partial_outage", "operational");
	one = *load(&c);
	c = component(5, COMPONENT_OPERATIONAL);
	change(midnight(5), "operational", "partial_outage");
	change(midnight(5) + 2 * CLOCK_HOUR, "partial_outage", "major_outage");
	change(midnight(4), "major_outage", "operational");
	other = *load(&c);
	uptime_add_member(&group, &one, 0);
	uptime_add_member(&group, &other, 1);
	const struct uptime_day *d = &group.days[LAST - 5];
	t_int(d->ms[COMPONENT_PARTIAL_OUTAGE], 2 * CLOCK_HOUR);
	t_int(d->ms[COMPONENT_MAJOR_OUTAGE], 22 * CLOCK_HOUR);
	t_int(d->known_ms, CLOCK_DAY);
	t_int(d->worst, COMPONENT_MAJOR_OUTAGE);
	t_int(group.days[0].known_ms, CLOCK_DAY);
	t_int(group.percent_hundredths, (one.percent_hundredths + other.percent_hundredths) / 2);
	t_ok(one.percent_hundredths != other.percent_hundredths);

	t_case("members of which nothing is known do not count, whatever their place");
	struct uptime unknown = {.percent_hundredths = -1};
	struct uptime well = {.percent_hundredths = 10000}, bad = {.percent_hundredths = 9997};
	group = (struct uptime){0};
	uptime_add_member(&group, &unknown, 0);
	t_int(group.percent_hundredths, -1);
	uptime_add_member(&group, &bad, 1);
	uptime_add_member(&group, &unknown, 2);
	t_int(group.percent_hundredths, 9997);

	t_case("the mean is rounded once, however many members there are");
	group = (struct uptime){0};
	uptime_add_member(&group, &bad, 0);
	for (size_t i = 1; i < 200; i++)
		uptime_add_member(&group, &well, i);
	t_int(group.percent_hundredths, 9999);
}

static void reached(void)
{
	t_case("an outage that began in this very millisecond leaves no 100.00");
	struct component c = component(10, COMPONENT_PARTIAL_OUTAGE);
	change(NOW, "operational", "partial_outage");
	const struct uptime *u = load(&c);
	t_int(u->percent_hundredths, UPTIME_WHOLE - 1);

	t_case("the database's clock may be ahead: what is recorded for later takes no time yet");
	c = component(10, COMPONENT_MAJOR_OUTAGE);
	change(NOW + CLOCK_HOUR, "operational", "major_outage");
	u = load(&c);
	t_int(u->percent_hundredths, UPTIME_WHOLE - 1);
	t_int(u->days[LAST].known_ms, 14 * CLOCK_HOUR);

	t_case("a damaged word spoils its own time alone");
	c = component(10, COMPONENT_OPERATIONAL);
	change(midnight(5), "operational", "nonsense");
	change(midnight(4), "nonsense", "major_outage");
	change(midnight(3), "major_outage", "operational");
	u = load(&c);
	t_int(u->days[LAST - 5].worst, COMPONENT_OPERATIONAL);
	t_int(u->days[LAST - 4].ms[COMPONENT_MAJOR_OUTAGE], CLOCK_DAY);
}

int main(void)
{
	db = t_db_open();
	t_sql_open(t_db_path);
	weights();
	days();
	window();
	beginnings();
	rounding();
	groups();
	reached();
	t_sql_close();
	t_db_close(&db);
	arena_release(&arena);
	return t_end();
}
