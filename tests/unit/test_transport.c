#include "base.h"
#include "t.h"

#include "buf.h"
#include "capture.h"
#include "clock.h"
#include "endpoint.h"
#include "peer.h"
#include "shot.h"
#include "transport.h"

static struct endpoint_policy *policy;
static struct transport *transport;
static struct transport_origin *origin;
static enum transport_protocol known; /* what is remembered */

static void open_at(const char *name, const char *proxy)
{
	struct transport_settings settings = {.policy = policy, .ca_file = peer_ca, .proxy = proxy};

	transport = transport_open(&settings);
	origin = transport_origin_open(
	    transport, "localhost", peer_port(name), known, shot_answered, NULL);
}

static void close_all(void)
{
	transport_origin_close(origin);
	transport_close(transport);
}

static void wait_all(const struct shot *shots, size_t n, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!shot_all_done(shots, n) && clock_mono_ms() < end)
		if (transport_run(transport, 50) < 0)
			abort();
}

/* Submits n requests as room allows and waits for the answers. */
static void flood(struct shot *shots, size_t n, const char *path)
{
	int64_t end = clock_mono_ms() + 5000;
	size_t sent = 0;

	for (size_t i = 0; i < n; i++)
		shot_make(&shots[i], path);
	while (!shot_all_done(shots, n) && clock_mono_ms() < end) {
		while (sent < n && transport_submit(origin, &shots[sent].request) == 1)
			sent++;
		transport_run(transport, 50);
	}
}

static void test_choice(void)
{
	enum { N = 60 };
	static struct shot shots[N];
	struct transport_counts counts;

	t_case("a service with HTTP/2 gets it");
	open_at("normal", NULL);
	flood(shots, 1, "/echo");
	t_ok(strstr(shots[0].reason, "\"version\":\"2\"") != NULL);
	flood(shots, N, "/ok");
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	transport_count(transport, &counts);
	t_int(counts.requests, N + 1);
	t_int(counts.answers, N + 1);
	t_int(counts.failures, 0);
	t_int(counts.connections, 1);
	t_ok(counts.in_flight_most >= 2 && counts.in_flight_most <= N);
	close_all();

	t_case(
	    "a service with only HTTP/1.1 gets that: no request is lost on the way, none is sent "
	    "twice");
	open_at("http1", NULL);
	flood(shots, N, "/ok");
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	flood(shots, 1, "/stats");
	t_ok(strstr(shots[0].reason, "\"ok\":60") != NULL);

	t_int(transport_origin_protocol(origin), TRANSPORT_HTTP1);
	close_all();
}

/* How many requests for /ok a peer has seen. */
static int count_ok(const char *name)
{
	struct shot shot;
	const char *at;

	open_at(name, NULL);
	flood(&shot, 1, "/stats");
	close_all();
	at = strstr(shot.reason, "\"ok\":");
	return at == NULL ? -1 : (int)strtol(at + 5, NULL, 10);
}

static void test_remembered(void)
{
	enum { N = 60 };
	static struct shot shots[N];
	struct transport_counts counts;
	int before;

	t_case("a service that is remembered for HTTP/1.1 is asked that way at once");
	known = TRANSPORT_HTTP1;
	open_at("http1", NULL);
	flood(shots, 1, "/ok");
	t_int(shots[0].status, 201);
	transport_count(transport, &counts);
	t_int(counts.connections, 1);
	t_int(transport_origin_protocol(origin), TRANSPORT_HTTP1);
	close_all();

	t_case("one that has learnt HTTP/2 since then gets it, and nothing is lost or sent twice");
	before = count_ok("normal");
	open_at("normal", NULL);
	flood(shots, N, "/ok");
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(transport_origin_protocol(origin), TRANSPORT_H2);
	t_ok(transport_origin_room(origin) > 32); /* what HTTP/2 takes */
	close_all();
	t_int(count_ok("normal") - before, N);

	t_case("one that is remembered for HTTP/2 and has lost it gets HTTP/1.1");
	known = TRANSPORT_H2;
	open_at("http1", NULL);
	flood(shots, N, "/ok");
	t_int(shot_count(shots, N, 201, PUSH_FAILURE_NONE), N);
	t_int(transport_origin_protocol(origin), TRANSPORT_HTTP1);
	close_all();
	known = TRANSPORT_UNKNOWN;
}

static void flood_by_proxy(const char *name, const char *proxy, struct shot *shots, size_t n)
{
	char url[64];

	snprintf(url, sizeof(url), "http://me:pass%%40word@127.0.0.1:%u", peer_port(proxy));
	open_at(name, url);
	flood(shots, n, "/ok");
	close_all();
}

static void test_proxy(void)
{
	static const struct {
		const char *name, *sentence;
	} unwilling[] = {
	    {"refuser", "a proxy that refuses is the proxy's failure"},
	    {"wordy",
		"a 502 of the proxy is no answer of the service, and its Retry-After neither"},
	    {"locked", "nor is its 407"},
	    {"mumbler", "something that speaks no HTTP is the proxy's failure"},
	    {"closer", "so is one that hangs up"},
	    {"endless", "so is one whose answer has no end"},
	    {"eager", "so is one that answers in the service's place"},
	};
	struct shot shots[5];
	char url[64];

	for (size_t i = 0; i < 2; i++) {
		const char *name = i == 0 ? "normal" : "http1";

		t_case("through a proxy everything arrives: HTTP/2, HTTP/1.1");
		flood_by_proxy(name, "tunnel", shots, 5);
		t_int(shot_count(shots, 5, 201, PUSH_FAILURE_NONE), 5);

		t_case("the proxy is told user and password, and the service is not");
		snprintf(url, sizeof(url), "http://me:pass%%40word@127.0.0.1:%u",
		    peer_port("doorkeeper"));
		open_at(name, url);
		flood(shots, 1, "/echo");
		close_all();
		t_int(shots[0].status, 400);
		t_ok(strstr(shots[0].reason, "roxy-") == NULL);

		t_case("a proxy whose name has no address is the proxy's failure");
		open_at(name, "http://proxy.invalid:3128");
		flood(shots, 1, "/ok");
		t_int(shots[0].failure, PUSH_FAILURE_PROXY);
		close_all();
	}
	for (size_t i = 0; i < nelem(unwilling); i++) {
		t_case(unwilling[i].sentence);
		flood_by_proxy("normal", unwilling[i].name, shots, 1);
		t_int(shots[0].retry_after_ms, -1);
		t_int(shots[0].failure, PUSH_FAILURE_PROXY);
		t_int(shots[0].status, 0);
	}
	t_case("a proxy that is not there is the proxy's failure");
	open_at("normal", "http://127.0.0.1:1");
	flood(shots, 1, "/ok");
	t_int(shots[0].failure, PUSH_FAILURE_PROXY);
	close_all();

	t_case("the certificate is checked inside the tunnel");
	flood_by_proxy("stranger", "tunnel", shots, 1);
	t_int(shots[0].failure, PUSH_FAILURE_TLS_VERIFY);

	t_case("a proxy's text that cannot be read is refused without repeating it");
	snprintf(url, sizeof(url), "http://me:%%zz@127.0.0.1:%u", peer_port("tunnel"));
	capture_start();
	{
		struct transport_settings settings = {.policy = policy, .proxy = url};
		t_ok(transport_open(&settings) == NULL);
	}
	{
		const char *log = capture_end();
		t_ok(strstr(log, "PROXY-01") != NULL && strstr(log, "zz") == NULL);
	}
}

static void on_wake(void *user, unsigned events)
{
	char byte;
	int *pipe_and_calls = user;

	(void)events;
	pipe_and_calls[2] += (int)read(pipe_and_calls[0], &byte, 1);
}

static void test_loop(void)
{
	int wake[3] = {0};
	struct loop_watch *watch;
	struct shot shot;

	t_case(
	    "a watched descriptor wakes the loop, and an idle loop waits as long as it was told");
	if (pipe2(wake, O_CLOEXEC) != 0)
		abort();
	open_at("normal", NULL);
	watch = transport_watch(transport, wake[0], on_wake, wake);
	shot_make(&shot, "/ok");
	t_int(transport_submit(origin, &shot.request), 1);
	wait_all(&shot, 1, 3000);
	t_int(shot.status, 201);
	t_int(transport_run(transport, 0), 0);
	{
		int64_t began = clock_mono_ms();
		while (transport_run(transport, 100) == 1 && clock_mono_ms() - began < 90)
			;
		t_ok(clock_mono_ms() - began >= 90);
	}
	t_int(write(wake[1], "x", 1), 1);
	t_int(transport_run(transport, 1000), 1);
	t_int(wake[2], 1);
	transport_unwatch(watch);
	t_int(write(wake[1], "x", 1), 1);
	transport_run(transport, 50);
	t_int(wake[2], 1);
	close(wake[0]);
	close(wake[1]);
	close_all();

	t_case("every failure has a word");
	for (int f = 0; f < PUSH_FAILURE__MAX; f++)
		t_ok(push_failure_name((enum push_failure)f)[0] != '\0');
}

static void test_neighbours(void)
{
	struct transport_origin *dead;
	struct shot first, second;

	t_case("an origin that cannot be reached does not hold up another");
	open_at("normal", NULL);
	dead = transport_origin_open(
	    transport, "localhost", peer_port("mute"), TRANSPORT_UNKNOWN, shot_answered, NULL);
	shot_make(&first, "/ok");
	shot_make(&second, "/ok");
	transport_submit(dead, &first.request);
	transport_submit(origin, &second.request);
	wait_all(&second, 1, 2000);
	t_int(second.status, 201);
	t_ok(second.took_ms < 1000);
	t_int(first.answers, 0);
	t_int(transport_origin_in_flight(dead), 1);
	transport_origin_close(dead);
	close_all();
}

int main(void)
{
	struct buf extra = BUF_INIT;

	peer_start();
	for (size_t i = 0; i < nelem(peer_ports) && peer_ports[i].port != 0; i++)
		buf_printf(&extra, "localhost:%u,", peer_ports[i].port);
	if (endpoint_policy_open(extra.data, NULL, &policy) != 1)
		abort();

	test_choice();
	test_remembered();
	test_proxy();
	test_loop();
	test_neighbours();

	endpoint_policy_close(policy);
	buf_release(&extra);
	peer_stop();
	return t_end();
}
