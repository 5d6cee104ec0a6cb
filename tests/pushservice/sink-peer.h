/*
 * The connections of the sink: TLS and HTTP/2 with each sender.
 *
 * Owns the sessions, the output that waits and the answers that are due later. The caller owns the
 * listening socket and the loop: it watches epoll_fd, hands each tag that is not its own to
 * sink_peer_serve, sleeps no longer than sink_peer_wait_ms, and calls sink_peer_serve_due once a
 * round. A connection that ends is freed here.
 *
 * nghttp2's rapid-reset guard stays at its default, as at real servers. What cannot work without
 * (memory, certificate, epoll) ends the program with a message.
 */
#ifndef SINK_PEER_H
#define SINK_PEER_H

#include <stdbool.h>
#include <stdint.h>

struct sink_peer_options {
	const char *cert; /* PEM files */
	const char *key;
	int epoll_fd;
	uint32_t delay_ms;    /* each answer is so late; 0 = at once */
	uint32_t max_streams; /* SETTINGS_MAX_CONCURRENT_STREAMS */
	uint32_t
	    goaway_after; /* GOAWAY names the Nth stream of a connection as its last; 0 = never */
	bool may_fail;	  /* sink-fail.h has rules */
	bool http1;	  /* serve senders that offer only HTTP/1.1, always at once */
	bool stamps;	  /* "at MICROSECONDS" on stdout for each request, of CLOCK_MONOTONIC */
};

struct sink_peer_counts {
	uint64_t requests; /* read to the end and accepted, or due to be */
	uint64_t octets;   /* of bodies */
	uint64_t opened;   /* connections */
	uint64_t open;
};

void sink_peer_start(const struct sink_peer_options *options);
void sink_peer_accept(int fd);
void sink_peer_serve(void *tag);
void sink_peer_serve_due(void);
int sink_peer_wait_ms(void); /* -1 = as long as you like */
struct sink_peer_counts sink_peer_counts(void);

#endif
