/* endpoint.h - the address of a push service, as a browser hands it to us.
 *
 * An endpoint is written by strangers and later connected to by the sender, so it is taken apart
 * here, once, by strict rules of our own, and only the form that is put together again from the
 * parts is stored, compared, hashed and sent to.  Pure text: no name is resolved and no library is
 * asked (what a name resolves to is judged at connect time: gate.h).
 *
 * Rules (RFC 3986 is far wider):
 *   printable ASCII without space, backslash and "#"; at most 2048 bytes;
 *   "https://" in lower case; no user information;
 *   host of letters, digits, hyphens and dots (taken to lower case), labels of 1..63 bytes without
 * a hyphen at either end (RFC 1123 §2.1), at least one dot, no dot at the end, last label not a number: so no address literal and no
 * "localhost"; port absent or 443; path and query stay byte for byte as they came ("%2f" is kept,
 * "%0d%0a" is kept encoded).
 *
 * Who is allowed (struct endpoint_policy): the built-in push services and their sub-domains, and
 * what the operator adds:
 *   PUSH_EXTRA_HOSTS  comma list of exact "host" (port 443) or "host:port"; such an entry overrides
 *                     the rules on host form, port and address.  "*" = any public host on port 443.
 *   PUSH_CONNECT_TO   comma list of libcurl's HOST:PORT:CONNECT-HOST:CONNECT-PORT; connections for
 *                     HOST:PORT go to the other place, whose address is thereby allowed, while TLS
 *                     name, certificate check and VAPID audience stay HOST's.  A HOST:PORT named
 *                     here in full counts as allowed.  IPv6 addresses stand in brackets; an empty
 *                     part means "any" on the left and "the same" on the right, as in libcurl.
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "base.h"

#define ENDPOINT_URL_MAX    2048 /* bytes, without the NUL */
#define ENDPOINT_HOST_MAX   253
#define ENDPOINT_ORIGIN_MAX (8 + ENDPOINT_HOST_MAX + 6) /* https:// host :65535 */

/* Why an endpoint is taken or not. */
enum endpoint_verdict {
	ENDPOINT_OK,
	ENDPOINT_TOO_LONG,
	ENDPOINT_CHARACTER,
	ENDPOINT_SCHEME,
	ENDPOINT_USERINFO,
	ENDPOINT_FRAGMENT,
	ENDPOINT_HOST,
	ENDPOINT_PORT,
	ENDPOINT_NOT_ALLOWED,
	ENDPOINT__MAX
};

struct endpoint {
	char url[ENDPOINT_URL_MAX + 1]; /* canonical form: the one to store and to hash */
	char origin[ENDPOINT_ORIGIN_MAX +
		    1];			  /* "https://host" or "https://host:port", never ":443" */
	char host[ENDPOINT_HOST_MAX + 1]; /* lower case */
	uint16_t port;
	const char *path; /* into url: path with query, starts with "/" */
	/* the built-in name that the host equals or lies under ("notify.windows.com"; the limit on
	 * origins counts per such name), a constant string; NULL where the operator's entries allow
	 */
	const char *suffix;
};

struct endpoint_policy;

/* Builds the policy from the two settings; each may be NULL or empty.  1, or -1 for a malformed
 * entry (logged with the entry); *out is then NULL.  Keep it as long as anything made with it. */
int endpoint_policy_open(
    const char *extra_hosts, const char *connect_to, struct endpoint_policy **out);
void endpoint_policy_close(struct endpoint_policy *policy);

/* True if PUSH_EXTRA_HOSTS or PUSH_CONNECT_TO is in use: admin shows a warning. */
bool endpoint_policy_is_extended(const struct endpoint_policy *policy);

/* Takes an endpoint apart and judges it.  *out is filled only with ENDPOINT_OK. */
enum endpoint_verdict endpoint_parse(
    const struct endpoint_policy *policy, const char *text, size_t len, struct endpoint *out);

/* As endpoint_parse but without the question who is allowed: for text that was accepted before
 * (rows of the database).  Host form and port are not judged either. */
enum endpoint_verdict endpoint_split(const char *text, size_t len, struct endpoint *out);

/* Is host (lower case) with this port allowed today?  The sender asks once per origin, because the
 * settings may have changed since the subscription was taken. */
enum endpoint_verdict endpoint_judge(
    const struct endpoint_policy *policy, const char *host, uint16_t port);

/* One English sentence for the person who subscribes; "" for ENDPOINT_OK. */
const char *endpoint_sentence(enum endpoint_verdict verdict);

/* Where to connect for an origin. */
struct endpoint_route {
	char host[ENDPOINT_HOST_MAX + 1]; /* name or address (IPv6 without brackets) */
	uint16_t port;
	bool mapped;	  /* by PUSH_CONNECT_TO: differs from the origin's own */
	bool any_address; /* the operator named it: no address is refused */
};

void endpoint_find_route(const struct endpoint_policy *policy, const char *host, uint16_t port,
    struct endpoint_route *out);

#endif
