/* courier.h - takes windows to the push services: queue, encryption, requests, answers.
 *
 * Per process.  Each origin has a queue of its own, a limit of requests in flight that grows with
 * every acceptance and is halved when the service says that it is too much, and a breaker.  No
 * origin waits for another.
 *
 *	courier_send(origin, window)     its queued messages join the origin's queue
 *	courier_turn(courier, ms)        encrypts and submits what there is room for, waits, takes
 * answers courier_finished(courier)        a window none of whose messages is queued or in flight
 *
 * What leaves in the subscriber's quiet hours is the silent text, with Urgency low (quiet.h).
 *
 * What is sent again at once (surely not processed, without Topic, smallest message, renewed token)
 * stays in its window; what is tried later becomes LANE_LATER; when an origin is paused, or the
 * sender ends, messages that were not sent become LANE_HELD.  The database is not touched here.
 */
#ifndef COURIER_H
#define COURIER_H

#include "base.h"
#include "breaker.h"
#include "lane.h"

struct courier;
struct courier_origin;
struct endpoint_policy;
struct transport;
struct vapid;

struct courier_settings {
	const struct endpoint_policy *policy;
	const char *ca_file, *proxy; /* or NULL */
	struct vapid *key;
	struct vapid *previous_key; /* or NULL */
	const char *subject;
};

/* NULL is broken and logged.  Everything must outlive the courier. */
struct courier *courier_open(const struct courier_settings *settings);

/* All windows must have been handed back. */
void courier_close(struct courier **courier);

/* The origin, made at the first call: connecting starts at once, unless it is paused or not
 * allowed. built_in: a push service that we know. */
struct courier_origin *courier_origin(
    struct courier *courier, int64_t id, const char *origin, bool built_in);

/* Called for every origin. */
typedef void courier_visit(void *user, struct courier_origin *origin);
void courier_each(struct courier *courier, courier_visit *visit, void *user);

struct breaker *courier_breaker(struct courier_origin *o);
const char *courier_name(const struct courier_origin *o);
bool courier_allowed(const struct courier_origin *o);

/* Messages that wait or are announced; more are wanted when it is below COURIER_QUEUE. */
size_t courier_queued(const struct courier_origin *o);
#define COURIER_QUEUE 256

/* Messages that wait, are announced, or are in flight. */
size_t courier_held(const struct courier_origin *o);

/* A window was claimed but its claim is not on disk yet (true), or is not to be sent after all. */
void courier_announce(struct courier_origin *o, const struct lane_window *w, bool coming);

/* Of an announced window. */
void courier_send(struct courier_origin *o, struct lane_window *w);

/* One turn of the loop.  -1 broken and logged. */
int courier_turn(struct courier *courier, int timeout_ms);

/* The next finished window, or NULL.  The caller owns it from then on. */
struct lane_window *courier_finished(struct courier *courier);

/* Requests without an answer. */
size_t courier_in_flight(const struct courier *courier);

/* Nothing more is sent: what waits is held.  Answers still come. */
void courier_stop(struct courier *courier);

/* The wall clock was set, by -ms if that is less than 0: pauses stay as long as they were meant to be, and
 * tokens are signed anew by the new time. */
void courier_clock_set(struct courier *courier, int64_t ms);

/* Gives up waiting for answers: they are tried again later. */
void courier_abandon(struct courier *courier);

/* For watching descriptors and for counts. */
struct transport *courier_transport(struct courier *courier);

#endif
