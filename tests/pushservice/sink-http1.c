#include "sink-http1.h"
#include "sink-paths.h"

#include <stdlib.h>
#include <string.h>

static bool parse_head(struct sink_http1 *http1)
{
	static const char field[] = "\r\ncontent-length:";
	const char *path = memchr(http1->head, ' ', http1->head_length);
	const char *end, *length;

	http1->head[http1->head_length] = '\0';
	if (!path || !(end = strchr(path + 1, ' ')))
		return false;
	length = strcasestr(http1->head, field);
	http1->path = sink_paths_hash((const uint8_t *)path + 1, (size_t)(end - path - 1));
	http1->body_length = length ? strtoul(length + strlen(field), NULL, 10) : 0;
	http1->body_left = http1->body_length;
	http1->head_length = 0;
	http1->in_body = true;
	return true;
}

/* Takes bytes up to the empty line, one at a time: the head is short beside the work around it. */
static size_t take_head(
    struct sink_http1 *http1, const uint8_t *data, size_t length, bool *is_whole)
{
	size_t used = 0;

	*is_whole = false;
	while (used < length && http1->head_length + 1 < sizeof http1->head && !*is_whole) {
		http1->head[http1->head_length++] = (char)data[used++];
		*is_whole = http1->head_length >= 4 &&
			    memcmp(http1->head + http1->head_length - 4, "\r\n\r\n", 4) == 0;
	}
	return used;
}

static size_t take_body(struct sink_http1 *http1, size_t length)
{
	size_t used = length < http1->body_left ? length : http1->body_left;

	http1->body_left -= used;
	return used;
}

bool sink_http1_feed(
    struct sink_http1 *http1, const uint8_t *data, size_t length, sink_http1_done *done, void *user)
{
	while (length > 0) {
		bool is_whole = true;
		size_t used = http1->in_body ? take_body(http1, length)
					     : take_head(http1, data, length, &is_whole);

		data += used;
		length -= used;
		if (!http1->in_body && is_whole && !parse_head(http1))
			return false;
		if (!http1->in_body && !is_whole && http1->head_length + 1 == sizeof http1->head)
			return false;
		if (http1->in_body && http1->body_left == 0) {
			http1->in_body = false;
			done(user, http1->path, http1->body_length);
		}
	}
	return true;
}
