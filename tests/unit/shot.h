/* shot.h - requests for the tests of the transports: made from a path, with their answers kept. */
#ifndef SHOT_H
#define SHOT_H

#include "base.h"
#include "transport.h"

struct shot {
	struct push_request request;
	int answers, status;
	enum push_failure failure;
	int64_t retry_after_ms;
	int32_t ttl_s, took_ms;
	char reason[PUSH_REASON_MAX + 1], wns_status[64], wns_error[PUSH_FIELD_MAX + 1],
	    apns_id[64];
};

static const uint8_t shot_body[3000] = {1, 2, 3, [2999] = 99};

static inline void shot_make(struct shot *shot, const char *path)
{
	*shot = (struct shot){.request = {.path = path,
				  .authorization = "vapid t=eyJ0.eyJh.c2ln, k=BPub",
				  .topic = "0123456789abcdef0123456789abcdef",
				  .urgency = "high",
				  .ttl_s = 86400,
				  .body = shot_body,
				  .body_len = 303,
				  .context = shot}};
}

static inline void shot_answered(
    void *user, struct push_request *request, const struct push_answer *answer)
{
	struct shot *shot = request->context;

	(void)user;
	shot->answers++;
	shot->status = answer->status;
	shot->failure = answer->failure;
	shot->retry_after_ms = answer->retry_after_ms;
	shot->ttl_s = answer->ttl_s;
	shot->took_ms = answer->took_ms;
	snprintf(shot->reason, sizeof(shot->reason), "%s", answer->reason);
	snprintf(shot->wns_status, sizeof(shot->wns_status), "%s", answer->wns_status);
	snprintf(shot->wns_error, sizeof(shot->wns_error), "%s", answer->wns_error);
	snprintf(shot->apns_id, sizeof(shot->apns_id), "%s", answer->apns_id);
}

static inline bool shot_all_done(const struct shot *shots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (shots[i].answers == 0)
			return false;
	return true;
}

static inline size_t shot_count(
    const struct shot *shots, size_t n, int status, enum push_failure failure)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += shots[i].answers == 1 && shots[i].status == status &&
			 shots[i].failure == failure;
	return count;
}

#endif
