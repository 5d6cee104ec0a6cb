/* courier_answer.c - what the answers do to messages; see courier.h, verdict.h and breaker.h. */
#include "base.h"
#include "courier.h"

#include "courier_parts.h"
#include "log.h"
#include "testpoint.h"

#define REPEATS_MAX 4 /* sends of one message within one window, besides the first */
#define LIMIT_LEAST 4
#define LIMIT_MOST  4096
#define HALVE_MS    1000 /* one answer time and more: a burst of throttles counts once */

/* ------------------------------------------------------------------ what becomes of a message */

static void settle(
    struct courier_origin *o, struct lane_message *m, enum lane_outcome outcome, const char *word)
{
	lane_settle(m, outcome, word);
	courier_closed(o, m->window);
}

static void close_as(struct courier_origin *o, struct lane_message *m, enum lane_state state)
{
	m->state = state;
	m->window->open--;
	courier_closed(o, m->window);
}

static void strike(
    struct courier_origin *o, struct lane_message *m, enum verdict_strike kind, const char *reason)
{
	int64_t before = m->standing.strikes;

	verdict_strike(kind, o->courier->now.wall_ms, &m->standing);
	m->standing_changed |= m->standing.strikes != before;
	if (m->standing.dead)
		m->dead_reason = reason;
}

/* An exception, if the message lives long enough and has tries left. */
static void later(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	int64_t delay = verdict_delay_ms(v, ++m->tries, courier_random(o->courier));

	if (delay < 0) {
		strike(o, m, VERDICT_STRIKE_LOST, v->word);
		settle(o, m, LANE_REFUSED, v->word);
		return;
	}
	m->due_at = o->courier->now.wall_ms + delay;
	if (m->due_at >= m->notice->expires_at)
		settle(o, m, LANE_EXPIRED, "expired");
	else
		close_as(o, m, LANE_LATER);
}

void courier_put_off(struct courier_origin *o, struct lane_message *m)
{
	static const struct verdict unknown = {
	    .kind = VERDICT_RETRY, .retry_after_ms = -1, .word = "no_answer"};

	later(o, m, &unknown);
}

/* At once again, but not for ever. */
static void again(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	struct verdict retry = *v;

	if (o->courier->stopped || breaker_is_paused(&o->breaker, o->courier->now.wall_ms)) {
		close_as(o, m, LANE_HELD);
	} else if (m->repeats < REPEATS_MAX) {
		m->repeats++;
		courier_push_front(o, m);
	} else {
		retry.kind = VERDICT_RETRY;
		later(o, m, &retry);
	}
}

/* ------------------------------------------------------------------ each verdict */

static void accept(struct courier_origin *o, struct lane_message *m)
{
	struct lane_window *w = m->window;
	int64_t now = o->courier->now.wall_ms;

	if (w->first_at == 0)
		w->first_at = now;
	w->last_at = now;
	if (m->standing.strikes > 0 || m->standing.suspended_until > 0) {
		m->standing = (struct verdict_standing){0};
		m->standing_changed = true;
	}
	/* an answer to an older token says nothing about this one */
	if (m->token == o->jwt[m->previous_key].serial)
		o->jwt[m->previous_key].accepted = true;
	o->accepted = true;
	if (o->limit < LIMIT_MOST)
		o->limit++;
	settle(o, m, LANE_ACCEPTED, "accepted");
}

static void bury(
    struct courier_origin *o, struct lane_message *m, enum lane_outcome outcome, const char *reason)
{
	m->dead_reason = reason;
	settle(o, m, outcome, reason);
}

static void shrink_limit(struct courier_origin *o)
{
	int64_t now = o->courier->now.mono_ms;

	if (now - o->halved_at < HALVE_MS)
		return;
	o->halved_at = now;
	o->limit = o->limit / 2 > LIMIT_LEAST ? o->limit / 2 : LIMIT_LEAST;
}

static void refuse(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	strike(o, m, v->strike, v->word);
	settle(o, m, LANE_REFUSED, v->word);
}

/* Others are accepted: since the token was renewed, or before this one's earlier try. */
static bool is_alone(
    const struct courier_origin *o, const struct jwt *jwt, const struct lane_message *m)
{
	return jwt->accepted || (o->accepted && m->tries > 0);
}

/* First a new token; refused again, it is the origin's trouble, unless others are accepted. */
static void unauthorized(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	struct jwt *jwt = &o->jwt[m->previous_key];
	struct verdict retry = *v;

	if (m->token != jwt->serial || jwt->until == 0 || jwt_renew(jwt, o->courier->now.wall_ms)) {
		again(o, m, v);
		return;
	}
	if (is_alone(o, jwt, m)) {
		strike(o, m, VERDICT_STRIKE_AUTH, v->word);
		settle(o, m, LANE_REFUSED, v->word);
		return;
	}
	retry.kind = VERDICT_RETRY;
	if (breaker_unauthorized(&o->breaker, m->id, &o->courier->now))
		close_as(o, m, LANE_HELD);
	else
		later(o, m, &retry);
}

static void too_large(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	int64_t size = verdict_smaller_size((int64_t)m->body_size);

	if (m->minimal) {
		settle(o, m, LANE_REFUSED, v->word);
		return;
	}
	m->max_payload = size > 0 ? size : 1; /* 1: nothing but the smallest fits */
	m->max_payload_changed = true;
	m->minimal = true;
	again(o, m, v);
}

/* Sets a flag and sends again; refused if it was set already. */
static void change(
    struct courier_origin *o, struct lane_message *m, bool *flag, const struct verdict *v)
{
	if (*flag) {
		settle(o, m, LANE_REFUSED, v->word);
		return;
	}
	*flag = true;
	again(o, m, v);
}

/* A private address behind the name of a service that we know is a fault of the name servers, and
 * must not cost anybody the subscription. */
static void dead(struct courier_origin *o, struct lane_message *m, const struct verdict *v)
{
	if (v->trouble != VERDICT_TROUBLE_NONE && o->built_in) {
		breaker_trip(&o->breaker, v->trouble, 0, &o->courier->now);
		close_as(o, m, LANE_HELD);
	} else {
		bury(o, m, LANE_REFUSED, v->word);
	}
}

static void apply(
    struct courier_origin *o, struct lane_message *m, const struct verdict *v, bool paused)
{
	switch (v->kind) {
	case VERDICT_ACCEPTED:
		accept(o, m);
		break;
	case VERDICT_GONE:
		bury(o, m, LANE_GONE, v->word);
		break;
	case VERDICT_DEAD:
		dead(o, m, v);
		break;
	case VERDICT_DROP:
		refuse(o, m, v);
		break;
	case VERDICT_THROTTLED:
		shrink_limit(o);
		if (paused)
			close_as(o, m, LANE_HELD);
		else
			later(o, m, v);
		break;
	case VERDICT_AUTH:
		unauthorized(o, m, v);
		break;
	case VERDICT_SIZE:
		too_large(o, m, v);
		break;
	case VERDICT_NO_TOPIC:
		change(o, m, &m->without_topic, v);
		break;
	case VERDICT_SHORT_TTL:
		change(o, m, &m->short_ttl, v);
		break;
	case VERDICT_AGAIN:
		again(o, m, v);
		break;
	case VERDICT_ORIGIN:
		close_as(o, m, LANE_HELD);
		break;
	default:
		shrink_limit(o);
		later(o, m, v);
		break;
	}
}

/* ------------------------------------------------------------------ the callback */

static void log_answer(
    struct courier_origin *o, const struct push_answer *a, const struct verdict *v)
{
	const char *text = *a->wns_error != '\0' ? a->wns_error : a->reason;

	if (*text == '\0')
		text = a->wns_status; /* WNS has no bodies */
	if (v->kind == VERDICT_ACCEPTED || v->kind == VERDICT_GONE || v->kind == VERDICT_AGAIN)
		return;
	/* a thousand equal answers are one line */
	if (o->breaker.last_error_at > o->courier->now.wall_ms - HALVE_MS &&
	    strstr(o->breaker.last_error, v->word) != NULL)
		return;
	breaker_remember(&o->breaker, a->status, v->word, text, &o->courier->now);
	if (v->alarm)
		log_error("COURIER-07", "%s: %s", o->name, o->breaker.last_error);
	else
		log_info("COURIER-08", "%s: %s", o->name, o->breaker.last_error);
}

/* RFC 8030 §5.2: a service may keep a message for less than it was asked to, and says so. */
static void log_short_life(
    struct courier_origin *o, const struct push_request *request, const struct push_answer *answer)
{
	if (answer->ttl_s < 0 || (uint32_t)answer->ttl_s >= request->ttl_s || o->short_life_said)
		return;
	o->short_life_said = true;
	log_info("COURIER-09", "%s keeps messages for %" PRId32 " s, not %" PRIu32, o->name,
	    answer->ttl_s, request->ttl_s);
}

void courier_answered(void *user, struct push_request *request, const struct push_answer *answer)
{
	struct courier_origin *o = user;
	struct courier_slot *slot = request->context;
	struct lane_message *m = slot->message;
	struct verdict v;
	bool paused, was = breaker_is_paused(&o->breaker, o->courier->now.wall_ms);

	o->in_flight--;
	o->courier->in_flight--;
	courier_give_slot(o->courier, slot);
	breaker_protocol(&o->breaker, transport_origin_protocol(o->transport));
	verdict_judge(answer, &v);
	log_answer(o, answer, &v);
	log_short_life(o, request, answer);
	if (answer->date_ms != 0)
		breaker_date(&o->breaker, answer->date_ms, &o->courier->now);
	paused = breaker_answer(&o->breaker, &v, &o->courier->now);
	apply(o, m, &v, paused);
	testpoint("answered");
	if (!was && breaker_is_paused(&o->breaker, o->courier->now.wall_ms))
		courier_hold(o);
}
