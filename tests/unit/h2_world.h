/* h2_world.h - what the tests of h2 share: the peer, an origin at one of its listeners, requests and
 * their answers.
 *
 *     world_open();  open_peer("normal");  ask("/ok")->status;  close_all();  world_close();
 */
#ifndef H2_WORLD_H
#define H2_WORLD_H

#include "base.h"
#include "t.h"

#include "buf.h"
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
static inline void open_at(struct h2_settings settings, const char *host, uint16_t port)
{
	settings.loop = loop;
	settings.gate = gate;
	settings.policy = policy;
	settings.ca_file = peer_ca;
	h2 = h2_open(&settings);
	origin = h2_origin_open(h2, host, port, shot_answered, NULL);
}

static inline void open_peer(const char *name)
{
	open_at((struct h2_settings){0}, "localhost", peer_port(name));
}

static inline void close_all(void)
{
	h2_origin_close(origin);
	h2_close(h2);
}

/* Turns the loop until all are answered, at most ms. */
static inline void wait_all(const struct shot *shots, size_t n, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (!shot_all_done(shots, n) && clock_mono_ms() < end)
		if (loop_run(loop, 50) < 0)
			abort();
}

static inline void run_for(int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end)
		loop_run(loop, (int)(end - clock_mono_ms()));
}

/* Sends one request to an open origin and waits for its answer. */
static inline struct shot *ask(const char *path)
{
	static struct shot shot;

	shot_make(&shot, path);
	t_int(h2_submit(origin, &shot.request), 1);
	wait_all(&shot, 1, 3000);
	t_int(shot.answers, 1);
	return &shot;
}

/* The same at a listener of its own. */
static inline struct shot *ask_peer(const char *name, const char *path)
{
	struct shot *shot;

	open_peer(name);
	shot = ask(path);
	close_all();
	return shot;
}

/* Sends n requests for one path as room allows, and waits for the answers. */
static inline void flood(struct shot *shots, size_t n, const char *path, int64_t ms)
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
static inline int peer_stat(const char *name)
{
	char key[40];
	const char *at;
	const struct shot *shot = ask("/stats");

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(shot->reason, key);
	return at == NULL ? -1 : (int)strtol(at + strlen(key), NULL, 10);
}

static inline void world_open(void)
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
	buf_release(&extra);
	buf_release(&map);
}

static inline void world_close(void)
{
	gate_close(gate);
	loop_close(loop);
	endpoint_policy_close(policy);
	peer_stop();
}

#endif
