/* base.h - the first include of every source file.
 *
 * Standard headers that everybody needs, three small macros, and the list of calls that this
 * project does not use: each of them either writes without knowing the size of its target, hides
 * errors, or keeps its result in a static buffer.  Using one is a compile error.
 *
 * Instead: buf.h for building strings, text.h for parsing numbers, clock.h for time, spawn.h for
 * programs.
 */
#ifndef BASE_H
#define BASE_H

#include <assert.h>
#include <stdalign.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

#define attr_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define attr_noreturn	       __attribute__((noreturn))
#define attr_nodiscard	       __attribute__((warn_unused_result))

/* some headers define these as macros, and a macro cannot be poisoned */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll
#pragma GCC poison gmtime localtime asctime ctime mktemp tmpnam system popen

#endif
