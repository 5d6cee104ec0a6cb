/* courier.c - see courier.h: origins, queues, encryption, requests.  Answers are in
 * courier_answer.c. */
#include "base.h"
#include "courier.h"

#include "clock.h"
#include "courier_parts.h"
#include "digest.h"
#include "endpoint.h"
#include "log.h"
#include "testpoint.h"
#include "vapid.h"

#define LIMIT_FIRST 16
#define TTL_MAX	    2419200

/* ------------------------------------------------------------------ life */

static void tick(struct courier *c)
{
	c->now.wall_ms = clock_now_ms();
	c->now.mono_ms = clock_mono_ms();
	c->now.turn++;
}

struct courier *courier_open(const struct courier_settings *settings)
{
	struct courier *c = calloc(1, sizeof *c);
	struct transport_settings transport = {
	    .policy = settings->policy, .ca_file = settings->ca_file, .proxy = settings->proxy};

	if (c == NULL)
		log_die("COURIER-01", "out of memory");
	c->settings = *settings;
	c->finished_tail = &c->finished;
	digest_random(&c->random, sizeof c->random);
	tick(c);
	c->ece = ece_open();
	c->transport = c->ece == NULL ? NULL : transport_open(&transport);
	if (c->transport == NULL) {
		ece_close(&c->ece);
		free(c);
		return NULL;
	}
	return c;
}

static void close_origin(struct courier_origin *o)
{
	assert(o->queued == 0 && o->in_flight == 0);
	if (o->transport != NULL)
		transport_origin_close(o->transport);
	jwt_release(&o->jwt[0]);
	jwt_release(&o->jwt[1]);
	free(o->name);
	free(o);
}

void courier_close(struct courier **cp)
{
	struct courier *c = *cp;

	if (c == NULL)
		return;
	while (c->origins != NULL) {
		struct courier_origin *o = c->origins;
		c->origins = o->next;
		close_origin(o);
	}
	while (c->slots != NULL) {
		struct courier_slot *slot = c->slots;
		c->slots = slot->next;
		free(slot->body);
		free(slot);
	}
	transport_close(c->transport);
	ece_close(&c->ece);
	free(c);
	*cp = NULL;
}

uint32_t courier_random(struct courier *c)
{
	/* xorshift: spreads retries, nothing secret */
	c->random ^= c->random << 13;
	c->random ^= c->random >> 17;
	c->random ^= c->random << 5;
	c->random += c->random == 0;
	return c->random;
}

/* ------------------------------------------------------------------ origins */

static void split_name(struct courier_origin *o)
{
	struct endpoint *e = malloc(sizeof *e);
	char url[ENDPOINT_ORIGIN_MAX + 2];
	int len = snprintf(url, sizeof url, "%s/", o->name);

	if (e == NULL)
		log_die("COURIER-02", "out of memory");
	o->allowed = len > 0 && (size_t)len < sizeof url &&
		     endpoint_split(url, (size_t)len, e) == ENDPOINT_OK;
	if (o->allowed) {
		memcpy(o->host, e->host, strlen(e->host) + 1);
		o->port = e->port;
		o->allowed =
		    endpoint_judge(o->courier->settings.policy, o->host, o->port) == ENDPOINT_OK;
	}
	free(e);
}

static struct courier_origin *new_origin(
    struct courier *c, int64_t id, const char *name, bool built_in)
{
	struct courier_origin *o = calloc(1, sizeof *o);

	if (o == NULL || (o->name = strdup(name)) == NULL)
		log_die("COURIER-03", "out of memory");
	o->courier = c;
	o->built_in = built_in;
	o->tail = &o->head;
	o->limit = LIMIT_FIRST;
	breaker_init(&o->breaker, id, o->name);
	split_name(o);
	if (!o->allowed) {
		breaker_remember(&o->breaker, 0, "not_allowed",
		    "this push service is not allowed any more by PUSH_EXTRA_HOSTS", &c->now);
		log_warn("COURIER-04", "%s is not allowed by the configuration", o->name);
	}
	o->next = c->origins;
	c->origins = o;
	return o;
}

struct courier_origin *courier_origin(
    struct courier *c, int64_t id, const char *name, bool built_in)
{
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next)
		if (o->breaker.origin_id == id)
			return o;
	return new_origin(c, id, name, built_in);
}

static void connect_origin(struct courier_origin *o)
{
	if (o->transport != NULL)
		return;
	o->transport =
	    transport_origin_open(o->courier->transport, o->host, o->port, courier_answered, o);
	if (o->transport == NULL)
		breaker_trip(&o->breaker, VERDICT_TROUBLE_LOCAL, 0, &o->courier->now);
}

void courier_each(struct courier *c, courier_visit *visit, void *user)
{
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next)
		visit(user, o);
}

struct breaker *courier_breaker(struct courier_origin *o)
{
	return &o->breaker;
}

const char *courier_name(const struct courier_origin *o)
{
	return o->name;
}

bool courier_allowed(const struct courier_origin *o)
{
	return o->allowed;
}

size_t courier_queued(const struct courier_origin *o)
{
	return o->queued + o->announced;
}

void courier_announce(struct courier_origin *o, const struct lane_window *w, bool coming)
{
	if (coming)
		o->announced += w->open;
	else
		o->announced -= w->open;
}

size_t courier_in_flight(const struct courier *c)
{
	return c->in_flight;
}

struct transport *courier_transport(struct courier *c)
{
	return c->transport;
}

/* ------------------------------------------------------------------ queue */

static void push_back(struct courier_origin *o, struct lane_message *m)
{
	m->state = LANE_QUEUED;
	m->next = NULL;
	*o->tail = m;
	o->tail = &m->next;
	o->queued++;
}

void courier_push_front(struct courier_origin *o, struct lane_message *m)
{
	m->state = LANE_QUEUED;
	m->next = o->head;
	if (o->head == NULL)
		o->tail = &m->next;
	o->head = m;
	o->queued++;
}

static struct lane_message *pop(struct courier_origin *o)
{
	struct lane_message *m = o->head;

	o->head = m->next;
	if (o->head == NULL)
		o->tail = &o->head;
	o->queued--;
	return m;
}

void courier_closed(struct courier_origin *o, struct lane_window *w)
{
	struct courier *c = o->courier;

	if (w->open > 0)
		return;
	w->next = NULL;
	*c->finished_tail = w;
	c->finished_tail = &w->next;
}

static void hold(struct courier_origin *o, struct lane_message *m)
{
	m->state = LANE_HELD;
	m->window->open--;
	courier_closed(o, m->window);
}

void courier_hold(struct courier_origin *o)
{
	while (o->head != NULL)
		hold(o, pop(o));
}

void courier_send(struct courier_origin *o, struct lane_window *w)
{
	assert(w->open > 0);
	courier_announce(o, w, false);
	for (size_t i = 0; i < w->n; i++)
		if (w->messages[i].state == LANE_QUEUED)
			push_back(o, &w->messages[i]);
	if (o->courier->stopped || breaker_is_paused(&o->breaker, clock_now_ms()))
		courier_hold(o);
	else
		connect_origin(o);
}

struct lane_window *courier_finished(struct courier *c)
{
	struct lane_window *w = c->finished;

	if (w == NULL)
		return NULL;
	c->finished = w->next;
	if (c->finished == NULL)
		c->finished_tail = &c->finished;
	return w;
}

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

static void give_slot(struct courier *c, struct courier_slot *slot)
{
	slot->message = NULL;
	slot->next_free = c->free_slots;
	c->free_slots = slot;
}

/* Which text, and how long with its padding: within what this subscription can take. */
static void choose_text(struct lane_message *m, struct ece_job *job)
{
	const struct bulletin_text *t = m->text;
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
		struct lane_message *m = pop(o);

		if (m->notice->expires_at <= o->courier->now.wall_ms) {
			lane_settle(m, LANE_EXPIRED, "expired");
			courier_closed(o, m->window);
			continue;
		}
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
	    .urgency = m->notice->urgency,
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
	give_slot(o->courier, slot);
	courier_closed(o, m->window);
}

static void put_back(struct courier_origin *o, struct courier_slot *slot)
{
	struct lane_message *m = slot->message;

	give_slot(o->courier, slot);
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

	tick(c);
	more = pump(c);
	if (more || c->finished != NULL)
		timeout_ms = 0;
	int rc = transport_run(c->transport, timeout_ms);
	tick(c);
	return rc;
}

void courier_stop(struct courier *c)
{
	c->stopped = true;
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next)
		courier_hold(o);
}

void courier_abandon(struct courier *c)
{
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next) {
		if (o->transport != NULL)
			transport_origin_close(o->transport);
		o->transport = NULL;
	}
	for (struct courier_slot *slot = c->slots; slot != NULL; slot = slot->next) {
		struct lane_message *m = slot->message;

		if (m == NULL)
			continue;
		slot->origin->in_flight--;
		c->in_flight--;
		give_slot(c, slot);
		courier_put_off(slot->origin, m);
	}
}
