#include "base.h"
#include "t.h"

#include "capture.h"
#include "h2_world.h"
#include "proxy.h"

static void test_no_connection(void)
{
	char here[] = "127.0.0.1";
	struct proxy proxy = {.host = here};
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

	t_case("a proxy that takes the connection and says nothing is given up too, as the proxy's "
	       "failure");
	proxy.port = peer_port("mute");
	open_at((struct h2_settings){.connect_ms = 300, .proxy = &proxy}, "localhost",
	    peer_port("normal"));
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_PROXY);
	t_ok(shot->took_ms >= 250 && shot->took_ms < 2500);
	close_all();

	t_case("behind a proxy that leads nowhere it is the service that cannot be reached");
	proxy.port = peer_port("tunnel");
	open_at((struct h2_settings){.connect_ms = 300, .proxy = &proxy}, "localhost",
	    peer_port("mute"));
	shot = ask("/ok");
	t_int(shot->failure, PUSH_FAILURE_CONNECT);
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
	int before;

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

	t_case("those that are not needed any more are closed, one stays");
	open_at((struct h2_settings){.max_connections = 4, .shrink_ms = 150}, "localhost",
	    peer_port("few"));
	before = peer_stat("connections") - 1;
	flood(shots, N, "/delay/50", 8000);
	t_int(h2_connections(h2), 4);
	for (int i = 0; i < 20; i++)
		ask("/delay/30");
	t_int(peer_stat("connections") - peer_stat("closed"), 1);
	t_int(peer_stat("connections") - before, 4);
	t_int(h2_connections(h2), 4);
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
	world_open();
	test_no_connection();
	test_time_outs();
	test_limits();
	test_life();
	world_close();
	return t_end();
}
