/* test_buf.c - growing strings. */
#include "base.h"
#include "buf.h"

#include <sys/wait.h>

#include "arena.h"
#include "capture.h"
#include "t.h"

static void check_adding(void)
{
	struct buf b = BUF_INIT;

	t_case("a new string is empty, ends in NUL and holds no memory");
	t_str(b.data, "");
	t_int(b.len, 0);
	t_int(b.cap, 0);
	t_case("adding nothing takes no memory");
	buf_add(&b, NULL, 0);
	buf_add_str(&b, "");
	t_int(b.cap, 0);
	t_case("what is added stands there in order, NUL octets too, and a NUL follows");
	buf_add_str(&b, "ab");
	buf_add_char(&b, 'c');
	buf_add(&b, "d\0e", 3);
	buf_printf(&b, "%d-%s", 42, "x");
	t_int(b.len, 10);
	t_mem(b.data, "abcd\0e42-x", 11);
	t_case(
	    "clearing keeps the memory, releasing gives it back, and both leave a usable string");
	size_t cap = b.cap;
	buf_clear(&b);
	t_str(b.data, "");
	t_int(b.len, 0);
	t_int(b.cap, cap);
	buf_release(&b);
	t_int(b.cap, 0);
	t_str(b.data, "");
	buf_clear(&b);
	buf_add_str(&b, "again");
	t_str(b.data, "again");
	buf_release(&b);
	buf_release(&b);
	t_str(buf_empty, "");
}

static void check_growing(void)
{
	struct buf b = BUF_INIT;

	t_case("a string of a hundred thousand octets, added one by one, is whole");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&b, (char)('a' + i % 26));
	t_int(b.len, 100000);
	bool same = true;
	for (int i = 0; i < 100000; i++)
		same = same && b.data[i] == (char)('a' + i % 26);
	t_ok(same);
	t_int(strlen(b.data), 100000);
	buf_release(&b);
	t_case("formatted text longer than the room at hand is whole");
	buf_add_str(&b, "<");
	buf_printf(&b, "%500s>", "x");
	t_int(b.len, 502);
	t_int(b.data[500], 'x');
	t_str(b.data + 501, ">");
	t_case("after growing, adding that much moves nothing");
	buf_clear(&b);
	buf_grow(&b, 5000);
	char *where = b.data;
	for (int i = 0; i < 5000; i++)
		buf_add_char(&b, 'y');
	t_ok(b.data == where);
	t_str(b.data + 4999, "y");
	buf_release(&b);
}

static void check_arena(void)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;

	t_case("a copy in an arena outlives the string");
	buf_add(&b, "a\0b", 3);
	char *copy = buf_arena(&b, &a);
	buf_release(&b);
	t_mem(copy, "a\0b", 4);
	t_str(buf_arena(&b, &a), "");
	arena_release(&a);
}

static void check_too_large(void)
{
	int status;

	t_case("a string that cannot be had ends the process with status 1");
	capture_start();
	pid_t child = fork();
	if (child == 0) {
		struct buf b = BUF_INIT;
		buf_grow(&b, SIZE_MAX / 2);
		_exit(0);
	}
	t_ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	t_ok(strstr(capture_end(), "error BUF-01 ") != NULL);
}

int main(void)
{
	check_adding();
	check_growing();
	check_arena();
	check_too_large();
	return t_end();
}
