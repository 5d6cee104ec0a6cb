/* test_arena.c - memory of one request. */
#include "base.h"
#include "arena.h"

#include <malloc.h>
#include <sys/wait.h>

#include "capture.h"
#include "t.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Octets allocated by this process; the sanitizer has an allocator of its own. */
#ifdef SANITIZED
size_t __sanitizer_get_current_allocated_bytes(void);
#define heap_in_use() __sanitizer_get_current_allocated_bytes()
#else
static size_t heap_in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}
#endif

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void check_alloc(void)
{
	struct arena a = ARENA_INIT;

	t_case("memory is aligned for any type, zeroed, and no two pieces overlap");
	uint8_t *p[200];
	for (size_t i = 0; i < nelem(p); i++) {
		size_t size = i * 7;
		p[i] = arena_alloc(&a, size);
		t_ok((uintptr_t)p[i] % alignof(max_align_t) == 0);
		t_ok(all_zero(p[i], size));
		memset(p[i], (int)i, size);
	}
	for (size_t i = 0; i < nelem(p); i++)
		for (size_t k = 0; k < i * 7; k++)
			if (p[i][k] != (uint8_t)i) {
				t_int(i, -1);
				break;
			}
	t_case("a piece of no octets is not NULL, and two of them differ");
	t_ok(arena_alloc(&a, 0) != NULL);
	t_ok(arena_alloc(&a, 0) != arena_alloc(&a, 0));
	t_case("a piece larger than a block is whole");
	uint8_t *large = arena_alloc(&a, 1000000);
	t_ok(all_zero(large, 1000000));
	memset(large, 1, 1000000);
	t_case("memory that is used again after a reset is zero again");
	arena_reset(&a);
	t_ok(all_zero(arena_alloc(&a, 10000), 10000));
	t_ok(all_zero(arena_array(&a, 10, 100), 1000));
	t_case("a piece larger than any block that was kept is whole");
	large = arena_alloc(&a, 2000000);
	t_ok(all_zero(large, 2000000));
	memset(large, 1, 2000000);
	arena_release(&a);
	t_case("a released arena can be used again");
	t_ok(arena_alloc(&a, 1) != NULL);
	arena_release(&a);
	arena_release(&a);
}

static void check_text(void)
{
	struct arena a = ARENA_INIT;

	t_case("copies end in a NUL, hold NULs, and NULL stays NULL");
	t_mem(arena_copy(&a, "a\0bc", 3), "a\0b", 4);
	t_str(arena_copy(&a, NULL, 0), "");
	t_str(arena_strdup(&a, "text"), "text");
	t_ok(arena_strdup(&a, NULL) == NULL);
	t_case("formatted text is whole at any length");
	t_str(arena_printf(&a, "%s-%d", "a", 1), "a-1");
	t_int(strlen(arena_printf(&a, "%70000s", "")), 70000);
	arena_release(&a);
}

#define PIECES 8

/* One request: pieces that fill several blocks. */
static void take(struct arena *a, uintptr_t at[PIECES])
{
	for (int i = 0; i < PIECES; i++)
		at[i] = (uintptr_t)arena_alloc(a, 10000);
}

static bool is_in(const uintptr_t *set, uintptr_t p)
{
	for (int i = 0; i < PIECES; i++)
		if (set[i] == p)
			return true;
	return false;
}

static void check_reuse(void)
{
	struct arena a = ARENA_INIT;
	uintptr_t first[PIECES], later[PIECES];

	t_case("after a reset the same request is answered from the same blocks, again and again");
	take(&a, first);
	for (int round = 0; round < 5; round++) {
		arena_reset(&a);
		take(&a, later);
		for (int i = 0; i < PIECES; i++)
			t_ok(is_in(first, later[i]));
	}
	arena_release(&a);
}

static void check_giving_back(void)
{
	struct arena a = ARENA_INIT;
	size_t before = heap_in_use();

	t_case("a reset gives back what one request took beyond ARENA_KEEP");
	arena_alloc(&a, 100);
	arena_alloc(&a, ARENA_KEEP * 4);
	for (int i = 0; i < 100; i++)
		arena_alloc(&a, 10000);
	t_ok(heap_in_use() - before > ARENA_KEEP * 4 + 1000000);
	arena_reset(&a);
	t_ok(heap_in_use() - before <= ARENA_KEEP + 4096);
	t_case("a release gives everything back");
	arena_release(&a);
	t_int(heap_in_use(), before);
}

/* Runs a call that must end the process. */
static void check_dies(void (*call)(void), const char *id)
{
	int status;

	capture_start();
	pid_t child = fork();
	if (child == 0) {
		call();
		_exit(0);
	}
	t_ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	t_ok(strstr(capture_end(), id) != NULL);
}

static void too_large(void)
{
	struct arena a = ARENA_INIT;
	arena_alloc(&a, SIZE_MAX - 5);
}

static void array_overflow(void)
{
	struct arena a = ARENA_INIT;
	arena_array(&a, SIZE_MAX / 2, 3);
}

static void check_grow(void)
{
	struct arena a = ARENA_INIT;
	int *list = NULL;

	t_case("an array that grows keeps its members and has room for one more");
	for (int i = 0; i < 1000; i++) {
		list = arena_grow(&a, list, (size_t)i, sizeof *list);
		list[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		t_int(list[i], i);
	arena_release(&a);
}

int main(void)
{
	check_alloc();
	check_grow();
	check_text();
	check_reuse();
	check_giving_back();
	t_case("a piece that cannot be had ends the process with status 1");
	check_dies(too_large, "error ARENA-02 ");
	t_case("an array whose size overflows ends the process with status 1");
	check_dies(array_overflow, "error ARENA-03 ");
	return t_end();
}
