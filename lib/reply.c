/* reply.c - what is kept of an answer, and what is too much of it; see reply.h. */
#include "base.h"
#include "reply.h"

#include "clock.h"
#include "log.h"
#include "text.h"

#include <strings.h>

struct reply_text {
	size_t reason_len;
	char wns_error[PUSH_FIELD_MAX + 1];
	char reason[PUSH_REASON_MAX + 1];
};

void reply_start(struct reply *reply)
{
	*reply = (struct reply){.ttl_s = -1, .retry_after_ms = -1};
}

void reply_release(struct reply *reply)
{
	free(reply->text);
	reply->text = NULL;
}

static struct reply_text *text_of(struct reply *reply)
{
	if (reply->text == NULL) {
		reply->text = calloc(1, sizeof(*reply->text));
		if (reply->text == NULL)
			log_die("REPLY-01", "out of memory");
	}
	return reply->text;
}

void reply_begin_headers(struct reply *reply, int status)
{
	if (reply->complete)
		return;
	reply->status = status;
	/* fields of an informational answer are not those of the final one */
	reply->ttl_s = -1;
	reply->retry_after_ms = -1;
	reply->date_ms = 0;
	reply->wns_status[0] = reply->apns_id[0] = '\0';
}

void reply_end_headers(struct reply *reply)
{
	if (reply->status >= 200)
		reply->complete = true;
}

/* Keeps the beginning of a field. */
static void keep(char *out, size_t cap, const char *value, size_t len)
{
	if (len > cap - 1)
		len = cap - 1;
	memcpy(out, value, len);
	out[len] = '\0';
}

/* RFC 9110 §10.2.3: seconds or a date.  A date in the past is "now". */
static int64_t parse_retry_after(const char *value, size_t len)
{
	uint64_t seconds;
	int64_t date, wait;

	if (text_parse_u64(value, len, 0, INT32_MAX, &seconds))
		return (int64_t)seconds * CLOCK_SECOND;
	if (!clock_parse_http(value, len, &date))
		return -1;
	wait = date - clock_now_ms();
	return wait > 0 ? wait : 0;
}

/* A thousand answers of one second say the same, so that one is kept and not read again. */
static int64_t parse_date(const char *value, size_t len)
{
	static char last[32];
	static size_t last_len;
	static int64_t last_ms;

	if (len == 0 || len > sizeof last)
		return 0;
	if (len == last_len && memcmp(value, last, len) == 0)
		return last_ms;
	if (!clock_parse_http(value, len, &last_ms))
		last_ms = 0;
	memcpy(last, value, len);
	last_len = len;
	return last_ms;
}

static bool is_named(const char *name, size_t len, const char *want)
{
	return strlen(want) == len && strncasecmp(name, want, len) == 0;
}

static void take_field(
    struct reply *reply, const char *name, size_t name_len, const char *value, size_t value_len)
{
	uint64_t number;

	if (is_named(name, name_len, "retry-after")) {
		reply->retry_after_ms = parse_retry_after(value, value_len);
	} else if (is_named(name, name_len, "date")) {
		reply->date_ms = parse_date(value, value_len);
	} else if (is_named(name, name_len, "ttl")) {
		if (text_parse_u64(value, value_len, 0, INT32_MAX, &number))
			reply->ttl_s = (int32_t)number;
	} else if (is_named(name, name_len, "x-wns-status")) {
		keep(reply->wns_status, sizeof(reply->wns_status), value, value_len);
	} else if (is_named(name, name_len, "x-wns-error-description")) {
		keep(text_of(reply)->wns_error, PUSH_FIELD_MAX + 1, value, value_len);
	} else if (is_named(name, name_len, "apns-id")) {
		keep(reply->apns_id, sizeof(reply->apns_id), value, value_len);
	}
}

bool reply_add_header(
    struct reply *reply, const char *name, size_t name_len, const char *value, size_t value_len)
{
	/* counted as in RFC 9113 §6.5.2, informational lists and trailers included */
	reply->header_bytes += name_len + value_len + 32;
	if (reply->header_bytes > PUSH_HEADER_MAX)
		return false;
	if (!reply->complete)
		take_field(reply, name, name_len, value, value_len);
	return true;
}

bool reply_add_body(struct reply *reply, const void *bytes, size_t len)
{
	reply->body_bytes += len;
	/* the body of a success says nothing that anybody asks for */
	if (reply->status >= 300 && len > 0) {
		struct reply_text *text = text_of(reply);
		size_t room = PUSH_REASON_MAX - text->reason_len;
		size_t take = len < room ? len : room;
		memcpy(text->reason + text->reason_len, bytes, take);
		for (size_t i = 0; i < take; i++)
			if (text->reason[text->reason_len + i] == '\0')
				text->reason[text->reason_len + i] = ' ';
		text->reason_len += take;
	}
	return reply->body_bytes <= PUSH_BODY_MAX;
}

void reply_answer(const struct reply *reply, enum push_failure failure, const char *why,
    int32_t took_ms, struct push_answer *out)
{
	bool answered = failure == PUSH_FAILURE_NONE && reply->complete;

	*out = (struct push_answer){
	    .status = answered ? reply->status : 0,
	    .failure = failure == PUSH_FAILURE_NONE && !answered ? PUSH_FAILURE_UNKNOWN : failure,
	    .retry_after_ms = answered ? reply->retry_after_ms : -1,
	    .date_ms = answered ? reply->date_ms : 0,
	    .ttl_s = answered ? reply->ttl_s : -1,
	    .reason = why == NULL ? "" : why,
	    .wns_status = answered ? reply->wns_status : "",
	    .wns_error = "",
	    .apns_id = answered ? reply->apns_id : "",
	    .took_ms = took_ms,
	};
	if (answered) {
		out->reason = reply->text != NULL ? reply->text->reason : "";
		out->wns_error = reply->text != NULL ? reply->text->wns_error : "";
	}
}
