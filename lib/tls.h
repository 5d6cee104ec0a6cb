/* tls.h - an outgoing TLS connection that never blocks (OpenSSL; for the transports).
 *
 * Connects to one of the addresses that the gate handed out (in order: the next one when one fails
 * or takes long), offers h2 and http/1.1 by ALPN (RFC 7301), verifies chain and name (RFC 9525)
 * against the system's authorities and the operator's, TLS 1.2 at least.  No name is resolved here.
 * Where there is a proxy the addresses are its own, and TLS runs through a tunnel that it opens.
 *
 * The owner is called when anything may have changed; it then looks at tls_state, reads until
 * nothing is left and writes what it has.
 */
#ifndef TLS_H
#define TLS_H

#include "base.h"
#include "transport.h"

struct loop;
struct gate_result;
struct proxy;
struct tls_client;
struct tls;

/* What all connections share.  NULL is broken and logged: a CA file that cannot be read is an
 * error. Open it after the last fork. */
struct tls_client *tls_client_open(const char *ca_file);
void tls_client_close(struct tls_client *client);

/* The system's folder of authorities if OpenSSL can look single ones up in it by hash; NULL if only
 * the file with all of them will do.  Reading that file takes 20 ms and 4 MB for each context. */
const char *tls_authority_folder(void);

/* Adds the authorities of a PEM file to an SSL_CTX, for a library that hands its own out. */
bool tls_add_authorities(void *context, const char *ca_file);

enum tls_state {
	TLS_CONNECTING, /* TCP or handshake */
	TLS_OPEN,
	TLS_FAILED, /* before or after having been open: tls_failure, tls_why */
	TLS__MAX
};

typedef void tls_changed(void *user);

/* Where to. */
struct tls_target {
	const char *name;		     /* the origin's host: SNI and certificate check */
	const struct gate_result *addresses; /* of the host or of the proxy; copied */
	const struct proxy *proxy;	     /* NULL = none; must outlive */
	const char *tunnel_host;	     /* with a proxy: what it is asked for */
	uint16_t tunnel_port;
};

/* The strings of target must outlive.  changed is never called from inside a function of this file
 * but from the loop, so look at the state after opening: it may have failed already. */
struct tls *tls_open(struct tls_client *client, struct loop *loop, const struct tls_target *target,
    tls_changed *changed, void *user);

/* Sends close_notify where possible, and closes. */
void tls_close(struct tls *tls);

enum tls_state tls_state(const struct tls *tls);

/* With TLS_FAILED: CONNECT, PROXY or TLS_VERIFY, and a few words. */
enum push_failure tls_failure(const struct tls *tls);
const char *tls_why(const struct tls *tls);

/* With TLS_CONNECTING: what it means that this takes too long, CONNECT or PROXY. */
enum push_failure tls_lateness(const struct tls *tls);

/* With TLS_OPEN: did ALPN choose h2? */
bool tls_is_h2(const struct tls *tls);

/* The address that is being tried takes too long: goes on to the next.  False if there is none or
 * TCP has answered (nothing happened). */
bool tls_try_next(struct tls *tls);

/* Bytes read, 0 = nothing now, -1 = failed (the state says so too). */
ssize_t tls_read(struct tls *tls, void *out, size_t cap);

/* Might tls_read find more at once, without a new event? */
bool tls_has_more(const struct tls *tls);

/* Bytes written, 0 = none now (changed is called when it is worth trying again), -1 = failed. After
 * 0 the same bytes must come first again. */
ssize_t tls_write(struct tls *tls, const void *bytes, size_t len);

#endif
