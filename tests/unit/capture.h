/* capture.h - what a piece of a test writes to standard error, so that expected log lines are
 * announced and checked instead of cluttering the result.
 *
 *     capture_start();
 *     ... something that must log FILE-05 ...
 *     t_ok(strstr(capture_end(), "FILE-05") != NULL);
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "base.h"

#include <sys/mman.h>

static int capture_saved = -1, capture_file = -1;
static char capture_text[65536];

static inline void capture_start(void)
{
	fflush(stderr);
	capture_saved = dup(STDERR_FILENO);
	capture_file = memfd_create("stderr", MFD_CLOEXEC);
	if (capture_saved < 0 || capture_file < 0 || dup2(capture_file, STDERR_FILENO) < 0)
		abort();
}

/* What was written since capture_start; valid until the next call. */
static inline const char *capture_end(void)
{
	ssize_t n;

	fflush(stderr);
	dup2(capture_saved, STDERR_FILENO);
	n = pread(capture_file, capture_text, sizeof capture_text - 1, 0);
	capture_text[n < 0 ? 0 : n] = '\0';
	close(capture_saved);
	close(capture_file);
	return capture_text;
}

#endif
