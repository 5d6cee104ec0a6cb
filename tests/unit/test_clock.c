/* test_clock.c - dates to milliseconds and back, against the C library and by table. */
#include "base.h"
#include "clock.h"

#include <fcntl.h>

#include "t.h"

static void check_format(void)
{
	static const struct {
		int64_t ms;
		const char *want;
	} table[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {1, "1970-01-01T00:00:00.001Z"},
	    {-1, "1969-12-31T23:59:59.999Z"},
	    {-1000, "1969-12-31T23:59:59.000Z"},
	    {-86400001, "1969-12-30T23:59:59.999Z"},
	    {951782399999, "2000-02-28T23:59:59.999Z"},
	    {951782400000, "2000-02-29T00:00:00.000Z"},
	    {951868800000, "2000-03-01T00:00:00.000Z"},
	    {1709164800000, "2024-02-29T00:00:00.000Z"},
	    {4107542400000, "2100-03-01T00:00:00.000Z"},
	    {-2203891200000, "1900-03-01T00:00:00.000Z"},
	    {1795452210123, "2026-11-23T16:43:30.123Z"},
	    {253402300799999, "9999-12-31T23:59:59.999Z"},
	    {-62167219200000, "0000-01-01T00:00:00.000Z"},
	};
	char text[CLOCK_ISO_LEN + 1];
	int64_t back;

	t_case("known moments are written as ISO 8601 and read back, leap days and times before "
	       "1970 among them");
	for (size_t i = 0; i < nelem(table); i++) {
		clock_format_iso(table[i].ms, text);
		t_str(text, table[i].want);
		back = 4711;
		t_ok(clock_parse_iso(text, CLOCK_ISO_LEN, &back));
		t_int(back, table[i].ms);
	}
	t_case("a moment outside the years 0 to 9999 still fills exactly 24 characters");
	clock_format_iso(INT64_MAX, text);
	t_int(strlen(text), CLOCK_ISO_LEN);
	t_ok(strncmp(text, "9999-", 5) == 0);
	clock_format_iso(-INT64_MAX, text);
	t_int(strlen(text), CLOCK_ISO_LEN);
	t_ok(strncmp(text, "0000-", 5) == 0);
}

static void check_split(void)
{
	t_case("each day from the year 1 to 9999 splits as the C library splits it");
	for (int64_t day = -719162; day <= 2932896; day += 1) {
		int64_t s = day * 86400 + (day & 0xffff);
		time_t when = (time_t)s;
		struct tm want;
		struct clock_date got;
		gmtime_r(&when, &want);
		clock_split(s * 1000 + 999, &got);
		bool same = got.year == want.tm_year + 1900 && got.month == want.tm_mon + 1 &&
			    got.day == want.tm_mday && got.hour == want.tm_hour &&
			    got.minute == want.tm_min && got.second == want.tm_sec &&
			    got.weekday == want.tm_wday;
		if (!same) {
			t_int(day, INT64_MIN);
			break;
		}
	}
	t_case("a day starts at its midnight, before 1970 too");
	t_int(clock_day_start(0), 0);
	t_int(clock_day_start(86399999), 0);
	t_int(clock_day_start(86400000), 86400000);
	t_int(clock_day_start(-1), -86400000);
	t_int(clock_day_start(-86400000), -86400000);
	t_int(clock_day_start(-86400001), -172800000);
}

/* Reads a text that must be refused, or that means `want`. */
static void check_iso_text(const char *s, bool ok, int64_t want)
{
	int64_t got = 4711;

	t_check(clock_parse_iso(s, strlen(s), &got) == ok, s, __FILE__, __LINE__);
	t_check(got == (ok ? want : 4711), s, __FILE__, __LINE__);
}

static void check_iso(void)
{
	t_case(
	    "seconds and their fraction may be missing, and digits behind the third do not count");
	check_iso_text("1970-01-01T00:01Z", true, 60000);
	check_iso_text("1970-01-01T00:00:01Z", true, 1000);
	check_iso_text("1970-01-01T00:00:01.5Z", true, 1500);
	check_iso_text("1970-01-01T00:00:01.05Z", true, 1050);
	check_iso_text("1970-01-01T00:00:01.123456789Z", true, 1123);
	t_case("an offset is taken off, over the border of a day too");
	check_iso_text("1970-01-01T00:00:00+00:00", true, 0);
	check_iso_text("1970-01-01T02:00+02:00", true, 0);
	check_iso_text("1970-01-01T00:30+01:00", true, -1800000);
	check_iso_text("1969-12-31T18:30:00-05:30", true, 0);
	t_case("leap days exist in 2024 and 2000, not in 2023 nor in 1900");
	check_iso_text("2024-02-29T00:00Z", true, 1709164800000);
	check_iso_text("2000-02-29T00:00Z", true, 951782400000);
	check_iso_text("2023-02-29T00:00Z", false, 0);
	check_iso_text("1900-02-29T00:00Z", false, 0);
	check_iso_text("2024-02-30T00:00Z", false, 0);
	t_case("a field out of range is refused and the output untouched");
	check_iso_text("2026-00-10T00:00Z", false, 0);
	check_iso_text("2026-13-10T00:00Z", false, 0);
	check_iso_text("2026-01-00T00:00Z", false, 0);
	check_iso_text("2026-04-31T00:00Z", false, 0);
	check_iso_text("2026-01-32T00:00Z", false, 0);
	check_iso_text("2026-01-01T24:00Z", false, 0);
	check_iso_text("2026-01-01T00:60Z", false, 0);
	check_iso_text("2026-01-01T00:00:60Z", false, 0);
	check_iso_text("2026-01-01T00:00+15:00", false, 0);
	check_iso_text("2026-01-01T00:00+00:60", false, 0);
	t_case("any other form is refused");
	static const char *const bad[] = {"", "2026", "2026-01-01", "2026-01-01T00:00",
	    "2026-01-01 00:00Z", "2026-01-01t00:00z", "2026-1-1T00:00Z", "2026-01-01T0:00Z",
	    "2026-01-01T00:00:00.Z", "2026-01-01T00:00.5Z", "2026-01-01T00:00:Z",
	    "2026-01-01T00:00ZZ", "2026-01-01T00:00Z ", " 2026-01-01T00:00Z", "2026-01-01T00:00+1",
	    "2026-01-01T00:00+0100", "+026-01-01T00:00Z", "-001-01-01T00:00Z",
	    "2026-01-01T00:00:00.1234567890Z"};
	for (size_t i = 0; i < nelem(bad); i++)
		check_iso_text(bad[i], false, 0);
	t_case("a date is not read beyond its length");
	int64_t got;
	t_ok(!clock_parse_iso("1970-01-01T00:00Z", 16, &got));
}

static void check_http(void)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} table[] = {
	    /* the three forms of one moment (RFC 9110 §5.6.7) */
	    {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777000},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777000},
	    {"Sun Nov  6 08:49:37 1994", true, 784111777000},
	    {"Wed Nov 16 08:49:37 1994", true, 784975777000},
	    {"Thu, 29 Feb 2024 00:00:00 GMT", true, 1709164800000},
	    {"Thursday, 29-Feb-24 00:00:00 GMT", true, 1709164800000},
	    {"Wed, 31 Dec 1969 23:59:59 GMT", true, -1000},
	    {"Wed, 29 Feb 2023 00:00:00 GMT", false, 0},
	    {"Sun, 32 Nov 1994 08:49:37 GMT", false, 0},
	    {"Sun, 06 Nov 1994 24:49:37 GMT", false, 0},
	    {"Sun, 06 nov 1994 08:49:37 GMT", false, 0},
	    {"Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
	    {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
	    {"Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
	    {"Sun, 06 Nov 1994 08:49:37", false, 0},
	    {"Sun, 06 Nov 94 08:49:37 GMT", false, 0},
	    {"Sun Nov 6 08:49:37 1994", false, 0},
	    {"06 Nov 1994 08:49:37 GMT", false, 0},
	    {"120", false, 0},
	    {"", false, 0},
	    {",", false, 0},
	};

	t_case(
	    "the three dates of HTTP are read, and what is none is refused and leaves the output");
	for (size_t i = 0; i < nelem(table); i++) {
		int64_t got = 4711;
		const char *s = table[i].text;
		t_check(clock_parse_http(s, strlen(s), &got) == table[i].ok, s, __FILE__, __LINE__);
		t_check(got == (table[i].ok ? table[i].want : 4711), s, __FILE__, __LINE__);
	}
}

static void check_now(void)
{
	t_case("the wall clock is the system's, in milliseconds");
	int64_t before = (int64_t)time(NULL) * 1000, now = clock_now_ms();
	t_ok(now >= before && now < before + 60000);
	t_case("the monotonic clock never goes back");
	int64_t a = clock_mono_ms(), b = clock_mono_ms();
	t_ok(a > 0 && b >= a);
}

/* The shift exists only in builds for tests. */
static void check_shift(void)
{
#ifdef ATSTATUS_TEST
	bool shifts = true;
#else
	bool shifts = false;
#endif
	char path[] = "/tmp/atstatus-clock-XXXXXX";
	int fd = mkstemp(path);

	t_case("a file moves the wall clock in builds for tests, and in no other");
	if (fd < 0 || write(fd, "-86400000", 9) != 9)
		abort();
	close(fd);
	int64_t before = clock_now_ms();
	setenv("ATSTATUS_CLOCK_FILE", path, 1);
	int64_t gone = before - clock_now_ms();
	unsetenv("ATSTATUS_CLOCK_FILE");
	unlink(path);
	t_ok(shifts ? gone > 86300000 : gone <= 0);
}

int main(void)
{
	check_format();
	check_split();
	check_iso();
	check_http();
	check_now();
	check_shift();
	return t_end();
}
