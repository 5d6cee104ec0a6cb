/* When an origin is left alone, and when not. */
#include "base.h"

#include "breaker.h"
#include "clock.h"
#include "t.h"

static struct breaker b;
static struct breaker_now now;

static void begin(const char *sentence)
{
	t_case(sentence);
	breaker_init(&b, 1, "https://push.example.net");
	now = (struct breaker_now){1700000000000, 50 * CLOCK_HOUR, 1};
}

static bool say(enum verdict_kind kind, const char *word, bool busy, int64_t retry_after)
{
	struct verdict v = {
	    .kind = kind, .word = word, .busy = busy, .retry_after_ms = retry_after};

	return breaker_answer(&b, &v, &now);
}

static bool accepted(void)
{
	return say(VERDICT_ACCEPTED, "accepted", false, -1);
}

static bool gone(void)
{
	return say(VERDICT_GONE, "gone", false, -1);
}

static bool error(void)
{
	return say(VERDICT_RETRY, "server_error", true, -1);
}

static bool no_answer(void)
{
	return say(VERDICT_RETRY, "no_answer", true, -1);
}

static bool throttled(int64_t retry_after)
{
	return say(VERDICT_THROTTLED, "throttled", false, retry_after);
}

static int64_t paused_for(void)
{
	return b.paused_until - now.wall_ms;
}

static void test_busy(void)
{
	begin("ten server errors in a row pause, nine and one success do not");
	for (int i = 0; i < 9; i++)
		t_ok(!error());
	t_ok(!accepted());
	for (int i = 0; i < 9; i++)
		t_ok(!error());
	t_ok(error());
	t_int(paused_for(), 2 * CLOCK_MINUTE);

	begin("a lost connection is one event, however many requests it took along");
	for (int i = 0; i < 100; i++)
		t_ok(!no_answer());
	now.turn++;
	t_ok(!no_answer());
	now.turn++;
	t_ok(no_answer());

	begin("the pause doubles with each trouble in a row, and one success resets it");
	for (int i = 0; i < 10; i++)
		error();
	now.wall_ms += 2 * CLOCK_MINUTE;
	for (int i = 0; i < 10; i++)
		error();
	t_int(paused_for(), 4 * CLOCK_MINUTE);
	now.wall_ms += 4 * CLOCK_MINUTE;
	t_ok(!accepted());
	t_ok(b.recovered && b.failures == 0);
	for (int i = 0; i < 10; i++)
		error();
	t_int(paused_for(), 2 * CLOCK_MINUTE);
}

static void test_throttle(void)
{
	begin("two throttles with Retry-After pause until then");
	t_ok(!throttled(900000));
	t_ok(throttled(900000));
	t_int(paused_for(), 900000);

	begin("a throttle that says nothing pauses at the fifth of a hundred answers");
	for (int i = 0; i < 4; i++) {
		t_ok(!throttled(-1));
		t_ok(!accepted());
	}
	t_ok(throttled(-1));
	t_int(paused_for(), CLOCK_MINUTE);

	begin("throttles a hundred answers apart do not");
	for (int i = 0; i < 10; i++) {
		t_ok(!throttled(900000));
		for (int k = 0; k < 100; k++)
			t_ok(!accepted());
	}
}

static void test_auth(void)
{
	begin("three different endpoints refused pause, the same one thrice does not");
	for (int i = 0; i < 5; i++)
		t_ok(!breaker_unauthorized(&b, 7, &now));
	t_ok(!breaker_unauthorized(&b, 8, &now));
	t_ok(breaker_unauthorized(&b, 9, &now));
	t_int(paused_for(), 15 * CLOCK_MINUTE);
	t_ok(!b.keep_gone);

	begin("an acceptance in between begins the count anew");
	breaker_unauthorized(&b, 7, &now);
	breaker_unauthorized(&b, 8, &now);
	/* failures is 0, so that nothing else is reset by it */
	accepted();
	t_ok(!breaker_unauthorized(&b, 9, &now));
}

static void test_mass_gone(void)
{
	begin("more than half of twenty endpoints gone pause, and their rows are kept");
	for (int i = 0; i < 9; i++)
		t_ok(!accepted());
	for (int i = 0; i < 10; i++)
		t_ok(!gone());
	t_ok(b.paused_until == 0);
	t_ok(gone());
	t_ok(b.keep_gone);
	t_int(paused_for(), 15 * CLOCK_MINUTE);

	begin("nineteen that are all gone do not");
	for (int i = 0; i < 19; i++)
		t_ok(!gone());

	begin("a half gone does not");
	for (int i = 0; i < 500; i++) {
		t_ok(!accepted());
		t_ok(!gone());
	}

	begin("what is ten minutes old is forgotten");
	for (int i = 0; i < 19; i++)
		t_ok(!gone());
	now.mono_ms += 10 * CLOCK_MINUTE;
	for (int i = 0; i < 19; i++)
		t_ok(!gone());
}

static void test_trip(void)
{
	struct verdict v = {.kind = VERDICT_ORIGIN,
	    .trouble = VERDICT_TROUBLE_CONNECT,
	    .retry_after_ms = -1,
	    .word = "connect"};

	begin("a hundred failures of one attempt to connect are one pause");
	for (int i = 0; i < 100; i++)
		t_ok(breaker_answer(&b, &v, &now));
	t_int(b.failures, 1);
	t_int(paused_for(), 5000);

	begin("what a service says is remembered in plain characters");
	breaker_remember(&b, 403, "unauthorized", "a\nb\x1b[31m\xc3\xbc", &now);
	t_str(b.last_error, "403 unauthorized: a b [31m  ");
	t_ok(b.changed);
}

static void test_date(void)
{
	begin("a clock that differs by a minute or less is right");
	breaker_date(&b, now.wall_ms + CLOCK_MINUTE, &now);
	breaker_date(&b, now.wall_ms - CLOCK_MINUTE, &now);
	t_int(b.clock_skew, 0);
	t_ok(!b.skew_changed);

	begin("by more it is noted once, and again when it is another minute off");
	breaker_date(&b, now.wall_ms + 61000, &now);
	t_int(b.clock_skew, 61000);
	t_ok(b.skew_changed);
	breaker_stored(&b);
	breaker_date(&b, now.wall_ms + 120000, &now);
	t_ok(!b.skew_changed);
	breaker_date(&b, now.wall_ms - 61000, &now);
	t_int(b.clock_skew, -61000);
	t_ok(b.skew_changed);

	begin("that it is right again is noted too");
	breaker_date(&b, now.wall_ms - 61000, &now);
	breaker_stored(&b);
	breaker_date(&b, now.wall_ms, &now);
	t_int(b.clock_skew, 0);
	t_ok(b.skew_changed);
}

int main(void)
{
	test_date();
	test_busy();
	test_throttle();
	test_auth();
	test_mass_gone();
	test_trip();
	return t_end();
}
