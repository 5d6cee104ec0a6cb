/* endpoint.c - what a push endpoint may be: wrong here, and a stranger makes us connect where they like. See endpoint.h. */
#include "base.h"
#include "endpoint.h"

#include "log.h"
#include "text.h"

#define SCHEME	   "https://"
#define SCHEME_LEN (sizeof(SCHEME) - 1)
#define LABEL_MAX  63
#define PORT_HTTPS 443

/* RFC 8030 services of the browsers; sub-domains of each are allowed too. */
static const char *const builtin[] = {
    "fcm.googleapis.com",
    "jmt17.google.com",
    "android.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
};

static const char *const sentences[ENDPOINT__MAX] = {
    [ENDPOINT_OK] = "",
    [ENDPOINT_TOO_LONG] = "The endpoint is longer than 2048 bytes.",
    [ENDPOINT_CHARACTER] = "The endpoint has a character that is not allowed in an address.",
    [ENDPOINT_SCHEME] = "The endpoint does not start with https://.",
    [ENDPOINT_USERINFO] = "The endpoint has a user name in it.",
    [ENDPOINT_FRAGMENT] = "The endpoint has a fragment (#).",
    [ENDPOINT_HOST] = "The endpoint's host is not a public host name.",
    [ENDPOINT_PORT] = "The endpoint's port is not 443.",
    [ENDPOINT_NOT_ALLOWED] = "The endpoint's host is not a push service that this site knows.",
};

struct extra {
	char host[ENDPOINT_HOST_MAX + 1];
	uint16_t port;
};

/* One PUSH_CONNECT_TO entry; "" and 0 stand for the empty parts. */
struct mapping {
	char host[ENDPOINT_HOST_MAX + 1];
	char to_host[ENDPOINT_HOST_MAX + 1];
	uint16_t port, to_port;
};

struct endpoint_policy {
	bool any_host;
	size_t extras, mappings;
	struct extra *extra;
	struct mapping *mapping;
};

const char *endpoint_sentence(enum endpoint_verdict verdict)
{
	assert(verdict < ENDPOINT__MAX);
	return sentences[verdict];
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_host_char(char c)
{
	/* "_" is no host name, but operators' own hosts have it; the form is judged later */
	return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '-' || c == '.' ||
	       c == '_';
}

/* Copies a host in lower case; false if empty, too long or of foreign characters. */
static bool take_host(const char *s, size_t len, char out[ENDPOINT_HOST_MAX + 1])
{
	if (len == 0 || len > ENDPOINT_HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_host_char(s[i]))
			return false;
		out[i] = lower(s[i]);
	}
	out[len] = '\0';
	return true;
}

static bool take_port(const char *s, size_t len, uint16_t *out)
{
	uint64_t port;

	if (!text_parse_u64(s, len, 1, UINT16_MAX, &port))
		return false;
	*out = (uint16_t)port;
	return true;
}

/* Would a resolver read the last label as (part of) an address?  WHATWG URL calls this "ends in a
 * number": decimal, octal, or hexadecimal with 0x. */
static bool is_number(const char *label, size_t len)
{
	if (len >= 2 && label[0] == '0' && label[1] == 'x')
		return strspn(label + 2, "0123456789abcdef") >= len - 2;
	return strspn(label, "0123456789") >= len;
}

/* The rules for a public host name (lower case already). */
static bool is_public_name(const char *host)
{
	const char *label = host;

	for (;;) {
		size_t len = strcspn(label, ".");
		if (len == 0 || len > LABEL_MAX)
			return false;
		if (memchr(label, '_', len) != NULL || label[0] == '-' || label[len - 1] == '-')
			return false;
		/* RFC 6761 §6.3: every name under localhost is this machine */
		if (label[len] == '\0')
			return label != host && !is_number(label, len) &&
			       strcmp(label, "localhost") != 0;
		label += len + 1;
	}
}

static const char *find_suffix(const char *host)
{
	size_t len = strlen(host);

	for (size_t i = 0; i < nelem(builtin); i++) {
		size_t n = strlen(builtin[i]);
		if (len < n || strcmp(host + len - n, builtin[i]) != 0)
			continue;
		if (len == n || host[len - n - 1] == '.')
			return builtin[i];
	}
	return NULL;
}

static bool is_extra(const struct endpoint_policy *policy, const char *host, uint16_t port)
{
	for (size_t i = 0; i < policy->extras; i++)
		if (policy->extra[i].port == port && strcmp(policy->extra[i].host, host) == 0)
			return true;
	return false;
}

static const struct mapping *find_mapping(
    const struct endpoint_policy *policy, const char *host, uint16_t port)
{
	for (size_t i = 0; i < policy->mappings; i++) {
		const struct mapping *m = &policy->mapping[i];
		if (m->host[0] != '\0' && strcmp(m->host, host) != 0)
			continue;
		if (m->port != 0 && m->port != port)
			continue;
		return m;
	}
	return NULL;
}

/* Named in full, not by an empty part. */
static bool is_mapped_by_name(const struct endpoint_policy *policy, const char *host, uint16_t port)
{
	const struct mapping *m = find_mapping(policy, host, port);

	return m != NULL && m->host[0] != '\0' && m->port != 0;
}

enum endpoint_verdict endpoint_judge(
    const struct endpoint_policy *policy, const char *host, uint16_t port)
{
	if (is_extra(policy, host, port) || is_mapped_by_name(policy, host, port))
		return ENDPOINT_OK;
	if (!is_public_name(host))
		return ENDPOINT_HOST;
	if (port != PORT_HTTPS)
		return ENDPOINT_PORT;
	if (policy->any_host || find_suffix(host) != NULL)
		return ENDPOINT_OK;
	return ENDPOINT_NOT_ALLOWED;
}

/* The rules on single characters, for the whole text. */
static enum endpoint_verdict check_characters(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '#')
			return ENDPOINT_FRAGMENT;
		if (c <= 0x20 || c >= 0x7f || c == '\\')
			return ENDPOINT_CHARACTER;
	}
	return ENDPOINT_OK;
}

/* Reads "host" or "host:port". */
static enum endpoint_verdict split_authority(const char *s, size_t len, struct endpoint *out)
{
	const char *colon = memchr(s, ':', len);
	size_t host_len = colon == NULL ? len : (size_t)(colon - s);

	if (memchr(s, '@', len) != NULL)
		return ENDPOINT_USERINFO;
	if (!take_host(s, host_len, out->host))
		return ENDPOINT_HOST;
	out->port = PORT_HTTPS;
	if (colon != NULL && !take_port(colon + 1, len - host_len - 1, &out->port))
		return ENDPOINT_PORT;
	return ENDPOINT_OK;
}

/* Puts origin and url together; false if the canonical form is too long. */
static bool join(struct endpoint *out, const char *tail, size_t tail_len)
{
	const char *slash = tail_len > 0 && tail[0] == '/' ? "" : "/";
	int origin_len, len;

	if (out->port == PORT_HTTPS)
		origin_len = snprintf(out->origin, sizeof(out->origin), SCHEME "%s", out->host);
	else
		origin_len = snprintf(
		    out->origin, sizeof(out->origin), SCHEME "%s:%u", out->host, out->port);
	len = snprintf(
	    out->url, sizeof(out->url), "%s%s%.*s", out->origin, slash, (int)tail_len, tail);
	out->path = out->url + origin_len;
	return len >= 0 && (size_t)len < sizeof(out->url);
}

static enum endpoint_verdict split(const char *text, size_t len, struct endpoint *out)
{
	enum endpoint_verdict verdict;
	size_t authority;

	if (len > ENDPOINT_URL_MAX)
		return ENDPOINT_TOO_LONG;
	verdict = check_characters(text, len);
	if (verdict != ENDPOINT_OK)
		return verdict;
	if (len < SCHEME_LEN || memcmp(text, SCHEME, SCHEME_LEN) != 0)
		return ENDPOINT_SCHEME;
	text += SCHEME_LEN;
	len -= SCHEME_LEN;
	for (authority = 0; authority < len; authority++)
		if (text[authority] == '/' || text[authority] == '?')
			break;
	verdict = split_authority(text, authority, out);
	if (verdict != ENDPOINT_OK)
		return verdict;
	if (!join(out, text + authority, len - authority))
		return ENDPOINT_TOO_LONG;
	out->suffix = out->port == PORT_HTTPS ? find_suffix(out->host) : NULL;
	return ENDPOINT_OK;
}

/* A struct copied by value would leave path pointing into the old one. */
static void hand_over(const struct endpoint *from, struct endpoint *out)
{
	*out = *from;
	out->path = out->url + (from->path - from->url);
}

enum endpoint_verdict endpoint_split(const char *text, size_t len, struct endpoint *out)
{
	struct endpoint parts;
	enum endpoint_verdict verdict = split(text, len, &parts);

	if (verdict == ENDPOINT_OK)
		hand_over(&parts, out);
	return verdict;
}

enum endpoint_verdict endpoint_parse(
    const struct endpoint_policy *policy, const char *text, size_t len, struct endpoint *out)
{
	struct endpoint parts;
	enum endpoint_verdict verdict = split(text, len, &parts);

	if (verdict == ENDPOINT_OK)
		verdict = endpoint_judge(policy, parts.host, parts.port);
	if (verdict == ENDPOINT_OK)
		hand_over(&parts, out);
	return verdict;
}

void endpoint_find_route(const struct endpoint_policy *policy, const char *host, uint16_t port,
    struct endpoint_route *out)
{
	const struct mapping *m = find_mapping(policy, host, port);
	const char *to = m != NULL && m->to_host[0] != '\0' ? m->to_host : host;

	snprintf(out->host, sizeof(out->host), "%s", to);
	out->port = m != NULL && m->to_port != 0 ? m->to_port : port;
	out->mapped = strcmp(out->host, host) != 0 || out->port != port;
	out->any_address = m != NULL || is_extra(policy, host, port);
}

bool endpoint_policy_is_extended(const struct endpoint_policy *policy)
{
	return policy->any_host || policy->extras > 0 || policy->mappings > 0;
}

/* One entry of PUSH_EXTRA_HOSTS. */
static bool add_extra(struct endpoint_policy *policy, const char *s, size_t len)
{
	struct extra *extra = &policy->extra[policy->extras];
	const char *colon = memchr(s, ':', len);
	size_t host_len = colon == NULL ? len : (size_t)(colon - s);

	if (len == 1 && s[0] == '*') {
		policy->any_host = true;
		return true;
	}
	extra->port = PORT_HTTPS;
	if (!take_host(s, host_len, extra->host))
		return false;
	if (colon != NULL && !take_port(colon + 1, len - host_len - 1, &extra->port))
		return false;
	policy->extras++;
	return true;
}

/* Takes the text up to the next ":" (or up to the end) as a host; an empty one is "". */
static bool take_part_host(const char **s, const char *end, char out[ENDPOINT_HOST_MAX + 1])
{
	const char *start = *s, *stop;

	out[0] = '\0';
	if (start < end && start[0] == '[') {
		size_t len;
		stop = memchr(start, ']', (size_t)(end - start));
		len = stop == NULL ? 0 : (size_t)(stop - start - 1);
		if (len == 0 || strspn(start + 1, "0123456789abcdefABCDEF:.") < len)
			return false;
		snprintf(out, ENDPOINT_HOST_MAX + 1, "%.*s", (int)len, start + 1);
		stop++;
	} else {
		stop = memchr(start, ':', (size_t)(end - start));
		if (stop == NULL)
			return false;
		if (stop > start && !take_host(start, (size_t)(stop - start), out))
			return false;
	}
	if (stop == end || *stop != ':')
		return false;
	*s = stop + 1;
	return true;
}

/* One entry of PUSH_CONNECT_TO. */
static bool add_mapping(struct endpoint_policy *policy, const char *s, size_t len)
{
	struct mapping *m = &policy->mapping[policy->mappings];
	const char *end = s + len, *colon;

	m->port = m->to_port = 0;
	if (!take_part_host(&s, end, m->host))
		return false;
	colon = memchr(s, ':', (size_t)(end - s));
	if (colon == NULL || (colon > s && !take_port(s, (size_t)(colon - s), &m->port)))
		return false;
	s = colon + 1;
	if (!take_part_host(&s, end, m->to_host))
		return false;
	if (s < end && !take_port(s, (size_t)(end - s), &m->to_port))
		return false;
	policy->mappings++;
	return true;
}

static size_t count_entries(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Hands each entry of a comma list to add, spaces around it removed, empty ones skipped. */
static int each_entry(struct endpoint_policy *policy, const char *key, const char *list,
    bool (*add)(struct endpoint_policy *, const char *, size_t))
{
	while (*list != '\0') {
		size_t len = strcspn(list, ","), skip = strspn(list, " \t"), used;
		if (skip > len)
			skip = len;
		for (used = len; used > skip; used--)
			if (list[used - 1] != ' ' && list[used - 1] != '\t')
				break;
		if (used > skip && !add(policy, list + skip, used - skip)) {
			log_error("ENDPOINT-01", "%s: malformed entry \"%.*s\"", key,
			    (int)(used - skip), list + skip);
			return -1;
		}
		list += len + (list[len] == ',');
	}
	return 1;
}

int endpoint_policy_open(
    const char *extra_hosts, const char *connect_to, struct endpoint_policy **out)
{
	struct endpoint_policy *policy = calloc(1, sizeof(*policy));

	*out = NULL;
	extra_hosts = extra_hosts == NULL ? "" : extra_hosts;
	connect_to = connect_to == NULL ? "" : connect_to;
	if (policy != NULL) {
		policy->extra = calloc(count_entries(extra_hosts), sizeof(policy->extra[0]));
		policy->mapping = calloc(count_entries(connect_to), sizeof(policy->mapping[0]));
	}
	if (policy == NULL || policy->extra == NULL || policy->mapping == NULL) {
		log_errno("ENDPOINT-02", "endpoint policy");
		endpoint_policy_close(policy);
		return -1;
	}
	if (each_entry(policy, "PUSH_EXTRA_HOSTS", extra_hosts, add_extra) < 0 ||
	    each_entry(policy, "PUSH_CONNECT_TO", connect_to, add_mapping) < 0) {
		endpoint_policy_close(policy);
		return -1;
	}
	*out = policy;
	return 1;
}

void endpoint_policy_close(struct endpoint_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->extra);
	free(policy->mapping);
	free(policy);
}
