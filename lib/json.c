/* json.c - see json.h.
 *
 * The json-c tree is copied into the arena at once and given back, so no handle of json-c lives
 * longer than one call of json_parse.
 */
#include "base.h"
#include "json.h"

#include <json-c/json.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "text.h"

struct member {
	const char *name; /* NULL in an array */
	const struct json *value;
};

struct json {
	enum json_kind kind;
	bool truth;
	int64_t number;
	const char *string;
	size_t count; /* bytes of a string, members of an array or object */
	struct member *members;
};

static const struct json *copy(struct arena *a, struct json_object *from);

static void copy_array(struct arena *a, struct json_object *from, struct json *to)
{
	to->count = json_object_array_length(from);
	to->members = arena_array(a, to->count, sizeof *to->members);
	for (size_t i = 0; i < to->count; i++)
		to->members[i].value = copy(a, json_object_array_get_idx(from, i));
}

static void copy_object(struct arena *a, struct json_object *from, struct json *to)
{
	struct json_object_iterator it = json_object_iter_begin(from);
	struct json_object_iterator end = json_object_iter_end(from);
	size_t i = 0;

	to->count = (size_t)json_object_object_length(from);
	to->members = arena_array(a, to->count, sizeof *to->members);
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it), i++) {
		to->members[i].name = arena_strdup(a, json_object_iter_peek_name(&it));
		to->members[i].value = copy(a, json_object_iter_peek_value(&it));
	}
}

/* Recursive; the scanner has bounded the depth. */
static const struct json *copy(struct arena *a, struct json_object *from)
{
	struct json *to = arena_alloc(a, sizeof *to);

	switch (json_object_get_type(from)) {
	case json_type_null:
		to->kind = JSON_NULL;
		break;
	case json_type_boolean:
		to->kind = JSON_BOOL;
		to->truth = json_object_get_boolean(from);
		break;
	case json_type_int:
		to->kind = JSON_INT;
		to->number = json_object_get_int64(from);
		break;
	case json_type_double:
		to->kind = JSON_REAL;
		break;
	case json_type_string:
		to->kind = JSON_STRING;
		to->count = (size_t)json_object_get_string_len(from);
		to->string = arena_copy(a, json_object_get_string(from), to->count);
		break;
	case json_type_array:
		to->kind = JSON_ARRAY;
		copy_array(a, from, to);
		break;
	case json_type_object:
		to->kind = JSON_OBJECT;
		copy_object(a, from, to);
		break;
	}
	return to;
}

bool json_parse(struct arena *a, const char *bytes, size_t len, int max_depth,
    const struct json **out, const char **error)
{
	if (len > INT_MAX || max_depth < 0 || max_depth > 64) {
		*error = "The JSON is too long.";
		return false;
	}
	if (!json_scan(a, bytes, len, max_depth, error))
		return false;
	/* json-c counts a scalar as a level, and one more for what it has not begun */
	struct json_tokener *tokener = json_tokener_new_ex(max_depth + 2);
	if (tokener == NULL)
		log_die("JSON-01", "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *tree = json_tokener_parse_ex(tokener, bytes, (int)len);
	enum json_tokener_error rc = json_tokener_get_error(tokener);
	/* a lone number could still go on; only then json-c asks for more, and gives the tree at a
	 * NUL
	 */
	if (rc == json_tokener_continue) {
		tree = json_tokener_parse_ex(tokener, "", 1);
		rc = json_tokener_get_error(tokener);
	}
	if (rc == json_tokener_success)
		*out = copy(a, tree);
	else
		*error = "The JSON is malformed.";
	json_object_put(tree);
	json_tokener_free(tokener);
	return rc == json_tokener_success;
}

const struct json *json_get(const struct json *object, const char *name)
{
	if (!json_is(object, JSON_OBJECT))
		return NULL;
	for (size_t i = 0; i < object->count; i++)
		if (strcmp(object->members[i].name, name) == 0)
			return object->members[i].value;
	return NULL;
}

bool json_is(const struct json *value, enum json_kind kind)
{
	return value != NULL && value->kind == kind;
}

const char *json_string(const struct json *value, size_t *len)
{
	if (!json_is(value, JSON_STRING))
		return NULL;
	if (len != NULL)
		*len = value->count;
	return value->string;
}

bool json_boolean(const struct json *value, bool *out)
{
	if (!json_is(value, JSON_BOOL))
		return false;
	*out = value->truth;
	return true;
}

bool json_int(const struct json *value, int64_t *out)
{
	if (!json_is(value, JSON_INT))
		return false;
	*out = value->number;
	return true;
}

size_t json_count(const struct json *value)
{
	return json_is(value, JSON_ARRAY) || json_is(value, JSON_OBJECT) ? value->count : 0;
}

const struct json *json_at(const struct json *value, size_t i, const char **name)
{
	assert(i < json_count(value));
	if (name != NULL)
		*name = value->members[i].name;
	return value->members[i].value;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Bytes of the valid UTF-8 sequence at s, 0 if there is none. */
static size_t utf8_step(const char *s, size_t len)
{
	size_t n = 1;

	while (n < len && n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return text_is_utf8(s, n) ? n : 0;
}

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void json_escape(struct buf *out, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c = (unsigned char)s[i];
		const char *e = short_escape(s[i]);
		size_t n = c < 0x80 ? 1 : utf8_step(s + i, len - i);
		if (e != NULL)
			buf_add_str(out, e);
		else if (c < 0x20 || c == 0x7f || c == '<')
			buf_printf(out, "\\u%04x", c);
		else if (n == 0)
			buf_add_str(out, "\xef\xbf\xbd");
		else if (n == 3 && memcmp(s + i, "\xe2\x80\xa8", 3) == 0)
			buf_add_str(out, "\\u2028");
		else if (n == 3 && memcmp(s + i, "\xe2\x80\xa9", 3) == 0)
			buf_add_str(out, "\\u2029");
		else
			buf_add(out, s + i, n);
		i += n == 0 ? 1 : n;
	}
}

static void begin_value(struct json_writer *w, const char *name)
{
	if (w->comma)
		buf_add_char(w->out, ',');
	w->comma = true;
	if (name == NULL)
		return;
	buf_add_char(w->out, '"');
	json_escape(w->out, name, strlen(name));
	buf_add_str(w->out, "\":");
}

static void begin_container(struct json_writer *w, const char *name, char mark)
{
	begin_value(w, name);
	buf_add_char(w->out, mark);
	w->comma = false;
}

static void end_container(struct json_writer *w, char mark)
{
	buf_add_char(w->out, mark);
	w->comma = true;
}

void json_begin_object(struct json_writer *w, const char *name)
{
	begin_container(w, name, '{');
}

void json_end_object(struct json_writer *w)
{
	end_container(w, '}');
}

void json_begin_array(struct json_writer *w, const char *name)
{
	begin_container(w, name, '[');
}

void json_end_array(struct json_writer *w)
{
	end_container(w, ']');
}

void json_put_string_len(struct json_writer *w, const char *name, const char *value, size_t len)
{
	begin_value(w, name);
	buf_add_char(w->out, '"');
	json_escape(w->out, value, len);
	buf_add_char(w->out, '"');
}

void json_put_string(struct json_writer *w, const char *name, const char *value)
{
	if (value == NULL)
		json_put_null(w, name);
	else
		json_put_string_len(w, name, value, strlen(value));
}

void json_put_int(struct json_writer *w, const char *name, int64_t value)
{
	begin_value(w, name);
	buf_printf(w->out, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	begin_value(w, name);
	buf_add_str(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *name)
{
	begin_value(w, name);
	buf_add_str(w->out, "null");
}

void json_put_time(struct json_writer *w, const char *name, int64_t ms)
{
	char when[CLOCK_ISO_LEN + 1];

	clock_format_iso(ms, when);
	json_put_string(w, name, when);
}
