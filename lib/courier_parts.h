/* courier_parts.h - what courier.c (life, origins, queues), courier_send.c (encryption, requests) and
 * courier_answer.c (answers) share. */
#ifndef COURIER_PARTS_H
#define COURIER_PARTS_H

#include "courier.h"
#include "ece.h"
#include "jwt.h"
#include "transport.h"

#define COURIER_BATCH 16

/* A request under way, with the memory that must live until its answer. */
struct courier_slot {
	struct push_request request;
	struct lane_message *message; /* NULL = free */
	struct courier_origin *origin;
	struct courier_slot *next_free, *next; /* next: of all */
	size_t body_cap;
	uint8_t *body;
};

struct courier_origin {
	struct courier *courier;
	struct courier_origin *next;
	char *name; /* https://host[:port] */
	char host[256];
	uint16_t port;
	bool built_in, allowed;
	bool accepted; /* a push, by this process */
	bool short_life_said;
	struct transport_origin *transport; /* NULL = not opened */
	struct breaker breaker;
	struct jwt jwt[2]; /* current, previous key */

	struct lane_message *head, **tail; /* queue */
	size_t queued, announced, in_flight;
	size_t limit; /* of requests in flight */
	int64_t halved_at;
};

struct courier {
	struct courier_settings settings;
	struct transport *transport;
	struct ece *ece;
	struct courier_origin *origins;
	struct courier_slot *slots, *free_slots;
	struct lane_window *finished, **finished_tail;
	struct breaker_now now;
	size_t in_flight;
	bool stopped;
	uint32_t random;
};

/* Takes the time once for all that happens in a turn. */
void courier_tick(struct courier *c);

/* The first message of a queue that is not empty. */
struct lane_message *courier_pop(struct courier_origin *o);

void courier_push_front(struct courier_origin *o, struct lane_message *m);

/* Every queued message of the origin is held. */
void courier_hold(struct courier_origin *o);

/* To be called after a message left the states queued and in flight. */
void courier_closed(struct courier_origin *o, struct lane_window *w);

/* The slot is free again; its message is somebody else's business. */
void courier_give_slot(struct courier *c, struct courier_slot *slot);

uint32_t courier_random(struct courier *c);

/* The transport's callback. */
push_answered courier_answered;

/* A message that cannot be sent for a reason of ours is tried later. */
void courier_put_off(struct courier_origin *o, struct lane_message *m);

#endif
