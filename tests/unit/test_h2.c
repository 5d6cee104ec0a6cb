#include "base.h"
#include "t.h"

#include "buf.h"
#include "capture.h"
#include "clock.h"
#include "endpoint.h"
#include "gate.h"
#include "h2.h"
#include "loop.h"
#include "peer.h"
#include "shot.h"

static struct loop *loop;
static struct gate *gate;
static struct endpoint_policy *policy;
static struct h2 *h2;
static struct h2_origin *origin;

/* Opens h2 with these settings and an origin at the peer's listener (or at host). */
static void open_at(struct h2_settings settings, const char *host, uint16_t port)
{
	settings.loop = loop;
	settings.gate = gate;
	settings.policy = policy;
	settings.ca_file = peer_ca;
	h2 = h2_open(&settings);
	origin = h2_origin_open(h2, host, port, shot_answered, NULL);
}

static void open_peer(const char *name)
{
	open_at((struct h2_settings){0}, "localhost", peer_port(name));
}

static void close_all(void)
{
	h2_origin_close(origin);
	h2_close(h2);
}

/* Turns the loop until all are answered, at most ms. */
static void wait_all(const struct shot *shots, size_t n, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!shot_all_done(shots, n) && clock_mono_ms() < end)
		if (loop_run(loop, 50) < 0)
			abort();
}

static void run_for(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end)
		loop_run(loop, (int)(end - clock_mono_ms()));
}

/* Sends one request to an open origin and waits for its answer. */
static struct shot *ask(const char *path)
{
	static struct shot shot;

	shot_make(&shot, path);
	t_int(h2_submit(origin, &shot.request), 1);
	wait_all(&shot, 1, 3000);
	t_int(shot.answers, 1);
	return &shot;
}

/* The same at a listener of its own. */
static struct shot *ask_peer(const char *name, const char *path)
{
	struct shot *shot;

	open_peer(name);
	shot = ask(path);
	close_all();
	return shot;
}

/* Sends n requests for one path as room allows, and waits for the answers. */
static void flood(struct shot *shots, size_t n, const char *path, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;
	size_t sent = 0;

	while (clock_mono_ms() < end && !(sent == n && shot_all_done(shots, n))) {
		while (sent < n && h2_origin_room(origin) > 0) {
			shot_make(&shots[sent], path);
			t_int(h2_submit(origin, &shots[sent].request), 1);
			sent++;
		}
		loop_run(loop, 50);
	}
	for (; sent < n; sent++)
		shot_make(&shots[sent], path);
}

/* A number out of the peer's /stats. */
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
	    "\":method: POST\"",
	    "\":scheme: https\"",
	    "\":path: /echo/a%2fb?c=%3d\"",
	    "\"ttl: 86400\"",
	    "\"urgency: high\"",
	    "\"topic: 0123456789abcdef0123456789abcdef\"",
	    "\"content-encoding: aes128gcm\"",
	    "\"content-type: application/octet-stream\"",
	    "\"authorization: vapid t=eyJ0.eyJh.c2ln, k=BPub\"",
	    "\"content-length: 303\"",
	};
	struct shot *shot;
	struct shot bare;
	char authority[64];
	size_t commas = 0;

	t_case("a request has exactly the headers and the body that it was given");
	open_peer("normal");
	shot = ask("/echo/a%2fb?c=%3d");
	t_int(shot->status, 400);
	for (size_t i = 0; i < nelem(want); i++)
		if (strstr(shot->reason, want[i]) == NULL)
			t_str(shot->reason, want[i]);
	snprintf(authority, sizeof(authority), "\":authority: localhost:%u\"", peer_port("normal"));
	t_ok(strstr(shot->reason, authority) != NULL);
	for (const char *at = shot->reason; (at = strstr(at, "\",\"")) != NULL; at++)
		commas++;
	t_int(commas, 10 + 2); /* between eleven fields, and two more in the rest */
	t_ok(strstr(shot->reason, "\"length\":303") != NULL);

	t_case(
	    "a request without topic has no topic header, and a body of 3000 bytes arrives whole");
	shot_make(&bare, "/echo");
	bare.request.topic = NULL;
	bare.request.body_len = 3000;
	t_int(h2_submit(origin, &bare.request), 1);
	wait_all(&bare, 1, 3000);
	t_ok(strstr(bare.reason, "topic") == NULL);
	t_ok(strstr(bare.reason, "\"length\":3000") != NULL);
	close_all();
}

static void test_answers(void)
{
	struct shot *shot;
	int before;

	open_peer("normal");
	before = peer_stat("connections");
	t_case("201 after the body is an answer");
	shot = ask("/ok");
	t_int(shot->status, 201);
	t_int(shot->failure, PUSH_FAILURE_NONE);
	t_int(shot->retry_after_ms, -1);
	t_int(shot->ttl_s, -1);
	t_str(shot->reason, "");

	t_case("a refusal comes with its body");
	shot = ask("/status/410");
	t_int(shot->status, 410);
	t_str(shot->reason, "body of 410");

	t_case("Retry-After is understood in seconds");
	shot = ask("/status/429/retry-after/120");
	t_int(shot->status, 429);
	t_int(shot->retry_after_ms, 120000);

	t_case("Retry-After is understood as a date, and a date gone by is now");
	{
		char path[120], date[40];
		time_t then = (time_t)(clock_now_ms() / 1000 + 90);
		struct tm tm;
		strftime(date, sizeof(date), "%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT",
		    gmtime_r(&then, &tm));
		snprintf(path, sizeof(path), "/status/503/retry-after/%s", date);
		shot = ask(path);
		t_ok(shot->retry_after_ms > 85000 && shot->retry_after_ms <= 90000);
		shot = ask("/status/503/retry-after/Sun,%2006%20Nov%201994%2008:49:37%20GMT");
		t_int(shot->retry_after_ms, 0);
		shot = ask("/status/503/retry-after/soon");
		t_int(shot->retry_after_ms, -1);
	}

	t_case("TTL, apns-id and the X-WNS headers are handed on");
	t_int(ask("/status/201/ttl/60")->ttl_s, 60);
	t_str(ask("/status/400/apns-id/eabeae54-14a8-11e5-b60b-1697f925ec7b")->apns_id,
	    "eabeae54-14a8-11e5-b60b-1697f925ec7b");
	t_str(ask("/status/410/x-wns-error-description/Domain%20Blocked")->wns_error,
	    "Domain Blocked");
	t_str(ask("/status/406/X-WNS-Status/appthrottled")->wns_status, "appthrottled");

	t_case("a redirect is a status and is not followed");
	t_int(ask("/redirect")->status, 307);
	t_int(ask("/ok")->status, 201);

	t_case("an informational answer before the final one does not count");
	shot = ask("/informational");
	t_int(shot->status, 201);

	t_case("a body above the limits is cut, and the status counts");
	shot = ask("/large/3000");
	t_int(shot->status, 410);
	t_int(strlen(shot->reason), PUSH_REASON_MAX);
	shot = ask("/large/200000");
	t_int(shot->status, 410);
	t_int(strlen(shot->reason), PUSH_REASON_MAX);
	shot = ask("/endless/201");
	t_int(shot->status, 201);
	t_ok(shot->took_ms < 2500);
	shot = ask("/zeros");
	t_str(shot->reason, "a b");

	t_case("a header list above the limit ends the request alone");
	shot = ask("/huge/30000");
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
	t_ok(strstr(shot->reason, "header list") != NULL);
	t_int(ask("/huge/12000")->status, 201);

	t_case("all this went over one connection, and never with a PING");
	t_int(peer_stat("connections"), before);
	t_int(peer_stat("pings"), 0);
	t_int(h2_connections(h2), 1);
	close_all();
}

static void test_resets(void)
{
	struct shot *shot;

	open_peer("normal");
	t_case("REFUSED_STREAM means that nothing was processed");
	shot = ask("/reset/REFUSED_STREAM");
	t_int(shot->status, 0);
	t_int(shot->failure, PUSH_FAILURE_NOT_SENT);

	t_case("any other reset leaves the outcome unknown");
	shot = ask("/reset/CANCEL");
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
	t_ok(strstr(shot->reason, "CANCEL") != NULL);
	t_int(ask("/reset/INTERNAL_ERROR")->failure, PUSH_FAILURE_UNKNOWN);

	t_case("a status followed by a reset counts only if the reset says NO_ERROR");
	t_int(ask("/reset-later/NO_ERROR")->status, 201);
	shot = ask("/reset-later/CANCEL");
	t_int(shot->status, 0);
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);

	t_case("a reset of one stream does not disturb the connection");
	t_int(ask("/ok")->status, 201);
	t_int(h2_connections(h2), 1);
	close_all();
}

static void test_goaway(void)
{
	enum { N = 20 };
	struct shot shots[N];
	int before;

	t_case("what a GOAWAY with an error leaves above its last stream was not sent, the rest is "
	       "answered");
	open_peer("normal");
	ask("/ok");
	for (size_t i = 0; i < N; i++) {
		shot_make(&shots[i], i == 9 ? "/goaway/ENHANCE_YOUR_CALM" : "/delay/30");
		t_int(h2_submit(origin, &shots[i].request), 1);
	}
	wait_all(shots, N, 3000);
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), 10);
	t_int(shot_count(shots, N, 0, PUSH_FAILURE_NOT_SENT), 10);
	for (size_t i = 0; i < N; i++)
		t_int(shots[i].status, i <= 9 ? 201 : 0);

	t_case("requests after a GOAWAY go over a new connection");
	t_int(ask("/ok")->status, 201);
	t_int(h2_connections(h2), 2);
	close_all();

	t_case("what an ordinary GOAWAY gives back goes over the next connection, and only that");
	open_peer("normal");
	before = peer_stat("delay");
	for (size_t i = 0; i < N; i++) {
		shot_make(&shots[i], i == 9 ? "/goaway" : "/delay/30");
		t_int(h2_submit(origin, &shots[i].request), 1);
	}
	wait_all(shots, N, 3000);
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(peer_stat("delay") - before, N - 1);
	t_int(h2_connections(h2), 2);
	close_all();

	t_case("a request that four connections give back is not sent in the end");
	open_peer("goner");
	for (size_t i = 0; i < 10; i++) {
		shot_make(&shots[i], "/delay/20");
		h2_submit(origin, &shots[i].request);
	}
	wait_all(shots, 10, 3000);
	t_int(shot_count(shots, 10, 201, PUSH_FAILURE_NONE), 4);
	t_int(shot_count(shots, 10, 0, PUSH_FAILURE_NOT_SENT), 6);
	t_int(h2_connections(h2), 4);
	close_all();
}

static void test_lost(void)
{
	enum { N = 10 };
	struct shot shots[N];
	struct shot *shot;

	t_case("a connection that breaks leaves unknown what was sent, and the next one works");
	open_peer("normal");
	ask("/ok");
	for (size_t i = 0; i < N; i++) {
		shot_make(&shots[i], i == N - 1 ? "/close" : "/hang");
		h2_submit(origin, &shots[i].request);
	}
	wait_all(shots, N, 3000);
	t_int(shot_count(shots, N, 0, PUSH_FAILURE_UNKNOWN), N);
	t_ok(strstr(shots[0].reason, "connection lost") != NULL);
	t_int(ask("/ok")->status, 201);
	close_all();

	t_case("a peer that takes connections and drops them is not dialled in a circle");
	open_peer("drop");
	shot = ask("/ok");
	t_int(shot->status, 0);
	t_ok(shot->failure == PUSH_FAILURE_CONNECT || shot->failure == PUSH_FAILURE_UNKNOWN);
	t_ok(h2_connections(h2) <= 2);
	close_all();
}

static void test_no_connection(void)
{
	struct shot *shot;

	t_case("a closed port is a failed connection, told at once");
	open_at((struct h2_settings){0}, "localhost", 1);
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_CONNECT);
	t_ok(strstr(shot->reason, "refused") != NULL);
	t_ok(shot->took_ms < 2500);
	t_int(h2_origin_state(origin), H2_ORIGIN_CLOSED);
	close_all();

	t_case("a peer that says nothing is given up after the connect time");
	open_at((struct h2_settings){.connect_ms = 300}, "localhost", peer_port("mute"));
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_CONNECT);
	t_ok(shot->took_ms >= 250 && shot->took_ms < 2500);
	close_all();

	t_case("a certificate from a stranger ends the connection before any HTTP");
	shot = ask_peer("stranger", "/ok");
	t_int(shot->failure, PUSH_FAILURE_TLS_VERIFY);
	t_ok(strstr(shot->reason, "certificate") != NULL);

	t_case("a certificate for another name ends the connection before any HTTP");
	open_at((struct h2_settings){0}, "other.example", 443);
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_TLS_VERIFY);
	close_all();

	t_case("a mapped host is asked for under its own name, at the other address");
	open_at((struct h2_settings){0}, "fcm.googleapis.com", 443);
	shot = ask("/echo");
	t_int(shot->status, 400);
	t_ok(strstr(shot->reason, "\":authority: fcm.googleapis.com\"") != NULL);
	close_all();

	t_case("an address literal is checked against the certificate too");
	open_at((struct h2_settings){0}, "127.0.0.1", peer_port("normal"));
	t_int(ask("/ok")->status, 201);
	close_all();

	t_case("a name that leads to a private address is blocked, nothing is connected");
	open_at((struct h2_settings){0}, "localhost", 444);
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_BLOCKED_ADDRESS);
	close_all();

	t_case("a CA file that cannot be read is an error");
	{
		struct h2_settings settings = {
		    .loop = loop, .gate = gate, .policy = policy, .ca_file = "/nonexistent/ca.pem"};
		capture_start();
		t_ok(h2_open(&settings) == NULL);
		t_ok(strstr(capture_end(), "TLS-03") != NULL);
	}

	t_case("a peer that offers only HTTP/1.1 gives the request back, and the origin says so");
	open_peer("http1");
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_HTTP1);
	t_int(h2_origin_state(origin), H2_ORIGIN_HTTP1);
	t_int(h2_origin_room(origin), 0);
	shot_make(shot, "/ok");
	t_int(h2_submit(origin, &shot->request), 0);
	close_all();
}

static void test_time_outs(void)
{
	struct shot shots[2];
	struct shot *shot;
	struct h2_settings settings = {.answer_ms = 800};

	t_case("a request without an answer is given up alone when its time is over");
	open_at(settings, "localhost", peer_port("normal"));
	shot_make(&shots[0], "/hang");
	h2_submit(origin, &shots[0].request);
	run_for(400);
	t_int(ask("/ok")->status, 201);
	wait_all(shots, 1, 2000);
	t_int(shots[0].failure, PUSH_FAILURE_UNKNOWN);
	t_ok(shots[0].took_ms >= 790 && shots[0].took_ms < 2500);
	t_int(ask("/ok")->status, 201);
	t_int(h2_connections(h2), 1);

	t_case("a body that only drips ends with the time, and the status counts");
	shot = ask("/drip/410");
	t_int(shot->status, 410);
	t_ok(shot->took_ms >= 790 && shot->took_ms < 2500);

	t_case("a path on which nothing is heard any more is left");
	run_for(1000);
	shot = ask("/hang");
	t_int(shot->failure, PUSH_FAILURE_UNKNOWN);
	t_int(ask("/ok")->status, 201);
	t_int(h2_connections(h2), 2);
	close_all();

	t_case("a connection without requests is closed after a while, the next request opens one");
	settings = (struct h2_settings){.idle_ms = 400};
	open_at(settings, "localhost", peer_port("normal"));
	t_int(ask("/ok")->status, 201);
	t_int(h2_origin_state(origin), H2_ORIGIN_READY);
	run_for(700);
	t_int(h2_origin_state(origin), H2_ORIGIN_CLOSED);
	t_int(ask("/ok")->status, 201);
	close_all();

	t_case("an old connection finishes what it has and takes no more");
	settings = (struct h2_settings){.max_age_ms = 200};
	open_at(settings, "localhost", peer_port("normal"));
	shot_make(&shots[0], "/delay/400");
	h2_submit(origin, &shots[0].request);
	run_for(250);
	t_int(ask("/ok")->status, 201);
	t_int(h2_connections(h2), 2);
	wait_all(shots, 1, 2000);
	t_int(shots[0].status, 201);
	close_all();
}

static void test_limits(void)
{
	enum { N = 300 };
	static struct shot shots[N];

	t_case("the peer's limit on streams is obeyed from the first request on");
	open_at((struct h2_settings){.max_connections = 1}, "localhost", peer_port("one"));
	flood(shots, 20, "/ok", 5000);
	t_int(shot_count(shots, 20, 201, PUSH_FAILURE_NONE), 20);
	t_int(peer_stat("most"), 1);
	t_int(h2_origin_room(origin), 1);
	close_all();

	t_case("our own limit on streams holds where the peer's is higher");
	open_at((struct h2_settings){.max_connections = 1, .max_streams = 25}, "localhost",
	    peer_port("many"));
	flood(shots, N, "/delay/5", 5000);
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(peer_stat("most"), 25);
	close_all();

	t_case("bodies larger than the peer's window arrive whole");
	open_peer("window");
	for (size_t i = 0; i < 20; i++) {
		shot_make(&shots[i], "/echo");
		shots[i].request.body_len = 3000;
		h2_submit(origin, &shots[i].request);
	}
	wait_all(shots, 20, 5000);
	t_int(shot_count(shots, 20, 400, PUSH_FAILURE_NONE), 20);
	for (size_t i = 0; i < 20; i++)
		t_ok(strstr(shots[i].reason, "\"length\":3000") != NULL);
	close_all();

	t_case("connections are added while the answer time limits the rate, up to the limit");
	open_at((struct h2_settings){.max_connections = 3}, "localhost", peer_port("few"));
	flood(shots, N, "/delay/50", 8000);
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(h2_connections(h2), 3);
	t_int(peer_stat("most"), 10);
	close_all();

	t_case("a request beyond the room is not taken");
	open_at((struct h2_settings){0}, "localhost", peer_port("normal"));
	for (size_t i = 0; i < 32; i++) {
		shot_make(&shots[i], "/ok");
		t_int(h2_submit(origin, &shots[i].request), 1);
	}
	shot_make(&shots[32], "/ok");
	t_int(h2_submit(origin, &shots[32].request), 0);
	wait_all(shots, 32, 3000);
	t_int(shot_count(shots, 32, 201, PUSH_FAILURE_NONE), 32);
	close_all();
}

static void on_chain(void *user, struct push_request *request, const struct push_answer *answer)
{
	struct shot *next = user;

	shot_answered(NULL, request, answer);
	if (next->answers == 0 && next->request.context == NULL) {
		shot_make(next, "/ok");
		t_int(h2_submit(origin, &next->request), 1);
	}
}

static void test_life(void)
{
	struct h2_settings settings = {
	    .loop = loop, .gate = gate, .policy = policy, .ca_file = peer_ca};
	struct shot first, second = {0};

	t_case("an answer's callback may submit the next request");
	h2 = h2_open(&settings);
	origin = h2_origin_open(h2, "localhost", peer_port("normal"), on_chain, &second);
	shot_make(&first, "/ok");
	h2_submit(origin, &first.request);
	wait_all(&first, 1, 3000);
	wait_all(&second, 1, 3000);
	t_int(second.status, 201);
	close_all();

	t_case("an origin can be closed in the middle: nothing is answered any more");
	open_peer("normal");
	ask("/ok");
	shot_make(&first, "/delay/50");
	h2_submit(origin, &first.request);
	loop_run(loop, 0);
	shot_make(&second, "/ok");
	h2_submit(origin, &second.request);
	t_int(h2_origin_in_flight(origin), 2);
	close_all();
	loop_run(loop, 100);
	t_int(first.answers + second.answers, 0);

	t_case("an origin that is still connecting can be closed");
	open_peer("mute");
	loop_run(loop, 20);
	close_all();
	open_peer("normal");
	close_all();
	t_int(loop_run(loop, 0) >= 0, 1);
}

int main(void)
{
	struct buf extra = BUF_INIT, map = BUF_INIT;

	peer_start();
	for (size_t i = 0; i < nelem(peer_ports) && peer_ports[i].port != 0; i++)
		buf_printf(
		    &extra, "localhost:%u,127.0.0.1:%u,", peer_ports[i].port, peer_ports[i].port);
	buf_add_str(&extra, "localhost:1");
	buf_printf(&map, "fcm.googleapis.com:443:127.0.0.1:%u,other.example:443:localhost:%u",
	    peer_port("normal"), peer_port("normal"));
	if (endpoint_policy_open(extra.data, map.data, &policy) != 1)
		abort();
	loop = loop_open();
	gate = gate_open(loop, NULL);

	test_request();
	test_answers();
	test_resets();
	test_goaway();
	test_lost();
	test_no_connection();
	test_time_outs();
	test_limits();
	test_life();

	gate_close(gate);
	loop_close(loop);
	endpoint_policy_close(policy);
	buf_release(&extra);
	buf_release(&map);
	peer_stop();
	return t_end();
}
