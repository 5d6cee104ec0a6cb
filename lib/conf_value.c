/* conf_value.c - what the values of the configuration mean, and which are refused (see conf.h). */
#include "base.h"
#include "conf_private.h"

#include <arpa/inet.h>

#include "file.h"
#include "log.h"
#include "text.h"

#define HOST_MAX	  253
#define WORKERS_MAX	  256
#define RATE_DEFAULT	  60
#define RATE_MAX	  1000000
#define SUBSCRIPTIONS	  5000000
#define SUBSCRIPTIONS_MAX INT64_C(1000000000000)

/* Stands in for a contact until the operator names one; services may refuse it. */
#define SUBJECT_PLACEHOLDER "mailto:admin@example.com"

char *conf_copy(const char *s, size_t len)
{
	char *copy = strndup(s, len);

	if (copy == NULL)
		log_die("CONF-01", "out of memory");
	return copy;
}

void *conf_wider(void *list, size_t count, size_t size)
{
	void *wider = reallocarray(list, count + 1, size);

	if (wider == NULL)
		log_die("CONF-02", "out of memory");
	memset((char *)wider + count * size, 0, size);
	return wider;
}

static bool refuse(struct conf_reader *r, enum conf_key key, const char *what)
{
	const struct conf_raw *raw = &r->raw[key];

	if (raw->line > 0)
		buf_printf(r->error, "%s:%d: ", r->conf->file, raw->line);
	else
		buf_add_str(r->error, "environment: ");
	buf_printf(r->error, "%s %s", conf_key_name[key], what);
	return false;
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* Reads "host" or "[v6]" up to one of the marks; lower case, without brackets. */
static bool take_host(const char **at, const char *end, char **host)
{
	bool bracket = *at < end && **at == '[';
	const char *start = *at + bracket, *s = start;
	const char *allowed = bracket ? "0123456789abcdefABCDEF:."
				      : "0123456789abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
	uint8_t address[16];

	while (s < end && strchr(allowed, *s) != NULL)
		s++;
	size_t len = (size_t)(s - start);
	if (len == 0 || len > HOST_MAX || (bracket && (s == end || *s != ']')))
		return false;
	char *copy = conf_copy(start, len);
	for (char *c = copy; *c != '\0'; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	if (bracket && inet_pton(AF_INET6, copy, address) != 1) {
		free(copy);
		return false;
	}
	*at = s + bracket;
	*host = copy;
	return true;
}

/* Reads a port up to a colon or the end. */
static bool take_port(const char **at, const char *end, uint16_t *port)
{
	const char *s = *at;
	uint64_t n;

	while (s < end && *s != ':')
		s++;
	if (!text_parse_u64(*at, (size_t)(s - *at), 1, 65535, &n))
		return false;
	*port = (uint16_t)n;
	*at = s;
	return true;
}

static bool take_char(const char **at, const char *end, char c)
{
	if (*at >= end || **at != c)
		return false;
	(*at)++;
	return true;
}

/* Calls take for each member of a comma list, without the spaces around it. */
static bool each(struct conf *conf, const char *list,
    bool (*take)(struct conf *conf, const char *at, const char *end))
{
	const char *s = list;

	for (;;) {
		const char *comma = strchrnul(s, ','), *end = comma;
		while (s < end && *s == ' ')
			s++;
		while (end > s && end[-1] == ' ')
			end--;
		if (!take(conf, s, end))
			return false;
		if (*comma == '\0')
			return true;
		s = comma + 1;
	}
}

static bool take_extra_host(struct conf *conf, const char *at, const char *end)
{
	struct conf_host *h;

	if (end - at == 1 && *at == '*') {
		conf->push_any_host = true;
		return true;
	}
	conf->push_extra_hosts = conf_wider(
	    conf->push_extra_hosts, conf->push_extra_hosts_count, sizeof *conf->push_extra_hosts);
	h = &conf->push_extra_hosts[conf->push_extra_hosts_count++];
	h->port = 443;
	if (!take_host(&at, end, &h->host))
		return false;
	if (take_char(&at, end, ':') && !take_port(&at, end, &h->port))
		return false;
	return at == end;
}

/* A part of PUSH_CONNECT_TO that may be empty. */
static bool take_pair(const char **at, const char *end, char **host, uint16_t *port)
{
	if (*at < end && **at != ':' && !take_host(at, end, host))
		return false;
	if (!take_char(at, end, ':'))
		return false;
	return *at == end || **at == ':' || take_port(at, end, port);
}

static bool take_connect(struct conf *conf, const char *at, const char *end)
{
	struct conf_connect *c;

	conf->push_connect_to = conf_wider(
	    conf->push_connect_to, conf->push_connect_to_count, sizeof *conf->push_connect_to);
	c = &conf->push_connect_to[conf->push_connect_to_count++];
	c->text = conf_copy(at, (size_t)(end - at));
	return take_pair(&at, end, &c->host, &c->port) && take_char(&at, end, ':') &&
	       take_pair(&at, end, &c->connect_host, &c->connect_port) && at == end;
}

static bool take_proxy(struct conf *conf, const char *at, const char *end)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	size_t count = 0, len = (size_t)(end - at);

	if (len == 0 || len >= sizeof text)
		return false;
	memcpy(text, at, len);
	text[len] = '\0';
	int family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : AF_INET6;
	if (family == AF_INET6 && inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof mapped) == 0) {
		family = AF_INET;
		memmove(bytes, bytes + 12, 4);
	}
	if (inet_ntop(family, bytes, text, sizeof text) == NULL)
		return false;
	while (conf->trusted_proxies != NULL && conf->trusted_proxies[count] != NULL)
		count++;
	conf->trusted_proxies = reallocarray(conf->trusted_proxies, count + 2, sizeof(char *));
	if (conf->trusted_proxies == NULL)
		log_die("CONF-03", "out of memory");
	conf->trusted_proxies[count] = conf_copy(text, strlen(text));
	conf->trusted_proxies[count + 1] = NULL;
	return true;
}

/* --- the values, one by one ------------------------------------------------------------------- */

static bool is_local_host(const char *host)
{
	size_t len = strlen(host);

	return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	       strcmp(host, "::1") == 0 || (len > 10 && strcmp(host + len - 10, ".localhost") == 0);
}

static void write_origin(struct conf *conf, bool https, const char *host, uint16_t port)
{
	struct buf b = BUF_INIT;
	bool v6 = strchr(host, ':') != NULL;

	buf_printf(&b, "%s://%s%s%s", https ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "");
	if (port != (https ? 443 : 80))
		buf_printf(&b, ":%u", port);
	conf->site_url = conf_copy(b.data, b.len);
	conf->site_is_https = https;
	conf->site_secure = https || is_local_host(host);
	buf_release(&b);
}

static bool set_site_url(struct conf_reader *r, enum conf_key key, const char *text)
{
	bool https = strncasecmp(text, "https://", 8) == 0;
	bool ok = https || strncasecmp(text, "http://", 7) == 0;
	const char *at = text + (https ? 8 : ok ? 7 : 0), *end = text + strlen(text);
	char *host = NULL;
	uint16_t port = https ? 443 : 80;

	ok = ok && take_host(&at, end, &host);
	if (ok && end > at && end[-1] == '/')
		end--;
	if (ok && take_char(&at, end, ':'))
		ok = take_port(&at, end, &port);
	if (ok && at == end)
		write_origin(r->conf, https, host, port);
	else
		ok = false;
	free(host);
	return ok || refuse(r, key,
			 "must be the origin of the page and nothing else, like "
			 "https://status.example.com");
}

static char *absolute(const struct conf *conf, const char *path)
{
	char joined[FILE_PATH_MAX];
	size_t len;

	if (path[0] == '/')
		file_join(joined, sizeof joined, path, "");
	else
		file_join(joined, sizeof joined, conf->folder, path);
	len = strlen(joined);
	while (len > 1 && joined[len - 1] == '/')
		len--;
	return conf_copy(joined, len);
}

static bool set_state_dir(struct conf_reader *r, enum conf_key key, const char *text)
{
	/* room for the names below it */
	if (strlen(r->conf->folder) + strlen(text) > FILE_PATH_MAX - 256)
		return refuse(r, key, "is too long a path");
	r->conf->state_dir = absolute(r->conf, text);
	return true;
}

static bool set_ca_file(struct conf_reader *r, enum conf_key key, const char *text)
{
	if (strlen(r->conf->folder) + strlen(text) > FILE_PATH_MAX - 256)
		return refuse(r, key, "is too long a path");
	r->conf->push_ca_file = absolute(r->conf, text);
	return true;
}

static bool set_extra_hosts(struct conf_reader *r, enum conf_key key, const char *text)
{
	return each(r->conf, text, take_extra_host) ||
	       refuse(r, key, "must be a comma list of host, host:port or *");
}

static bool set_connect_to(struct conf_reader *r, enum conf_key key, const char *text)
{
	return each(r->conf, text, take_connect) ||
	       refuse(r, key, "must be a comma list of HOST:PORT:CONNECT-HOST:CONNECT-PORT");
}

static bool set_trusted_proxies(struct conf_reader *r, enum conf_key key, const char *text)
{
	return each(r->conf, text, take_proxy) ||
	       refuse(r, key, "must be a comma list of IP addresses");
}

static bool set_proxy(struct conf_reader *r, enum conf_key key, const char *text)
{
	bool ok = strncasecmp(text, "http://", 7) == 0;
	const char *at = text + (ok ? 7 : 0), *end = text + strlen(text);
	const char *user = memrchr(at, '@', (size_t)(end - at));
	char *host = NULL;
	uint16_t port = 0;

	for (; user != NULL && at <= user; at++)
		ok = ok && *at > ' ' && *at < 0x7f;
	ok = ok && take_host(&at, end, &host) && take_char(&at, end, ':');
	if (ok && end > at && end[-1] == '/')
		end--;
	ok = ok && take_port(&at, end, &port) && at == end;
	free(host);
	if (!ok)
		return refuse(
		    r, key, "must look like http://[user:password@]proxy.example.com:3128");
	r->conf->push_proxy = conf_copy(text, (size_t)(end - text));
	return true;
}

static bool take_number(struct conf_reader *r, enum conf_key key, const char *text, int64_t min,
    int64_t max, int64_t *out)
{
	char what[100];

	if (text_parse_i64(text, strlen(text), min, max, out))
		return true;
	snprintf(what, sizeof what, "must be a number from %" PRId64 " to %" PRId64, min, max);
	return refuse(r, key, what);
}

static bool set_workers(struct conf_reader *r, enum conf_key key, const char *text)
{
	int64_t n = 0;

	if (!take_number(r, key, text, 1, WORKERS_MAX, &n))
		return false;
	r->conf->push_workers = (int)n;
	return true;
}

static bool set_rate(struct conf_reader *r, enum conf_key key, const char *text)
{
	return take_number(r, key, text, 0, RATE_MAX, &r->conf->subscribe_rate);
}

static bool set_max(struct conf_reader *r, enum conf_key key, const char *text)
{
	return take_number(r, key, text, 1, SUBSCRIPTIONS_MAX, &r->conf->subscribe_max);
}

/* --- keys and subject: nothing here stops a program ------------------------------------------- */

static void problem(struct conf *conf, const char *key, const char *what)
{
	struct buf b = BUF_INIT;

	/* the first one is what the operator mends first */
	if (conf->vapid_problem != NULL)
		return;
	buf_printf(&b, "%s %s", key, what);
	conf->vapid_problem = conf_copy(b.data, b.len);
	buf_release(&b);
}

static bool is_public_key(const char *text)
{
	uint8_t point[65];

	return text_base64_decode(TEXT_BASE64URL, text, strlen(text), point, sizeof point) == 65 &&
	       point[0] == 4;
}

static bool is_private_key(const char *text)
{
	uint8_t scalar[32];
	bool ok =
	    text_base64_decode(TEXT_BASE64URL, text, strlen(text), scalar, sizeof scalar) == 32;

	explicit_bzero(scalar, sizeof scalar);
	return ok;
}

static void set_key(
    struct conf_reader *r, enum conf_key key, bool (*fits)(const char *text), char **out)
{
	const char *text = r->raw[key].text;

	if (text == NULL)
		return;
	if (fits(text))
		*out = conf_copy(text, strlen(text));
	else
		problem(r->conf, conf_key_name[key],
		    fits == is_public_key
			? "is not a public key (base64url of 65 octets, the first one 4)."
			: "is not a private key (base64url of 32 octets).");
}

static void check_pair(struct conf_reader *r)
{
	struct conf *c = r->conf;

	if (r->raw[CONF_VAPID_PUBLIC_KEY].text == NULL)
		problem(c, "VAPID_PUBLIC_KEY", "is not set.");
	if (r->role == CONF_WEB)
		return;
	if (r->raw[CONF_VAPID_PRIVATE_KEY].text == NULL)
		problem(c, "VAPID_PRIVATE_KEY", "is not set.");
	if ((c->vapid_previous_public_key == NULL) != (c->vapid_previous_private_key == NULL))
		problem(c, "VAPID_PREVIOUS_PUBLIC_KEY",
		    "and VAPID_PREVIOUS_PRIVATE_KEY must be set together.");
	if (r->file_is_open_to_others)
		problem(c, "VAPID_PRIVATE_KEY",
		    "stands in a file that others can read: its mode must be 0600.");
}

/* What push services are known to take: plain ASCII, no spaces or angle brackets, a host or domain
 * with a dot. */
static bool is_subject(const char *s)
{
	bool mail = strncmp(s, "mailto:", 7) == 0;

	if (!mail && strncmp(s, "https://", 8) != 0)
		return false;
	const char *rest = s + (mail ? 7 : 8);
	for (const char *c = rest; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("<>\"\\", *c) != NULL)
			return false;
	const char *domain = mail ? strchr(rest, '@') : rest;
	return domain != NULL && strlen(rest) > 3 && domain + mail - rest < 200 &&
	       (!mail || domain > rest) && strchr(domain, '.') != NULL &&
	       strstr(s, "mailto:mailto:") == NULL;
}

static void set_subject(struct conf_reader *r)
{
	struct conf *c = r->conf;
	const char *text = r->raw[CONF_VAPID_SUBJECT].text;

	if (text != NULL && !is_subject(text)) {
		problem(c, "VAPID_SUBJECT",
		    "must be a contact like mailto:you@example.com or https://example.com.");
		text = NULL;
	}
	if (text == NULL && c->site_is_https)
		text = c->site_url;
	c->vapid_subject_is_placeholder = text == NULL;
	if (text == NULL)
		text = SUBJECT_PLACEHOLDER;
	c->vapid_subject = conf_copy(text, strlen(text));
}

static void set_vapid(struct conf_reader *r)
{
	struct conf *c = r->conf;

	set_key(r, CONF_VAPID_PUBLIC_KEY, is_public_key, &c->vapid_public_key);
	set_key(r, CONF_VAPID_PRIVATE_KEY, is_private_key, &c->vapid_private_key);
	set_key(r, CONF_VAPID_PREVIOUS_PUBLIC_KEY, is_public_key, &c->vapid_previous_public_key);
	set_key(r, CONF_VAPID_PREVIOUS_PRIVATE_KEY, is_private_key, &c->vapid_previous_private_key);
	check_pair(r);
	set_subject(r);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool (*const setter[CONF_KEY__MAX])(struct conf_reader *, enum conf_key, const char *) = {
    [CONF_SITE_URL] = set_site_url,
    [CONF_STATE_DIR] = set_state_dir,
    [CONF_PUSH_EXTRA_HOSTS] = set_extra_hosts,
    [CONF_PUSH_CA_FILE] = set_ca_file,
    [CONF_PUSH_CONNECT_TO] = set_connect_to,
    [CONF_PUSH_PROXY] = set_proxy,
    [CONF_PUSH_WORKERS] = set_workers,
    [CONF_SUBSCRIBE_RATE] = set_rate,
    [CONF_SUBSCRIBE_MAX] = set_max,
    [CONF_TRUSTED_PROXIES] = set_trusted_proxies,
};

static void set_defaults(struct conf *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	c->push_workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (int)cores;
	c->subscribe_rate = RATE_DEFAULT;
	c->subscribe_max = SUBSCRIPTIONS;
}

bool conf_understand(struct conf_reader *r)
{
	struct conf *c = r->conf;

	set_defaults(c);
	for (int key = 0; key < CONF_KEY__MAX; key++) {
		const char *text = r->raw[key].text;
		if (text != NULL && setter[key] != NULL && !setter[key](r, key, text))
			return false;
	}
	if (c->state_dir == NULL)
		c->state_dir = absolute(c, "var");
	if (c->site_url == NULL && r->role != CONF_TOOL) {
		buf_printf(
		    r->error, "%s: SITE_URL is not set", c->file == NULL ? "environment" : c->file);
		return false;
	}
	set_vapid(r);
	return true;
}
