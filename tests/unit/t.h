/* t.h - what a unit program needs: named checks, expected log lines, a result.
 *
 * A test program calls t_case("sentence that is proved") and then checks; t_end() prints
 * "N passed, N failed" (a case passes if all its checks hold) and gives the exit status.
 */
#ifndef T_H
#define T_H

#include "base.h"

static int t_passed, t_failed, t_bad;
static const char *t_name;

static inline void t_close(void)
{
	if (t_name == NULL)
		return;
	if (t_bad == 0) {
		t_passed++;
	} else {
		t_failed++;
		printf("FAILED: %s\n", t_name);
	}
	t_name = NULL;
	t_bad = 0;
}

/* Starts the case that proves this sentence. */
static inline void t_case(const char *sentence)
{
	t_close();
	t_name = sentence;
}

static inline void t_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	t_bad++;
	printf("%s:%d: not so: %s\n", file, line, what);
}

#define t_ok(cond) t_check((cond), #cond, __FILE__, __LINE__)

static inline void t_check_str(const char *got, const char *want, const char *file, int line)
{
	if (got != NULL && strcmp(got, want) == 0)
		return;
	t_bad++;
	printf(
	    "%s:%d: got \"%s\", wanted \"%s\"\n", file, line, got == NULL ? "(null)" : got, want);
}

#define t_str(got, want) t_check_str((got), (want), __FILE__, __LINE__)

static inline void t_check_int(int64_t got, int64_t want, const char *file, int line)
{
	if (got == want)
		return;
	t_bad++;
	printf("%s:%d: got %" PRId64 ", wanted %" PRId64 "\n", file, line, got, want);
}

#define t_int(got, want) t_check_int((int64_t)(got), (int64_t)(want), __FILE__, __LINE__)

#define t_mem(got, want, len) t_check(memcmp((got), (want), (len)) == 0, #got, __FILE__, __LINE__)

static inline int t_end(void)
{
	t_close();
	printf("%d passed, %d failed\n", t_passed, t_failed);
	return t_failed == 0 && t_passed > 0 ? 0 : 1;
}

#endif
