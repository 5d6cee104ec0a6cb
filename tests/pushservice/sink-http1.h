/*
 * One connection of HTTP/1.1: requests out of a stream of bytes. For senders that speak nothing newer;
 * only Content-Length bodies, one header block of at most 8 kB.
 */
#ifndef SINK_HTTP1_H
#define SINK_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink_http1 {
	char head[8192];
	size_t head_length;
	size_t body_left;
	size_t body_length;
	uint64_t path; /* hash of the request whose body is being read */
	bool in_body;
};

/* A request was read to its end. */
typedef void sink_http1_done(void *user, uint64_t path, size_t body_length);

/* False: this is no HTTP/1.1 that we understand. */
bool sink_http1_feed(struct sink_http1 *http1, const uint8_t *data, size_t length,
    sink_http1_done *done, void *user);

#endif
