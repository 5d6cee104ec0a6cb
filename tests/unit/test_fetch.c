#include "base.h"
#include "t.h"

#include "buf.h"
#include "capture.h"
#include "clock.h"
#include "endpoint.h"
#include "fetch.h"
#include "gate.h"
#include "loop.h"
#include "peer.h"
#include "shot.h"

#include <netdb.h>

static struct loop *loop;
static struct gate *gate;
static struct endpoint_policy *policy;
static struct fetch *fetch;
static struct fetch_origin *origin;

static void open_at(struct fetch_settings settings, const char *host, uint16_t port)
{
	settings.loop = loop;
	settings.gate = gate;
	settings.policy = policy;
	if (settings.ca_file == NULL)
		settings.ca_file = peer_ca;
	fetch = fetch_open(&settings);
	origin = fetch_origin_open(fetch, host, port, shot_answered, NULL);
}

static void open_peer(const char *name)
{
	open_at((struct fetch_settings){0}, "localhost", peer_port(name));
}

static void close_all(void)
{
	fetch_origin_close(origin);
	fetch_close(fetch);
}

static void wait_all(const struct shot *shots, size_t n, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!shot_all_done(shots, n) && clock_mono_ms() < end)
		if (loop_run(loop, 50) < 0)
			abort();
}

static struct shot *ask(const char *path)
{
	static struct shot shot;

	shot_make(&shot, path);
	t_int(fetch_submit(origin, &shot.request), 1);
	wait_all(&shot, 1, 3000);
	t_int(shot.answers, 1);
	return &shot;
}

static int peer_stat(const char *name)
{
	char key[40];
	const char *at;
	const struct shot *shot = ask("/stats");

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(shot->reason, key);
	return at == NULL ? -1 : (int)strtol(at + strlen(key), NULL, 10);
}

static void test_request(void)
{
	static const char *const want[] = {
	    "\"TTL: 86400\"",
	    "\"Urgency: high\"",
	    "\"Topic: 0123456789abcdef0123456789abcdef\"",
	    "\"Content-Encoding: aes128gcm\"",
	    "\"Content-Type: application/octet-stream\"",
	    "\"Authorization: vapid t=eyJ0.eyJh.c2ln, k=BPub\"",
	    "\"Content-Length: 303\"",
	    "\"path\":\"/echo/../a%2fb/./c?d=%3d|<>\"",
	};
	struct shot *shot;
	char host[64];
	size_t commas = 0;

	t_case("a request has exactly the headers and the path that it was given");
	open_peer("http1");
	shot = ask("/echo/../a%2fb/./c?d=%3d|<>");
	t_int(shot->status, 400);
	for (size_t i = 0; i < nelem(want); i++)
		if (strstr(shot->reason, want[i]) == NULL)
			t_str(shot->reason, want[i]);
	snprintf(host, sizeof(host), "\"Host: localhost:%u\"", peer_port("http1"));
	t_ok(strstr(shot->reason, host) != NULL);
	for (const char *at = shot->reason; (at = strstr(at, "\",\"")) != NULL; at++)
		commas++;
	t_int(commas, 7 + 2); /* between eight fields, and two more in the rest */
	t_ok(strstr(shot->reason, "\"length\":303") != NULL);
	t_ok(strstr(shot->reason, "\"version\":\"1.1\"") != NULL);

	t_case("without topic there is no topic header; a body of 3000 bytes arrives whole");
	shot_make(shot, "/echo");
	shot->request.topic = NULL;
	shot->request.body_len = 3000;
	fetch_submit(origin, &shot->request);
	wait_all(shot, 1, 3000);
	t_ok(strstr(shot->reason, "Topic") == NULL);
	t_ok(strstr(shot->reason, "\"length\":3000") != NULL);
	close_all();
}

static void test_answers(void)
{
	struct shot *shot;

	open_peer("http1");
	t_case("status, body, Retry-After, TTL and the services' own headers are handed on");
	t_int(ask("/ok")->status, 201);
	shot = ask("/status/429/retry-after/120");
	t_int(shot->status, 429);
	t_int(shot->failure, PUSH_FAILURE_NONE);
	t_int(shot->retry_after_ms, 120000);
	t_str(shot->reason, "body of 429");
	t_int(ask("/status/201/ttl/60")->ttl_s, 60);
	t_str(ask("/status/406/X-WNS-Status/channelthrottled")->wns_status, "channelthrottled");
	t_str(ask("/status/410/X-WNS-Error-Description/Domain%20Blocked")->wns_error,
	    "Domain Blocked");
	t_str(ask("/status/400/apns-id/abc")->apns_id, "abc");

	t_case("a redirect is a status and is not followed");
	t_int(ask("/redirect")->status, 307);

	t_case("an informational answer before the final one does not count");
	t_int(ask("/informational")->status, 201);

	t_case("a body above the limits is cut, and the status counts");
	shot = ask("/large/3000");
	t_int(shot->status, 410);
	t_int(strlen(shot->reason), PUSH_REASON_MAX);
	t_int(ask("/large/200000")->status, 410);
	shot = ask("/endless/201");
	t_int(shot->status, 201);
	t_ok(shot->took_ms < 2000);

	t_case("a header list above the limit ends the request");
	shot = ask("/huge/30000");
	t_int(shot->status, 0);
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
	t_ok(strstr(shot->reason, "header list") != NULL);
	t_int(ask("/huge/12000")->status, 201);
	close_all();
}

static void test_failures(void)
{
	struct shot *shot;

	open_at((struct fetch_settings){.answer_ms = 500}, "localhost", peer_port("http1"));
	t_case("no answer in time leaves the outcome unknown");
	shot = ask("/hang");
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
	t_ok(shot->took_ms >= 450 && shot->took_ms < 2500);

	t_case("a body that only drips ends with the time, and the status counts");
	t_int(ask("/drip/410")->status, 410);

	t_case("a status whose body breaks off does not count");
	shot = ask("/half");
	t_int(shot->status, 0);
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);

	t_case("a kept connection that breaks is not silently used for a second try");
	t_int(ask("/ok")->status, 201);
	{
		int before = peer_stat("close");
		shot = ask("/close");
		t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
		t_int(peer_stat("close") - (before < 0 ? 0 : before), 1);
	}
	close_all();

	t_case("a closed port is a failed connection");
	open_at((struct fetch_settings){0}, "localhost", 1);
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_CONNECT);
	close_all();

	t_case("a peer that says nothing is given up after the connect time");
	open_at((struct fetch_settings){.connect_ms = 300}, "localhost", peer_port("mute"));
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_CONNECT);
	t_ok(shot->took_ms >= 250 && shot->took_ms < 2500);
	close_all();

	t_case("a certificate from a stranger ends the connection before any HTTP");
	open_peer("stranger1");
	t_int(ask("/ok")->failure, PUSH_FAILURE_TLS_VERIFY);
	close_all();

	t_case("a certificate for another name ends the connection before any HTTP");
	open_at((struct fetch_settings){0}, "other.example", 443);
	t_int(ask("/ok")->failure, PUSH_FAILURE_TLS_VERIFY);
	close_all();

	t_case("a mapped host is asked for under its own name, at the other address");
	open_at((struct fetch_settings){0}, "fcm.googleapis.com", 443);
	t_ok(strstr(ask("/echo")->reason, "\"Host: fcm.googleapis.com\"") != NULL);
	close_all();

	t_case("a name that leads to a private address is blocked");
	open_at((struct fetch_settings){0}, "localhost", 444);
	t_int(ask("/ok")->failure, PUSH_FAILURE_BLOCKED_ADDRESS);
	close_all();

	t_case("a CA file that cannot be read fails the request as our own error");
	capture_start();
	open_at((struct fetch_settings){.ca_file = "/nonexistent.pem"}, "localhost",
	    peer_port("http1"));
	shot = ask("/ok");
	close_all();
	t_ok(strstr(capture_end(), "TLS-03") != NULL);
	t_int(shot->failure, PUSH_FAILURE_LOCAL);
}

static int no_such_name(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)host;
	(void)port;
	(void)hints;
	(void)out;
	return EAI_NONAME;
}

static int this_machine(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
	return getaddrinfo(
	    strcmp(host, "name.push.test") == 0 ? "127.0.0.1" : host, port, hints, out);
}

static void test_resolving(void)
{
	struct gate *real = gate;

	t_case("only the gate is asked for addresses");
	gate = gate_open(loop, no_such_name);
	open_peer("http1");
	t_int(ask("/ok")->failure, PUSH_FAILURE_RESOLVE);
	close_all();
	gate_close(gate);

	t_case("what the gate hands out is what is connected to");
	gate = gate_open(loop, this_machine);
	open_at((struct fetch_settings){0}, "name.push.test", peer_port("http1"));
	t_int(ask("/ok")->status, 201);
	close_all();
	gate_close(gate);
	gate = real;
}

static void test_proxy(void)
{
	char url[64];
	struct shot *shot;

	t_case("a proxy in the environment is not asked");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_port("refuser"));
	setenv("https_proxy", url, 1);
	setenv("ALL_PROXY", url, 1);
	open_peer("http1");
	t_int(ask("/ok")->status, 201);
	close_all();

	t_case("the operator's proxy is used, and its refusal is told from the service's");
	open_at((struct fetch_settings){.proxy = url}, "localhost", peer_port("http1"));
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_PROXY);
	close_all();

	t_case("no_proxy in the environment does not lead around the operator's proxy");
	setenv("no_proxy", "*", 1);
	open_at((struct fetch_settings){.proxy = url}, "localhost", peer_port("http1"));
	t_int(ask("/ok")->failure, PUSH_FAILURE_PROXY);
	close_all();

	t_case("through a proxy the service answers, and the proxy's headers do not count");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_port("tunnel"));
	open_at((struct fetch_settings){.proxy = url}, "localhost", peer_port("http1"));
	shot = ask("/ok");
	t_int(shot->status, 201);
	t_int(shot->retry_after_ms, -1);
	close_all();

	t_case("a proxy that takes the connection and says nothing is the proxy's failure");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_port("mute"));
	open_at((struct fetch_settings){.proxy = url, .connect_ms = 300}, "localhost",
	    peer_port("http1"));
	t_int(ask("/ok")->failure, PUSH_FAILURE_PROXY);
	close_all();

	t_case("so is one that hangs up");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_port("closer"));
	open_at((struct fetch_settings){.proxy = url}, "localhost", peer_port("http1"));
	t_int(ask("/ok")->failure, PUSH_FAILURE_PROXY);
	close_all();

	t_case("the proxy is told user and password, and the service is not");
	snprintf(url, sizeof(url), "http://me:pass%%40word@127.0.0.1:%u", peer_port("doorkeeper"));
	open_at((struct fetch_settings){.proxy = url}, "localhost", peer_port("http1"));
	shot = ask("/echo");
	t_int(shot->status, 400);
	t_ok(strstr(shot->reason, "Proxy-") == NULL);
	close_all();

	t_case("a proxy that is not there is the proxy's failure");
	open_at((struct fetch_settings){.proxy = "http://127.0.0.1:1"}, "localhost",
	    peer_port("http1"));
	t_int(ask("/ok")->failure, PUSH_FAILURE_PROXY);
	close_all();
	unsetenv("https_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("no_proxy");
}

static void test_flow(void)
{
	enum { N = 100 };
	static struct shot shots[N];
	struct fetch_origin *other;
	struct shot slow, quick;
	size_t sent = 0;
	int before;

	t_case("four requests are under way at first, more with the answers, sixteen at most, each "
	       "on a "
	       "connection that is kept");
	open_peer("http1");
	t_int(fetch_origin_room(origin), 4);
	before = peer_stat("connections");
	while (sent < N || !shot_all_done(shots, N)) {
		while (sent < N && fetch_origin_room(origin) > 0) {
			shot_make(&shots[sent], "/delay/10");
			fetch_submit(origin, &shots[sent++].request);
		}
		t_ok(fetch_origin_in_flight(origin) <= FETCH_TRANSFERS);
		for (size_t i = sent; i < N; i++)
			shots[i].answers = 0;
		loop_run(loop, 50);
	}
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(peer_stat("most"), FETCH_TRANSFERS);
	t_ok(peer_stat("connections") - before <= FETCH_TRANSFERS);
	t_ok(fetch_connections(fetch) <= FETCH_TRANSFERS);

	t_case("one slow origin does not hold up another");
	other = fetch_origin_open(fetch, "127.0.0.1", peer_port("http1"), shot_answered, NULL);
	shot_make(&slow, "/delay/500");
	shot_make(&quick, "/ok");
	fetch_submit(origin, &slow.request);
	fetch_submit(other, &quick.request);
	wait_all(&quick, 1, 3000);
	t_int(quick.status, 201);
	t_int(slow.answers, 0);
	fetch_origin_close(other);

	t_case("an origin can be closed in the middle: nothing is answered any more");
	close_all();
	loop_run(loop, 50);
	t_int(slow.answers, 0);
}

int main(void)
{
	struct buf extra = BUF_INIT, map = BUF_INIT;

	peer_start();
	for (size_t i = 0; i < nelem(peer_ports) && peer_ports[i].port != 0; i++)
		buf_printf(&extra, "localhost:%u,127.0.0.1:%u,name.push.test:%u,",
		    peer_ports[i].port, peer_ports[i].port, peer_ports[i].port);
	buf_add_str(&extra, "localhost:1");
	buf_printf(&map, "fcm.googleapis.com:443:127.0.0.1:%u,other.example:443:localhost:%u",
	    peer_port("http1"), peer_port("http1"));
	if (endpoint_policy_open(extra.data, map.data, &policy) != 1)
		abort();
	loop = loop_open();
	gate = gate_open(loop, NULL);

	test_request();
	test_answers();
	test_failures();
	test_resolving();
	test_proxy();
	test_flow();

	gate_close(gate);
	loop_close(loop);
	endpoint_policy_close(policy);
	buf_release(&extra);
	buf_release(&map);
	peer_stop();
	return t_end();
}
