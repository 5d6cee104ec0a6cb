/* test_quiet.c - quiet hours: which minutes of the day they hold, what breaks them, and the wall clocks of zones
 * around the changes to summer and winter time. */
#include "base.h"
#include "quiet.h"

#include "clock.h"
#include "t.h"

#define NIGHT "22:00", "07:00"
#define NOON  "12:00", "13:00"

static void hours(void)
{
	static const struct {
		const char *sentence, *from, *to, *now;
		bool silent;
	} table[] = {
	    {"the first minute is in them", NOON, "12:00", true},
	    {"the last minute before the end is in them", NOON, "12:59", true},
	    {"the minute of the end is not", NOON, "13:00", false},
	    {"the minute before the beginning is not", NOON, "11:59", false},
	    {"midnight is not in those of noon", NOON, "00:00", false},
	    {"hours over midnight begin in the evening", NIGHT, "22:00", true},
	    {"they hold the last minute of the day", NIGHT, "23:59", true},
	    {"and the first of the next", NIGHT, "00:00", true},
	    {"and go on until the morning", NIGHT, "06:59", true},
	    {"they end in the morning", NIGHT, "07:00", false},
	    {"the day is not in them", NIGHT, "15:00", false},
	    {"the minute before the evening is not", NIGHT, "21:59", false},
	    {"hours from midnight on hold it", "00:00", "06:00", "00:00", true},
	    {"hours until midnight hold the minute before", "20:00", "00:00", "23:59", true},
	    {"but not midnight itself", "20:00", "00:00", "00:00", false},
	    {"a single minute is possible", "08:30", "08:31", "08:30", true},
	    {"all but a single minute too", "08:31", "08:30", "08:30", false},
	    {"hours that end when they begin hold no time", "08:00", "08:00", "08:00", false},
	    {"not even later", "08:00", "08:00", "20:00", false},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		struct quiet_hours q = quiet_read(table[i].from, table[i].to, "Etc/UTC", false);
		const char *t = table[i].now;
		int minute = (int)(strtol(t, NULL, 10) * 60 + strtol(t + 3, NULL, 10));
		t_case(table[i].sentence);
		t_int(quiet_silences(&q, QUIET_USUAL, minute), table[i].silent);
		t_int(quiet_is_silent(&q, QUIET_USUAL, minute * CLOCK_MINUTE), table[i].silent);
	}
}

static void what_breaks_them(void)
{
	static const struct {
		const char *sentence;
		bool lets_critical_through;
		enum quiet_notice notice;
		bool silent;
	} table[] = {
	    {"a usual notice is silent", false, QUIET_USUAL, true},
	    {"also for who lets critical ones through", true, QUIET_USUAL, true},
	    {"a critical one is silent unless that was ticked", false, QUIET_CRITICAL, true},
	    {"where it was ticked it is heard", true, QUIET_CRITICAL, false},
	    {"a test is heard", false, QUIET_NEVER, false},
	    {"a test is heard by everybody", true, QUIET_NEVER, false},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		struct quiet_hours q = quiet_read(NIGHT, "Etc/UTC", table[i].lets_critical_through);
		t_case(table[i].sentence);
		t_int(quiet_silences(&q, table[i].notice, 0), table[i].silent);
		t_case("outside of them everything is heard");
		t_ok(!quiet_silences(&q, table[i].notice, 12 * 60));
	}
}

static int64_t at(const char *iso)
{
	int64_t ms = 0;

	if (!clock_parse_iso(iso, strlen(iso), &ms))
		abort();
	return ms;
}

static void zones(void)
{
	static const struct {
		const char *zone, *utc, *wall;
	} table[] = {
	    {"Etc/UTC", "2026-11-23T22:15:59Z", "22:15"},
	    {"Europe/Berlin", "2026-01-15T21:00:00Z", "22:00"},
	    {"Europe/Berlin", "2026-07-15T21:00:00Z", "23:00"},
	    /* the last Sunday of March: 02:00 is followed by 03:00 */
	    {"Europe/Berlin", "2026-03-29T00:59:59Z", "01:59"},
	    {"Europe/Berlin", "2026-03-29T01:00:00Z", "03:00"},
	    /* the last Sunday of October has 02:30 twice */
	    {"Europe/Berlin", "2026-10-25T00:30:00Z", "02:30"},
	    {"Europe/Berlin", "2026-10-25T01:30:00Z", "02:30"},
	    {"Europe/Berlin", "2026-10-25T02:30:00Z", "03:30"},
	    {"America/New_York", "2026-11-01T05:30:00Z", "01:30"},
	    {"America/New_York", "2026-11-01T06:30:00Z", "01:30"},
	    {"America/New_York", "2026-11-23T03:00:00Z", "22:00"},
	    {"Asia/Kolkata", "2026-11-23T16:30:00Z", "22:00"},
	    {"Asia/Tokyo", "2026-11-23T15:00:00Z", "00:00"},
	    {"Pacific/Chatham", "2026-11-23T10:15:00Z", "00:00"},
	    {"Australia/Lord_Howe", "2026-04-04T14:59:00Z", "01:59"},
	    {"Australia/Lord_Howe", "2026-04-04T15:00:00Z", "01:30"},
	    {"Nowhere/At_All", "2026-11-23T22:15:00Z", "22:15"},
	};
	char got[24];

	for (size_t i = 0; i < nelem(table); i++) {
		struct quiet_hours q = quiet_read(NIGHT, table[i].zone, false);
		int minute = quiet_minute(q.zone, at(table[i].utc));
		t_case(table[i].zone);
		snprintf(got, sizeof got, "%02d:%02d", minute / 60, minute % 60);
		t_str(got, table[i].wall);
	}
}

/* The same hours the year round, on both sides of each change of the clock. */
static void changes(void)
{
	static const struct {
		const char *sentence, *utc;
		bool silent;
	} table[] = {
	    {"in winter the night begins at 21:00 UTC", "2026-03-28T21:00:00Z", true},
	    {"not before", "2026-03-28T20:59:00Z", false},
	    {"the night of the change is an hour shorter", "2026-03-29T04:59:00Z", true},
	    {"and ends at 07:00 of the new time", "2026-03-29T05:00:00Z", false},
	    {"in summer the night begins at 20:00 UTC", "2026-03-29T20:00:00Z", true},
	    {"the night of the change back is an hour longer", "2026-10-25T05:59:00Z", true},
	    {"and ends at 07:00 of the old time", "2026-10-25T06:00:00Z", false},
	};
	struct quiet_hours q = quiet_read(NIGHT, "Europe/Berlin", false);

	for (size_t i = 0; i < nelem(table); i++) {
		t_case(table[i].sentence);
		t_int(quiet_is_silent(&q, QUIET_USUAL, at(table[i].utc)), table[i].silent);
	}
	t_case("a clock that is set back is followed at once");
	t_ok(quiet_is_silent(&q, QUIET_USUAL, at("2026-01-10T23:00:00Z")));
	t_ok(!quiet_is_silent(&q, QUIET_USUAL, at("2026-01-10T12:00:00Z")));
}

static void reading(void)
{
	struct quiet_hours q = quiet_read("09:05", "17:45", "Europe/Berlin", true);

	t_case("hours are read to the minute");
	t_int(q.from, 9 * 60 + 5);
	t_int(q.to, 17 * 60 + 45);
	t_ok(q.critical);
	t_case("the same zone is known again, another one is another");
	t_int(quiet_read(NOON, "Europe/Berlin", false).zone, q.zone);
	t_ok(quiet_read(NOON, "Europe/Paris", false).zone != q.zone);
	t_case("what is missing or no time of day is no quiet hours");
	static const char *const bad[][3] = {{NULL, "07:00", "UTC"}, {"22:00", NULL, "UTC"},
	    {"22:00", "07:00", NULL}, {"", "07:00", "UTC"}, {"24:00", "07:00", "UTC"},
	    {"22:00", "7:00", "UTC"}, {"22-00", "07:00", "UTC"}, {"2a:00", "07:00", "UTC"}};
	for (size_t i = 0; i < nelem(bad); i++) {
		q = quiet_read(bad[i][0], bad[i][1], bad[i][2], true);
		t_ok(q.from == q.to);
		t_ok(!quiet_is_silent(&q, QUIET_USUAL, 0));
	}
}

static void many_zones(void)
{
	char name[32];

	t_case("more names than there are zones harm nobody: what is not remembered counts as UTC");
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "Made/Up_%d", i);
		struct quiet_hours q = quiet_read(NIGHT, name, false);
		t_ok(quiet_is_silent(&q, QUIET_USUAL, 23 * CLOCK_HOUR));
	}
	struct quiet_hours known = quiet_read(NIGHT, "Asia/Tokyo", false);
	t_case("and those that were known before still are");
	t_int(quiet_minute(known.zone, at("2026-11-23T15:00:00Z")), 0);
}

int main(void)
{
	hours();
	what_breaks_them();
	zones();
	changes();
	reading();
	many_zones();
	return t_end();
}
