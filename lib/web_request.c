/* web_request.c - from CGI parameters to a checked request (see web.h).
 *
 * Nothing here trusts the web server to have refused what is odd: both stock servers were seen to
 * pass on long, doubled and unclean values.
 */
#include "base.h"
#include "web_private.h"

#include <arpa/inet.h>

#include "pairs.h"
#include "text.h"

static const struct web_mount mounts[] = {
    {"subscribe", "/cgi-bin/subscribe", WEB_JSON, false},
    {"admin-settings", "/cgi-bin/admin-settings", WEB_HTML, false},
    {"incident-post", "/cgi-bin/incident-post", WEB_HTML, false},
    {"incident-post", "/v1", WEB_JSON, true},
};

static const char *const method_name[] = {
    [WEB_GET] = "GET",
    [WEB_HEAD] = "HEAD",
    [WEB_POST] = "POST",
    [WEB_PATCH] = "PATCH",
    [WEB_DELETE] = "DELETE",
};
static_assert(nelem(method_name) == WEB_METHOD__MAX, "a name for each method");

/* Parameters that decide something: standing twice, a server and we could each believe another one.
 */
static const char *const once_only[] = {
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "PATH_INFO",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REQUEST_METHOD",
    "SCRIPT_NAME",
};

const struct web_mount *web_mount_of(const char *program)
{
	for (size_t i = 0; i < nelem(mounts); i++)
		if (strcmp(mounts[i].program, program) == 0)
			return &mounts[i];
	return NULL;
}

static bool is_named(const char *param, const char *name)
{
	size_t n = strlen(name);

	return strncmp(param, name, n) == 0 && param[n] == '=';
}

/* The value of a parameter; NULL if it is absent. */
static const char *param(const struct web_link *link, const char *name)
{
	for (char *const *p = link->params; *p != NULL; p++)
		if (is_named(*p, name))
			return *p + strlen(name) + 1;
	return NULL;
}

static bool check_size(struct web *web)
{
	size_t total = 0;

	for (char *const *p = web->link->params; *p != NULL; p++)
		total += strlen(*p) + 1;
	if (total <= WEB_PARAMS_MAX)
		return true;
	web_error(web, 431, "The headers of the request are too long.");
	return false;
}

static bool check_doubles(struct web *web)
{
	for (size_t i = 0; i < nelem(once_only); i++) {
		int seen = 0;
		for (char *const *p = web->link->params; *p != NULL; p++)
			seen += is_named(*p, once_only[i]);
		if (seen > 1) {
			web_error(web, 400, "A header of the request stands twice.");
			return false;
		}
	}
	return true;
}

/* --- path and method -------------------------------------------------------------------------- */

static bool is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

/* "" or "/segment" any number of times, no segment empty or made of dots alone. */
static bool is_canonical(const char *path)
{
	const char *s = path;

	while (*s == '/') {
		const char *start = ++s;
		bool dots = true;
		for (; is_path_char(*s); s++)
			dots = dots && *s == '.';
		if (s == start || dots)
			return false;
	}
	return *s == '\0';
}

/* Servers split a path into SCRIPT_NAME and PATH_INFO in different places: lighttpd behind the
 * prefix it matched (so SCRIPT_NAME can be "/cgi-bin/subscribex"), Apache's mod_proxy_fcgi and
 * nginx not at all.  Their concatenation is the decoded path in every case, and the mounts are
 * compared with that, up to the end of a segment. */
static const char *full_path(struct web *web)
{
	const char *script = param(web->link, "SCRIPT_NAME"), *info = param(web->link, "PATH_INFO");

	return arena_printf(
	    web->arena, "%s%s", script == NULL ? "" : script, info == NULL ? "" : info);
}

/* True if path is prefix or lies below it. */
static bool is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Chosen before anything is judged, so that each refusal has the form that its reader understands; a path of nobody's
 * counts as the program's first. */
static void choose_mount(struct web *web, const char *program, const char *path)
{
	web->link->mount = web_mount_of(program);
	for (size_t i = 0; i < nelem(mounts); i++)
		if (strcmp(mounts[i].program, program) == 0 && is_below(path, mounts[i].prefix))
			web->link->mount = &mounts[i];
	web->is_api = web->link->mount->is_api;
}

static bool read_path(struct web *web, const char *full)
{
	const struct web_mount *m = web->link->mount;

	if (strlen(full) > WEB_PATH_MAX || !is_canonical(full) || !is_below(full, m->prefix))
		return false;
	web->path = m->is_api ? full : full + strlen(m->prefix);
	/* the API has one address, not a second one behind the program's own */
	return m->is_api || !is_below(web->path, "/v1");
}

static bool read_method(struct web *web)
{
	const char *name = param(web->link, "REQUEST_METHOD");
	int last = web->is_api ? WEB_METHOD__MAX - 1 : WEB_POST;

	for (int i = 0; name != NULL && i <= last; i++) {
		if (strcmp(name, method_name[i]) == 0) {
			web->method = (enum web_method)i;
			return true;
		}
	}
	web_method_error(web, web->is_api ? "GET, HEAD, POST, PATCH, DELETE" : "GET, HEAD, POST");
	return false;
}

/* --- headers ---------------------------------------------------------------------------------- */

/* A header of the visitor; *ok becomes false if it holds a control character. */
static const char *header(struct web *web, const char *name, bool *ok)
{
	const char *value = param(web->link, name);

	if (value == NULL || *value == '\0')
		return NULL;
	if (text_has_control(value, strlen(value), false))
		*ok = false;
	return arena_strdup(web->arena, value);
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What may follow the media type: nothing, or charset=utf-8 (RFC 9110 §8.3.1). */
static bool parameters_ok(char *s)
{
	s = text_trim(s);
	if (*s == '\0')
		return true;
	return strcasecmp(s, "charset=utf-8") == 0 || strcasecmp(s, "charset=\"utf-8\"") == 0;
}

static enum web_media media_of(struct arena *a, const char *value)
{
	char *type, *semicolon;

	if (value == NULL)
		return WEB_MEDIA_NONE;
	type = arena_strdup(a, value);
	semicolon = strchr(type, ';');
	if (semicolon != NULL) {
		*semicolon = '\0';
		if (!parameters_ok(semicolon + 1))
			return WEB_MEDIA_OTHER;
	}
	type = text_trim(type);
	if (strcasecmp(type, "application/json") == 0)
		return WEB_MEDIA_JSON;
	if (strcasecmp(type, "application/x-www-form-urlencoded") == 0)
		return WEB_MEDIA_FORM;
	return WEB_MEDIA_OTHER;
}

static bool read_headers(struct web *web)
{
	bool ok = true;

	web->origin = header(web, "HTTP_ORIGIN", &ok);
	web->sec_fetch_site = header(web, "HTTP_SEC_FETCH_SITE", &ok);
	web->accept_language = header(web, "HTTP_ACCEPT_LANGUAGE", &ok);
	web->authorization = header(web, "HTTP_AUTHORIZATION", &ok);
	/* what Apache calls it after a rewrite */
	if (web->authorization == NULL)
		web->authorization = header(web, "REDIRECT_HTTP_AUTHORIZATION", &ok);
	web->media = media_of(web->arena, header(web, "CONTENT_TYPE", &ok));
	web->link->cookies = header(web, "HTTP_COOKIE", &ok);
	web->link->content_length = param(web->link, "CONTENT_LENGTH");
	if (!ok)
		web_error(web, 400, "A header of the request holds a control character.");
	return ok;
}

static bool has_query(const struct web *web, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(web->link->query[i].name, name) == 0)
			return true;
	return false;
}

static bool read_query(struct web *web)
{
	struct web_link *link = web->link;
	const char *text = param(link, "QUERY_STRING"),
		   *error = "The query of the address is too long.";
	size_t len = text == NULL ? 0 : strlen(text);
	bool ok = len <= WEB_QUERY_MAX && pairs_parse(web->arena, text, len, WEB_QUERY_FIELDS,
					      &link->query, &link->query_count, &error);

	for (size_t i = 0; ok && i < link->query_count; i++) {
		if (has_query(web, i, link->query[i].name)) {
			error = "A name stands twice in the query of the address.";
			ok = false;
		}
	}
	if (!ok)
		web_error(web, 400, error);
	return ok;
}

const char *web_query(const struct web *web, const char *name)
{
	for (size_t i = 0; i < web->link->query_count; i++)
		if (strcmp(web->link->query[i].name, name) == 0)
			return web->link->query[i].value;
	return NULL;
}

const char *web_cookie(const struct web *web, const char *name)
{
	const char *s = web->link->cookies, *value = NULL;
	size_t n = strlen(name), value_len = 0;

	while (s != NULL && *s != '\0') {
		s += strspn(s, " ;");
		size_t len = strcspn(s, ";");
		if (len > n && s[n] == '=' && strncmp(s, name, n) == 0) {
			if (value != NULL)
				return NULL;
			value = s + n + 1;
			value_len = len - n - 1;
		}
		s += len;
	}
	while (value_len > 0 && value[value_len - 1] == ' ')
		value_len--;
	return value_len == 0 ? NULL : arena_copy(web->arena, value, value_len);
}

const char *web_bearer(const struct web *web)
{
	static const char *const schemes[] = {"Bearer ", "OAuth "};

	for (size_t i = 0; web->authorization != NULL && i < nelem(schemes); i++) {
		size_t n = strlen(schemes[i]);
		const char *token = web->authorization + n;
		if (strncasecmp(web->authorization, schemes[i], n) != 0)
			continue;
		token += strspn(token, " ");
		for (const char *s = token; *s != '\0'; s++)
			if (!is_token_char(*s) && *s != '/' && *s != '=')
				return NULL;
		return *token == '\0' ? NULL : token;
	}
	return NULL;
}

/* --- the client's address --------------------------------------------------------------------- */

/* Reads an address and writes its canonical text; IPv4 in IPv6 clothes counts as IPv4. */
static bool take_address(struct web *web, const char *text)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char canonical[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	bool v4 = inet_pton(AF_INET, text, bytes) == 1;

	if (!v4 && inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	if (!v4 && memcmp(bytes, mapped, sizeof mapped) == 0) {
		v4 = true;
		memmove(bytes, bytes + 12, 4);
	}
	if (inet_ntop(v4 ? AF_INET : AF_INET6, bytes, canonical, sizeof canonical) == NULL)
		return false;
	web->address = arena_strdup(web->arena, canonical);
	web->address_len = v4 ? 4 : 16;
	memset(web->address_bytes, 0, sizeof web->address_bytes);
	memcpy(web->address_bytes, bytes, web->address_len);
	return true;
}

static bool is_proxy(const struct web *web)
{
	for (char *const *p = web->link->proxies; p != NULL && *p != NULL; p++)
		if (strcmp(*p, web->address) == 0)
			return true;
	return false;
}

/* X-Forwarded-For grows at its end; from there back, the first address that is none of our proxies
 * is the client, and everything before it is only the client's word. */
static void read_address(struct web *web)
{
	const char *peer = param(web->link, "REMOTE_ADDR");
	const char *list = param(web->link, "HTTP_X_FORWARDED_FOR");
	char *left, *comma;

	web->address = "";
	if (peer == NULL || !take_address(web, peer) || list == NULL)
		return;
	left = arena_strdup(web->arena, list);
	while (is_proxy(web)) {
		comma = strrchr(left, ',');
		if (!take_address(web, text_trim(comma == NULL ? left : comma + 1)) ||
		    comma == NULL)
			return;
		*comma = '\0';
	}
}

size_t web_client_network(const struct web *web, uint8_t out[8])
{
	size_t n = web->address_len == 4 ? 4 : web->address_len == 16 ? 8 : 0;

	memcpy(out, web->address_bytes, n);
	return n;
}

bool web_is_read(const struct web *web)
{
	return web->method == WEB_GET || web->method == WEB_HEAD;
}

bool web_request_read(struct web *web, const char *program)
{
	const char *path = full_path(web);

	choose_mount(web, program, path);
	web->path = "";
	web->address = "";
	if (!check_size(web) || !check_doubles(web))
		return false;
	if (!read_path(web, path)) {
		web_error(web, 404, "There is nothing at this address.");
		return false;
	}
	read_address(web);
	return read_method(web) && read_headers(web) && read_query(web);
}

/* --- the body --------------------------------------------------------------------------------- */

/* 0 fine, else the status to answer with. */
static int parse_length(const char *text, size_t max, size_t *len)
{
	uint64_t n;
	size_t digits = text == NULL ? 0 : strspn(text, "0123456789");

	if (text == NULL || *text == '\0')
		return 411;
	if (digits > 19 || text[digits] != '\0' || !text_parse_u64(text, digits, 0, INT64_MAX, &n))
		return 400;
	if (n > max)
		return 413;
	*len = (size_t)n;
	return 0;
}

static const char *length_sentence(int status)
{
	switch (status) {
	case 411:
		return "The request must say how long its body is.";
	case 413:
		return "The body of the request is too long.";
	default:
		return "The length of the request's body is malformed.";
	}
}

int web_read_body(struct web *web, size_t max)
{
	size_t len = 0, got = 0;
	int status = parse_length(web->link->content_length, max, &len);
	char *body;

	if (status != 0) {
		web_error(web, status, length_sentence(status));
		return 0;
	}
	body = arena_alloc(web->arena, len + 1);
	if (web->link->read(web->link, body, len, &got) < 0 || got != len ||
	    !web->link->at_end(web->link)) {
		web_error(web, 400, "The body of the request has not the length that was said.");
		return 0;
	}
	web->body = body;
	web->body_len = len;
	return 1;
}
