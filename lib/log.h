/* log.h - one line per fact, to standard error.
 *
 * A line is:  2026-11-23T16:43:30.123Z push-sender[812] error LANE-03 origin 4: connection refused
 * Whoever sees the errno (or the error of a library) logs it, once, with an id that is unique in
 * the tree; callers then only decide what to do.  Bytes that could forge a line (control
 * characters, DEL, C1, bytes that are no UTF-8) are written as \xNN, so a value from the network
 * can never start a line of its own.
 *
 * Never log: whole endpoints, keys, cookies, tokens, bodies.  An endpoint is shown by its origin
 * alone.
 *
 * Nothing here fails or changes errno.
 */
#ifndef LOG_H
#define LOG_H

#include "base.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL__MAX };

/* Names the program for all later lines.  The string is kept, not copied. */
void log_open(const char *program);

/* Something broke: the action that was asked for did not happen. */
void log_error(const char *id, const char *fmt, ...) attr_printf(2, 3);

/* Like log_error, and appends what errno says. */
void log_errno(const char *id, const char *fmt, ...) attr_printf(2, 3);

/* Something an operator should look at, though the action happened. */
void log_warn(const char *id, const char *fmt, ...) attr_printf(2, 3);

/* A milestone: start, stop, progress. */
void log_info(const char *id, const char *fmt, ...) attr_printf(2, 3);

/* Logs and ends the process with status 1.  Only for start-up and for memory that ran out: while a
 * request is being answered nothing dies. */
void log_die(const char *id, const char *fmt, ...) attr_printf(2, 3) attr_noreturn;

#endif
