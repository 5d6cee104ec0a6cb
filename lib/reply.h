/* reply.h - collects the answer of a push service while it comes in: the same rules for both
 * transports (transport.h: what is kept, what is too much).
 *
 * One struct per request in flight; small, because there may be hundreds.  Memory for the texts of
 * a refusal is only taken when there is one.
 */
#ifndef REPLY_H
#define REPLY_H

#include "base.h"
#include "transport.h"

struct reply_text;

struct reply {
	int status;    /* of the last header list begun; 1xx are overwritten */
	bool complete; /* the header list of a final status is in */
	int32_t ttl_s;
	int64_t retry_after_ms;
	int64_t date_ms; /* 0 = not said */
	size_t header_bytes, body_bytes;
	struct reply_text *text;
	char wns_status[40], apns_id[40];
};

/* For a struct of any content; reply_release comes between two uses. */
void reply_start(struct reply *reply);
void reply_release(struct reply *reply);

/* A new header list begins: informational, final, or trailers (then fields are ignored). */
void reply_begin_headers(struct reply *reply, int status);

/* name in any case.  False if the list is larger than PUSH_HEADER_MAX. */
bool reply_add_header(
    struct reply *reply, const char *name, size_t name_len, const char *value, size_t value_len);

/* The end of a header list. */
void reply_end_headers(struct reply *reply);

/* False if the body is larger than PUSH_BODY_MAX. */
bool reply_add_body(struct reply *reply, const void *bytes, size_t len);

/* Fills *out: the status if there is a complete one and failure is NONE, else failure and why.  The
 * strings live as long as the reply. */
void reply_answer(const struct reply *reply, enum push_failure failure, const char *why,
    int32_t took_ms, struct push_answer *out);

#endif
