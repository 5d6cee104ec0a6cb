/* test_zone.c - wall clocks of the world: reading, writing, summer time. */
#include "base.h"
#include "zone.h"

#include "t.h"

static int64_t iso(const char *text)
{
	int64_t ms = -1;

	t_ok(clock_parse_iso(text, strlen(text), &ms));
	return ms;
}

static int64_t local(const char *zone, const char *text)
{
	int64_t ms = -1;

	t_ok(zone_parse_local(zone, text, strlen(text), &ms));
	return ms;
}

static bool is_refused(const char *text)
{
	int64_t ms = -1;

	return !zone_parse_local("Europe/Berlin", text, strlen(text), &ms) && ms == -1;
}

static void names(void)
{
	t_case("zones of the system are known by their names, and nothing else is");
	t_ok(zone_is_known("Europe/Berlin"));
	t_ok(zone_is_known("Etc/UTC"));
	t_ok(zone_is_known("America/Argentina/Buenos_Aires"));
	t_ok(!zone_is_known(""));
	t_ok(!zone_is_known("Europe/Nowhere"));
	t_ok(!zone_is_known("Europe"));
	t_ok(!zone_is_known("/etc/localtime"));
	t_ok(!zone_is_known("../zoneinfo/Europe/Berlin"));
	t_ok(!zone_is_known("Europe//Berlin"));
	t_ok(!zone_is_known("tzdata.zi"));
	t_ok(!zone_is_known("right/Europe/Berlin"));
	t_ok(!zone_is_known("posixrules"));
	t_ok(!zone_is_known("localtime"));
	t_ok(!zone_is_known("Factory"));
}

static void reading(void)
{
	t_case("a time of day is read in its zone, in winter and in summer");
	t_int(local("Europe/Berlin", "2026-11-24T16:00"), iso("2026-11-24T15:00:00Z"));
	t_int(local("Europe/Berlin", "2026-07-24T16:00"), iso("2026-07-24T14:00:00Z"));
	t_int(local("Asia/Kolkata", "2026-07-24T00:15"), iso("2026-07-23T18:45:00Z"));
	t_int(local("Etc/UTC", "2026-11-24T16:00"), iso("2026-11-24T16:00:00Z"));

	t_case("an unknown zone counts as UTC");
	t_int(local("Europe/Nowhere", "2026-11-24T16:00"), iso("2026-11-24T16:00:00Z"));

	t_case("a time that there is twice is the first of both");
	t_int(local("Europe/Berlin", "2026-10-25T02:30"), iso("2026-10-25T00:30:00Z"));

	t_int(local("Europe/Dublin", "2027-10-31T01:30"), iso("2027-10-31T00:30:00Z"));
	t_int(local("Australia/Lord_Howe", "2026-04-05T01:45"), iso("2026-04-04T14:45:00Z"));

	t_case("a time that the change to summer leaves out does not exist");
	int64_t ms = -1;
	t_ok(!zone_parse_local("Europe/Berlin", "2026-03-29T02:30", 16, &ms));
	t_ok(!zone_parse_local("Europe/Dublin", "2027-03-28T01:30", 16, &ms));
	t_int(local("Europe/Berlin", "2026-03-29T03:00"), iso("2026-03-29T01:00:00Z"));

	t_case("what is no date is refused");
	t_ok(is_refused("2026-02-31T10:00"));
	t_ok(is_refused("2026-13-01T10:00"));
	t_ok(is_refused("2026-11-24T24:00"));
	t_ok(is_refused("2026-11-24 16:00"));
	t_ok(is_refused("2026-11-24T16:00Z"));
	t_ok(is_refused("2026-11-24T1a:00"));
	t_ok(is_refused(""));
}

static void writing(void)
{
	char text[ZONE_LOCAL_LEN + 1], called[ZONE_SHORT_SIZE];
	struct clock_date d;

	t_case("a time is written as the form's field wants it");
	zone_format_local("Europe/Berlin", iso("2026-11-24T15:00:59Z"), text);
	t_str(text, "2026-11-24T16:00");

	t_case("the wall clock has the name of its time");
	zone_split("Europe/Berlin", iso("2026-07-24T14:00:00Z"), &d, called);
	t_str(called, "CEST");
	t_int(d.hour, 16);
	zone_split("Europe/Berlin", iso("2026-11-24T15:00:00Z"), &d, called);
	t_str(called, "CET");

	t_case("where a zone has no letters, its offset is its name");
	zone_split("America/Sao_Paulo", iso("2026-11-24T15:00:00Z"), &d, called);
	t_str(called, "UTC-03");

	t_case("the zone of the process stays what it was");
	setenv("TZ", "Asia/Tokyo", 1);
	zone_split("Europe/Berlin", 0, &d, called);
	t_str(getenv("TZ"), "Asia/Tokyo");
	unsetenv("TZ");
	zone_split("Europe/Berlin", 0, &d, called);
	t_ok(getenv("TZ") == NULL);
}

/* What other threads read of the environment stays where it is. */
static void threads(void)
{
	char called[ZONE_SHORT_SIZE], **before;
	struct clock_date d;

	t_case("after preparing for threads, asking a zone moves nothing in the environment");
	unsetenv("TZ");
	zone_prepare_threads();
	before = environ;
	zone_split("Asia/Tokyo", 0, &d, called);
	t_int(d.hour, 9);
	t_ok(environ == before);
	t_str(getenv("TZ"), "UTC0");
}

int main(void)
{
	threads();
	names();
	reading();
	writing();
	return t_end();
}
