/* crew.h - the worker processes of a sender: started, woken, restarted, ended.
 *
 * The master opens nothing of SQLite, OpenSSL or the network before it forks, nor afterwards while
 * it may fork again (a worker that crashed is replaced).  A worker learns by its pipe: a byte means
 * new work, the end of the pipe means that the master has ended, however that came about.
 */
#ifndef CREW_H
#define CREW_H

#include "base.h"

struct crew_settings {
	int workers;
	/* In the child, with the reading end of its pipe; its result is the exit status. */
	int (*work)(void *user, int worker, int wake_fd);
	/* In the master, when somebody wrote to wake_fd and before the workers are told: makes
	 * lanes.  1, or -1: to be called again in a second. */
	int (*woken)(void *user);
	void *user;
	int wake_fd; /* the FIFO */
	int stop_fd; /* readable: stop.  Nothing is read from it */
};

/* 1 all workers have ended by themselves; 0 stopped; -1 workers fail again and again (logged). */
int crew_run(const struct crew_settings *settings);

#endif
