#include "base.h"
#include "t.h"

#include "h2_world.h"

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
	t_int(shot->retry_after_ms, -1);

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

int main(void)
{
	world_open();
	test_request();
	test_answers();
	test_resets();
	test_goaway();
	test_lost();
	world_close();
	return t_end();
}
