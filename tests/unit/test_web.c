/* test_web.c - the gates of a request and the bytes of an answer, without a server. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "log.h"
#include "web_private.h"

static struct arena arena = ARENA_INIT;

/* A request made of parameters, and its body. */
struct given {
	struct web web;
	struct web_link link;
	const char *params[40];
	const char *body;
	size_t read;
};

static struct given g;

static int read_given(struct web_link *link, char *out, size_t len, size_t *got)
{
	size_t left = strlen(g.body) - g.read;

	(void)link;
	*got = left < len ? left : len;
	memcpy(out, g.body + g.read, *got);
	g.read += *got;
	return 1;
}

static bool at_end_given(struct web_link *link)
{
	(void)link;
	return g.read == strlen(g.body);
}

static void release(void)
{
	buf_release(&g.link.headers);
	buf_release(&g.link.body);
	arena_reset(&arena);
}

/* Starts over; the parameters that follow, up to NULL, are added to method and path. */
static bool request(const char *program, const char *method, const char *path, ...)
{
	size_t n = 0;
	va_list ap;
	const char *p;

	release();
	memset(&g, 0, sizeof g);
	g.link.headers = g.link.body = (struct buf)BUF_INIT;
	g.web.arena = &arena;
	g.web.link = &g.link;
	g.web.request_id = "0123456789abcdef";
	g.link.params = (char *const *)g.params;
	g.link.read = read_given;
	g.link.at_end = at_end_given;
	g.body = "";
	g.params[n++] = arena_printf(&arena, "REQUEST_METHOD=%s", method);
	g.params[n++] = arena_printf(&arena, "SCRIPT_NAME=%s", path);
	va_start(ap, path);
	while ((p = va_arg(ap, const char *)) != NULL)
		g.params[n++] = p;
	va_end(ap);
	return web_request_read(&g.web, program);
}

static int status(void)
{
	return g.link.answered ? g.link.status : 0;
}

/* The whole answer as the server would get it. */
static const char *answer(void)
{
	struct buf b = BUF_INIT;

	web_answer_write(&g.web, &b);
	const char *text = buf_arena(&b, &arena);
	buf_release(&b);
	return text;
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static void test_paths(void)
{
	static const char *const elsewhere[] = {"/cgi-bin/subscribeX", "/subscribe",
	    "//cgi-bin/subscribe", "/cgi-bin//subscribe", "/cgi-bin/subscribe/",
	    "/cgi-bin/../cgi-bin/subscribe", "/cgi-bin/subscribe/..", "/cgi-bin/subscribe/.",
	    "/cgi-bin/subscribe/a//b", "/cgi-bin/%73ubscribe", "/CGI-BIN/subscribe", "", "/",
	    "/cgi-bin/incident-post", "/v1/pages", "/cgi-bin/subscribe/a b",
	    "/cgi-bin/subscribe/\xff", "/cgi-bin/subscribe/v1/x", "/cgi-bin/subscribe/v1"};

	t_case("a program answers at its own address and below it");
	t_ok(request("subscribe", "POST", "/cgi-bin/subscribe", NULL));
	t_str(g.web.path, "");
	t_ok(request("subscribe", "POST", "/cgi-bin/subscribe", "PATH_INFO=/state", NULL));
	t_str(g.web.path, "/state");

	t_case("servers that do not split the path are understood alike");
	t_ok(request("subscribe", "POST", "/cgi-bin/subscribe/state", "PATH_INFO=", NULL));
	t_str(g.web.path, "/state");

	t_case("every other spelling is a 404");
	for (size_t i = 0; i < nelem(elsewhere); i++) {
		t_check(!request("subscribe", "POST", elsewhere[i], NULL), elsewhere[i], __FILE__,
		    __LINE__);
		t_int(status(), 404);
	}

	t_case("the API is reached by /v1 and keeps it in its path");
	t_ok(request("incident-post", "PATCH", "/v1", "PATH_INFO=/pages/default/incidents", NULL));
	t_str(g.web.path, "/v1/pages/default/incidents");
	t_ok(g.web.is_api && g.web.method == WEB_PATCH);
	t_ok(request("incident-post", "GET", "/cgi-bin/incident-post", NULL) && !g.web.is_api);
	t_ok(!request("incident-post", "GET", "/v1x", NULL));
	t_ok(!request("incident-post", "GET", "/cgi-bin/incident-post/v1/pages", NULL));
}

/* True if the answer is JSON with one sentence. */
static bool is_json_error(void)
{
	const char *text = answer();

	return has(text, "\r\nContent-Type: application/json\r\n") && has(text, "{\"error\":\"");
}

static void test_early_errors(void)
{
	static const char *const odd[] = {"/v1/", "/v1/pages/", "/v1//pages", "/v1/pages/default/",
	    "/v1/pages/./x", "/v1/pages/../x", "/v1/a b", "/v1/%41"};
	char long_path[WEB_PATH_MAX + 20] = "/v1/";

	t_case("whatever is refused under /v1 is refused as JSON, however early");
	for (size_t i = 0; i < nelem(odd); i++) {
		t_ok(!request("incident-post", "GET", odd[i], NULL));
		t_int(status(), 404);
		t_check(is_json_error(), odd[i], __FILE__, __LINE__);
	}
	memset(long_path + 4, 'x', WEB_PATH_MAX);
	t_ok(!request("incident-post", "GET", long_path, NULL));
	t_ok(status() == 404 && is_json_error());
	t_ok(!request("incident-post", "GET", "/v1", "PATH_INFO=//x", NULL));
	t_ok(status() == 404 && is_json_error());
	t_ok(!request("incident-post", "GET", "/v1/pages", "HTTP_ORIGIN=a", "HTTP_ORIGIN=b", NULL));
	t_ok(status() == 400 && is_json_error());
	t_ok(!request("incident-post", "GET", "/v1/pages", "QUERY_STRING=a=%zz", NULL));
	t_ok(status() == 400 && is_json_error());
	char *big = calloc(1, WEB_PARAMS_MAX + 10);
	memset(big, 'a', WEB_PARAMS_MAX + 1);
	memcpy(big, "HTTP_X=", 7);
	t_ok(!request("incident-post", "GET", "/v1/pages", big, NULL));
	t_ok(status() == 431 && is_json_error());
	free(big);
	t_case("and what is refused beside it is not");
	t_ok(!request("incident-post", "GET", "/cgi-bin/incident-post/", NULL));
	t_ok(status() == 404 && !is_json_error());
	t_ok(!request("incident-post", "GET", "/v1x/", NULL));
	t_ok(status() == 404 && !is_json_error());
}

static void test_methods(void)
{
	static const char *const never[] = {
	    "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "", "POST "};

	t_case("GET, HEAD and POST are taken; PATCH and DELETE only by the API");
	t_ok(request("admin-settings", "GET", "/cgi-bin/admin-settings", NULL) &&
	     web_is_read(&g.web));
	t_ok(request("admin-settings", "HEAD", "/cgi-bin/admin-settings", NULL) &&
	     web_is_read(&g.web));
	t_ok(request("admin-settings", "POST", "/cgi-bin/admin-settings", NULL) &&
	     !web_is_read(&g.web));
	t_ok(!request("admin-settings", "DELETE", "/cgi-bin/admin-settings", NULL));
	t_int(status(), 405);
	t_ok(has(answer(), "\r\nAllow: GET, HEAD, POST\r\n"));
	t_ok(request("incident-post", "DELETE", "/v1/pages/x", NULL));

	t_case("no other method is known");
	for (size_t i = 0; i < nelem(never); i++) {
		t_ok(!request("incident-post", never[i], "/v1/pages", NULL));
		t_int(status(), 405);
	}
}

static void test_headers(void)
{
	t_case("what decides something must not stand twice");
	t_ok(!request("subscribe", "POST", "/cgi-bin/subscribe", "CONTENT_LENGTH=1",
	    "CONTENT_LENGTH=2", NULL));
	t_int(status(), 400);
	t_ok(!request("subscribe", "POST", "/cgi-bin/subscribe", "HTTP_ORIGIN=https://a",
	    "HTTP_ORIGIN=https://a", NULL));
	t_int(status(), 400);

	t_case("a control character in a header is refused");
	t_ok(!request(
	    "subscribe", "POST", "/cgi-bin/subscribe", "HTTP_ORIGIN=https://a\r\nX: y", NULL));
	t_int(status(), 400);

	t_case("parameters of more than 64 KiB are refused");
	char *big = arena_alloc(&arena, WEB_PARAMS_MAX + 10);
	memset(big, 'a', WEB_PARAMS_MAX + 1);
	char *kept = strdup(big);
	memcpy(kept, "HTTP_X=", 7);
	t_ok(!request("subscribe", "POST", "/cgi-bin/subscribe", kept, NULL));
	t_int(status(), 431);
	free(kept);
}

static void test_media(void)
{
	static const struct {
		const char *type;
		enum web_media want;
	} t[] = {
	    {"application/json", WEB_MEDIA_JSON},
	    {"Application/JSON; charset=UTF-8", WEB_MEDIA_JSON},
	    {"application/json;charset=\"utf-8\"", WEB_MEDIA_JSON},
	    {"application/json; charset=latin1", WEB_MEDIA_OTHER},
	    {"application/json; charset=utf-8; x=y", WEB_MEDIA_OTHER},
	    {"application/json, text/plain", WEB_MEDIA_OTHER},
	    {"application/jsonx", WEB_MEDIA_OTHER},
	    {"text/plain", WEB_MEDIA_OTHER},
	    {"multipart/form-data; boundary=x", WEB_MEDIA_OTHER},
	    {"application/x-www-form-urlencoded", WEB_MEDIA_FORM},
	    {"", WEB_MEDIA_NONE},
	};

	t_case("only JSON and forms in UTF-8 are known as such");
	for (size_t i = 0; i < nelem(t); i++) {
		char line[100];
		snprintf(line, sizeof line, "CONTENT_TYPE=%s", t[i].type);
		t_ok(request("subscribe", "POST", "/cgi-bin/subscribe", line, NULL));
		t_check(g.web.media == t[i].want, t[i].type, __FILE__, __LINE__);
	}
}

static void test_cookies_and_tokens(void)
{
	t_case("a cookie is read by its exact name, and not at all if it stands twice");
	t_ok(request("admin-settings", "GET", "/cgi-bin/admin-settings",
	    "HTTP_COOKIE=a=1; __Host-sid=abc; sid=x; empty=", NULL));
	t_str(web_cookie(&g.web, "__Host-sid"), "abc");
	t_str(web_cookie(&g.web, "sid"), "x");
	t_ok(web_cookie(&g.web, "empty") == NULL && web_cookie(&g.web, "Host-sid") == NULL);
	t_ok(request("admin-settings", "GET", "/cgi-bin/admin-settings",
	    "HTTP_COOKIE=sid=1; other=2; sid=1", NULL));
	t_ok(web_cookie(&g.web, "sid") == NULL);
	t_str(web_cookie(&g.web, "other"), "2");

	t_case("a token comes by Bearer or OAuth, also by Apache's other name");
	request("incident-post", "GET", "/v1/x", "HTTP_AUTHORIZATION=Bearer abc-_.~", NULL);
	t_str(web_bearer(&g.web), "abc-_.~");
	request("incident-post", "GET", "/v1/x", "REDIRECT_HTTP_AUTHORIZATION=oauth abc", NULL);
	t_str(web_bearer(&g.web), "abc");
	request("incident-post", "GET", "/v1/x", "HTTP_AUTHORIZATION=Basic abc", NULL);
	t_ok(web_bearer(&g.web) == NULL);
	request("incident-post", "GET", "/v1/x", "HTTP_AUTHORIZATION=Bearer a, Bearer b", NULL);
	t_ok(web_bearer(&g.web) == NULL);
	request("incident-post", "GET", "/v1/x", "HTTP_AUTHORIZATION=Bearer ", NULL);
	t_ok(web_bearer(&g.web) == NULL);
	request("incident-post", "GET", "/v1/x", NULL);
	t_ok(web_bearer(&g.web) == NULL);
}

static void test_query(void)
{
	t_case("a query is decoded, and refused where it is unclean");
	t_ok(request("admin-settings", "GET", "/cgi-bin/admin-settings",
	    "QUERY_STRING=a=1&b=%C3%A4+x&c=", NULL));
	t_str(web_query(&g.web, "b"), "\xc3\xa4 x");
	t_str(web_query(&g.web, "c"), "");
	t_ok(web_query(&g.web, "d") == NULL);
	static const char *const bad[] = {"QUERY_STRING=a=1&a=2", "QUERY_STRING=a=%zz",
	    "QUERY_STRING=a=%00", "QUERY_STRING=a", "QUERY_STRING=a=%ff", "QUERY_STRING=a=1&",
	    "QUERY_STRING==1"};
	for (size_t i = 0; i < nelem(bad); i++) {
		t_check(!request("admin-settings", "GET", "/cgi-bin/admin-settings", bad[i], NULL),
		    bad[i], __FILE__, __LINE__);
		t_int(status(), 400);
	}
}

/* The client's address as seen with 10.0.0.1 and ::1 as trusted proxies. */
static const char *client(const char *peer, const char *forwarded)
{
	static char *const proxies[] = {(char *)"10.0.0.1", (char *)"::1", NULL};
	static char a[100], f[200];
	struct web_link *link = &g.link;

	snprintf(a, sizeof a, "REMOTE_ADDR=%s", peer);
	snprintf(f, sizeof f, "HTTP_X_FORWARDED_FOR=%s", forwarded == NULL ? "" : forwarded);
	request("subscribe", "POST", "/cgi-bin/subscribe", a, forwarded == NULL ? NULL : f, NULL);
	link->proxies = proxies;
	web_request_read(&g.web, "subscribe");
	return g.web.address;
}

static void test_addresses(void)
{
	uint8_t network[8];

	t_case("the peer is the client, unless it is a proxy of ours");
	t_str(client("192.0.2.7", NULL), "192.0.2.7");
	t_str(client("192.0.2.7", "198.51.100.1"), "192.0.2.7");
	t_str(client("10.0.0.1", "198.51.100.1"), "198.51.100.1");
	t_str(client("10.0.0.1", "6.6.6.6, 198.51.100.1"), "198.51.100.1");
	t_str(client("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.1"), "198.51.100.1");
	t_str(client("::1", "2001:DB8:0::5"), "2001:db8::5");
	t_str(client("10.0.0.1", "nonsense"), "10.0.0.1");
	t_str(client("10.0.0.1", "198.51.100.1, nonsense"), "10.0.0.1");
	t_str(client("10.0.0.1", ""), "10.0.0.1");
	t_str(client("10.0.0.1", NULL), "10.0.0.1");

	t_case("an IPv4 client counts by its address, an IPv6 client by its /64");
	client("::ffff:192.0.2.7", NULL);
	t_str(g.web.address, "192.0.2.7");
	t_int(web_client_network(&g.web, network), 4);
	t_mem(network, "\xc0\x00\x02\x07", 4);
	client("2001:db8:1:2:3:4:5:6", NULL);
	t_int(web_client_network(&g.web, network), 8);
	t_mem(network, "\x20\x01\x0d\xb8\x00\x01\x00\x02", 8);
	client("", NULL);
	t_str(g.web.address, "");
	t_int(web_client_network(&g.web, network), 0);
}

static int read_body(const char *length, const char *body, size_t max)
{
	static char line[100];

	snprintf(line, sizeof line, "CONTENT_LENGTH=%s", length == NULL ? "" : length);
	request("subscribe", "POST", "/cgi-bin/subscribe", length == NULL ? NULL : line, NULL);
	g.body = body;
	return web_read_body(&g.web, max) == 1 ? 200 : status();
}

static void test_bodies(void)
{
	static const char *const malformed[] = {"-1", "+5", "0x10", "1e3", "5 ", " 5", "05", "5,5",
	    "12345678901234567890", "99999999999999999999"};

	t_case("a body of the said length is read whole");
	t_int(read_body("5", "hello", 5), 200);
	t_str(g.web.body, "hello");
	t_int(g.web.body_len, 5);
	t_int(read_body("0", "", 5), 200);

	t_case("no length is a 411, a malformed one a 400, a large one a 413 before any reading");
	t_int(read_body(NULL, "hello", 5), 411);
	t_int(read_body("", "hello", 5), 411);
	for (size_t i = 0; i < nelem(malformed); i++)
		t_int(read_body(malformed[i], "hello", 100), 400);
	t_int(read_body("6", "hello!", 5), 413);
	t_int(read_body("1000000000000000000", "hello", 8192), 413);
	t_int(g.read, 0);

	t_case("a body shorter or longer than said is a 400");
	t_int(read_body("6", "hello", 10), 400);
	t_int(read_body("4", "hello", 10), 400);
	t_int(read_body("0", "hello", 10), 400);
}

static void test_answers(void)
{
	request("admin-settings", "GET", "/cgi-bin/admin-settings", NULL);
	web_answer(&g.web, 200, WEB_HTML);
	buf_add_str(web_body(&g.web), "<p>x</p>");
	const char *text = answer();

	t_case("a page has its type, length, policy and nothing to keep");
	t_ok(strncmp(text, "Status: 200 OK\r\n", 16) == 0);
	t_ok(has(text, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
	t_ok(has(text, "\r\nContent-Length: 8\r\n"));
	t_ok(has(text, "default-src 'none'; script-src 'self'") &&
	     has(text, "frame-ancestors 'none'"));
	t_ok(!has(text, "unsafe"));
	t_ok(has(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
	t_ok(has(text, "\r\nCache-Control: no-store\r\n"));
	t_ok(has(text, "\r\nReferrer-Policy: same-origin\r\n"));
	t_ok(has(text, "\r\n\r\n<p>x</p>"));

	t_case("HEAD has the same headers and no body");
	request("admin-settings", "HEAD", "/cgi-bin/admin-settings", NULL);
	web_answer(&g.web, 200, WEB_HTML);
	buf_add_str(web_body(&g.web), "<p>x</p>");
	text = answer();
	t_ok(has(text, "Content-Length: 8\r\n") && !has(text, "<p>"));

	t_case("errors speak the language of their address");
	request("subscribe", "POST", "/cgi-bin/subscribe", NULL);
	web_error(&g.web, 403, "No \"x\" here.");
	text = answer();
	t_ok(has(text, "Status: 403 Forbidden\r\n") &&
	     has(text, "Content-Type: application/json\r\n"));
	t_ok(has(text, "\r\n\r\n{\"error\":\"No \\\"x\\\" here.\"}"));
	web_json_field_error(&g.web, 422, "name", "Bad.");
	t_ok(has(answer(), "\r\n\r\n{\"error\":\"Bad.\",\"field\":\"name\"}"));
	request("admin-settings", "GET", "/cgi-bin/admin-settings", NULL);
	web_error(&g.web, 500, "Broken.");
	t_ok(has(answer(), "text/plain") && has(answer(), "Reference: 0123456789abcdef"));
}

static void test_header_injection(void)
{
	static const char *const away[] = {"//evil.example", "https://evil.example",
	    "/\\evil.example", "evil", "", "/a\r\nX: y", "/a b", "/\xc3\xa4"};

	t_case("no value can start a header of its own");
	request("admin-settings", "GET", "/cgi-bin/admin-settings", NULL);
	web_answer(&g.web, 200, WEB_HTML);
	t_int(web_header(&g.web, "X-A", "b\r\nSet-Cookie: x=y"), -1);
	t_int(status(), 500);
	t_ok(!has(answer(), "Set-Cookie"));
	t_int(web_header(&g.web, "X-A:", "b"), -1);

	t_case("a redirect never leaves the site");
	for (size_t i = 0; i < nelem(away); i++) {
		web_redirect(&g.web, 303, away[i]);
		t_check(status() == 500, away[i], __FILE__, __LINE__);
	}
	web_redirect(&g.web, 303, "/cgi-bin/admin-settings?saved=1");
	t_int(status(), 303);
	t_ok(has(answer(), "\r\nLocation: /cgi-bin/admin-settings?saved=1\r\n"));

	t_case("a session's cookie has every attribute");
	web_set_cookie(&g.web, "__Host-sid", "abc", true, 60);
	t_ok(has(answer(), "\r\nSet-Cookie: __Host-sid=abc; Path=/; HttpOnly; SameSite=Strict; "
			   "Secure; Max-Age=60\r\n"));
	web_set_cookie(&g.web, "sid", "a;b", false, -1);
	t_int(status(), 500);
}

int main(void)
{
	log_open("test_web");
	test_paths();
	test_early_errors();
	test_methods();
	test_headers();
	test_media();
	test_cookies_and_tokens();
	test_query();
	test_addresses();
	test_bodies();
	test_answers();
	test_header_injection();
	release();
	arena_release(&arena);
	return t_end();
}
