/* verdict.c - see verdict.h. */
#include "base.h"
#include "verdict.h"

#include "clock.h"
#include "transport.h"

#include <strings.h>

#define NO_ERRNO (-1)

/* ------------------------------------------------------------------ reading an answer */

static bool has(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* The number behind "errno" in autopush's JSON.  Found by eye rather than parsed: the text comes
 * from outside, and the worst a lie can do is to end the liar's own subscription. */
static int find_errno(const char *body)
{
	const char *p = strstr(body, "\"errno\"");
	int n = 0;

	if (p == NULL)
		return NO_ERRNO;
	p += strlen("\"errno\"");
	p += strspn(p, " \t\r\n:");
	if (*p < '0' || *p > '9')
		return NO_ERRNO;
	for (; *p >= '0' && *p <= '9' && n < 100000; p++)
		n = n * 10 + (*p - '0');
	return n;
}

static bool is_mismatch(const char *body)
{
	return has(body, "VapidPkHashMismatch") || has(body, "not correspond") ||
	       has(body, "key mismatch") || has(body, "sender ID");
}

static void set(struct verdict *v, enum verdict_kind kind, const char *word)
{
	v->kind = kind;
	v->word = word;
}

static void set_our_bug(struct verdict *v, enum verdict_kind kind, const char *word)
{
	set(v, kind, word);
	v->alarm = true;
}

static void set_drop(struct verdict *v, enum verdict_strike strike, const char *word)
{
	set(v, VERDICT_DROP, word);
	v->strike = strike;
}

static void set_origin(struct verdict *v, enum verdict_trouble trouble, bool alarm)
{
	set(v, VERDICT_ORIGIN, verdict_trouble_word(trouble));
	v->trouble = trouble;
	v->alarm = alarm;
}

/* ------------------------------------------------------------------ by status */

static void judge_400(const struct push_answer *a, int number, struct verdict *v)
{
	if (is_mismatch(a->reason))
		set(v, VERDICT_DEAD, "key_mismatch");
	else if (has(a->reason, "BadVapidPublicKey"))
		set(v, VERDICT_AUTH, "unauthorized"); /* the key is ours: no row is to blame */
	else if (number == 113 || has(a->reason, "BadWebPushTopic"))
		set_our_bug(v, VERDICT_NO_TOPIC, "bad_topic");
	else if (has(a->reason, "Ttl value conflicts") || has(a->wns_error, "Ttl value conflicts"))
		set_our_bug(v, VERDICT_SHORT_TTL, "bad_ttl");
	else if (number == 110 || number == 111 || number == 114 || has(a->reason, "BadTtl") ||
		 has(a->reason, "BadUrgency") || has(a->reason, "BadWebPushRequest"))
		set_our_bug(v, VERDICT_DROP, "bad_request");
	else if (has(a->reason, "UnauthorizedRegistration") || has(a->reason, "InvalidTokenFormat"))
		set(v, VERDICT_DEAD, "bad_registration");
	else
		set_drop(v, VERDICT_STRIKE_UNKNOWN, "rejected");
}

static void judge_auth(const struct push_answer *a, struct verdict *v)
{
	if (is_mismatch(a->reason))
		set(v, VERDICT_DEAD, "key_mismatch");
	else
		set(v, VERDICT_AUTH, "unauthorized");
}

/* WNS says 410 also to a sender that it has blocked. */
static void judge_410(const struct push_answer *a, struct verdict *v)
{
	if (has(a->wns_error, "domain") || has(a->wns_error, "block"))
		set_origin(v, VERDICT_TROUBLE_BLOCKED, true);
	else
		set(v, VERDICT_GONE, "gone");
}

static void judge_4xx(const struct push_answer *a, struct verdict *v)
{
	int number = find_errno(a->reason);

	if (a->status == 413 || number == 104 || has(a->reason, "PayloadTooLarge")) {
		set(v, VERDICT_SIZE, "too_large");
		return;
	}
	switch (a->status) {
	case 400:
		judge_400(a, number, v);
		break;
	case 401:
	case 403:
		judge_auth(a, v);
		break;
	case 404:
		set(v, VERDICT_GONE, "not_found");
		break;
	case 410:
		judge_410(a, v);
		break;
	case 405:
	case 411:
	case 415:
		set_our_bug(v, VERDICT_DROP, "bad_request");
		break;
	case 406: /* WNS's word for 429 */
	case 429:
		set(v, VERDICT_THROTTLED, "throttled");
		break;
	case 408:
	case 425:
		set(v, VERDICT_RETRY, "temporary");
		break;
	default:
		set_drop(v, VERDICT_STRIKE_UNKNOWN, "rejected");
		break;
	}
}

static void judge_status(const struct push_answer *a, struct verdict *v)
{
	switch (a->status / 100) {
	case 2:
		set(v, VERDICT_ACCEPTED, "accepted");
		break;
	case 3:
		set_drop(v, VERDICT_STRIKE_REDIRECT, "redirect");
		break;
	case 4:
		judge_4xx(a, v);
		break;
	case 5:
		set(v, VERDICT_RETRY, "server_error");
		v->busy = true;
		break;
	default:
		set(v, VERDICT_RETRY, "no_answer");
		v->busy = true;
		break;
	}
}

static void judge_failure(const struct push_answer *a, struct verdict *v)
{
	switch (a->failure) {
	case PUSH_FAILURE_NOT_SENT:
		set(v, VERDICT_AGAIN, "not_sent");
		break;
	case PUSH_FAILURE_CONNECT:
	case PUSH_FAILURE_RESOLVE:
		set_origin(v, VERDICT_TROUBLE_CONNECT, false);
		break;
	case PUSH_FAILURE_BLOCKED_ADDRESS:
		set(v, VERDICT_DEAD, "blocked_address");
		v->trouble = VERDICT_TROUBLE_ADDRESS;
		v->alarm = true;
		break;
	case PUSH_FAILURE_TLS_VERIFY:
		set_origin(v, VERDICT_TROUBLE_CERTIFICATE, true);
		break;
	case PUSH_FAILURE_PROXY:
		set_origin(v, VERDICT_TROUBLE_PROXY, true);
		break;
	case PUSH_FAILURE_LOCAL:
		set_origin(v, VERDICT_TROUBLE_LOCAL, true);
		break;
	default:
		set(v, VERDICT_RETRY, "no_answer");
		v->busy = true;
		break;
	}
}

static int64_t clamp_retry_after(int64_t ms)
{
	if (ms < 0)
		return -1;
	if (ms < CLOCK_SECOND)
		return CLOCK_SECOND;
	return ms > CLOCK_HOUR ? CLOCK_HOUR : ms;
}

void verdict_judge(const struct push_answer *answer, struct verdict *out)
{
	*out = (struct verdict){.retry_after_ms = clamp_retry_after(answer->retry_after_ms)};
	if (answer->failure != PUSH_FAILURE_NONE)
		judge_failure(answer, out);
	else
		judge_status(answer, out);
}

/* ------------------------------------------------------------------ when again */

static const int64_t schedule[] = {
    5 * CLOCK_SECOND,
    30 * CLOCK_SECOND,
    2 * CLOCK_MINUTE,
    10 * CLOCK_MINUTE,
    30 * CLOCK_MINUTE,
    2 * CLOCK_HOUR,
};

/* ms * [low, low + width) thousandths */
static int64_t spread(int64_t ms, int64_t low, int64_t width, uint32_t random)
{
	return ms / 1000 * (low + random % width) + ms % 1000;
}

static int64_t doubled(int64_t first, int64_t times, int64_t most)
{
	int64_t ms = first;

	for (int64_t i = 0; i < times && ms < most; i++)
		ms *= 2;
	return ms < most ? ms : most;
}

static int64_t throttle_delay(const struct verdict *v, int64_t tries, uint32_t random)
{
	int64_t ms;

	if (v->retry_after_ms < 0)
		return spread(doubled(CLOCK_MINUTE, tries - 1, CLOCK_HOUR), 1000, 500, random);
	ms = v->retry_after_ms < CLOCK_MINUTE ? CLOCK_MINUTE : v->retry_after_ms;
	return spread(ms, 1000, 100, random);
}

int64_t verdict_delay_ms(const struct verdict *v, int64_t tries, uint32_t random)
{
	int64_t ms, after;

	assert(tries >= 1);
	if (v->kind == VERDICT_THROTTLED)
		return throttle_delay(v, tries, random);
	if ((size_t)tries > nelem(schedule))
		return -1;
	ms = spread(schedule[tries - 1], 500, 1001, random);
	after = v->retry_after_ms < 0 ? 0 : spread(v->retry_after_ms, 1000, 100, random);
	return ms > after ? ms : after;
}

static const struct {
	const char *word, *sentence;
	int64_t first, most; /* ms */
	int64_t patience;    /* troubles before the pauses grow; until then a pause is 5 s */
} troubles[] = {
    [VERDICT_TROUBLE_NONE] = {"none", "", 0, 0, 0},
    [VERDICT_TROUBLE_CONNECT] = {"connect", "The push service cannot be reached.",
	30 * CLOCK_SECOND, 10 * CLOCK_MINUTE, 2},
    [VERDICT_TROUBLE_BUSY] = {"busy", "The push service answers with errors or not at all.",
	2 * CLOCK_MINUTE, 10 * CLOCK_MINUTE, 0},
    [VERDICT_TROUBLE_THROTTLED] = {"throttled", "The push service asks us to send more slowly.",
	CLOCK_MINUTE, CLOCK_HOUR, 0},
    [VERDICT_TROUBLE_AUTH] = {"auth",
	"The push service refuses our VAPID token: check the clock of this machine,"
	" VAPID_SUBJECT and the keys.",
	15 * CLOCK_MINUTE, VERDICT_PAUSE_MAX_MS, 0},
    [VERDICT_TROUBLE_BLOCKED] = {"blocked",
	"The push service has blocked this sender; its operator has to lift that.",
	15 * CLOCK_MINUTE, VERDICT_PAUSE_MAX_MS, 0},
    [VERDICT_TROUBLE_CERTIFICATE] = {"certificate",
	"The push service's certificate is not valid: somebody may be in between, or the"
	" certificates of this machine are out of date.",
	15 * CLOCK_MINUTE, VERDICT_PAUSE_MAX_MS, 0},
    [VERDICT_TROUBLE_ADDRESS] = {"address",
	"The push service's name leads to an address that is not public: check the name servers.",
	15 * CLOCK_MINUTE, VERDICT_PAUSE_MAX_MS, 0},
    [VERDICT_TROUBLE_PROXY] = {"proxy", "PUSH_PROXY refuses to connect or is not there.",
	30 * CLOCK_SECOND, 10 * CLOCK_MINUTE, 0},
    [VERDICT_TROUBLE_MASS_GONE] = {"mass_gone",
	"More than half of the subscriptions that were sent to ended within ten minutes, which is"
	" hardly true: none of them will be erased.",
	15 * CLOCK_MINUTE, VERDICT_PAUSE_MAX_MS, 0},
    [VERDICT_TROUBLE_LOCAL] = {"local",
	"This machine cannot send: it has no memory or descriptors left, or lacks a library.",
	5 * CLOCK_SECOND, CLOCK_MINUTE, 0},
};
static_assert(nelem(troubles) == VERDICT_TROUBLE__MAX, "a row for each trouble");

int64_t verdict_pause_ms(enum verdict_trouble trouble, int64_t failures)
{
	int64_t past = failures - troubles[trouble].patience;

	if (past <= 0)
		return 5 * CLOCK_SECOND;
	return doubled(troubles[trouble].first, past - 1, troubles[trouble].most);
}

const char *verdict_trouble_word(enum verdict_trouble trouble)
{
	return troubles[trouble].word;
}

const char *verdict_trouble_sentence(enum verdict_trouble trouble)
{
	return troubles[trouble].sentence;
}

/* ------------------------------------------------------------------ what is remembered */

int64_t verdict_smaller_size(int64_t octets)
{
	static const int64_t steps[] = {2800, 2048, 1024, 512, 256};

	for (size_t i = 0; i < nelem(steps); i++)
		if (steps[i] < octets)
			return steps[i];
	return 0;
}

static const struct {
	int64_t suspend_each; /* 0 = never */
	int64_t kill_at;
	bool daily; /* at most one strike a day counts */
} limits[] = {
    [VERDICT_STRIKE_NONE] = {0, INT64_MAX, false},
    [VERDICT_STRIKE_UNKNOWN] = {3, 9, false},
    [VERDICT_STRIKE_REDIRECT] = {0, 5, false},
    [VERDICT_STRIKE_AUTH] = {0, 5, true},
    [VERDICT_STRIKE_LOST] = {0, 10, true},
};
static_assert(nelem(limits) == VERDICT_STRIKE__MAX, "limits of each strike");

void verdict_strike(enum verdict_strike kind, int64_t now_ms, struct verdict_standing *standing)
{
	if (kind == VERDICT_STRIKE_NONE)
		return;
	if (limits[kind].daily && standing->strikes > 0 &&
	    now_ms - standing->struck_at < CLOCK_DAY && now_ms >= standing->struck_at)
		return;
	standing->strikes++;
	standing->struck_at = now_ms;
	if (standing->strikes >= limits[kind].kill_at)
		standing->dead = true;
	else if (limits[kind].suspend_each > 0 &&
		 standing->strikes % limits[kind].suspend_each == 0)
		standing->suspended_until = now_ms + CLOCK_DAY;
}
