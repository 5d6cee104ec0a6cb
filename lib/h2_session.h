/* h2_session.h - one HTTP/2 connection: frames in, frames out (the only user of nghttp2; part of
 * h2).
 *
 * Sits on an open TLS connection that stays its owner's.  It knows streams, not origins: which
 * connection takes a request, and when to give up, is decided in h2.c.
 *
 * nghttp2 never lets HPACK index `authorization` (it treats it as a secret to be protected from
 * CRIME-like guessing and offers no switch), so the VAPID header is sent in full, Huffman-coded;
 * `:path` is never indexed either; all else is one byte each after the first request.
 */
#ifndef H2_SESSION_H
#define H2_SESSION_H

#include "base.h"
#include "reply.h"
#include "transport.h"

struct tls;
struct h2_session;

/* A request on its way.  The memory is h2.c's. */
struct h2_stream {
	struct h2_stream *next, *previous; /* h2.c's lists */
	struct push_request *request;
	struct h2_connection *connection; /* h2.c's; NULL while it waits */
	int64_t submitted_ms;
	unsigned moves; /* times it was given back unprocessed and sent over another connection */
	struct reply reply;
	/* from here on h2_session's */
	int32_t id;
	bool sent;  /* the header frame was made: the peer may have seen it */
	bool ended; /* END_STREAM came */
	size_t body_sent;
	char ttl[12], length[24]; /* texts must live until the frame is made */
};

/* The stream is over: failure as in transport.h, why in words.  May be called from
 * h2_session_receive and h2_session_flush; must not call functions of this file. */
typedef void h2_session_done(
    void *user, struct h2_stream *stream, enum push_failure failure, const char *why);

/* authority: "host" or "host:port"; the string stays the owner's.  NULL is broken and logged. */
struct h2_session *h2_session_open(
    struct tls *tls, const char *authority, h2_session_done *done, void *user);

/* Says GOAWAY where that is possible at once, and frees.  Streams that are left get no answer. */
void h2_session_close(struct h2_session *session);

/* The peer's SETTINGS are in. */
bool h2_session_is_settled(const struct h2_session *session);

/* Requests that the peer allows at once (RFC 9113 §5.1.2); 1 until its SETTINGS are in, because
 * more might be refused. */
unsigned h2_session_limit(const struct h2_session *session);

/* GOAWAY came: no new streams. */
bool h2_session_is_ending(const struct h2_session *session);

/* And it was an ordinary end (NO_ERROR), not a complaint. */
bool h2_session_is_graceful(const struct h2_session *session);

/* What was made is not on the wire yet: submitting more would only fill memory. */
bool h2_session_is_blocked(const struct h2_session *session);

/* Puts a request behind those submitted before; the frames leave with the next flush.  False: no
 * memory or no stream ids left; the connection should be ended. */
bool h2_session_submit(struct h2_session *session, struct h2_stream *stream);

/* Gives a stream up (RST_STREAM CANCEL with the next flush); done is not called for it. */
void h2_session_abandon(struct h2_session *session, struct h2_stream *stream);

/* Writes what there is, gathered into full TLS records.  False: the connection is lost. */
bool h2_session_flush(struct h2_session *session);

/* Reads until nothing is left.  False: the connection is lost; h2_session_why says how. */
bool h2_session_receive(struct h2_session *session);

/* Words for a lost connection. */
const char *h2_session_why(const struct h2_session *session);

#endif
