/* h2_connection.c - how connections are made, grown, judged and lost; see h2_connection.h. */
#include "base.h"
#include "h2_connection.h"

#include "clock.h"
#include "gate.h"
#include "log.h"
#include "proxy.h"
#include "tls.h"

#define NEXT_ADDRESS_MS 1500  /* patience with one of several addresses */
#define MOVES_MAX	3     /* connections that may give a request back */
#define GROW_AGAIN_MS	10000 /* pause after a connection that was of no use */

bool h2_connection_is_usable(const struct h2_connection *connection)
{
	return connection->session != NULL && !connection->draining &&
	       !h2_session_is_ending(connection->session);
}

size_t h2_connection_limit(const struct h2_connection *connection)
{
	unsigned limit = h2_session_limit(connection->session);
	unsigned most = connection->origin->h2->settings.max_streams;

	return limit < most ? limit : most;
}

void h2_connection_free(struct h2_connection *connection)
{
	struct h2_connection **link = &connection->origin->connections;

	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	if (connection->query != NULL)
		gate_cancel(connection->query);
	h2_session_close(connection->session);
	tls_close(connection->tls);
	free(connection);
}

/* Is there another connection that waiting requests may hope for? */
static bool has_hope(const struct h2_origin *origin)
{
	const struct h2_connection *c;

	for (c = origin->connections; c != NULL; c = c->next)
		if (c->session == NULL || h2_connection_is_usable(c))
			return true;
	return false;
}

/* Answers what has no connection; what the callbacks append waits for the next attempt. */
static void fail_waiting(struct h2_origin *origin, enum push_failure failure, const char *why)
{
	for (size_t n = origin->waiting_count; n > 0; n--)
		h2_request_answer(origin, origin->waiting, failure, why);
}

void h2_connection_lose(
    struct h2_connection *connection, enum push_failure failure, const char *words)
{
	struct h2_origin *origin = connection->origin;
	bool useless = connection->answers == 0;
	struct h2_stream *stream, *next;
	char why[200];

	snprintf(why, sizeof(why), "%s%s", connection->session != NULL ? "connection lost: " : "",
	    words);
	for (stream = origin->first; stream != NULL; stream = next) {
		next = stream->next;
		if (stream->connection == connection)
			h2_request_answer(origin, stream,
			    stream->sent ? PUSH_FAILURE_UNKNOWN : PUSH_FAILURE_NOT_SENT, why);
	}
	h2_connection_free(connection);
	if (!useless)
		return;
	origin->grow_after_ms = clock_mono_ms() + GROW_AGAIN_MS;
	/* otherwise a peer that takes connections and drops them would be dialled in a circle */
	if (!has_hope(origin))
		fail_waiting(origin, failure, why);
}

static void on_done(
    void *user, struct h2_stream *stream, enum push_failure failure, const char *why)
{
	struct h2_connection *connection = user;

	/* An ordinary end of a connection, as services do by age or count, is nobody's failure:
	 * what was surely not processed goes over the next one (RFC 9113 §6.8). */
	if (failure == PUSH_FAILURE_NOT_SENT && stream->moves < MOVES_MAX &&
	    h2_session_is_graceful(connection->session)) {
		h2_request_move(connection->origin, stream);
		return;
	}
	connection->answers++;
	h2_request_answer(connection->origin, stream, failure, why);
}

/* TLS stands: HTTP/2 begins, or the peer turns out to be one for the other transport. */
static bool begin(struct h2_connection *connection)
{
	struct h2_origin *origin = connection->origin;

	if (!tls_is_h2(connection->tls)) {
		h2_connection_free(connection);
		origin->http1 = true;
		fail_waiting(origin, PUSH_FAILURE_HTTP1, "the service offers only HTTP/1.1");
		return false;
	}
	connection->session =
	    h2_session_open(connection->tls, origin->authority, on_done, connection);
	if (connection->session == NULL) {
		h2_connection_lose(connection, PUSH_FAILURE_LOCAL, "no HTTP/2 session");
		return false;
	}
	connection->opened_ms = connection->idle_ms = connection->heard_ms = clock_mono_ms();
	return true;
}

/* Looks at what TLS has become.  False: the connection is gone. */
static bool attend(struct h2_connection *connection)
{
	if (tls_state(connection->tls) == TLS_FAILED) {
		h2_connection_lose(
		    connection, tls_failure(connection->tls), tls_why(connection->tls));
		return false;
	}
	if (tls_state(connection->tls) == TLS_OPEN && connection->session == NULL)
		return begin(connection);
	return true;
}

static void on_changed(void *user)
{
	struct h2_connection *connection = user;

	if (!attend(connection) || connection->session == NULL)
		return;
	connection->heard_ms = clock_mono_ms();
	if (!h2_session_receive(connection->session))
		h2_connection_lose(
		    connection, PUSH_FAILURE_CONNECT, h2_session_why(connection->session));
}

/* The name has no address that we may use. */
static void lose_unfound(struct h2_connection *connection, const struct gate_result *result)
{
	enum push_failure failure = PUSH_FAILURE_RESOLVE;
	char why[160];

	if (result->verdict == GATE_BLOCKED)
		failure = PUSH_FAILURE_BLOCKED_ADDRESS;
	snprintf(why, sizeof(why), "%s", result->why);
	if (connection->origin->h2->settings.proxy != NULL) {
		failure = PUSH_FAILURE_PROXY;
		snprintf(why, sizeof(why), "the proxy's name: %s", result->why);
	}
	h2_connection_lose(connection, failure, why);
}

static void on_found(void *user, const struct gate_result *result)
{
	struct h2_connection *connection = user;
	struct h2_origin *origin = connection->origin;
	struct tls_target target = {
	    .name = origin->host,
	    .addresses = result,
	    .proxy = origin->h2->settings.proxy,
	    .tunnel_host = origin->route.host,
	    .tunnel_port = origin->route.port,
	};

	connection->query = NULL;
	if (result->verdict != GATE_OK) {
		lose_unfound(connection, result);
		return;
	}
	connection->address_ms = clock_mono_ms();
	connection->tls = tls_open(
	    origin->h2->client, origin->h2->settings.loop, &target, on_changed, connection);
	attend(connection);
}

/* Behind a proxy it is the proxy's name that we look up, and the operator has chosen that. */
static void ask_addresses(struct h2_connection *connection)
{
	const struct h2_settings *settings = &connection->origin->h2->settings;
	const struct endpoint_route *route = &connection->origin->route;
	const struct proxy *proxy = settings->proxy;

	if (proxy != NULL)
		connection->query =
		    gate_ask(settings->gate, proxy->host, proxy->port, true, on_found, connection);
	else
		connection->query = gate_ask(settings->gate, route->host, route->port,
		    route->any_address, on_found, connection);
}

void h2_connection_start(struct h2_origin *origin)
{
	struct h2_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		log_die("H2-03", "out of memory");
	connection->origin = origin;
	connection->started_ms = clock_mono_ms();
	connection->next = origin->connections;
	origin->connections = connection;
	origin->h2->connections++;
	ask_addresses(connection);
}

static void lose_late(struct h2_connection *connection)
{
	enum push_failure failure = tls_lateness(connection->tls);

	h2_connection_lose(connection, failure,
	    failure == PUSH_FAILURE_PROXY ? "no tunnel through the proxy in time"
					  : "no connection in time");
}

static void check_connecting(struct h2_connection *connection, int64_t now)
{
	const struct h2_settings *settings = &connection->origin->h2->settings;

	if (now - connection->started_ms >= settings->connect_ms) {
		if (connection->query != NULL)
			h2_connection_lose(connection,
			    settings->proxy != NULL ? PUSH_FAILURE_PROXY : PUSH_FAILURE_RESOLVE,
			    "the name servers did not answer");
		else
			lose_late(connection);
	} else if (connection->tls != NULL && now - connection->address_ms >= NEXT_ADDRESS_MS) {
		connection->address_ms = now;
		tls_try_next(connection->tls);
		attend(connection);
	}
}

static void check_open(struct h2_connection *connection, int64_t now)
{
	const struct h2_settings *settings = &connection->origin->h2->settings;

	if (now - connection->opened_ms >= settings->max_age_ms)
		connection->draining = true;
	if (connection->streams > 0)
		connection->idle_ms = now;
	else if (connection->draining)
		h2_connection_free(connection);
	else if (!h2_connection_is_usable(connection))
		h2_connection_lose(connection, PUSH_FAILURE_NOT_SENT, "ended by the peer");
	else if (now - connection->idle_ms >= settings->idle_ms)
		h2_connection_free(connection);
}

void h2_connection_check(struct h2_connection *connection, int64_t now)
{
	if (connection->session == NULL)
		check_connecting(connection, now);
	else
		check_open(connection, now);
}

int64_t h2_connection_deadline(const struct h2_connection *connection)
{
	const struct h2_settings *settings = &connection->origin->h2->settings;
	int64_t deadline = INT64_MAX, other = INT64_MAX;

	if (connection->session == NULL) {
		deadline = connection->started_ms + settings->connect_ms;
		if (connection->tls != NULL)
			other = connection->address_ms + NEXT_ADDRESS_MS;
	} else {
		if (!connection->draining)
			deadline = connection->opened_ms + settings->max_age_ms;
		if (connection->streams == 0)
			other = connection->idle_ms + settings->idle_ms;
	}
	return deadline < other ? deadline : other;
}
