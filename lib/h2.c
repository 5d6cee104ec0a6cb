/* h2.c - origins and their requests over HTTP/2; see h2.h. */
#include "base.h"
#include "h2.h"

#include "clock.h"
#include "h2_connection.h"
#include "log.h"
#include "loop.h"
#include "tls.h"

#define FIRST_ROOM 32 /* requests taken before a peer has said what it allows */
#define MEASURE_MS 20 /* how long fullness is watched before further connections */
#define WAIT_SHARE 8  /* waiting less than this part of the time is no reason for them */
#define RATE_MS	   20 /* requests that a process can make in a millisecond, and some */

/* --- requests --- */

static struct h2_stream *take_stream(struct h2 *h2)
{
	struct h2_stream *stream = h2->spare;

	if (stream != NULL) {
		h2->spare = stream->next;
		return stream;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		log_die("H2-04", "out of memory");
	return stream;
}

static void give_back(struct h2 *h2, struct h2_stream *stream)
{
	reply_release(&stream->reply);
	stream->next = h2->spare;
	h2->spare = stream;
}

static void append(struct h2_origin *origin, struct h2_stream *stream)
{
	stream->next = NULL;
	stream->previous = origin->last;
	*(origin->last != NULL ? &origin->last->next : &origin->first) = stream;
	origin->last = stream;
	if (origin->waiting == NULL)
		origin->waiting = stream;
	origin->live++;
	origin->waiting_count++;
}

static void detach(struct h2_origin *origin, struct h2_stream *stream)
{
	if (stream->connection == NULL) {
		origin->waiting_count--;
		if (origin->waiting == stream)
			origin->waiting = stream->next;
	} else {
		stream->connection->streams--;
	}
	*(stream->previous != NULL ? &stream->previous->next : &origin->first) = stream->next;
	*(stream->next != NULL ? &stream->next->previous : &origin->last) = stream->previous;
	origin->live--;
}

void h2_request_answer(
    struct h2_origin *origin, struct h2_stream *stream, enum push_failure failure, const char *why)
{
	int64_t took = clock_mono_ms() - stream->submitted_ms;
	struct push_answer out;

	detach(origin, stream);
	if (failure == PUSH_FAILURE_NONE)
		origin->took_16 += (size_t)took - origin->took_16 / 16;
	reply_answer(&stream->reply, failure, why, (int32_t)took, &out);
	origin->h2->answers++;
	origin->answered(origin->user, stream->request, &out);
	give_back(origin->h2, stream);
}

void h2_request_move(struct h2_origin *origin, struct h2_stream *stream)
{
	struct h2_stream *before = origin->waiting;

	detach(origin, stream);
	reply_release(&stream->reply);
	reply_start(&stream->reply);
	stream->connection = NULL;
	stream->sent = false;
	stream->moves++;
	if (before == NULL) {
		append(origin, stream);
		return;
	}
	stream->next = before;
	stream->previous = before->previous;
	*(before->previous != NULL ? &before->previous->next : &origin->first) = stream;
	before->previous = stream;
	origin->waiting = stream;
	origin->live++;
	origin->waiting_count++;
}

/* Gives up a request that is on a connection and got no answer in time. */
static void time_out(struct h2_stream *stream, int64_t now)
{
	struct h2_connection *connection = stream->connection;
	struct h2_origin *origin = connection->origin;

	/* not one byte for so long: the path is dead, not this one request */
	if (!stream->sent || now - connection->heard_ms >= origin->h2->settings.answer_ms) {
		h2_connection_lose(connection, PUSH_FAILURE_CONNECT, "nothing heard in time");
		return;
	}
	h2_session_abandon(connection->session, stream);
	if (stream->reply.complete)
		h2_request_answer(origin, stream, PUSH_FAILURE_NONE, NULL);
	else
		h2_request_answer(origin, stream, PUSH_FAILURE_UNKNOWN, "no answer in time");
}

static void check_requests(struct h2_origin *origin, int64_t now)
{
	while (origin->first != NULL &&
	       now - origin->first->submitted_ms >= origin->h2->settings.answer_ms) {
		if (origin->first->connection == NULL)
			h2_request_answer(origin, origin->first, PUSH_FAILURE_NOT_SENT,
			    "no free connection in time");
		else
			time_out(origin->first, now);
	}
}

/* The connection with the most free streams, so that many frames leave in one write. */
static struct h2_connection *choose(const struct h2_origin *origin, size_t *room)
{
	struct h2_connection *best = NULL, *c;

	*room = 0;
	for (c = origin->connections; c != NULL; c = c->next) {
		size_t limit;
		if (!h2_connection_is_usable(c) || h2_session_is_blocked(c->session))
			continue;
		limit = h2_connection_limit(c);
		if (limit > c->streams && limit - c->streams > *room) {
			*room = limit - c->streams;
			best = c;
		}
	}
	return best;
}

static void assign(struct h2_connection *connection, size_t room, int64_t now)
{
	struct h2_origin *origin = connection->origin;

	if (connection->streams == 0)
		connection->heard_ms = now;
	for (; room > 0 && origin->waiting != NULL; room--) {
		struct h2_stream *stream = origin->waiting;
		if (!h2_session_submit(connection->session, stream))
			return;
		origin->waiting = stream->next;
		origin->waiting_count--;
		stream->connection = connection;
		connection->streams++;
	}
}

static void assign_waiting(struct h2_origin *origin, int64_t now)
{
	struct h2_connection *connection;
	size_t room;

	while (origin->waiting != NULL && (connection = choose(origin, &room)) != NULL)
		assign(connection, room, now);
}

/* --- one turn --- */

static void check_connections(struct h2_origin *origin, int64_t now)
{
	struct h2_connection *connection, *next;

	for (connection = origin->connections; connection != NULL; connection = next) {
		next = connection->next;
		h2_connection_check(connection, now);
	}
}

static void flush_connections(struct h2_origin *origin)
{
	struct h2_connection *connection, *next;

	for (connection = origin->connections; connection != NULL; connection = next) {
		next = connection->next;
		if (connection->session != NULL && !h2_session_flush(connection->session))
			h2_connection_lose(
			    connection, PUSH_FAILURE_CONNECT, h2_session_why(connection->session));
	}
}

/* How many connections would carry what the caller could send?  While everything is full and we wait,
 * it is the answer time that limits the rate: in flight = rate x answer time.  Who waited w of the
 * time could send 1 / (1 - w) as much, so that many times as many are wanted, at most twice. */
static size_t wanted(struct h2_origin *origin, size_t usable, int64_t waited, int64_t now)
{
	int64_t elapsed = now - origin->measured_ms, idle;

	if (origin->full)
		origin->waited_ms += waited;
	if (elapsed < MEASURE_MS)
		return usable;
	idle = origin->full ? origin->waited_ms : 0;
	origin->measured_ms = now;
	origin->waited_ms = 0;
	if (idle * WAIT_SHARE < elapsed)
		return usable;
	if (idle * 2 >= elapsed)
		return usable * 2;
	return usable +
	       (usable * (size_t)idle + (size_t)(elapsed - idle) - 1) / (size_t)(elapsed - idle);
}

/* What the answer time can justify at all: where answers are quick, waiting has other reasons. */
static size_t useful(const struct h2_origin *origin)
{
	size_t streams = 1;

	for (const struct h2_connection *c = origin->connections; c != NULL; c = c->next)
		if (h2_connection_is_usable(c) && h2_connection_limit(c) > streams)
			streams = h2_connection_limit(c);
	return 1 + RATE_MS * origin->took_16 / 16 / streams;
}

/* Opens connections where one is missing, or where more of them would raise the rate. */
static void open_connections(struct h2_origin *origin, int64_t waited, int64_t now)
{
	size_t most = origin->h2->settings.max_connections;
	size_t usable = 0, connecting = 0, all = 0, want;
	const struct h2_connection *c;

	for (c = origin->connections; c != NULL; c = c->next) {
		all++;
		usable += h2_connection_is_usable(c);
		connecting += c->session == NULL;
	}
	want = wanted(origin, usable, waited, now);
	if (want > useful(origin))
		want = useful(origin);
	if (origin->http1 || connecting > 0)
		return;
	if (usable == 0)
		want = origin->waiting != NULL;
	else if (now < origin->grow_after_ms)
		return;
	/* those that drain count too: a peer that ends every connection gets no more of them */
	for (; usable < want && usable < most && all < most * 2; usable++, all++)
		h2_connection_start(origin);
}

/* The usable connection with the fewest requests. */
static struct h2_connection *quietest(const struct h2_origin *origin, size_t *usable)
{
	struct h2_connection *best = NULL, *c;

	*usable = 0;
	for (c = origin->connections; c != NULL; c = c->next) {
		if (!h2_connection_is_usable(c))
			continue;
		++*usable;
		if (best == NULL || c->streams < best->streams)
			best = c;
	}
	return best;
}

/* Connections that the last while has not needed end when their last answer is in: what was in
 * flight at most would fit twice into those that stay. */
static void close_surplus(struct h2_origin *origin, int64_t now)
{
	struct h2_connection *c;
	size_t usable;

	if (origin->live > origin->live_most)
		origin->live_most = origin->live;
	if (now - origin->shrunk_ms < origin->h2->settings.shrink_ms)
		return;
	while ((c = quietest(origin, &usable)) != NULL && usable > 1 &&
	       origin->live_most * 2 <= (usable - 1) * h2_connection_limit(c))
		c->draining = true;
	origin->shrunk_ms = now;
	origin->live_most = origin->live;
}

static void sooner(int64_t *next, int64_t candidate)
{
	if (candidate < *next)
		*next = candidate;
}

/* When this origin must be looked at again, at the latest. */
static int64_t next_turn(const struct h2_origin *origin, int64_t now)
{
	const struct h2_connection *c;
	int64_t next = INT64_MAX;

	if (origin->first != NULL)
		sooner(&next, origin->first->submitted_ms + origin->h2->settings.answer_ms);
	if (origin->full)
		sooner(&next, origin->measured_ms + MEASURE_MS);
	if (origin->connections != NULL && origin->connections->next != NULL)
		sooner(&next, origin->shrunk_ms + origin->h2->settings.shrink_ms);
	for (c = origin->connections; c != NULL; c = c->next)
		sooner(&next, h2_connection_deadline(c));
	return next > now ? next : now + 1;
}

static int turn(void *user, int64_t now)
{
	struct h2 *h2 = user;
	uint64_t answers = h2->answers;
	int64_t waited = loop_waited_ms(h2->settings.loop) - h2->waited_ms;
	int64_t next = INT64_MAX;

	h2->waited_ms += waited;
	for (struct h2_origin *origin = h2->origins; origin != NULL; origin = origin->next) {
		check_connections(origin, now);
		check_requests(origin, now);
		assign_waiting(origin, now);
		flush_connections(origin);
		open_connections(origin, waited, now);
		close_surplus(origin, now);
		origin->full = !origin->http1 && h2_origin_room(origin) == 0;
		sooner(&next, next_turn(origin, now));
	}
	/* what was answered here is news for the caller, who must not be kept waiting */
	if (h2->answers != answers)
		return 0;
	if (next == INT64_MAX)
		return -1;
	return next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

/* --- for the caller --- */

static void set_defaults(struct h2_settings *settings)
{
	if (settings->max_connections == 0)
		settings->max_connections = H2_MAX_CONNECTIONS;
	if (settings->max_streams == 0)
		settings->max_streams = H2_MAX_STREAMS;
	if (settings->connect_ms == 0)
		settings->connect_ms = H2_CONNECT_MS;
	if (settings->answer_ms == 0)
		settings->answer_ms = H2_ANSWER_MS;
	if (settings->idle_ms == 0)
		settings->idle_ms = H2_IDLE_MS;
	if (settings->shrink_ms == 0)
		settings->shrink_ms = H2_SHRINK_MS;
	if (settings->max_age_ms == 0)
		settings->max_age_ms = H2_MAX_AGE_MS;
}

struct h2 *h2_open(const struct h2_settings *settings)
{
	struct h2 *h2 = calloc(1, sizeof(*h2));

	if (h2 == NULL)
		log_die("H2-05", "out of memory");
	h2->settings = *settings;
	set_defaults(&h2->settings);
	h2->client = tls_client_open(settings->ca_file);
	if (h2->client == NULL) {
		free(h2);
		return NULL;
	}
	loop_add_turn(settings->loop, turn, h2);
	return h2;
}

void h2_close(struct h2 *h2)
{
	if (h2 == NULL)
		return;
	assert(h2->origins == NULL);
	loop_remove_turn(h2->settings.loop, turn, h2);
	tls_client_close(h2->client);
	while (h2->spare != NULL) {
		struct h2_stream *stream = h2->spare;
		h2->spare = stream->next;
		free(stream);
	}
	free(h2);
}

struct h2_origin *h2_origin_open(
    struct h2 *h2, const char *host, uint16_t port, push_answered *answered, void *user)
{
	struct h2_origin *origin = calloc(1, sizeof(*origin));

	if (origin == NULL)
		log_die("H2-06", "out of memory");
	origin->h2 = h2;
	origin->answered = answered;
	origin->user = user;
	origin->measured_ms = origin->shrunk_ms = clock_mono_ms();
	snprintf(origin->host, sizeof(origin->host), "%s", host);
	if (port == 443)
		snprintf(origin->authority, sizeof(origin->authority), "%s", host);
	else
		snprintf(origin->authority, sizeof(origin->authority), "%s:%u", host, port);
	endpoint_find_route(h2->settings.policy, host, port, &origin->route);
	origin->next = h2->origins;
	h2->origins = origin;
	h2_connection_start(origin);
	return origin;
}

void h2_origin_close(struct h2_origin *origin)
{
	struct h2_origin **link = &origin->h2->origins;

	while (origin->first != NULL) {
		struct h2_stream *stream = origin->first;
		if (stream->connection != NULL)
			h2_session_abandon(stream->connection->session, stream);
		detach(origin, stream);
		give_back(origin->h2, stream);
	}
	while (origin->connections != NULL)
		h2_connection_free(origin->connections);
	while (*link != origin)
		link = &(*link)->next;
	*link = origin->next;
	free(origin);
}

enum h2_origin_state h2_origin_state(const struct h2_origin *origin)
{
	const struct h2_connection *c;

	if (origin->http1)
		return H2_ORIGIN_HTTP1;
	for (c = origin->connections; c != NULL; c = c->next)
		if (h2_connection_is_usable(c))
			return H2_ORIGIN_READY;
	return origin->connections != NULL ? H2_ORIGIN_CONNECTING : H2_ORIGIN_CLOSED;
}

size_t h2_origin_room(const struct h2_origin *origin)
{
	size_t capacity = 0, used = origin->waiting_count;
	const struct h2_connection *c;

	if (origin->http1)
		return 0;
	for (c = origin->connections; c != NULL; c = c->next) {
		if (!h2_connection_is_usable(c))
			continue;
		capacity += h2_session_is_settled(c->session) ? h2_connection_limit(c) : 0;
		used += c->streams;
	}
	if (capacity == 0)
		capacity = FIRST_ROOM;
	return capacity > used ? capacity - used : 0;
}

size_t h2_origin_in_flight(const struct h2_origin *origin)
{
	return origin->live;
}

int h2_submit(struct h2_origin *origin, struct push_request *request)
{
	struct h2_stream *stream;

	if (h2_origin_room(origin) == 0)
		return 0;
	stream = take_stream(origin->h2);
	stream->request = request;
	stream->connection = NULL;
	stream->sent = false;
	stream->moves = 0;
	stream->submitted_ms = clock_mono_ms();
	reply_start(&stream->reply);
	append(origin, stream);
	return 1;
}

uint64_t h2_connections(const struct h2 *h2)
{
	return h2->connections;
}
