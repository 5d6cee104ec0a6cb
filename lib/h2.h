/* h2.h - pushes over HTTP/2: nghttp2, OpenSSL and the loop, a few microseconds a message.
 *
 * Callers outside the transport use transport.h; the meaning of requests, answers and failures is
 * described there.
 *
 * An origin has one connection at first.  While all of them are full and the caller has to wait, the
 * answer time limits the rate (in flight = rate x answer time), so there come more, at most twice as
 * many at a time and max_connections in all.  What was not needed for SHRINK_MS is closed.  Requests submitted in a turn are written together, in TLS records of up to 16 kB.  The
 * peer's SETTINGS_MAX_CONCURRENT_STREAMS and windows are obeyed.
 *
 * What ends a request without an answer:
 *
 * - RST_STREAM REFUSED_STREAM, or above the last stream of a GOAWAY (RFC 9113 §6.8, §8.7): NOT_SENT;
 *   but what an ordinary GOAWAY (NO_ERROR) gives back goes over the next connection by itself.
 *
 * - Any other reset, a lost connection, no answer in ANSWER_MS, a header list beyond the limit of
 *   transport.h: UNKNOWN.  A status counts as an answer if RST_STREAM NO_ERROR follows, or if it is
 *   we who end the request (time, length of the body).
 *
 * - No connection in CONNECT_MS: CONNECT, RESOLVE, BLOCKED_ADDRESS, PROXY or TLS_VERIFY for all that
 *   wait.
 *
 * - ALPN chose http/1.1: HTTP1 for all that wait, and h2_origin_state says so from then on.
 *
 * A connection takes no new requests after a GOAWAY or at an age of MAX_AGE_MS (services end them
 * at one hour) and is closed when the last answer is in; it is closed after IDLE_MS without
 * requests.  We never send PING: FCM answers it with GOAWAY ENHANCE_YOUR_CALM.
 */
#ifndef H2_H
#define H2_H

#include "base.h"
#include "transport.h"

struct loop;
struct gate;
struct h2;
struct h2_origin;
struct proxy;

#define H2_CONNECT_MS 5000
#define H2_ANSWER_MS  20000
#define H2_IDLE_MS    110000
#define H2_SHRINK_MS  5000
#define H2_MAX_AGE_MS 3000000

#define H2_MAX_CONNECTIONS 16
#define H2_MAX_STREAMS	   100

/* Zero means the default above. */
struct h2_settings {
	struct loop *loop;
	struct gate *gate;
	const struct endpoint_policy *policy;
	const char *ca_file;	   /* PEM with further authorities, or NULL */
	const struct proxy *proxy; /* NULL = none; must outlive */
	unsigned max_connections;
	unsigned max_streams;
	int64_t connect_ms, answer_ms, idle_ms, shrink_ms, max_age_ms;
};

enum h2_origin_state {
	H2_ORIGIN_CLOSED,     /* no connection; the next request starts one */
	H2_ORIGIN_CONNECTING, /* the first one is on its way */
	H2_ORIGIN_READY,
	H2_ORIGIN_HTTP1, /* the peer speaks only HTTP/1.1: stays so, takes no requests */
	H2_ORIGIN__MAX
};

/* NULL is broken and logged: a CA file that cannot be read is an error. */
struct h2 *h2_open(const struct h2_settings *settings);
void h2_close(struct h2 *h2);

/* Starts to connect.  NULL is broken and logged. */
struct h2_origin *h2_origin_open(
    struct h2 *h2, const char *host, uint16_t port, push_answered *answered, void *user);
void h2_origin_close(struct h2_origin *origin);

enum h2_origin_state h2_origin_state(const struct h2_origin *origin);
size_t h2_origin_room(const struct h2_origin *origin);
size_t h2_origin_in_flight(const struct h2_origin *origin);

/* 1, or 0 without room. */
int h2_submit(struct h2_origin *origin, struct push_request *request);

/* Connections opened since h2_open. */
uint64_t h2_connections(const struct h2 *h2);

#endif
