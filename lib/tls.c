/* tls.c - a TLS connection that never blocks, and never goes on unverified; see tls.h. */
#include "base.h"
#include "tls.h"

#include "gate.h"
#include "log.h"
#include "loop.h"
#include "proxy.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* one record of the largest size and its frame: what a read-ahead can take with one system call */
#define READ_AHEAD (17 * 1024)

struct tls_client {
	SSL_CTX *context;
};

struct tls {
	SSL_CTX *context;
	SSL *ssl;
	struct loop *loop;
	struct loop_watch *watch;
	int fd;
	enum tls_state state;
	bool handshaking;
	struct proxy_tunnel *tunnel; /* NULL = none, or it stands */
	tls_changed *changed;
	void *user;
	enum push_failure failure;
	size_t next; /* index of the address after the one in use */
	struct gate_result addresses;
	struct tls_target target;
	char why[160];
};

/* Which words OpenSSL has for the oldest error of this thread. */
static const char *openssl_words(char *out, size_t cap)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	snprintf(out, cap, "%s", reason != NULL ? reason : "closed without a reason");
	return out;
}

const char *tls_authority_folder(void)
{
	const char *folder = X509_get_default_cert_dir();
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	bool found = false;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		found = len > 2 && strcmp(entry->d_name + len - 2, ".0") == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found ? folder : NULL;
}

static bool use_system_authorities(SSL_CTX *context)
{
	if (tls_authority_folder() != NULL)
		return SSL_CTX_set_default_verify_dir(context) == 1;
	return SSL_CTX_set_default_verify_paths(context) == 1;
}

bool tls_add_authorities(void *context, const char *ca_file)
{
	char words[120];

	ERR_clear_error();
	if (SSL_CTX_load_verify_file(context, ca_file) == 1)
		return true;
	log_error("TLS-03", "CA file %s: %s", ca_file, openssl_words(words, sizeof(words)));
	return false;
}

struct tls_client *tls_client_open(const char *ca_file)
{
	struct tls_client *client = calloc(1, sizeof(*client));
	char words[120];

	if (client == NULL)
		log_die("TLS-01", "out of memory");
	ERR_clear_error();
	client->context = SSL_CTX_new(TLS_client_method());
	if (client->context == NULL || !use_system_authorities(client->context) ||
	    !SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION) ||
	    SSL_CTX_set_alpn_protos(
		client->context, (const unsigned char *)"\x02h2\x08http/1.1", 12) != 0) {
		log_error("TLS-02", "OpenSSL: %s", openssl_words(words, sizeof(words)));
		tls_client_close(client);
		return NULL;
	}
	if (ca_file != NULL && !tls_add_authorities(client->context, ca_file)) {
		tls_client_close(client);
		return NULL;
	}
	SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(client->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(client->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(
	    client->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* otherwise each record costs two reads: its five bytes of header, then the rest */
	SSL_CTX_set_read_ahead(client->context, 1);
	SSL_CTX_set_default_read_buffer_len(client->context, READ_AHEAD);
	return client;
}

void tls_client_close(struct tls_client *client)
{
	if (client == NULL)
		return;
	SSL_CTX_free(client->context);
	free(client);
}

/* Forgets socket and TLS state, keeps what was learnt. */
static void drop(struct tls *tls)
{
	loop_unwatch(tls->watch);
	tls->watch = NULL;
	ERR_clear_error();
	SSL_free(tls->ssl);
	tls->ssl = NULL;
	if (tls->fd >= 0)
		close(tls->fd);
	tls->fd = -1;
	tls->handshaking = false;
	proxy_tunnel_close(tls->tunnel);
	tls->tunnel = NULL;
}

static void fail(struct tls *tls, enum push_failure failure)
{
	drop(tls);
	tls->state = TLS_FAILED;
	tls->failure = failure;
}

static void ready(void *user, unsigned events);

/* Begins with one address.  False with `why` set: try the next. */
static bool connect_to(struct tls *tls, const struct sockaddr *address)
{
	socklen_t len = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						      : sizeof(struct sockaddr_in6);
	char text[GATE_TEXT_MAX];
	int one = 1;

	tls->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (tls->fd >= 0) {
		/* frames are gathered by us: a kernel that waits for more only adds delay */
		(void)setsockopt(tls->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(tls->fd, address, len) == 0 || errno == EINPROGRESS) {
			tls->watch = loop_watch(tls->loop, tls->fd, LOOP_WRITE, ready, tls);
			return tls->watch != NULL;
		}
	}
	gate_format(address, text);
	snprintf(tls->why, sizeof(tls->why), "connect to %s: %s", text, strerror(errno));
	return false;
}

/* Goes through the addresses that are left. */
static void connect_next(struct tls *tls)
{
	while (tls->next < tls->addresses.count) {
		drop(tls);
		if (connect_to(tls, (const struct sockaddr *)&tls->addresses.address[tls->next++]))
			return;
	}
	fail(tls, tls_lateness(tls));
}

enum push_failure tls_lateness(const struct tls *tls)
{
	return tls->target.proxy != NULL && !tls->handshaking ? PUSH_FAILURE_PROXY
							      : PUSH_FAILURE_CONNECT;
}

bool tls_try_next(struct tls *tls)
{
	if (tls->state != TLS_CONNECTING || tls->handshaking || tls->tunnel != NULL ||
	    tls->next >= tls->addresses.count)
		return false;
	connect_next(tls);
	return true;
}

/* Sets what the certificate must be for. */
static bool expect_name(SSL *ssl, const char *name)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool start_handshake(struct tls *tls)
{
	ERR_clear_error();
	tls->ssl = SSL_new(tls->context);
	if (tls->ssl == NULL || !expect_name(tls->ssl, tls->target.name) ||
	    !SSL_set_fd(tls->ssl, tls->fd)) {
		char words[120];
		log_error("TLS-04", "OpenSSL: %s", openssl_words(words, sizeof(words)));
		snprintf(tls->why, sizeof(tls->why), "TLS: %s", words);
		fail(tls, PUSH_FAILURE_LOCAL);
		return false;
	}
	SSL_set_connect_state(tls->ssl);
	tls->handshaking = true;
	return true;
}

/* Sorts a call that did not succeed: true = only not now. */
static bool would_block(struct tls *tls, int result)
{
	int error = SSL_get_error(tls->ssl, result);

	if (error == SSL_ERROR_WANT_READ) {
		if (tls->handshaking)
			loop_change(tls->watch, LOOP_READ);
	} else if (error == SSL_ERROR_WANT_WRITE) {
		loop_change(tls->watch, LOOP_READ | LOOP_WRITE);
	} else {
		return false;
	}
	return true;
}

static void describe_error(struct tls *tls, const char *during, int result, int saved_errno)
{
	char words[120];

	if (SSL_get_error(tls->ssl, result) == SSL_ERROR_ZERO_RETURN)
		snprintf(tls->why, sizeof(tls->why), "closed by the peer");
	else if (ERR_peek_error() != 0)
		snprintf(tls->why, sizeof(tls->why), "%s: %s", during,
		    openssl_words(words, sizeof(words)));
	else
		snprintf(tls->why, sizeof(tls->why), "%s: %s", during,
		    saved_errno != 0 ? strerror(saved_errno) : "closed by the peer");
}

static void handshake(struct tls *tls)
{
	long verified;
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(tls->ssl);
	if (result == 1) {
		tls->handshaking = false;
		tls->state = TLS_OPEN;
		loop_change(tls->watch, LOOP_READ);
		return;
	}
	if (would_block(tls, result))
		return;
	verified = SSL_get_verify_result(tls->ssl);
	if (verified != X509_V_OK) {
		snprintf(tls->why, sizeof(tls->why), "certificate: %s",
		    X509_verify_cert_error_string(verified));
		fail(tls, PUSH_FAILURE_TLS_VERIFY);
		return;
	}
	describe_error(tls, "TLS handshake", result, errno);
	fail(tls, PUSH_FAILURE_CONNECT);
}

static void begin_tls(struct tls *tls)
{
	if (start_handshake(tls))
		handshake(tls);
}

/* A step on the way through the proxy. */
static void dig(struct tls *tls)
{
	switch (proxy_tunnel_run(tls->tunnel, tls->fd)) {
	case PROXY_WRITE:
		loop_change(tls->watch, LOOP_WRITE);
		break;
	case PROXY_READ:
		loop_change(tls->watch, LOOP_READ);
		break;
	case PROXY_STANDS:
		proxy_tunnel_close(tls->tunnel);
		tls->tunnel = NULL;
		begin_tls(tls);
		break;
	default:
		snprintf(tls->why, sizeof(tls->why), "%s", proxy_tunnel_why(tls->tunnel));
		fail(tls, PUSH_FAILURE_PROXY);
		break;
	}
}

/* TCP has answered: goes on to the proxy or to TLS, or to the next address. */
static void finish_connect(struct tls *tls)
{
	char text[GATE_TEXT_MAX];
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(tls->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		const struct tls_target *to = &tls->target;

		if (to->proxy == NULL) {
			begin_tls(tls);
			return;
		}
		tls->tunnel = proxy_tunnel_open(to->proxy, to->tunnel_host, to->tunnel_port);
		dig(tls);
		return;
	}
	gate_format((const struct sockaddr *)&tls->addresses.address[tls->next - 1], text);
	snprintf(tls->why, sizeof(tls->why), "connect to %s: %s", text, strerror(error));
	connect_next(tls);
}

static void ready(void *user, unsigned events)
{
	struct tls *tls = user;

	if (tls->state == TLS_OPEN) {
		/* a write that is still stuck asks for the event again */
		if (events & LOOP_WRITE)
			loop_change(tls->watch, LOOP_READ);
	} else if (tls->handshaking) {
		handshake(tls);
	} else if (tls->tunnel != NULL) {
		dig(tls);
	} else {
		finish_connect(tls);
	}
	tls->changed(tls->user);
}

struct tls *tls_open(struct tls_client *client, struct loop *loop, const struct tls_target *target,
    tls_changed *changed, void *user)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		log_die("TLS-05", "out of memory");
	tls->context = client->context;
	tls->loop = loop;
	tls->fd = -1;
	tls->state = TLS_CONNECTING;
	tls->changed = changed;
	tls->user = user;
	tls->target = *target;
	tls->addresses = *target->addresses;
	connect_next(tls);
	return tls;
}

void tls_close(struct tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->state == TLS_OPEN) {
		ERR_clear_error();
		(void)SSL_shutdown(tls->ssl);
	}
	drop(tls);
	free(tls);
}

enum tls_state tls_state(const struct tls *tls)
{
	return tls->state;
}

enum push_failure tls_failure(const struct tls *tls)
{
	return tls->failure;
}

const char *tls_why(const struct tls *tls)
{
	return tls->why;
}

bool tls_is_h2(const struct tls *tls)
{
	const unsigned char *protocol;
	unsigned len;

	SSL_get0_alpn_selected(tls->ssl, &protocol, &len);
	return len == 2 && memcmp(protocol, "h2", 2) == 0;
}

ssize_t tls_read(struct tls *tls, void *out, size_t cap)
{
	int n;

	if (tls->state != TLS_OPEN)
		return -1;
	ERR_clear_error();
	errno = 0;
	n = SSL_read(tls->ssl, out, cap > INT_MAX ? INT_MAX : (int)cap);
	if (n > 0)
		return n;
	if (would_block(tls, n))
		return 0;
	describe_error(tls, "read", n, errno);
	fail(tls, PUSH_FAILURE_CONNECT);
	return -1;
}

bool tls_has_more(const struct tls *tls)
{
	return tls->state == TLS_OPEN && SSL_has_pending(tls->ssl) == 1;
}

ssize_t tls_write(struct tls *tls, const void *bytes, size_t len)
{
	int n;

	if (tls->state != TLS_OPEN)
		return -1;
	ERR_clear_error();
	errno = 0;
	n = SSL_write(tls->ssl, bytes, len > INT_MAX ? INT_MAX : (int)len);
	if (n > 0)
		return n;
	if (would_block(tls, n))
		return 0;
	describe_error(tls, "write", n, errno);
	fail(tls, PUSH_FAILURE_CONNECT);
	return -1;
}
