/* transport.h - brings requests to push services and answers back.
 *
 * The one face of the two transports: h2.h (HTTP/2: nghttp2 + OpenSSL, many requests on few
 * connections) and fetch.h (libcurl, for services that offer only HTTP/1.1), both directly or through
 * the operator's proxy (proxy.h).  Which one serves an origin is what ALPN says.  The caller may keep
 * that (transport_origin_protocol) and give it back the next time, which saves asking; where it is
 * not true any more the first connection finds out, and the request goes on by the other transport.
 *
 * Life cycle, per process and after the last fork:
 *   transport_open
 *     transport_origin_open (one per origin)
 *       while there is work:
 *         n = transport_origin_room(origin)      how many requests it takes now
 *         transport_submit(origin, &request)     at most n times; bursts of about 16 are best
 *         transport_run(transport, ms)           sends, waits, calls `answered`
 *     transport_origin_close
 *   transport_close
 *
 * Promises:
 *   every submitted request gets exactly one answer, from inside transport_run, at most about 20 s
 *   later (ANSWER_MS of h2.h), unless its origin is closed before: then it gets none;
 *   nothing that may have been processed is sent twice: what to try again is the caller's decision,
 *   by push_failure (only what an ordinary GOAWAY gave back unprocessed is moved by itself);
 *   no origin waits for another: names are resolved beside, nothing blocks;
 *   a redirect is a status like any other and is never followed.
 *
 * Request headers, exactly (RFC 8030 §5, RFC 8188, RFC 8292): ttl, urgency, topic (where set),
 * content-encoding: aes128gcm, content-type: application/octet-stream, authorization,
 * content-length.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "base.h"

struct endpoint_policy;

/* All pointers must stay valid until the answer. */
struct push_request {
	const char *path; /* with query, starts with "/", as in the endpoint */
	const char
	    *authorization;  /* "vapid t=…, k=…": the same pointer for a whole origin is best */
	const char *topic;   /* RFC 8030 §5.4; NULL = none */
	const char *urgency; /* "high", "normal", … */
	uint32_t ttl_s;	     /* 1 … 2419200 */
	const uint8_t *body; /* aes128gcm */
	size_t body_len;
	void *context; /* the caller's */
};

/* What became of a request that got no answer.  The first three are about the request, the others
 * about the whole origin: nothing was sent, and the next request would meet the same. */
enum push_failure {
	PUSH_FAILURE_NONE,     /* there is a status */
	PUSH_FAILURE_UNKNOWN,  /* may have been processed: reset, connection lost, time-out,
				  answer beyond the limits */
	PUSH_FAILURE_NOT_SENT, /* surely not processed: refused stream, above GOAWAY's last */
	PUSH_FAILURE_CONNECT,  /* no connection: refused, unreachable, time-out, TLS alert */
	PUSH_FAILURE_RESOLVE,  /* the name has no address */
	PUSH_FAILURE_BLOCKED_ADDRESS, /* the name has addresses, none that we connect to */
	PUSH_FAILURE_TLS_VERIFY,      /* certificate: wrong name, expired, not trusted */
	PUSH_FAILURE_PROXY,	      /* the operator's proxy refused or is not there */
	PUSH_FAILURE_LOCAL,	      /* we: no memory, no descriptor (logged) */
	PUSH_FAILURE_HTTP1,	      /* between the transports only: the caller never sees it */
	PUSH_FAILURE__MAX
};

/* Valid during the callback only. */
struct push_answer {
	int status; /* 100 … 599 of the final answer, 0 = none */
	enum push_failure failure;
	int64_t retry_after_ms; /* from now, both forms of the header understood; -1 = none */
	int64_t date_ms;	/* its Date; 0 = not said */
	int32_t ttl_s;		/* the lifetime that the service granted; -1 = not said */
	/* The strings are never NULL.  They come from outside: any bytes but NUL. */
	const char *reason;	/* up to PUSH_REASON_MAX bytes of the body of a refusal (300 and
				   above); without a status, what went wrong in a few words */
	const char *wns_status; /* X-WNS-Status */
	const char *wns_error;	/* X-WNS-Error-Description */
	const char *apns_id;	/* apns-id */
	int32_t took_ms;	/* from submit to answer */
};

#define PUSH_REASON_MAX 2048  /* bytes kept of an answer's body */
#define PUSH_BODY_MAX	4096  /* a longer body is cut off; the status counts */
#define PUSH_HEADER_MAX 16384 /* a longer header list ends the request without an answer */
#define PUSH_FIELD_MAX	199   /* bytes kept of one header */

/* May submit further requests and open origins; must not close an origin or call transport_run. */
typedef void push_answered(
    void *user, struct push_request *request, const struct push_answer *answer);

/* A word for logs and for the admin page: "not sent", "no answer", … */
const char *push_failure_name(enum push_failure failure);

struct transport;
struct transport_origin;

/* Zero means the default everywhere. */
struct transport_settings {
	const struct endpoint_policy *policy; /* who is allowed, where to connect; must outlive */
	const char *ca_file;		      /* PEM with further authorities, or NULL */
	const char *proxy;		      /* PUSH_PROXY, or NULL; must outlive */
	unsigned max_connections;	      /* per origin, default 16 */
	unsigned max_streams; /* per connection, default 100; the peer's limit wins */
};

/* NULL is broken and logged.  SIGPIPE must be ignored by the program. */
struct transport *transport_open(const struct transport_settings *settings);

/* All origins must be closed. */
void transport_close(struct transport *transport);

/* What an origin speaks. */
enum transport_protocol {
	TRANSPORT_UNKNOWN,
	TRANSPORT_H2,
	TRANSPORT_HTTP1,
	TRANSPORT_PROTOCOL__MAX
};

/* Starts resolving and connecting at once (warm start), unless it is known to speak HTTP/1.1: that
 * begins with the first request.  host is lower case, as in struct endpoint.  NULL is broken and
 * logged. */
struct transport_origin *transport_origin_open(struct transport *transport, const char *host,
    uint16_t port, enum transport_protocol known, push_answered *answered, void *user);

/* What was given, until a service has said something else. */
enum transport_protocol transport_origin_protocol(const struct transport_origin *origin);

/* Drops what is in flight without an answer. */
void transport_origin_close(struct transport_origin *origin);

/* How many requests it takes now.  Before the first connection stands this is a small number, so
 * that an unreachable origin costs little. */
size_t transport_origin_room(const struct transport_origin *origin);

/* Submitted and not answered. */
size_t transport_origin_in_flight(const struct transport_origin *origin);

/* Takes one request.  1, or 0 if there is no room (nothing happened). */
int transport_submit(struct transport_origin *origin, struct push_request *request);

/* One turn: sends what was submitted, waits at most timeout_ms (-1: no limit) for anything to
 * happen, hands out answers.  1, or 0 if nothing happened, -1 broken and logged. */
int transport_run(struct transport *transport, int timeout_ms);

/* Calls ready(user, …) from transport_run when fd can be read (a wake-up pipe).  One at a time per
 * fd; undone by transport_unwatch.  NULL is broken and logged. */
struct loop_watch;
struct loop_watch *transport_watch(
    struct transport *transport, int fd, void (*ready)(void *user, unsigned events), void *user);
void transport_unwatch(struct loop_watch *watch);

/* Since transport_open, for logs and measurements. */
struct transport_counts {
	uint64_t requests, answers, failures;
	uint64_t connections; /* opened */
	uint64_t in_flight_most;
};

void transport_count(const struct transport *transport, struct transport_counts *out);

#endif
