/* json_scan.c - is this really JSON?  The checks that json-c leaves out (see json.h).
 *
 * A recursive descent over RFC 8259's grammar that builds nothing but, per object, the list of the
 * names seen, to find duplicates in their decoded form ("\u0061" and "a" are one name).  Depth is
 * checked before descending, so the stack is bounded by max_depth.
 */
#include "base.h"
#include "json.h"

#include "arena.h"
#include "buf.h"
#include "text.h"

struct scan {
	const char *at, *end;
	struct arena *arena;
	struct buf name; /* the decoded text of the string read last */
	int depth_left;
	const char *error;
};

/* A name seen in an object; the hash spares most comparisons. */
struct seen {
	const char *name;
	size_t len;
	uint32_t hash;
};

static bool fail(struct scan *s, const char *sentence)
{
	if (s->error == NULL)
		s->error = sentence;
	return false;
}

static void skip_space(struct scan *s)
{
	while (
	    s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
}

static bool next_is(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static bool take(struct scan *s, char c)
{
	if (!next_is(s, c))
		return fail(s, "The JSON is malformed.");
	s->at++;
	return true;
}

static bool take_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return fail(s, "The JSON is malformed.");
	s->at += n;
	return true;
}

static bool is_digit(const struct scan *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static bool take_digits(struct scan *s)
{
	if (!is_digit(s))
		return fail(s, "The JSON holds a malformed number.");
	while (is_digit(s))
		s->at++;
	return true;
}

static bool scan_number(struct scan *s)
{
	const char *start = s->at;
	bool whole = true;
	int64_t value;

	if (next_is(s, '-'))
		s->at++;
	if (next_is(s, '0'))
		s->at++;
	else if (!take_digits(s))
		return false;
	if (next_is(s, '.')) {
		whole = false;
		s->at++;
		if (!take_digits(s))
			return false;
	}
	if (next_is(s, 'e') || next_is(s, 'E')) {
		whole = false;
		s->at++;
		if (next_is(s, '+') || next_is(s, '-'))
			s->at++;
		if (!take_digits(s))
			return false;
	}
	size_t len = (size_t)(s->at - start);
	bool minus_zero = len == 2 && start[0] == '-' && start[1] == '0';
	if (len > 64 ||
	    (whole && !minus_zero && !text_parse_i64(start, len, INT64_MIN + 1, INT64_MAX, &value)))
		return fail(s, "The JSON holds a number that is too large.");
	return true;
}

static bool take_hex4(struct scan *s, uint32_t *out)
{
	uint8_t two[2];

	if (s->end - s->at < 4 || !text_hex_decode(s->at, 4, two, 2))
		return fail(s, "The JSON holds a malformed escape.");
	s->at += 4;
	*out = (uint32_t)two[0] << 8 | two[1];
	return true;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_add_char(b, (char)c);
	} else if (c < 0x800) {
		buf_add_char(b, (char)(0xc0 | c >> 6));
		buf_add_char(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_add_char(b, (char)(0xe0 | c >> 12));
		buf_add_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_add_char(b, (char)(0xf0 | c >> 18));
		buf_add_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(b, (char)(0x80 | (c & 0x3f)));
	}
}

static bool scan_unicode(struct scan *s)
{
	uint32_t c, low;

	if (!take_hex4(s, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00) {
		if (!take_word(s, "\\u") || !take_hex4(s, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(s, "The JSON holds half of a surrogate pair.");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return fail(s, "The JSON holds half of a surrogate pair.");
	}
	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		return fail(s, "The JSON holds a control character.");
	add_utf8(&s->name, c);
	return true;
}

static bool scan_escape(struct scan *s)
{
	static const char plain[] = "\"\\/nrt", means[] = "\"\\/\n\r\t";
	const char *found;

	if (s->at == s->end)
		return fail(s, "The JSON is cut off.");
	char c = *s->at++;
	if (c == 'u')
		return scan_unicode(s);
	if (c == 'b' || c == 'f')
		return fail(s, "The JSON holds a control character.");
	if (c == '\0' || (found = strchr(plain, c)) == NULL)
		return fail(s, "The JSON holds a malformed escape.");
	buf_add_char(&s->name, means[found - plain]);
	return true;
}

/* Leaves the decoded text in s->name. */
static bool scan_string(struct scan *s)
{
	buf_clear(&s->name);
	if (!take(s, '"'))
		return false;
	while (s->at < s->end && *s->at != '"') {
		char c = *s->at++;
		if ((unsigned char)c < 0x20)
			return fail(s, "The JSON holds a raw control character.");
		if (c == '\\') {
			if (!scan_escape(s))
				return false;
		} else {
			buf_add_char(&s->name, c);
		}
	}
	if (s->at == s->end)
		return fail(s, "The JSON is cut off.");
	s->at++;
	return true;
}

static bool scan_value(struct scan *s);

static uint32_t hash_of(const char *bytes, size_t len)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 16777619u;
	return h;
}

/* Remembers s->name among the names of an object; the list grows by doubling, in the arena. */
static bool remember(struct scan *s, struct seen **list, size_t *count, size_t *room)
{
	struct seen now = {s->name.data, s->name.len, hash_of(s->name.data, s->name.len)};

	for (size_t i = 0; i < *count; i++) {
		const struct seen *old = &(*list)[i];
		if (old->hash == now.hash && old->len == now.len &&
		    memcmp(old->name, now.name, now.len) == 0)
			return fail(s, "The JSON holds the same name twice in one object.");
	}
	if (*count == JSON_MEMBERS_MAX)
		return fail(s, "The JSON holds an object with too many members.");
	if (*count == *room) {
		*room = *room == 0 ? 16 : *room * 2;
		struct seen *wider = arena_array(s->arena, *room, sizeof *wider);
		if (*count > 0)
			memcpy(wider, *list, *count * sizeof *wider);
		*list = wider;
	}
	now.name = arena_copy(s->arena, now.name, now.len);
	(*list)[(*count)++] = now;
	return true;
}

static bool scan_members(struct scan *s)
{
	struct seen *list = NULL;
	size_t count = 0, room = 0;

	do {
		skip_space(s);
		if (!scan_string(s) || !remember(s, &list, &count, &room))
			return false;
		skip_space(s);
		if (!take(s, ':') || !scan_value(s))
			return false;
		skip_space(s);
	} while (next_is(s, ',') && take(s, ','));
	return take(s, '}');
}

static bool scan_elements(struct scan *s)
{
	do {
		if (!scan_value(s))
			return false;
		skip_space(s);
	} while (next_is(s, ',') && take(s, ','));
	return take(s, ']');
}

static bool scan_container(struct scan *s)
{
	bool object = *s->at++ == '{';
	bool ok = true;

	if (s->depth_left == 0)
		return fail(s, "The JSON is nested too deeply.");
	s->depth_left--;
	skip_space(s);
	if (next_is(s, object ? '}' : ']'))
		s->at++;
	else
		ok = object ? scan_members(s) : scan_elements(s);
	s->depth_left++;
	return ok;
}

static bool scan_value(struct scan *s)
{
	skip_space(s);
	if (s->at == s->end)
		return fail(s, "The JSON is cut off.");
	switch (*s->at) {
	case '{':
	case '[':
		return scan_container(s);
	case '"':
		return scan_string(s);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return scan_number(s);
	}
}

bool json_scan(struct arena *a, const char *bytes, size_t len, int max_depth, const char **error)
{
	struct scan s = {
	    .at = bytes, .end = bytes + len, .arena = a, .name = BUF_INIT, .depth_left = max_depth};
	bool ok;

	if (len == 0)
		ok = fail(&s, "The request has no body.");
	else if (!text_is_utf8(bytes, len))
		ok = fail(&s, "The JSON is not valid UTF-8.");
	else
		ok = scan_value(&s);
	skip_space(&s);
	if (ok && s.at != s.end)
		ok = fail(&s, "Something follows the JSON.");
	buf_release(&s.name);
	if (!ok)
		*error = s.error;
	return ok;
}
