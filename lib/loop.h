/* loop.h - one epoll set: what a single-threaded program waits for.
 *
 * Two kinds of visitors:
 *   a watch    a descriptor and what to call when it is ready (level-triggered);
 *   a turn     a function that is called before every wait: it does its deferred work and says when
 *              it wants to be called again.
 * loop_run makes one turn: all turn functions, one wait, the ready watches.  A watch may be changed
 * or removed from inside any callback, also from another's; a removed one is never called again.
 *
 * Descriptors stay their owner's.  After a fork the child must open its own loop.
 */
#ifndef LOOP_H
#define LOOP_H

#include "base.h"

struct loop;
struct loop_watch;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* events: what is ready, of LOOP_READ and LOOP_WRITE; an error or a hang-up sets those that were
 * asked for, so that the next read or write meets it. */
typedef void loop_ready(void *user, unsigned events);

/* Returns in how many milliseconds it wants its next turn: 0 at once, -1 only with others. */
typedef int loop_turn(void *user, int64_t now_ms);

/* NULL is broken and logged. */
struct loop *loop_open(void);

/* All watches must be gone. */
void loop_close(struct loop *loop);

/* events may be 0 (nothing yet).  NULL is broken and logged. */
struct loop_watch *loop_watch(
    struct loop *loop, int fd, unsigned events, loop_ready *ready, void *user);
void loop_change(struct loop_watch *watch, unsigned events);

/* Call it before closing the descriptor.  NULL is allowed. */
void loop_unwatch(struct loop_watch *watch);

/* At most LOOP_TURNS functions; they stay until loop_remove_turn. */
#define LOOP_TURNS 8
void loop_add_turn(struct loop *loop, loop_turn *turn, void *user);
void loop_remove_turn(struct loop *loop, loop_turn *turn, void *user);

/* One turn that waits at most timeout_ms (-1: no limit).  1, or 0 if nothing happened in that time
 * or a signal ended the wait, -1 broken and logged. */
int loop_run(struct loop *loop, int timeout_ms);

/* Milliseconds spent waiting since loop_open: who had to wait was not limited by its own work. */
int64_t loop_waited_ms(const struct loop *loop);

#endif
