/* arena.c - see arena.h. */
#include "base.h"
#include "arena.h"

#include "log.h"

#define BLOCK_SIZE ((size_t)16 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of the bytes behind this header */
	size_t used;
	max_align_t bytes[];
};

static size_t align_up(size_t n)
{
	size_t a = alignof(max_align_t);

	return (n + a - 1) / a * a;
}

/* Takes the first spare block that is large enough out of its list. */
static struct arena_block *take_spare(struct arena *a, size_t need)
{
	for (struct arena_block **at = &a->spare; *at != NULL; at = &(*at)->next) {
		struct arena_block *b = *at;
		if (b->size >= need) {
			*at = b->next;
			return b;
		}
	}
	return NULL;
}

static struct arena_block *new_block(size_t need)
{
	size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
	struct arena_block *b = malloc(sizeof *b + size);

	if (b == NULL)
		log_die("ARENA-01", "out of memory for %zu bytes", need);
	b->size = size;
	return b;
}

static struct arena_block *add_block(struct arena *a, size_t need)
{
	struct arena_block *b = take_spare(a, need);

	if (b == NULL)
		b = new_block(need);
	b->next = a->head;
	b->used = 0;
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->head;

	if (size > SIZE_MAX / 4)
		log_die("ARENA-02", "a request for %zu bytes", size);
	size = align_up(size == 0 ? 1 : size);
	if (b == NULL || b->size - b->used < size)
		b = add_block(a, size);
	void *p = (char *)b->bytes + b->used;
	b->used += size;
	memset(p, 0, size);
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		log_die("ARENA-03", "an array of %zu members of %zu bytes", n, size);
	return arena_alloc(a, n * size);
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t size)
{
	void *grown;

	/* full when n is a power of two, or nothing yet */
	if (n != 0 && (n & (n - 1)) != 0)
		return array;
	grown = arena_array(a, n == 0 ? 1 : n * 2, size);
	if (n > 0)
		memcpy(grown, array, n * size);
	return grown;
}

char *arena_copy(struct arena *a, const char *bytes, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_copy(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("ARENA-04", "a format that cannot be written");
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

/* Takes the first block out of a list. */
static struct arena_block *pop(struct arena_block **list)
{
	struct arena_block *b = *list;

	if (b != NULL)
		*list = b->next;
	return b;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = NULL, *b;
	size_t kept = 0;

	while ((b = pop(&a->head)) != NULL || (b = pop(&a->spare)) != NULL) {
		if (kept + b->size <= ARENA_KEEP) {
			kept += b->size;
			b->next = keep;
			keep = b;
		} else {
			free(b);
		}
	}
	a->spare = keep;
}

void arena_release(struct arena *a)
{
	struct arena_block *b;

	while ((b = pop(&a->head)) != NULL || (b = pop(&a->spare)) != NULL)
		free(b);
}
