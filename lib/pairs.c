/* pairs.c - see pairs.h. */
#include "base.h"
#include "pairs.h"

#include "arena.h"
#include "buf.h"
#include "text.h"

/* Decodes s into the arena; NULL if it is not what a browser could have sent. */
static const char *decode(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	struct buf b = BUF_INIT;
	const char *copy = NULL;

	if (text_urldecode_add(&b, s, len) && text_is_utf8(b.data, b.len)) {
		copy = buf_arena(&b, a);
		*out_len = b.len;
	}
	buf_release(&b);
	return copy;
}

static bool parse_one(struct arena *a, const char *s, size_t len, struct pair *p)
{
	const char *equals = memchr(s, '=', len);
	size_t name_len;

	if (equals == NULL)
		return false;
	p->name = decode(a, s, (size_t)(equals - s), &name_len);
	p->value = decode(a, equals + 1, len - (size_t)(equals - s) - 1, &p->len);
	return p->name != NULL && p->value != NULL && name_len > 0;
}

static size_t count_pairs(const char *text, size_t len)
{
	size_t n = len > 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '&';
	return n;
}

bool pairs_parse(struct arena *a, const char *text, size_t len, size_t max, struct pair **out,
    size_t *count, const char **error)
{
	size_t n = count_pairs(text, len);

	*out = NULL;
	*count = 0;
	if (n == 0)
		return true;
	if (n > max) {
		*error = "There are too many fields.";
		return false;
	}
	struct pair *pairs = arena_array(a, n, sizeof *pairs);
	const char *at = text, *end = text + len;
	for (size_t i = 0; i < n; i++) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		size_t part = (size_t)((amp == NULL ? end : amp) - at);
		if (!parse_one(a, at, part, &pairs[i])) {
			*error = "A field is not encoded as a browser would encode it.";
			return false;
		}
		at += part + 1;
	}
	*out = pairs;
	*count = n;
	return true;
}
