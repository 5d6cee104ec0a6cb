/* gate.h - from a host name to the addresses that may be connected to.
 *
 * A name in an endpoint is chosen by a stranger and may point anywhere, today or only at the moment
 * of sending (DNS rebinding).  So the name is resolved here, every address is judged, and the
 * caller connects to exactly the addresses handed out, never to the name.
 *
 * Resolving takes as long as the name servers like.  It happens in a thread of its own
 * (getaddrinfo(3)), at most GATE_THREADS at once, and the result comes back through the loop.  No
 * thread touches anything else, so the program stays single-threaded in effect; open it after the
 * last fork.
 */
#ifndef GATE_H
#define GATE_H

#include "base.h"
#include <sys/socket.h>

struct addrinfo;
struct loop;
struct gate;
struct gate_query;

#define GATE_THREADS   16
#define GATE_ADDRESSES 8 /* addresses kept of one name */

enum gate_verdict {
	GATE_OK,
	GATE_NO_ADDRESS, /* the name does not resolve */
	GATE_BLOCKED,	 /* it resolves, to nothing that is public */
	GATE__MAX
};

/* In the order of getaddrinfo(3), ports filled in; only the allowed ones. */
struct gate_result {
	enum gate_verdict verdict;
	size_t count;
	struct sockaddr_storage address[GATE_ADDRESSES];
	char why[128]; /* for a verdict other than GATE_OK: getaddrinfo's words, or the address
			  refused */
};

typedef void gate_found(void *user, const struct gate_result *result);

/* What getaddrinfo(3) does; another one only in tests.  Called in a thread. */
typedef int gate_lookup(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out);

/* lookup NULL = getaddrinfo.  NULL is broken and logged. */
struct gate *gate_open(struct loop *loop, gate_lookup *lookup);

/* Forgets what is still being resolved; never waits for a name server. */
void gate_close(struct gate *gate);

/* Resolves; found is called once, from the loop, never from inside gate_ask.  any_address: the
 * operator named this host, no address is refused.  host may be an address literal. */
struct gate_query *gate_ask(struct gate *gate, const char *host, uint16_t port, bool any_address,
    gate_found *found, void *user);

/* found will not be called any more.  Not allowed once it was. */
void gate_cancel(struct gate_query *query);

/* False for everything that is not a public unicast address (IANA special-purpose registries,
 * RFC 6890): loopback, private, shared, link-local, documentation, benchmarking, multicast,
 * reserved, and IPv6 forms that carry such an IPv4 address (mapped, NAT64, 6to4).  Families other
 * than IPv4 and IPv6 are refused. */
bool gate_address_allowed(const struct sockaddr *address);

/* The address as text without port, for logs. */
#define GATE_TEXT_MAX 64
void gate_format(const struct sockaddr *address, char out[GATE_TEXT_MAX]);

#endif
