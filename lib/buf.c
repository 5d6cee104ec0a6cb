/* buf.c - see buf.h. */
#include "base.h"
#include "buf.h"

#include "arena.h"
#include "log.h"

char buf_empty[1] = "";

void buf_grow(struct buf *b, size_t more)
{
	size_t need, cap = b->cap == 0 ? 64 : b->cap;
	char *p;

	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		log_die("BUF-01", "a string of more than a quarter of memory");
	need = b->len + more + 1;
	if (need <= b->cap)
		return;
	while (cap < need)
		cap *= 2;
	p = realloc(b->cap == 0 ? NULL : b->data, cap);
	if (p == NULL)
		log_die("BUF-02", "out of memory for %zu bytes", cap);
	if (b->cap == 0)
		p[0] = '\0';
	b->data = p;
	b->cap = cap;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	buf_grow(b, len);
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("BUF-03", "a format that cannot be written");
	buf_grow(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->cap > 0)
		b->data[0] = '\0';
}

void buf_release(struct buf *b)
{
	if (b->cap > 0)
		free(b->data);
	b->data = buf_empty;
	b->len = 0;
	b->cap = 0;
}

char *buf_arena(const struct buf *b, struct arena *a)
{
	return arena_copy(a, b->data, b->len);
}
