/* courier.c - see courier.h: life, origins, their queues.  Sending is in courier_send.c, answers in
 * courier_answer.c. */
#include "base.h"
#include "courier.h"

#include "clock.h"
#include "courier_parts.h"
#include "digest.h"
#include "endpoint.h"
#include "log.h"
#include "zone.h"

#define LIMIT_FIRST 16

/* ------------------------------------------------------------------ life */

void courier_tick(struct courier *c)
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
	courier_tick(c);
	zone_prepare_threads(); /* the transport's gate has some */
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
	o->transport = transport_origin_open(
	    o->courier->transport, o->host, o->port, o->breaker.protocol, courier_answered, o);
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

size_t courier_held(const struct courier_origin *o)
{
	return o->queued + o->announced + o->in_flight;
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

struct lane_message *courier_pop(struct courier_origin *o)
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
		hold(o, courier_pop(o));
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

/* ------------------------------------------------------------------ the end */

void courier_give_slot(struct courier *c, struct courier_slot *slot)
{
	slot->message = NULL;
	slot->next_free = c->free_slots;
	c->free_slots = slot;
}

void courier_stop(struct courier *c)
{
	c->stopped = true;
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next)
		courier_hold(o);
}

void courier_clock_set(struct courier *c, int64_t ms)
{
	for (struct courier_origin *o = c->origins; o != NULL; o = o->next) {
		if (ms < 0)
			breaker_shift(&o->breaker, ms);
		jwt_forget(&o->jwt[0]);
		jwt_forget(&o->jwt[1]);
		o->accepted = false;
	}
	courier_tick(c);
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
		courier_give_slot(c, slot);
		courier_put_off(slot->origin, m);
	}
}
