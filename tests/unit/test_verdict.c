/* What an answer of a push service means: the rows of the table, and the times that follow. */
#include "base.h"

#include "clock.h"
#include "t.h"
#include "transport.h"
#include "verdict.h"

static struct verdict judge(int status, const char *body, const char *wns)
{
	struct push_answer a = {.status = status,
	    .retry_after_ms = -1,
	    .ttl_s = -1,
	    .reason = body,
	    .wns_status = "",
	    .wns_error = wns,
	    .apns_id = ""};
	struct verdict v;

	verdict_judge(&a, &v);
	return v;
}

static struct verdict judge_failure(enum push_failure failure)
{
	struct push_answer a = {.failure = failure,
	    .retry_after_ms = -1,
	    .reason = "",
	    .wns_status = "",
	    .wns_error = "",
	    .apns_id = ""};
	struct verdict v;

	verdict_judge(&a, &v);
	return v;
}

struct row {
	int status;
	const char *body, *wns;
	enum verdict_kind kind;
	const char *word;
	enum verdict_strike strike;
	bool alarm;
};

static const struct row rows[] = {
    {200, "", "", VERDICT_ACCEPTED, "accepted", 0, false},
    {201, "", "", VERDICT_ACCEPTED, "accepted", 0, false},
    {202, "", "", VERDICT_ACCEPTED, "accepted", 0, false},
    {204, "", "", VERDICT_ACCEPTED, "accepted", 0, false},
    {301, "", "", VERDICT_DROP, "redirect", VERDICT_STRIKE_REDIRECT, false},
    {307, "", "", VERDICT_DROP, "redirect", VERDICT_STRIKE_REDIRECT, false},
    {400, "{\"reason\":\"VapidPkHashMismatch\"}", "", VERDICT_DEAD, "key_mismatch", 0, false},
    {400, "{\"reason\":\"BadWebPushTopic\"}", "", VERDICT_NO_TOPIC, "bad_topic", 0, true},
    {400, "{\"code\":400,\"errno\":113}", "", VERDICT_NO_TOPIC, "bad_topic", 0, true},
    {400, "", "Ttl value conflicts with X-WNS-Cache-Policy.", VERDICT_SHORT_TTL, "bad_ttl", 0,
	true},
    {400, "{\"errno\" : 110}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "{\"errno\":111}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "{\"errno\":114}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "{\"reason\":\"BadTtl\"}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "{\"reason\":\"BadUrgency\"}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "{\"reason\":\"BadWebPushRequest\"}", "", VERDICT_DROP, "bad_request", 0, true},
    {400, "UnauthorizedRegistration\n", "", VERDICT_DEAD, "bad_registration", 0, false},
    {400, "InvalidTokenFormat\n", "", VERDICT_DEAD, "bad_registration", 0, false},
    {400, "{\"errno\":104}", "", VERDICT_SIZE, "too_large", 0, false},
    {400, "{\"errno\":1130}", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN, false},
    {400, "{\"errno\":\"113\"}", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN, false},
    {400, "{\"errno\":99999999999999999999}", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN,
	false},
    {400, "", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN, false},
    {400, "{\"reason\":\"BadVapidPublicKey\"}", "", VERDICT_AUTH, "unauthorized", 0, false},
    {401, "{\"errno\":109,\"message\":\"VAPID public key mismatch\"}", "", VERDICT_DEAD,
	"key_mismatch", 0, false},
    {401, "{\"errno\":109,\"message\":\"Invalid VAPID audience\"}", "", VERDICT_AUTH,
	"unauthorized", 0, false},
    {401, "", "", VERDICT_AUTH, "unauthorized", 0, false},
    {403, "the VAPID credentials in the authorization header do not correspond to the credentials",
	"", VERDICT_DEAD, "key_mismatch", 0, false},
    {403, "the key does not correspond to the sender ID used to subscribe this user", "",
	VERDICT_DEAD, "key_mismatch", 0, false},
    {403, "permission denied: invalid JWT provided", "", VERDICT_AUTH, "unauthorized", 0, false},
    {403, "{\"reason\":\"BadJwtToken\"}", "", VERDICT_AUTH, "unauthorized", 0, false},
    {403, "aud claim in the token MUST include the origin", "", VERDICT_AUTH, "unauthorized", 0,
	false},
    {402, "", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN, false},
    {404, "", "", VERDICT_GONE, "not_found", 0, false},
    {405, "", "", VERDICT_DROP, "bad_request", 0, true},
    {406, "", "", VERDICT_THROTTLED, "throttled", 0, false},
    {408, "", "", VERDICT_RETRY, "temporary", 0, false},
    {410, "", "", VERDICT_GONE, "gone", 0, false},
    {410, "", "The channel expired.", VERDICT_GONE, "gone", 0, false},
    {410, "", "Domain Blocked", VERDICT_ORIGIN, "blocked", 0, true},
    {411, "", "", VERDICT_DROP, "bad_request", 0, true},
    {413, "", "", VERDICT_SIZE, "too_large", 0, false},
    {415, "", "", VERDICT_DROP, "bad_request", 0, true},
    {425, "", "", VERDICT_RETRY, "temporary", 0, false},
    {429, "", "", VERDICT_THROTTLED, "throttled", 0, false},
    {451, "", "", VERDICT_DROP, "rejected", VERDICT_STRIKE_UNKNOWN, false},
    {500, "", "", VERDICT_RETRY, "server_error", 0, false},
    {503, "{\"errno\":201}", "", VERDICT_RETRY, "server_error", 0, false},
    {599, "", "", VERDICT_RETRY, "server_error", 0, false},
    {100, "", "", VERDICT_RETRY, "no_answer", 0, false},
    {0, "", "", VERDICT_RETRY, "no_answer", 0, false},
};

static void test_rows(void)
{
	t_case("every row of the table gives its verdict");
	for (size_t i = 0; i < nelem(rows); i++) {
		struct verdict v = judge(rows[i].status, rows[i].body, rows[i].wns);

		if (v.kind != rows[i].kind || strcmp(v.word, rows[i].word) != 0)
			printf("row %zu: %d %s%s\n", i, rows[i].status, rows[i].body, rows[i].wns);
		t_int(v.kind, rows[i].kind);
		t_str(v.word, rows[i].word);
		t_int(v.strike, rows[i].strike);
		t_int(v.alarm, rows[i].alarm);
	}
}

static void test_failures(void)
{
	t_case("what got no answer is sent again, tried later, or the origin's trouble");
	t_int(judge_failure(PUSH_FAILURE_NOT_SENT).kind, VERDICT_AGAIN);
	t_int(judge_failure(PUSH_FAILURE_UNKNOWN).kind, VERDICT_RETRY);
	t_int(judge_failure(PUSH_FAILURE_CONNECT).trouble, VERDICT_TROUBLE_CONNECT);
	t_int(judge_failure(PUSH_FAILURE_RESOLVE).trouble, VERDICT_TROUBLE_CONNECT);
	t_int(judge_failure(PUSH_FAILURE_TLS_VERIFY).trouble, VERDICT_TROUBLE_CERTIFICATE);
	t_int(judge_failure(PUSH_FAILURE_PROXY).trouble, VERDICT_TROUBLE_PROXY);
	t_int(judge_failure(PUSH_FAILURE_LOCAL).trouble, VERDICT_TROUBLE_LOCAL);
	t_int(judge_failure(PUSH_FAILURE_CONNECT).kind, VERDICT_ORIGIN);
	t_int(judge_failure(PUSH_FAILURE_BLOCKED_ADDRESS).kind, VERDICT_DEAD);
	t_int(judge_failure(PUSH_FAILURE_BLOCKED_ADDRESS).trouble, VERDICT_TROUBLE_ADDRESS);
}

static int64_t retry_after(int status, int64_t ms)
{
	struct push_answer a = {.status = status,
	    .retry_after_ms = ms,
	    .reason = "",
	    .wns_status = "",
	    .wns_error = "",
	    .apns_id = ""};
	struct verdict v;

	verdict_judge(&a, &v);
	return v.retry_after_ms;
}

static void test_retry_after(void)
{
	t_case("Retry-After is kept within a second and an hour");
	t_int(retry_after(503, -1), -1);
	t_int(retry_after(503, 0), 1000);
	t_int(retry_after(503, 120000), 120000);
	t_int(retry_after(503, INT64_C(1000000000000)), CLOCK_HOUR);
}

static void test_delays(void)
{
	static const int64_t schedule[] = {5, 30, 120, 600, 1800, 7200};
	struct verdict v = judge(500, "", "");

	t_case("tries follow the schedule, each times 0.5 to 1.5, then it is given up");
	for (size_t i = 0; i < nelem(schedule); i++) {
		int64_t least = INT64_MAX, most = 0;

		for (uint32_t r = 0; r < 5000; r++) {
			int64_t ms = verdict_delay_ms(&v, (int64_t)i + 1, r * 2654435761u);
			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		t_ok(least >= schedule[i] * 500 && least < schedule[i] * 520);
		t_ok(most <= schedule[i] * 1500 && most > schedule[i] * 1480);
		t_ok(most <= VERDICT_DELAY_MAX_MS);
	}
	t_int(verdict_delay_ms(&v, 7, 1), -1);

	t_case("Retry-After is a lower bound, at most a tenth is added");
	v.retry_after_ms = 120000;
	for (uint32_t r = 0; r < 1000; r++) {
		int64_t ms = verdict_delay_ms(&v, 1, r);
		t_ok(ms >= 120000 && ms <= 132000);
	}
	t_ok(verdict_delay_ms(&v, 4, 1) >= 300000);

	t_case("a throttled message waits at least a minute and is never given up");
	v = judge(429, "", "");
	t_ok(verdict_delay_ms(&v, 1, 0) >= CLOCK_MINUTE);
	t_ok(verdict_delay_ms(&v, 1, 499) < 90 * CLOCK_SECOND);
	t_ok(verdict_delay_ms(&v, 50, 0) == CLOCK_HOUR);
	v.retry_after_ms = 900000;
	t_ok(verdict_delay_ms(&v, 1, 0) == 900000);
	v.retry_after_ms = 1000;
	t_ok(verdict_delay_ms(&v, 1, 0) == CLOCK_MINUTE);
}

static void test_pauses(void)
{
	t_case("an origin without connection is paused 5 s twice, then 30 s doubling to 10 min");
	t_int(verdict_pause_ms(VERDICT_TROUBLE_CONNECT, 1), 5000);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_CONNECT, 2), 5000);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_CONNECT, 3), 30000);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_CONNECT, 4), 60000);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_CONNECT, 100), 10 * CLOCK_MINUTE);

	t_case("refused keys pause for 15 min doubling to 6 h");
	t_int(verdict_pause_ms(VERDICT_TROUBLE_AUTH, 1), 15 * CLOCK_MINUTE);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_AUTH, 2), 30 * CLOCK_MINUTE);
	t_int(verdict_pause_ms(VERDICT_TROUBLE_AUTH, 1000000), 6 * CLOCK_HOUR);

	t_case("every trouble has a word, a sentence and a pause");
	for (int t = VERDICT_TROUBLE_NONE + 1; t < VERDICT_TROUBLE__MAX; t++) {
		t_ok(strlen(verdict_trouble_word((enum verdict_trouble)t)) > 3);
		t_ok(strlen(verdict_trouble_sentence((enum verdict_trouble)t)) > 20);
		t_ok(verdict_pause_ms((enum verdict_trouble)t, 1) >= 5000);
		t_ok(verdict_pause_ms((enum verdict_trouble)t, 99) <= VERDICT_PAUSE_MAX_MS);
	}
}

static void test_sizes(void)
{
	t_case("after a message that was too long the next step below is kept to");
	t_int(verdict_smaller_size(3000), 2800);
	t_int(verdict_smaller_size(2800), 2048);
	t_int(verdict_smaller_size(2048), 1024);
	t_int(verdict_smaller_size(1000), 512);
	t_int(verdict_smaller_size(256), 0);
}

static struct verdict_standing struck(
    enum verdict_strike kind, int64_t strikes, int64_t struck_at, int64_t now)
{
	struct verdict_standing s = {.strikes = strikes, .struck_at = struck_at};

	verdict_strike(kind, now, &s);
	return s;
}

static void test_strikes(void)
{
	const int64_t now = 100 * CLOCK_DAY;
	struct verdict_standing s;

	t_case("three refusals suspend for a day, nine are the end");
	s = struck(VERDICT_STRIKE_UNKNOWN, 0, 0, now);
	t_ok(s.strikes == 1 && s.suspended_until == 0 && !s.dead);
	s = struck(VERDICT_STRIKE_UNKNOWN, 2, now - 1, now);
	t_ok(s.strikes == 3 && s.suspended_until == now + CLOCK_DAY && !s.dead);
	s = struck(VERDICT_STRIKE_UNKNOWN, 8, now - 1, now);
	t_ok(s.strikes == 9 && s.dead);

	t_case("five redirects are the end");
	t_ok(!struck(VERDICT_STRIKE_REDIRECT, 3, now - 1, now).dead);
	t_ok(struck(VERDICT_STRIKE_REDIRECT, 4, now - 1, now).dead);

	t_case("refused tokens and lost messages count once a day");
	s = struck(VERDICT_STRIKE_AUTH, 4, now - 1000, now);
	t_ok(s.strikes == 4 && !s.dead);
	t_ok(struck(VERDICT_STRIKE_AUTH, 4, now - CLOCK_DAY, now).dead);
	t_ok(!struck(VERDICT_STRIKE_LOST, 8, now - CLOCK_DAY, now).dead);
	t_ok(struck(VERDICT_STRIKE_LOST, 9, now - CLOCK_DAY, now).dead);

	t_case("a strike from the future, after the clock was set back, counts");
	t_int(struck(VERDICT_STRIKE_LOST, 1, now + CLOCK_DAY, now).strikes, 2);

	t_case("no strike changes nothing");
	t_int(struck(VERDICT_STRIKE_NONE, 3, 0, now).strikes, 3);
}

int main(void)
{
	test_rows();
	test_failures();
	test_retry_after();
	test_delays();
	test_pauses();
	test_sizes();
	test_strikes();
	return t_end();
}
