/* courier_send.c - from queued messages to requests: text, encryption, headers; see courier.h. */
#include "base.h"
#include "courier.h"

#include "courier_parts.h"
#include "log.h"
#include "testpoint.h"

#define TTL_MAX 2419200 /* RFC 8030 has no limit, services have this one */

/* ------------------------------------------------------------------ a batch of messages */

static struct courier_slot *take_slot(struct courier *c, size_t body)
{
	struct courier_slot *slot = c->free_slots;

	if (slot != NULL) {
		c->free_slots = slot->next_free;
	} else {
		slot = calloc(1, sizeof *slot);
		if (slot == NULL)
			log_die("COURIER-05", "out of memory");
		slot->next = c->slots;
		c->slots = slot;
	}
	if (slot->body_cap < body) {
		free(slot->body);
		slot->body = malloc(body);
		if (slot->body == NULL)
			log_die("COURIER-06", "out of memory");
		slot->body_cap = body;
	}
	return slot;
}

/* Which text, and how long with its padding: within what this subscription can take. */
static void choose_text(struct lane_message *m, struct ece_job *job)
{
	const struct bulletin_payload *t = m->silent ? &m->text->silent : &m->text->usual;
	size_t most = m->max_payload > 0 ? (size_t)m->max_payload : ECE_PLAINTEXT_MAX;

	if (t->full == NULL || t->full_len > most)
		m->minimal = true;
	job->plaintext = m->minimal ? t->minimal : t->full;
	job->plaintext_len = m->minimal ? t->minimal_len : t->full_len;
	job->padded_len = job->plaintext_len;
	if (!m->minimal) {
		size_t padded = ece_padded_len(job->plaintext_len);
		job->padded_len = padded < most ? padded : most;
	}
	m->body_size = job->padded_len;
}

static void fill_job(struct courier_origin *o, struct lane_message *m, struct ece_job *job,
    struct courier_slot **slotp)
{
	struct courier_slot *slot;

	*job = (struct ece_job){.ua_public = m->p256dh, .auth = m->auth};
	choose_text(m, job);
	slot = take_slot(o->courier, job->padded_len + ECE_OVERHEAD);
	slot->message = m;
	slot->origin = o;
	job->out = slot->body;
	job->out_cap = slot->body_cap;
	*slotp = slot;
}

/* Takes up to n messages from the queue; those that expired while they waited are settled. */
static size_t take_batch(
    struct courier_origin *o, size_t n, struct ece_job *jobs, struct courier_slot **slots)
{
	size_t taken = 0;

	while (taken < n && o->head != NULL) {
		struct lane_message *m = courier_pop(o);

		if (m->notice->expires_at <= o->courier->now.wall_ms) {
			lane_settle(m, LANE_EXPIRED, "expired");
			courier_closed(o, m->window);
			continue;
		}
		m->silent = quiet_is_silent(&m->quiet, m->notice->quiet, o->courier->now.wall_ms);
		fill_job(o, m, &jobs[taken], &slots[taken]);
		taken++;
	}
	return taken;
}

static uint32_t remaining_ttl(const struct courier *c, const struct lane_message *m)
{
	int64_t s = (m->notice->expires_at - c->now.wall_ms) / 1000;

	if (m->short_ttl && s > VERDICT_SHORT_TTL_S)
		s = VERDICT_SHORT_TTL_S;
	if (s < 1)
		return 1;
	return s > TTL_MAX ? TTL_MAX : (uint32_t)s;
}

static const char *authorization(struct courier_origin *o, struct lane_message *m)
{
	const struct courier_settings *s = &o->courier->settings;
	struct jwt *jwt = &o->jwt[m->previous_key];
	struct vapid *key = m->previous_key ? s->previous_key : s->key;
	const char *header = jwt_header(jwt, key, o->name, s->subject, o->courier->now.wall_ms);

	m->token = jwt->serial;
	return header;
}

static bool submit(struct courier_origin *o, struct courier_slot *slot, size_t body_len)
{
	struct lane_message *m = slot->message;

	slot->request = (struct push_request){
	    .path = m->path,
	    .authorization = authorization(o, m),
	    .topic = m->without_topic ? NULL : m->notice->topic,
	    .urgency = m->silent ? "low" : m->notice->urgency,
	    .ttl_s = remaining_ttl(o->courier, m),
	    .body = slot->body,
	    .body_len = body_len,
	    .context = slot,
	};
	if (slot->request.authorization == NULL ||
	    transport_submit(o->transport, &slot->request) != 1)
		return false;
	m->state = LANE_IN_FLIGHT;
	m->sent = true;
	o->in_flight++;
	o->courier->in_flight++;
	testpoint("submitted");
	return true;
}

/* The key is no point of the curve: that never changes. */
static void settle_bad_key(struct courier_origin *o, struct courier_slot *slot)
{
	struct lane_message *m = slot->message;

	m->dead_reason = "bad_key";
	lane_settle(m, LANE_REFUSED, "bad_key");
	courier_give_slot(o->courier, slot);
	courier_closed(o, m->window);
}

static void put_back(struct courier_origin *o, struct courier_slot *slot)
{
	struct lane_message *m = slot->message;

	courier_give_slot(o->courier, slot);
	courier_put_off(o, m);
}

static void send_batch(struct courier_origin *o, size_t n)
{
	struct ece_job jobs[COURIER_BATCH];
	struct courier_slot *slots[COURIER_BATCH];
	bool broken;

	n = take_batch(o, n, jobs, slots);
	for (size_t i = 0; i < n; i++)
		testpoint_id("encrypt", slots[i]->message->id);
	broken = ece_encrypt(o->courier->ece, jobs, n) < 0;
	for (size_t i = 0; i < n; i++) {
		if (!jobs[i].ok && !broken)
			settle_bad_key(o, slots[i]);
		else if (!jobs[i].ok || !submit(o, slots[i], jobs[i].out_len))
			put_back(o, slots[i]);
	}
}

/* ------------------------------------------------------------------ turns */

static size_t room(const struct courier_origin *o)
{
	size_t room, most = COURIER_BATCH;

	if (o->head == NULL || o->transport == NULL || o->in_flight >= o->limit)
		return 0;
	room = transport_origin_room(o->transport);
	if (room > o->limit - o->in_flight)
		room = o->limit - o->in_flight;
	return room < most ? room : most;
}

/* One batch for each origin that has room; true if another round would find some again. */
static bool pump(struct courier *c)
{
	bool more = false;

	for (struct courier_origin *o = c->origins; o != NULL; o = o->next) {
		size_t n = room(o);

		if (n == 0)
			continue;
		send_batch(o, n);
		more |= room(o) > 0;
	}
	return more;
}

int courier_turn(struct courier *c, int timeout_ms)
{
	bool more;

	courier_tick(c);
	more = pump(c);
	if (more || c->finished != NULL)
		timeout_ms = 0;
	int rc = transport_run(c->transport, timeout_ms);
	courier_tick(c);
	return rc;
}
