/* h2_connection.h - the connections of an origin: how they are made, judged and lost (part of h2).
 *
 * Also the shapes that h2.c (requests, their limits in time, the turn) and h2_connection.c share;
 * no other file includes this.
 *
 * A connection goes through: name being resolved (query) -> TCP and TLS (tls) -> HTTP/2 (session)
 * -> draining (takes no more requests) -> freed.  Every end leads through h2_connection_lose, which
 * answers what hung on it.
 */
#ifndef H2_CONNECTION_H
#define H2_CONNECTION_H

#include "base.h"
#include "endpoint.h"
#include "h2.h"
#include "h2_session.h"

struct tls_client;

struct h2_connection {
	struct h2_connection *next;
	struct h2_origin *origin;
	struct gate_query *query;
	struct tls *tls;
	struct h2_session *session;
	size_t streams;	  /* requests on it */
	uint64_t answers; /* 0 = it has been of no use so far */
	bool draining;
	int64_t started_ms; /* of the whole attempt */
	int64_t address_ms; /* of the address being tried */
	int64_t opened_ms;
	int64_t idle_ms;  /* last seen with a request */
	int64_t heard_ms; /* last byte from the peer, or first request after a pause */
};

struct h2_origin {
	struct h2_origin *next;
	struct h2 *h2;
	push_answered *answered;
	void *user;
	struct h2_connection *connections;
	bool http1;
	/* all requests in flight, oldest first; from `waiting` on they have no connection yet */
	struct h2_stream *first, *last, *waiting;
	size_t live, waiting_count;
	/* how much of the time the caller had to wait because everything was full */
	bool full;
	int64_t measured_ms, waited_ms;
	int64_t grow_after_ms;
	size_t took_16; /* answer time, ms x 16, of the last answers */
	/* the most requests in flight since then */
	size_t live_most;
	int64_t shrunk_ms;
	struct endpoint_route route;
	char authority[ENDPOINT_HOST_MAX + 8];
	char host[ENDPOINT_HOST_MAX + 1];
};

struct h2 {
	struct h2_settings settings;
	struct tls_client *client;
	struct h2_origin *origins;
	struct h2_stream *spare;
	uint64_t connections, answers;
	int64_t waited_ms; /* of the loop, at the last turn */
};

/* Begins a new one. */
void h2_connection_start(struct h2_origin *origin);

/* Takes new requests. */
bool h2_connection_is_usable(const struct h2_connection *connection);

/* Requests that it may have at once. */
size_t h2_connection_limit(const struct h2_connection *connection);

/* Looks after time-outs, age and idleness; may lose it. */
void h2_connection_check(struct h2_connection *connection, int64_t now);

/* When h2_connection_check has something to do at the latest. */
int64_t h2_connection_deadline(const struct h2_connection *connection);

/* The connection is gone, or was never made.  Ends it and answers everything that hung on it; where
 * it had been of no use and there is no other, also what waits (with this failure). */
void h2_connection_lose(
    struct h2_connection *connection, enum push_failure failure, const char *why);

/* Closes without answering anything. */
void h2_connection_free(struct h2_connection *connection);

/* In h2.c: hands out the answer and forgets the request. */
void h2_request_answer(
    struct h2_origin *origin, struct h2_stream *stream, enum push_failure failure, const char *why);

/* In h2.c: takes a request off its connection and puts it in front of those that wait. */
void h2_request_move(struct h2_origin *origin, struct h2_stream *stream);

#endif
