/* testpoint.h - places where a test may kill the process, as a power failure would.
 *
 * Only in test builds (-DATSTATUS_TEST).  The environment variable ATSTATUS_TESTPOINT = NAME[:n]
 * ends the process by SIGKILL at the n-th passage of testpoint("NAME"), the first where n is left
 * out. ATSTATUS_TESTPOINT = NAME=id does it at every passage of testpoint_id("NAME", id).
 */
#ifndef TESTPOINT_H
#define TESTPOINT_H

#include "base.h"

#ifdef ATSTATUS_TEST
void testpoint(const char *name);
void testpoint_id(const char *name, int64_t id);
#else
static inline void testpoint(const char *name)
{
	(void)name;
}

static inline void testpoint_id(const char *name, int64_t id)
{
	(void)name;
	(void)id;
}
#endif

#endif
