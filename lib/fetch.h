/* fetch.h - pushes over HTTP/1.1 with libcurl: for services that offer no HTTP/2.
 *
 * Callers outside the transport use transport.h; the meaning of requests, answers and failures is
 * described there.  libcurl is loaded by the first request (fetch_curl.h); where it is missing,
 * requests end with LOCAL.  Its multi interface is driven by the loop and never blocks.
 *
 * Each request under way has a connection of its own, kept for the next one.  Four of them at first,
 * one more with every answer, up to FETCH_TRANSFERS; more wait their turn (room says 0).
 *
 * HTTP/2 is offered to the service (ALPN): if it has learnt that since it was asked last, what was
 * begun is sent so, and fetch_origin_has_h2 tells.
 *
 * Safety (each item is an option of libcurl that is set in fetch_transfer.c and nowhere else): only
 * https, no redirect is followed, no request is repeated by itself, no proxy but the operator's (the
 * environment is not asked), no .netrc, no cookies, no decompression, certificate and name verified,
 * CONNECT_MS and ANSWER_MS, bodies and header lists capped (transport.h).  The host is resolved and
 * judged by gate.h and libcurl connects to exactly those addresses; the socket callback judges each
 * address once more.  Behind a proxy the proxy resolves the names, so only the endpoint's own rules
 * hold there.
 */
#ifndef FETCH_H
#define FETCH_H

#include "base.h"
#include "transport.h"

struct loop;
struct gate;
struct fetch;
struct fetch_origin;

#define FETCH_CONNECT_MS 5000
#define FETCH_ANSWER_MS	 15000
#define FETCH_TRANSFERS	 16

/* Zero means the default above. */
struct fetch_settings {
	struct loop *loop;
	struct gate *gate;
	const struct endpoint_policy *policy;
	const char *ca_file; /* PEM with further authorities, or NULL */
	const char *proxy;   /* "http://[user:password@]host:port", or NULL */
	int64_t connect_ms, answer_ms;
};

/* NULL is broken and logged. */
struct fetch *fetch_open(const struct fetch_settings *settings);
void fetch_close(struct fetch *fetch);

/* NULL is broken and logged. */
struct fetch_origin *fetch_origin_open(
    struct fetch *fetch, const char *host, uint16_t port, push_answered *answered, void *user);
void fetch_origin_close(struct fetch_origin *origin);

size_t fetch_origin_room(const struct fetch_origin *origin);
size_t fetch_origin_in_flight(const struct fetch_origin *origin);

/* The service has answered over HTTP/2: it belongs to the other transport now. */
bool fetch_origin_has_h2(const struct fetch_origin *origin);

/* 1, or 0 without room. */
int fetch_submit(struct fetch_origin *origin, struct push_request *request);

/* Connections opened since fetch_open. */
uint64_t fetch_connections(const struct fetch *fetch);

#endif
