#include "sink-peer.h"
#include "sink-fail.h"
#include "sink-http1.h"
#include "sink-paths.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 * 1024,
	WRITE_HIGH = 64 * 1024,
	CONNECTION_WINDOW = 1 << 24,
};

struct connection {
	struct connection *next;
	struct connection *prev;
	SSL *ssl;
	nghttp2_session *session;
	struct sink_http1 *http1; /* in place of the session */
	uint8_t *out;
	size_t out_length;
	size_t out_done;
	size_t out_size;
	uint64_t serial;
	uint32_t streams;
	int32_t last_stream; /* 0 = no GOAWAY yet */
	int fd;
	bool waits_for_write;
	bool is_killed; /* closed as soon as the answers so far are written */
	bool is_draining;
};

/* The connection may be gone when its answer is due: it is looked up by its serial. */
struct due {
	uint64_t at_us;
	uint64_t serial;
	struct connection *connection;
	int32_t stream;
};

struct ring {
	struct due *entries;
	size_t size;
	size_t first;
	size_t count;
};

static struct sink_peer_options options;
static struct sink_peer_counts counts;
static struct ring ring;
static struct connection *connections;
static SSL_CTX *tls;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static _Noreturn void die_tls(const char *what)
{
	fprintf(stderr, "%s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void *need(void *memory)
{
	if (!memory)
		die("memory");
	return memory;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Answers */

static void answer(struct connection *c, int32_t stream, unsigned number)
{
	static uint8_t name[] = ":status";
	uint8_t value[] = {(uint8_t)('0' + number / 100), (uint8_t)('0' + number / 10 % 10),
	    (uint8_t)('0' + number % 10)};
	const nghttp2_nv status = {.name = name, .value = value, .namelen = 7, .valuelen = 3};

	/* A stream that the peer has reset meanwhile is no error. */
	nghttp2_submit_response(c->session, stream, &status, 1, NULL);
}

static void ring_push(struct due due)
{
	if (ring.count == ring.size) {
		size_t size = ring.size ? ring.size * 2 : 1024;
		struct due *entries = need(malloc(size * sizeof *entries));

		for (size_t i = 0; i < ring.count; i++)
			entries[i] = ring.entries[(ring.first + i) % ring.size];
		free(ring.entries);
		ring = (struct ring){.entries = entries, .size = size, .count = ring.count};
	}
	ring.entries[(ring.first + ring.count++) % ring.size] = due;
}

/* All answers wait equally long, so the first of the ring is the first due. -1 = nothing waits. */
int sink_peer_wait_ms(void)
{
	uint64_t now = now_us();
	uint64_t at;

	if (ring.count == 0)
		return -1;
	at = ring.entries[ring.first].at_us;
	return at <= now ? 0 : (int)((at - now + 999) / 1000);
}

/* nghttp2's callbacks */

static bool is_beyond_goaway(const struct connection *c, int32_t stream)
{
	return c->last_stream && stream > c->last_stream;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct connection *c = user;
	int32_t stream = frame->hd.stream_id;

	if (c->last_stream || ++c->streams != options.goaway_after)
		return 0;
	c->last_stream = stream;
	return nghttp2_submit_goaway(session, 0, stream, NGHTTP2_NO_ERROR, NULL, 0)
		   ? NGHTTP2_ERR_CALLBACK_FAILURE
		   : 0;
}

/* The stream's user pointer is the path's hash itself: nothing to allocate, nothing to free. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags, void *user)
{
	(void)flags;
	(void)user;
	if (name_length == 5 && memcmp(name, ":path", 5) == 0) {
		uint64_t hash = sink_paths_hash(value, value_length);

		nghttp2_session_set_stream_user_data(
		    session, frame->hd.stream_id, (void *)(uintptr_t)hash);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
    size_t length, void *user)
{
	(void)session;
	(void)flags;
	(void)data;
	if (!is_beyond_goaway(user, stream))
		counts.octets += length;
	return 0;
}

static void fail(struct connection *c, int32_t stream, const struct sink_fail *rule)
{
	switch (rule->kind) {
	case SINK_FAIL_STATUS:
		answer(c, stream, rule->status);
		break;
	case SINK_FAIL_RESET:
		nghttp2_submit_rst_stream(c->session, 0, stream, NGHTTP2_INTERNAL_ERROR);
		break;
	case SINK_FAIL_REFUSE:
		nghttp2_submit_rst_stream(c->session, 0, stream, NGHTTP2_REFUSED_STREAM);
		break;
	case SINK_FAIL_KILL:
		c->is_killed = true;
		break;
	}
}

static void note_stamp(void)
{
	printf("at %" PRIu64 "\n", now_us());
	fflush(stdout);
}

static void request_ended(struct connection *c, int32_t stream, uint64_t path)
{
	const struct sink_fail *rule =
	    options.may_fail ? sink_fail_meet(path, sink_paths_ask(path)) : NULL;

	if (options.stamps)
		note_stamp();
	if (rule) {
		fail(c, stream, rule);
		return;
	}
	counts.requests++;
	sink_paths_count(path);
	if (options.delay_ms == 0)
		answer(c, stream, 201);
	else
		ring_push((struct due){.at_us = now_us() + options.delay_ms * UINT64_C(1000),
		    .serial = c->serial,
		    .connection = c,
		    .stream = stream});
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct connection *c = user;
	int32_t stream = frame->hd.stream_id;
	bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;

	if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !c->is_killed &&
	    !is_beyond_goaway(c, stream))
		request_ended(c, stream,
		    (uint64_t)(uintptr_t)nghttp2_session_get_stream_user_data(session, stream));
	return 0;
}

/* HTTP/1.1 */

static void add_output(struct connection *c, const void *data, size_t length)
{
	if (c->out_length + length > c->out_size) {
		c->out_size = (c->out_length + length) * 2;
		c->out = need(realloc(c->out, c->out_size));
	}
	memcpy(c->out + c->out_length, data, length);
	c->out_length += length;
}

static void http1_ended(void *user, uint64_t path, size_t body_length)
{
	static const char created[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";

	counts.requests++;
	counts.octets += body_length;
	sink_paths_count(path);
	add_output(user, created, sizeof created - 1);
}

/* Connections */

static int choose_h2(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_length,
    const unsigned char *offered, unsigned int offered_length, void *user)
{
	int choice;

	(void)ssl;
	(void)user;
	choice = nghttp2_select_next_protocol(
	    (unsigned char **)(uintptr_t)chosen, chosen_length, offered, offered_length);
	if (choice == 1 || (choice == 0 && options.http1))
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *make_tls(void)
{
	SSL_CTX *context = need(SSL_CTX_new(TLS_server_method()));

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(
	    context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_SIZE);
	SSL_CTX_set_alpn_select_cb(context, choose_h2, NULL);
	if (SSL_CTX_use_certificate_chain_file(context, options.cert) != 1)
		die_tls(options.cert);
	if (SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1)
		die_tls(options.key);
	return context;
}

static nghttp2_session *make_session(struct connection *c)
{
	static nghttp2_session_callbacks *callbacks;
	const nghttp2_settings_entry settings[] = {
	    {.settings_id = NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, .value = options.max_streams}};
	nghttp2_session *session = NULL;

	if (!callbacks) {
		if (nghttp2_session_callbacks_new(&callbacks))
			die("nghttp2");
		nghttp2_session_callbacks_set_on_begin_headers_callback(
		    callbacks, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	}
	if (nghttp2_session_server_new(&session, callbacks, c) ||
	    nghttp2_submit_settings(session, 0, settings, 1) ||
	    nghttp2_session_set_local_window_size(session, 0, 0, CONNECTION_WINDOW))
		die("nghttp2");
	return session;
}

static void watch(struct connection *c, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = c};

	if (epoll_ctl(options.epoll_fd, operation, c->fd, &event))
		die("epoll_ctl");
}

void sink_peer_accept(int fd)
{
	struct connection *c = need(calloc(1, sizeof *c));
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->fd = fd;
	c->serial = ++counts.opened;
	c->ssl = need(SSL_new(tls));
	SSL_set_fd(c->ssl, fd);
	SSL_set_accept_state(c->ssl);
	c->session = make_session(c);
	c->next = connections;
	if (connections)
		connections->prev = c;
	connections = c;
	counts.open++;
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void connection_close(struct connection *c)
{
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		connections = c->next;
	counts.open--;
	nghttp2_session_del(c->session);
	SSL_free(c->ssl);
	close(c->fd);
	free(c->http1);
	free(c->out);
	free(c);
}

static bool connection_is_open(const struct connection *wanted, uint64_t serial)
{
	for (const struct connection *c = connections; c; c = c->next)
		if (c == wanted)
			return c->serial == serial;
	return false;
}

static bool speaks_h2(const struct connection *c)
{
	const unsigned char *name;
	unsigned length;

	SSL_get0_alpn_selected(c->ssl, &name, &length);
	return length == 2;
}

static bool is_temporary(struct connection *c, int result)
{
	int error = SSL_get_error(c->ssl, result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool collect_output(struct connection *c)
{
	while (c->out_length < WRITE_HIGH && !c->http1) {
		const uint8_t *data;
		ssize_t length = nghttp2_session_mem_send(c->session, &data);

		if (length <= 0)
			return length == 0;
		add_output(c, data, (size_t)length);
	}
	return true;
}

static void expect_write(struct connection *c, bool is_waiting)
{
	if (c->waits_for_write == is_waiting)
		return;
	c->waits_for_write = is_waiting;
	watch(c, EPOLL_CTL_MOD, is_waiting ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* After GOAWAY: the peer closes. Closing first would reset answers that it has not read yet. */
static bool finish_if_done(struct connection *c)
{
	if (c->is_killed) {
		c->is_draining = true;
		shutdown(c->fd, SHUT_WR);
		return true;
	}
	if (c->http1)
		return true;
	if (nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session))
		return true;
	if (!c->last_stream)
		return false;
	if (!c->is_draining) {
		c->is_draining = true;
		SSL_shutdown(c->ssl);
		shutdown(c->fd, SHUT_WR);
	}
	return true;
}

/* false = the connection is at its end. */
static bool connection_write(struct connection *c)
{
	if (!SSL_is_init_finished(c->ssl) || c->is_draining)
		return true;
	for (;;) {
		int written;

		if (!collect_output(c))
			return false;
		if (c->out_length == 0)
			break;
		ERR_clear_error();
		written =
		    SSL_write(c->ssl, c->out + c->out_done, (int)(c->out_length - c->out_done));
		if (written <= 0) {
			expect_write(c, true);
			return is_temporary(c, written);
		}
		c->out_done += (size_t)written;
		if (c->out_done == c->out_length)
			c->out_done = c->out_length = 0;
	}
	expect_write(c, false);
	return finish_if_done(c);
}

static bool take_input(struct connection *c, const uint8_t *data, size_t length)
{
	if (!c->http1 && !c->streams && options.http1 && !speaks_h2(c))
		c->http1 = need(calloc(1, sizeof *c->http1));
	if (c->http1)
		return sink_http1_feed(c->http1, data, length, http1_ended, c);
	return nghttp2_session_mem_recv(c->session, data, length) >= 0;
}

static bool connection_read(struct connection *c)
{
	static uint8_t data[READ_SIZE];

	for (;;) {
		int length;

		ERR_clear_error();
		length = SSL_read(c->ssl, data, sizeof data);
		if (length <= 0)
			return is_temporary(c, length);
		if (!c->is_draining && !take_input(c, data, (size_t)length))
			return false;
	}
}

void sink_peer_serve(void *tag)
{
	struct connection *c = tag;

	if (!connection_read(c) || !connection_write(c))
		connection_close(c);
}

/* Answers are given in order; a run of them for one connection leaves in one write. */
void sink_peer_serve_due(void)
{
	uint64_t now = now_us();
	struct connection *last = NULL;
	uint64_t last_serial = 0;

	while (ring.count && ring.entries[ring.first].at_us <= now) {
		struct due due = ring.entries[ring.first];

		ring.first = (ring.first + 1) % ring.size;
		ring.count--;
		if (due.serial != last_serial) {
			if (last && !connection_write(last))
				connection_close(last);
			last =
			    connection_is_open(due.connection, due.serial) ? due.connection : NULL;
			last_serial = due.serial;
		}
		if (last && !last->is_draining)
			answer(last, due.stream, 201);
	}
	if (last && !connection_write(last))
		connection_close(last);
}

void sink_peer_start(const struct sink_peer_options *wanted)
{
	options = *wanted;
	tls = make_tls();
}

struct sink_peer_counts sink_peer_counts(void)
{
	return counts;
}
