/* h2_session.c - frames in, frames out: one HTTP/2 connection; see h2_session.h. */
#include "base.h"
#include "h2_session.h"

#include "log.h"
#include "tls.h"

#include <nghttp2/nghttp2.h>

/* the largest TLS record: one write, one system call */
#define RECORD ((size_t)16 * 1024)

struct h2_session {
	nghttp2_session *frames;
	struct tls *tls;
	const char *authority;
	h2_session_done *done;
	void *user;
	bool settings_in, ending, graceful;
	bool closing;	      /* no stream may be touched any more: they are their owner's again */
	size_t used, written; /* of out */
	/* a frame of nghttp2 that did not fit into out; valid until the next mem_send */
	const uint8_t *rest;
	size_t rest_len;
	char why[160];
	uint8_t out[RECORD];
};

/* --- what nghttp2 calls --- */

/* NULL for a stream that was given up. */
static struct h2_stream *stream_of(const struct h2_session *session, int32_t id)
{
	return session->closing ? NULL : nghttp2_session_get_stream_user_data(session->frames, id);
}

static ssize_t read_body(nghttp2_session *frames, int32_t id, uint8_t *out, size_t cap,
    uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct h2_stream *stream = stream_of(user, id);
	size_t left;

	(void)frames;
	(void)source;
	if (stream == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	left = stream->request->body_len - stream->body_sent;
	if (left <= cap)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else
		left = cap;
	memcpy(out, stream->request->body + stream->body_sent, left);
	stream->body_sent += left;
	return (ssize_t)left;
}

static int on_frame_send(nghttp2_session *frames, const nghttp2_frame *frame, void *user)
{
	struct h2_stream *stream;

	(void)frames;
	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	stream = stream_of(user, frame->hd.stream_id);
	if (stream != NULL)
		stream->sent = true;
	return 0;
}

static int on_begin_headers(nghttp2_session *frames, const nghttp2_frame *frame, void *user)
{
	struct h2_stream *stream = stream_of(user, frame->hd.stream_id);

	(void)frames;
	if (stream != NULL)
		reply_begin_headers(&stream->reply, 0);
	return 0;
}

static int parse_status(const uint8_t *value, size_t len)
{
	/* nghttp2 has checked that these are three digits */
	return len == 3 ? (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0') : 0;
}

static int on_header(nghttp2_session *frames, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2_stream *stream = stream_of(user, frame->hd.stream_id);

	(void)frames;
	(void)flags;
	if (stream == NULL)
		return 0;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		reply_begin_headers(&stream->reply, parse_status(value, value_len));
	/* a list beyond the limit: nghttp2 resets this stream and goes on with the others */
	return reply_add_header(
		   &stream->reply, (const char *)name, name_len, (const char *)value, value_len)
		   ? 0
		   : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_frame_recv(nghttp2_session *frames, const nghttp2_frame *frame, void *user)
{
	struct h2_session *session = user;
	struct h2_stream *stream;

	(void)frames;
	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			session->settings_in = true;
		return 0;
	case NGHTTP2_GOAWAY:
		session->ending = true;
		session->graceful = frame->goaway.error_code == NGHTTP2_NO_ERROR;
		return 0;
	case NGHTTP2_HEADERS:
	case NGHTTP2_DATA:
		break;
	default:
		return 0;
	}
	stream = stream_of(user, frame->hd.stream_id);
	if (stream == NULL)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS)
		reply_end_headers(&stream->reply);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		stream->ended = true;
	return 0;
}

/* Takes the stream away from nghttp2 and reports it. */
static void finish(struct h2_session *session, struct h2_stream *stream, enum push_failure failure,
    const char *why)
{
	nghttp2_session_set_stream_user_data(session->frames, stream->id, NULL);
	session->done(session->user, stream, failure, why);
}

static int on_data(nghttp2_session *frames, uint8_t flags, int32_t id, const uint8_t *bytes,
    size_t len, void *user)
{
	struct h2_session *session = user;
	struct h2_stream *stream = stream_of(user, id);

	(void)flags;
	if (stream == NULL || reply_add_body(&stream->reply, bytes, len))
		return 0;
	/* the status is known; whoever sends more than anybody reads is cut off */
	nghttp2_submit_rst_stream(frames, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
	finish(session, stream, PUSH_FAILURE_NONE, NULL);
	return 0;
}

static int on_stream_close(nghttp2_session *frames, int32_t id, uint32_t error, void *user)
{
	struct h2_session *session = user;
	struct h2_stream *stream = stream_of(user, id);
	char why[80];

	(void)frames;
	if (stream == NULL)
		return 0;
	if (stream->reply.complete && (stream->ended || error == NGHTTP2_NO_ERROR)) {
		finish(session, stream, PUSH_FAILURE_NONE, NULL);
		return 0;
	}
	snprintf(why, sizeof(why), "stream ended: %s", nghttp2_http2_strerror(error));
	if (stream->reply.header_bytes > PUSH_HEADER_MAX)
		snprintf(why, sizeof(why), "answer's header list is too large");
	finish(session, stream,
	    error == NGHTTP2_REFUSED_STREAM || !stream->sent ? PUSH_FAILURE_NOT_SENT
							     : PUSH_FAILURE_UNKNOWN,
	    why);
	return 0;
}

/* --- the connection --- */

static int make_session(struct h2_session *session)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	int error = nghttp2_session_callbacks_new(&callbacks);

	if (error == 0)
		error = nghttp2_option_new(&option);
	if (error == 0) {
		nghttp2_option_set_no_closed_streams(option, 1);
		nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
		nghttp2_session_callbacks_set_on_begin_headers_callback(
		    callbacks, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
		error = nghttp2_session_client_new2(&session->frames, callbacks, session, option);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return error;
}

struct h2_session *h2_session_open(
    struct tls *tls, const char *authority, h2_session_done *done, void *user)
{
	/* a stream's window only needs to hold what reply.h would take */
	static const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 * PUSH_BODY_MAX},
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, PUSH_HEADER_MAX},
	};
	struct h2_session *session = calloc(1, sizeof(*session));
	int error;

	if (session == NULL)
		log_die("H2-01", "out of memory");
	session->tls = tls;
	session->authority = authority;
	session->done = done;
	session->user = user;
	error = make_session(session);
	if (error == 0)
		error = nghttp2_submit_settings(
		    session->frames, NGHTTP2_FLAG_NONE, settings, nelem(settings));
	if (error != 0) {
		log_error("H2-02", "HTTP/2 session: %s", nghttp2_strerror(error));
		nghttp2_session_del(session->frames);
		free(session);
		return NULL;
	}
	return session;
}

void h2_session_close(struct h2_session *session)
{
	if (session == NULL)
		return;
	session->closing = true;
	if (tls_state(session->tls) == TLS_OPEN && !h2_session_is_blocked(session)) {
		nghttp2_session_terminate_session(session->frames, NGHTTP2_NO_ERROR);
		(void)h2_session_flush(session);
	}
	nghttp2_session_del(session->frames);
	free(session);
}

bool h2_session_is_settled(const struct h2_session *session)
{
	return session->settings_in;
}

unsigned h2_session_limit(const struct h2_session *session)
{
	if (!session->settings_in)
		return 1;
	return nghttp2_session_get_remote_settings(
	    session->frames, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool h2_session_is_ending(const struct h2_session *session)
{
	return session->ending;
}

bool h2_session_is_graceful(const struct h2_session *session)
{
	return session->ending && session->graceful;
}

bool h2_session_is_blocked(const struct h2_session *session)
{
	return session->written < session->used || session->rest_len > 0;
}

const char *h2_session_why(const struct h2_session *session)
{
	return session->why;
}

static nghttp2_nv field(const char *name, const char *value)
{
	return (nghttp2_nv){
	    .name = (uint8_t *)name,
	    .value = (uint8_t *)value,
	    .namelen = strlen(name),
	    .valuelen = strlen(value),
	    .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
	};
}

bool h2_session_submit(struct h2_session *session, struct h2_stream *stream)
{
	const struct push_request *request = stream->request;
	nghttp2_data_provider body = {.read_callback = read_body};
	nghttp2_nv fields[11];
	size_t n = 0;

	snprintf(stream->ttl, sizeof(stream->ttl), "%" PRIu32, request->ttl_s);
	snprintf(stream->length, sizeof(stream->length), "%zu", request->body_len);
	fields[n++] = field(":method", "POST");
	fields[n++] = field(":scheme", "https");
	fields[n++] = field(":authority", session->authority);
	fields[n++] = field(":path", request->path);
	fields[n++] = field("ttl", stream->ttl);
	fields[n++] = field("urgency", request->urgency);
	if (request->topic != NULL)
		fields[n++] = field("topic", request->topic);
	fields[n++] = field("content-encoding", "aes128gcm");
	fields[n++] = field("content-type", "application/octet-stream");
	fields[n++] = field("authorization", request->authorization);
	fields[n++] = field("content-length", stream->length);
	stream->sent = stream->ended = false;
	stream->body_sent = 0;
	stream->id = nghttp2_submit_request(session->frames, NULL, fields, n, &body, stream);
	if (stream->id < 0) {
		snprintf(session->why, sizeof(session->why), "%s", nghttp2_strerror(stream->id));
		session->ending = true;
		return false;
	}
	return true;
}

void h2_session_abandon(struct h2_session *session, struct h2_stream *stream)
{
	nghttp2_session_set_stream_user_data(session->frames, stream->id, NULL);
	nghttp2_submit_rst_stream(session->frames, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
}

/* Moves frames into out until it is full or there are none.  False: nghttp2 gave up. */
static bool fill(struct h2_session *session)
{
	for (;;) {
		size_t room = RECORD - session->used, take;
		ssize_t n;

		if (session->rest_len == 0) {
			n = nghttp2_session_mem_send(session->frames, &session->rest);
			if (n < 0) {
				snprintf(session->why, sizeof(session->why), "%s",
				    nghttp2_strerror((int)n));
				return false;
			}
			if (n == 0)
				return true;
			session->rest_len = (size_t)n;
		}
		take = session->rest_len < room ? session->rest_len : room;
		memcpy(session->out + session->used, session->rest, take);
		session->used += take;
		session->rest += take;
		session->rest_len -= take;
		if (session->rest_len > 0)
			return true;
	}
}

bool h2_session_flush(struct h2_session *session)
{
	for (;;) {
		if (session->written == session->used) {
			session->written = session->used = 0;
			if (!fill(session))
				return false;
			if (session->used == 0)
				return true;
		}
		ssize_t n = tls_write(session->tls, session->out + session->written,
		    session->used - session->written);
		if (n < 0) {
			snprintf(session->why, sizeof(session->why), "%s", tls_why(session->tls));
			return false;
		}
		if (n == 0)
			return true;
		session->written += (size_t)n;
	}
}

bool h2_session_receive(struct h2_session *session)
{
	uint8_t in[RECORD];

	do {
		ssize_t n = tls_read(session->tls, in, sizeof(in));
		if (n == 0)
			return true;
		if (n < 0) {
			snprintf(session->why, sizeof(session->why), "%s", tls_why(session->tls));
			return false;
		}
		n = nghttp2_session_mem_recv(session->frames, in, (size_t)n);
		if (n < 0) {
			snprintf(
			    session->why, sizeof(session->why), "%s", nghttp2_strerror((int)n));
			return false;
		}
	} while (tls_has_more(session->tls));
	/* both sides have said what they had to: after a fatal error, or after GOAWAY */
	if (!nghttp2_session_want_read(session->frames) &&
	    !nghttp2_session_want_write(session->frames)) {
		snprintf(session->why, sizeof(session->why), "ended by GOAWAY");
		return false;
	}
	return true;
}
