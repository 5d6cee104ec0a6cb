/* proxy.h - the operator's HTTP proxy, and the tunnel through it (CONNECT, RFC 9110 §9.3.6).
 *
 * PUSH_PROXY is "http://[user[:password]@]host:port": plain HTTP up to the proxy, which sees only
 * where we want to go.  TLS with the push service runs end to end inside the tunnel, and the
 * service's headers (tokens) never reach the proxy.  The proxy resolves the names; which names are
 * allowed is decided before (policy).  The environment is never asked for a proxy.
 *
 * What a proxy answers is no answer of a push service: anything but 2xx is the proxy's failure.
 */
#ifndef PROXY_H
#define PROXY_H

#include "base.h"

struct proxy {
	char *host; /* without brackets */
	uint16_t port;
	char *authorization; /* "Basic …" (RFC 7617), NULL = none */
};

/* From the text of PUSH_PROXY, whose form conf.h has checked.  False: it cannot be read, which is
 * logged without the text (there may be a password in it). */
bool proxy_parse(const char *url, struct proxy *out);
void proxy_release(struct proxy *proxy);

struct proxy_tunnel;

/* The question for a tunnel to host (a name or an address without brackets) and port. */
struct proxy_tunnel *proxy_tunnel_open(const struct proxy *proxy, const char *host, uint16_t port);
void proxy_tunnel_close(struct proxy_tunnel *tunnel);

enum proxy_state {
	PROXY_WRITE,  /* call again when the socket takes bytes */
	PROXY_READ,   /* call again when it has some */
	PROXY_STANDS, /* the socket leads to the target now; nothing of it was read */
	PROXY_REFUSED /* proxy_tunnel_why */
};

/* Goes on as far as the non-blocking socket allows. */
enum proxy_state proxy_tunnel_run(struct proxy_tunnel *tunnel, int fd);

/* In words, with the proxy's status: bytes from outside. */
const char *proxy_tunnel_why(const struct proxy_tunnel *tunnel);

#endif
