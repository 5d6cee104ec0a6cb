#include "base.h"
#include "t.h"

#include "capture.h"
#include "endpoint.h"

static struct endpoint_policy *policy(const char *extra, const char *connect_to)
{
	struct endpoint_policy *p;

	if (endpoint_policy_open(extra, connect_to, &p) != 1)
		abort();
	return p;
}

static enum endpoint_verdict verdict(const struct endpoint_policy *p, const char *text)
{
	struct endpoint out;

	return endpoint_parse(p, text, strlen(text), &out);
}

struct row {
	const char *text;
	enum endpoint_verdict verdict;
};

static void check_rows(const struct endpoint_policy *p, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum endpoint_verdict got = verdict(p, rows[i].text);
		if (got != rows[i].verdict)
			printf("  %s\n", rows[i].text);
		t_int(got, rows[i].verdict);
	}
}

static void test_builtin(void)
{
	struct endpoint_policy *p = policy(NULL, "");
	static const struct row rows[] = {
	    {"https://fcm.googleapis.com/fcm/send/abc:APA91-_x", ENDPOINT_OK},
	    {"https://jmt17.google.com/fcm/send/a", ENDPOINT_OK},
	    {"https://android.googleapis.com/gcm/send/a", ENDPOINT_OK},
	    {"https://updates.push.services.mozilla.com/wpush/v2/gAAA", ENDPOINT_OK},
	    {"https://web.push.apple.com/Q", ENDPOINT_OK},
	    {"https://wns2-par02p.notify.windows.com/w/?token=BQ%2f%2b%3d", ENDPOINT_OK},
	    {"https://FCM.GoogleAPIs.com/x", ENDPOINT_OK},
	    {"https://fcm.googleapis.com:443/x", ENDPOINT_OK},
	    {"https://fcm.googleapis.com.evil.example/x", ENDPOINT_NOT_ALLOWED},
	    {"https://evilfcm.googleapis.com/x", ENDPOINT_NOT_ALLOWED},
	    {"https://googleapis.com/x", ENDPOINT_NOT_ALLOWED},
	    {"https://notify.windows.com.evil.example/x", ENDPOINT_NOT_ALLOWED},
	    {"https://push.example.org/x", ENDPOINT_NOT_ALLOWED},
	};

	t_case("the browsers' services are allowed on a label boundary and nothing else is");
	check_rows(p, rows, nelem(rows));

	t_case("the built-in name that allowed an endpoint is told");
	{
		struct endpoint e;
		const char *text = "https://wns2-x.notify.windows.com/w";
		t_int(endpoint_parse(p, text, strlen(text), &e), ENDPOINT_OK);
		t_str(e.suffix, "notify.windows.com");
	}
	endpoint_policy_close(p);
}

static void test_form(void)
{
	struct endpoint_policy *p = policy("*", NULL);
	static const struct row schemes[] = {
	    {"http://push.example.org/x", ENDPOINT_SCHEME},
	    {"HTTPS://push.example.org/x", ENDPOINT_SCHEME},
	    {"https:/push.example.org/x", ENDPOINT_SCHEME},
	    {"https:///push.example.org/x", ENDPOINT_HOST},
	    {"ftp://push.example.org/x", ENDPOINT_SCHEME},
	    {"file:///etc/passwd", ENDPOINT_SCHEME},
	    {"gopher://push.example.org/x", ENDPOINT_SCHEME},
	    {"//push.example.org/x", ENDPOINT_SCHEME},
	    {"push.example.org/x", ENDPOINT_SCHEME},
	    {"", ENDPOINT_SCHEME},
	    {"https:/", ENDPOINT_SCHEME},
	};
	static const struct row addresses[] = {
	    {"https://127.0.0.1/x", ENDPOINT_HOST},
	    {"https://8.8.8.8/x", ENDPOINT_HOST},
	    {"https://2130706433/x", ENDPOINT_HOST},
	    {"https://017700000001/x", ENDPOINT_HOST},
	    {"https://0x7f.1/x", ENDPOINT_HOST},
	    {"https://0x7f000001/x", ENDPOINT_HOST},
	    {"https://1.0x7f/x", ENDPOINT_HOST},
	    {"https://1.0X7F/x", ENDPOINT_HOST},
	    {"https://a.0x/x", ENDPOINT_HOST},
	    {"https://127.1/x", ENDPOINT_HOST},
	    {"https://0/x", ENDPOINT_HOST},
	    {"https://push.example.123/x", ENDPOINT_HOST},
	    {"https://[::1]/x", ENDPOINT_HOST},
	    {"https://[fe80::1%25lo]/x", ENDPOINT_HOST},
	};
	static const struct row names[] = {
	    {"https://localhost/x", ENDPOINT_HOST},
	    {"https://localhost./x", ENDPOINT_HOST},
	    {"https://x.localhost/x", ENDPOINT_HOST},
	    {"https://x.LOCALHOST/x", ENDPOINT_HOST},
	    {"https://single/x", ENDPOINT_HOST},
	    {"https://push.example.org./x", ENDPOINT_HOST},
	    {"https://push..example.org/x", ENDPOINT_HOST},
	    {"https://.example.org/x", ENDPOINT_HOST},
	    {"https:///x", ENDPOINT_HOST},
	    {"https://ex_ample.org/x", ENDPOINT_HOST},
	    {"https://ex%61mple.org/x", ENDPOINT_HOST},
	    {"https://b\xc3\xbc"
	     "cher.example/x",
		ENDPOINT_CHARACTER},
	    {"https://-push.example.org/x", ENDPOINT_HOST},
	    {"https://push-.example.org/x", ENDPOINT_HOST},
	    {"https://push.example.org-/x", ENDPOINT_HOST},
	    {"https://push.-.org/x", ENDPOINT_HOST},
	    {"https://pu--sh.exa-mple.org/x", ENDPOINT_OK},
	    {"https://a1.example2.org/x", ENDPOINT_OK},
	    {"https://123.example.org/x", ENDPOINT_OK},
	    {"https://0x7f.example.org/x", ENDPOINT_OK},
	};
	static const struct row tricks[] = {
	    {"https://user@push.example.org/x", ENDPOINT_USERINFO},
	    {"https://user:pw@push.example.org/x", ENDPOINT_USERINFO},
	    {"https://evil.example\\@push.example.org/x", ENDPOINT_CHARACTER},
	    {"https://push.example.org/x\\y", ENDPOINT_CHARACTER},
	    {"https://evil.example#@push.example.org/x", ENDPOINT_FRAGMENT},
	    {"https://push.example.org/x#f", ENDPOINT_FRAGMENT},
	    {"https://push.example.org/a b", ENDPOINT_CHARACTER},
	    {"https://push.example.org/a\tb", ENDPOINT_CHARACTER},
	    {"https://push.example.org/a\r\nHost: x", ENDPOINT_CHARACTER},
	    {"https://push.example.org/a\x7f", ENDPOINT_CHARACTER},
	    {" https://push.example.org/a", ENDPOINT_CHARACTER},
	    {"https://push.example.org/x@y", ENDPOINT_OK},
	    {"https://push.example.org/%0d%0aX:%20y", ENDPOINT_OK},
	    {"https://push.example.org?@evil.example/x", ENDPOINT_OK},
	};
	static const struct row ports[] = {
	    {"https://push.example.org:443/x", ENDPOINT_OK},
	    {"https://push.example.org:0/x", ENDPOINT_PORT},
	    {"https://push.example.org:80/x", ENDPOINT_PORT},
	    {"https://push.example.org:8443/x", ENDPOINT_PORT},
	    {"https://push.example.org:65536/x", ENDPOINT_PORT},
	    {"https://push.example.org:65979/x", ENDPOINT_PORT},
	    {"https://push.example.org:0443/x", ENDPOINT_PORT},
	    {"https://push.example.org:/x", ENDPOINT_PORT},
	    {"https://push.example.org:443:443/x", ENDPOINT_PORT},
	    {"https://push.example.org:+443/x", ENDPOINT_PORT},
	};

	t_case("only lower-case https:// is a scheme");
	check_rows(p, schemes, nelem(schemes));
	t_case("no form of an address literal is a host");
	check_rows(p, addresses, nelem(addresses));
	t_case("a host is a public name with a dot, and nothing that only looks like one");
	check_rows(p, names, nelem(names));
	t_case("user information, fragments, backslashes, spaces and controls are refused");
	check_rows(p, tricks, nelem(tricks));
	t_case("the port is absent or 443");
	check_rows(p, ports, nelem(ports));
	endpoint_policy_close(p);
}

static void test_lengths(void)
{
	struct endpoint_policy *p = policy("*", NULL);
	char text[2200], label[64];

	t_case("2048 bytes are taken, 2049 are not, also where only the missing slash adds one");
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://push.example.org/", 25);
	text[2048] = '\0';
	t_int(verdict(p, text), ENDPOINT_OK);
	text[2048] = 'a';
	text[2049] = '\0';
	t_int(verdict(p, text), ENDPOINT_TOO_LONG);
	text[24] = '?';
	text[2048] = '\0';
	t_int(verdict(p, text), ENDPOINT_TOO_LONG);
	text[2047] = '\0';
	t_int(verdict(p, text), ENDPOINT_OK);

	t_case("a label has at most 63 bytes, a host at most 253");
	memset(label, 'b', 63);
	label[63] = '\0';
	snprintf(text, sizeof(text), "https://%s.org/", label);
	t_int(verdict(p, text), ENDPOINT_OK);
	snprintf(text, sizeof(text), "https://b%s.org/", label);
	t_int(verdict(p, text), ENDPOINT_HOST);
	snprintf(text, sizeof(text), "https://%s.%s.%s.%.57s.org/", label, label, label, label);
	t_int(verdict(p, text), ENDPOINT_OK);
	snprintf(text, sizeof(text), "https://%s.%s.%s.%.58s.org/", label, label, label, label);
	t_int(verdict(p, text), ENDPOINT_HOST);
	endpoint_policy_close(p);
}

static void test_canonical(void)
{
	struct endpoint_policy *p = policy("push.test:8443,*", NULL);
	struct endpoint e;
	static const struct {
		const char *text, *url, *origin, *path;
	} rows[] = {
	    {"https://Push.Example.ORG:443/AbC/%2f?x=%2B", "https://push.example.org/AbC/%2f?x=%2B",
		"https://push.example.org", "/AbC/%2f?x=%2B"},
	    {"https://push.example.org", "https://push.example.org/", "https://push.example.org",
		"/"},
	    {"https://push.example.org?q", "https://push.example.org/?q",
		"https://push.example.org", "/?q"},
	    {"https://push.test:8443/a/../b//", "https://push.test:8443/a/../b//",
		"https://push.test:8443", "/a/../b//"},
	};

	t_case("the stored form is put together from the parts, the path byte for byte");
	for (size_t i = 0; i < nelem(rows); i++) {
		struct endpoint copy;
		t_int(endpoint_parse(p, rows[i].text, strlen(rows[i].text), &e), ENDPOINT_OK);
		t_str(e.url, rows[i].url);
		t_str(e.origin, rows[i].origin);
		t_str(e.path, rows[i].path);
		t_ok(e.path > e.url && e.path < e.url + sizeof(e.url));
		t_int(endpoint_split(e.url, strlen(e.url), &copy), ENDPOINT_OK);
		t_str(copy.url, e.url);
	}

	t_case("a refused endpoint leaves the output alone");
	memset(&e, 'x', sizeof(e));
	t_int(endpoint_parse(p, "https://localhost/", 18, &e), ENDPOINT_HOST);
	t_ok(e.url[0] == 'x' && e.host[0] == 'x');

	t_case("a NUL inside is a character that is not allowed");
	t_int(endpoint_parse(p, "https://push.example.org/\0x", 27, &e), ENDPOINT_CHARACTER);

	t_case("every refusal has a sentence");
	for (int v = ENDPOINT_OK + 1; v < ENDPOINT__MAX; v++)
		t_ok(strlen(endpoint_sentence((enum endpoint_verdict)v)) > 10);
	t_str(endpoint_sentence(ENDPOINT_OK), "");
	endpoint_policy_close(p);
}

static void test_extra(void)
{
	struct endpoint_policy *p =
	    policy(" localhost:8443, Push.Test ,127.0.0.1:9000,my_push:9001,", NULL);
	static const struct row rows[] = {
	    {"https://localhost:8443/x", ENDPOINT_OK},
	    {"https://localhost/x", ENDPOINT_HOST},
	    {"https://localhost:8444/x", ENDPOINT_HOST},
	    {"https://push.test/x", ENDPOINT_OK},
	    {"https://push.test:8443/x", ENDPOINT_PORT},
	    {"https://sub.push.test/x", ENDPOINT_NOT_ALLOWED},
	    {"https://127.0.0.1:9000/x", ENDPOINT_OK},
	    {"https://127.0.0.1/x", ENDPOINT_HOST},
	    {"https://my_push:9001/x", ENDPOINT_OK},
	    {"https://user@localhost:8443/x", ENDPOINT_USERINFO},
	    {"https://other.example/x", ENDPOINT_NOT_ALLOWED},
	    {"https://fcm.googleapis.com/x", ENDPOINT_OK},
	};
	struct endpoint_route route;
	static const char *const broken[] = {"host:", "host:0", "host:65536", ":8443", "a b",
	    "https://push.test", "host:443:1", "*.x"};

	t_case("an entry of PUSH_EXTRA_HOSTS allows exactly that host and port");
	check_rows(p, rows, nelem(rows));
	t_ok(endpoint_policy_is_extended(p));

	t_case("an entry of PUSH_EXTRA_HOSTS lets its addresses be private, no other does");
	endpoint_find_route(p, "localhost", 8443, &route);
	t_ok(route.any_address && !route.mapped);
	endpoint_find_route(p, "fcm.googleapis.com", 443, &route);
	t_ok(!route.any_address && !route.mapped);
	t_str(route.host, "fcm.googleapis.com");
	t_int(route.port, 443);
	endpoint_policy_close(p);

	t_case("* allows public names on port 443 and no private addresses");
	p = policy("*", NULL);
	t_int(verdict(p, "https://other.example/x"), ENDPOINT_OK);
	t_int(verdict(p, "https://other.example:444/x"), ENDPOINT_PORT);
	endpoint_find_route(p, "other.example", 443, &route);
	t_ok(!route.any_address);
	endpoint_policy_close(p);

	t_case("without entries the policy is not extended");
	p = policy("", " , ");
	t_ok(!endpoint_policy_is_extended(p));
	endpoint_policy_close(p);

	t_case("a malformed entry is an error");
	for (size_t i = 0; i < nelem(broken); i++) {
		capture_start();
		t_int(endpoint_policy_open(broken[i], NULL, &p), -1);
		t_ok(strstr(capture_end(), "ENDPOINT-01 PUSH_EXTRA_HOSTS") != NULL);
	}
	t_ok(p == NULL);
}

static void test_connect_to(void)
{
	struct endpoint_policy *p =
	    policy(NULL, "fcm.googleapis.com:443:127.0.0.1:9443, "
			 "push.test:8443:[::1]:9444,web.push.apple.com:443::9");
	struct endpoint_route route;
	struct endpoint e;
	static const char *const broken[] = {
	    "a:1:b", "a:x:b:1", "a:1:b:70000", "a", "a:1:[::1:2", "a:1:[zz]:2", "a:1:b c:2"};

	t_case("PUSH_CONNECT_TO changes where to connect and nothing of the endpoint");
	t_int(endpoint_parse(p, "https://fcm.googleapis.com/x", 28, &e), ENDPOINT_OK);
	t_str(e.origin, "https://fcm.googleapis.com");
	t_str(e.suffix, "fcm.googleapis.com");
	endpoint_find_route(p, e.host, e.port, &route);
	t_str(route.host, "127.0.0.1");
	t_int(route.port, 9443);
	t_ok(route.mapped && route.any_address);

	t_case("an IPv6 target stands in brackets, a host named in full is allowed");
	t_int(verdict(p, "https://push.test:8443/x"), ENDPOINT_OK);
	t_int(verdict(p, "https://push.test/x"), ENDPOINT_NOT_ALLOWED);
	endpoint_find_route(p, "push.test", 8443, &route);
	t_str(route.host, "::1");
	t_int(route.port, 9444);

	t_case("an empty part on the right means the same");
	endpoint_find_route(p, "web.push.apple.com", 443, &route);
	t_str(route.host, "web.push.apple.com");
	t_int(route.port, 9);
	endpoint_policy_close(p);

	t_case("empty parts on the left map every host but allow none");
	p = policy(NULL, "::localhost:9443");
	t_int(verdict(p, "https://other.example/x"), ENDPOINT_NOT_ALLOWED);
	endpoint_find_route(p, "web.push.apple.com", 443, &route);
	t_str(route.host, "localhost");
	t_int(route.port, 9443);
	endpoint_policy_close(p);

	t_case("a malformed mapping is an error");
	for (size_t i = 0; i < nelem(broken); i++) {
		capture_start();
		t_int(endpoint_policy_open(NULL, broken[i], &p), -1);
		t_ok(strstr(capture_end(), "ENDPOINT-01 PUSH_CONNECT_TO") != NULL);
	}
}

int main(void)
{
	test_builtin();
	test_form();
	test_lengths();
	test_canonical();
	test_extra();
	test_connect_to();
	return t_end();
}
