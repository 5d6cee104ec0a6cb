/* transport.c - HTTP/2 first, HTTP/1.1 where ALPN says so; see transport.h. */
#include "base.h"
#include "transport.h"

#include "clock.h"
#include "fetch.h"
#include "gate.h"
#include "h2.h"
#include "log.h"
#include "loop.h"
#include "proxy.h"

static const char *const names[PUSH_FAILURE__MAX] = {
    [PUSH_FAILURE_NONE] = "answered",
    [PUSH_FAILURE_UNKNOWN] = "no answer",
    [PUSH_FAILURE_NOT_SENT] = "not sent",
    [PUSH_FAILURE_CONNECT] = "no connection",
    [PUSH_FAILURE_RESOLVE] = "name not found",
    [PUSH_FAILURE_BLOCKED_ADDRESS] = "address not public",
    [PUSH_FAILURE_TLS_VERIFY] = "certificate not valid",
    [PUSH_FAILURE_PROXY] = "proxy failed",
    [PUSH_FAILURE_LOCAL] = "error on our side",
    [PUSH_FAILURE_HTTP1] = "only HTTP/1.1",
};

/* A request that HTTP/2 gave back and HTTP/1.1 has no room for yet. */
struct held {
	struct held *next;
	struct push_request *request;
	int64_t since_ms;
};

struct transport_origin {
	struct transport_origin *next;
	struct transport *transport;
	push_answered *answered;
	void *user;
	uint16_t port;
	char *host;
	enum transport_protocol protocol;
	bool returned;	      /* it came to HTTP/2 from HTTP/1.1: that is not tried twice */
	struct h2_origin *h2; /* NULL until it is wanted */
	struct fetch_origin *fetch;
	struct held *held, **held_end;
	size_t held_count;
};

struct transport {
	struct loop *loop;
	struct gate *gate;
	struct h2 *h2;
	struct fetch *fetch;
	struct proxy proxy; /* .host NULL = none */
	bool handed_out;    /* an answer in this turn */
	struct transport_origin *origins;
	size_t in_flight;
	struct transport_counts counts;
};

const char *push_failure_name(enum push_failure failure)
{
	assert(failure < PUSH_FAILURE__MAX);
	return names[failure];
}

static void hand_out(
    struct transport_origin *origin, struct push_request *request, const struct push_answer *answer)
{
	struct transport *transport = origin->transport;

	transport->in_flight--;
	transport->counts.answers++;
	transport->counts.failures += answer->failure != PUSH_FAILURE_NONE;
	transport->handed_out = true;
	origin->answered(origin->user, request, answer);
}

/* The service has learnt HTTP/2.  Not followed to and fro, should it be several machines that do not
 * agree: libcurl serves both. */
static void return_to_h2(struct transport_origin *origin)
{
	if (origin->protocol == TRANSPORT_H2 || origin->returned ||
	    (origin->h2 != NULL && h2_origin_in_flight(origin->h2) > 0))
		return;
	origin->protocol = TRANSPORT_H2;
	origin->returned = true;
	if (origin->h2 != NULL)
		h2_origin_close(origin->h2);
	origin->h2 = NULL;
}

static void on_fetch(void *user, struct push_request *request, const struct push_answer *answer)
{
	struct transport_origin *origin = user;

	if (answer->failure == PUSH_FAILURE_LOCAL && origin->h2 == NULL)
		origin->protocol = TRANSPORT_UNKNOWN; /* perhaps we need not have asked libcurl */
	else if (fetch_origin_has_h2(origin->fetch))
		return_to_h2(origin);
	else if (answer->failure == PUSH_FAILURE_NONE)
		origin->protocol = TRANSPORT_HTTP1;
	hand_out(origin, request, answer);
}

static void hold(struct transport_origin *origin, struct push_request *request)
{
	struct held *held = calloc(1, sizeof(*held));

	if (held == NULL)
		log_die("TRANSPORT-01", "out of memory");
	held->request = request;
	held->since_ms = clock_mono_ms();
	*origin->held_end = held;
	origin->held_end = &held->next;
	origin->held_count++;
}

static struct push_request *release(struct transport_origin *origin)
{
	struct held *held = origin->held;
	struct push_request *request = held->request;

	origin->held = held->next;
	if (origin->held == NULL)
		origin->held_end = &origin->held;
	origin->held_count--;
	free(held);
	return request;
}

static struct fetch_origin *fetch_of(struct transport_origin *origin)
{
	if (origin->fetch == NULL)
		origin->fetch = fetch_origin_open(
		    origin->transport->fetch, origin->host, origin->port, on_fetch, origin);
	return origin->fetch;
}

static void on_h2(void *user, struct push_request *request, const struct push_answer *answer)
{
	struct transport_origin *origin = user;

	if (answer->failure != PUSH_FAILURE_HTTP1) {
		if (answer->failure == PUSH_FAILURE_NONE)
			origin->protocol = TRANSPORT_H2;
		hand_out(origin, request, answer);
		return;
	}
	origin->protocol = TRANSPORT_HTTP1;
	hold(origin, request);
}

static struct h2_origin *h2_of(struct transport_origin *origin)
{
	if (origin->h2 == NULL)
		origin->h2 = h2_origin_open(
		    origin->transport->h2, origin->host, origin->port, on_h2, origin);
	return origin->h2;
}

/* Moves what is held to libcurl, or gives it back when its time is over. */
static void move_held(struct transport_origin *origin, int64_t now)
{
	static const struct push_answer late = {
	    .failure = PUSH_FAILURE_NOT_SENT,
	    .retry_after_ms = -1,
	    .ttl_s = -1,
	    .reason = "no free connection in time",
	    .wns_status = "",
	    .wns_error = "",
	    .apns_id = "",
	    .took_ms = H2_ANSWER_MS,
	};

	while (origin->held != NULL && fetch_origin_room(fetch_of(origin)) > 0)
		fetch_submit(origin->fetch, release(origin));
	while (origin->held != NULL && now - origin->held->since_ms >= H2_ANSWER_MS)
		hand_out(origin, release(origin), &late);
}

static int turn(void *user, int64_t now)
{
	struct transport *transport = user;
	int next = -1;

	transport->handed_out = false;
	for (struct transport_origin *o = transport->origins; o != NULL; o = o->next) {
		move_held(o, now);
		if (o->held != NULL)
			next = 1000;
	}
	return transport->handed_out ? 0 : next;
}

struct transport *transport_open(const struct transport_settings *settings)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		log_die("TRANSPORT-02", "out of memory");
	if (settings->proxy != NULL && !proxy_parse(settings->proxy, &t->proxy)) {
		free(t);
		return NULL;
	}
	t->loop = loop_open();
	if (t->loop != NULL)
		t->gate = gate_open(t->loop, NULL);
	/* the turn comes before that of fetch, which then finds what was moved to it */
	if (t->gate != NULL) {
		struct h2_settings h2 = {.loop = t->loop,
		    .gate = t->gate,
		    .policy = settings->policy,
		    .ca_file = settings->ca_file,
		    .proxy = settings->proxy != NULL ? &t->proxy : NULL,
		    .max_connections = settings->max_connections,
		    .max_streams = settings->max_streams};
		t->h2 = h2_open(&h2);
		loop_add_turn(t->loop, turn, t);
	}
	if (t->h2 != NULL) {
		struct fetch_settings fetch = {.loop = t->loop,
		    .gate = t->gate,
		    .policy = settings->policy,
		    .ca_file = settings->ca_file,
		    .proxy = settings->proxy};
		t->fetch = fetch_open(&fetch);
	}
	if (t->fetch == NULL) {
		transport_close(t);
		return NULL;
	}
	return t;
}

void transport_close(struct transport *transport)
{
	if (transport == NULL)
		return;
	assert(transport->origins == NULL);
	fetch_close(transport->fetch);
	if (transport->gate != NULL)
		loop_remove_turn(transport->loop, turn, transport);
	h2_close(transport->h2);
	gate_close(transport->gate);
	loop_close(transport->loop);
	proxy_release(&transport->proxy);
	free(transport);
}

struct transport_origin *transport_origin_open(struct transport *transport, const char *host,
    uint16_t port, enum transport_protocol known, push_answered *answered, void *user)
{
	struct transport_origin *origin = calloc(1, sizeof(*origin));

	if (origin == NULL || (origin->host = strdup(host)) == NULL)
		log_die("TRANSPORT-03", "out of memory");
	origin->transport = transport;
	origin->answered = answered;
	origin->user = user;
	origin->port = port;
	origin->held_end = &origin->held;
	origin->protocol = known;
	if (known != TRANSPORT_HTTP1)
		h2_of(origin);
	origin->next = transport->origins;
	transport->origins = origin;
	return origin;
}

void transport_origin_close(struct transport_origin *origin)
{
	struct transport_origin **link = &origin->transport->origins;

	origin->transport->in_flight -= transport_origin_in_flight(origin);
	while (origin->held != NULL)
		release(origin);
	if (origin->h2 != NULL)
		h2_origin_close(origin->h2);
	if (origin->fetch != NULL)
		fetch_origin_close(origin->fetch);
	while (*link != origin)
		link = &(*link)->next;
	*link = origin->next;
	free(origin->host);
	free(origin);
}

enum transport_protocol transport_origin_protocol(const struct transport_origin *origin)
{
	return origin->protocol;
}

static bool uses_fetch(const struct transport_origin *origin)
{
	return origin->protocol == TRANSPORT_HTTP1 ||
	       (origin->h2 != NULL && h2_origin_state(origin->h2) == H2_ORIGIN_HTTP1);
}

size_t transport_origin_room(const struct transport_origin *origin)
{
	if (!uses_fetch(origin))
		return origin->h2 != NULL ? h2_origin_room(origin->h2) : 1;
	if (origin->held != NULL)
		return 0;
	return origin->fetch != NULL ? fetch_origin_room(origin->fetch) : 1;
}

size_t transport_origin_in_flight(const struct transport_origin *origin)
{
	size_t n = origin->held_count;

	if (origin->h2 != NULL)
		n += h2_origin_in_flight(origin->h2);
	if (origin->fetch != NULL)
		n += fetch_origin_in_flight(origin->fetch);
	return n;
}

int transport_submit(struct transport_origin *origin, struct push_request *request)
{
	struct transport *transport = origin->transport;

	if (transport_origin_room(origin) == 0)
		return 0;
	if (uses_fetch(origin))
		fetch_submit(fetch_of(origin), request);
	else
		h2_submit(h2_of(origin), request);
	transport->counts.requests++;
	transport->in_flight++;
	if (transport->in_flight > transport->counts.in_flight_most)
		transport->counts.in_flight_most = transport->in_flight;
	return 1;
}

int transport_run(struct transport *transport, int timeout_ms)
{
	uint64_t answers = transport->counts.answers;
	int result = loop_run(transport->loop, timeout_ms);

	return result == 0 && transport->counts.answers != answers ? 1 : result;
}

struct loop_watch *transport_watch(
    struct transport *transport, int fd, void (*ready)(void *user, unsigned events), void *user)
{
	return loop_watch(transport->loop, fd, LOOP_READ, ready, user);
}

void transport_unwatch(struct loop_watch *watch)
{
	loop_unwatch(watch);
}

void transport_count(const struct transport *transport, struct transport_counts *out)
{
	*out = transport->counts;
	out->connections = h2_connections(transport->h2) + fetch_connections(transport->fetch);
}
