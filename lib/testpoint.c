/* testpoint.c - see testpoint.h. */
#include "base.h"
#include "testpoint.h"

#ifdef ATSTATUS_TEST

#include <signal.h>

/* What stands behind the name in the variable: ':', '=', '~' or NUL with its number; NULL if another
 * point is meant. */
static const char *wanted(const char *name)
{
	const char *value = getenv("ATSTATUS_TESTPOINT");
	size_t len = strlen(name);

	if (value == NULL || strncmp(value, name, len) != 0)
		return NULL;
	return value + len;
}

void testpoint(const char *name)
{
	static long passages;
	const char *rest = wanted(name);
	long n;

	if (rest != NULL && *rest == '~')
		usleep((useconds_t)strtol(rest + 1, NULL, 10) * 1000);
	if (rest == NULL || (*rest != '\0' && *rest != ':'))
		return;
	n = *rest == ':' ? strtol(rest + 1, NULL, 10) : 1;
	if (++passages >= n)
		raise(SIGKILL);
}

void testpoint_id(const char *name, int64_t id)
{
	const char *rest = wanted(name);

	if (rest != NULL && *rest == '=' && strtoll(rest + 1, NULL, 10) == id)
		raise(SIGKILL);
}

#else
typedef int testpoint_nothing; /* a file must not be empty */
#endif
