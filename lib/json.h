/* json.h - JSON in and out.
 *
 * Reading: the only user of json-c.  json-c is lenient even in its strict mode (single quotes, NaN,
 * duplicate names, raw control characters, clamped integers), so a scanner of ours goes over the
 * bytes first and refuses whatever RFC 8259 does not allow, and beyond that: duplicate names in one
 * object, more than JSON_MEMBERS_MAX members, \u0000 and every other C0 control but tab, line feed
 * and carriage return, lone surrogates, text that is not UTF-8, a byte order mark, integers outside
 * of 64 bits, and nesting deeper than asked for.  The tree that is handed out lives in the arena.
 *
 * Writing: appends to a buf, in the order of the calls; the result can be put into HTML or
 * JavaScript unharmed ("<" and U+2028/9 are written as escapes) and is always valid UTF-8.
 *
 * Example:
 *	const struct json *doc;
 *	const char *error;
 *	if (!json_parse(arena, bytes, len, 8, &doc, &error))
 *		return web_json_error(web, 400, error);
 *	const char *endpoint = json_string(json_get(doc, "endpoint"), NULL);
 */
#ifndef JSON_H
#define JSON_H

#include "base.h"

struct arena;
struct buf;
struct json;

#define JSON_MEMBERS_MAX 1024

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_REAL, /* a number with fraction or exponent */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
	JSON_KIND__MAX
};

/* Parses one document.  A lone scalar has depth 0, {"a":1} depth 1.  False: *error is a sentence
 * that may be shown to the sender. */
bool json_parse(struct arena *a, const char *bytes, size_t len, int max_depth,
    const struct json **out, const char **error);

/* What a scanner of ours says without building anything: json_parse calls it first. */
bool json_scan(struct arena *a, const char *bytes, size_t len, int max_depth, const char **error);

/* The readers below accept NULL as "not there", so that calls can be chained. */

/* NULL if there is no such member, or if this is no object. */
const struct json *json_get(const struct json *object, const char *name);

/* False for NULL. */
bool json_is(const struct json *value, enum json_kind kind);

/* The bytes (with a NUL behind them, none inside); NULL if this is no string. */
const char *json_string(const struct json *value, size_t *len);

bool json_boolean(const struct json *value, bool *out);
bool json_int(const struct json *value, int64_t *out);

/* Members of an array or object; 0 for anything else. */
size_t json_count(const struct json *value);

/* The i-th member, i < json_count; `name` may be NULL, and is set to NULL for an array. */
const struct json *json_at(const struct json *value, size_t i, const char **name);

/* Writing.  `name` is NULL for the members of an array and for the outermost value. */
struct json_writer {
	struct buf *out;
	bool comma; /* a value stands before the next one */
};

#define JSON_WRITER(buf)                                                                           \
	{                                                                                          \
		(buf), false                                                                       \
	}

void json_begin_object(struct json_writer *w, const char *name);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *name);
void json_end_array(struct json_writer *w);
void json_put_string(struct json_writer *w, const char *name, const char *value); /* NULL = null */
void json_put_string_len(struct json_writer *w, const char *name, const char *value, size_t len);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
/* Milliseconds since 1970 as ISO 8601 UTC. */
void json_put_time(struct json_writer *w, const char *name, int64_t ms);

/* The inside of a JSON string, without the quotes. */
void json_escape(struct buf *out, const char *s, size_t len);

#endif
