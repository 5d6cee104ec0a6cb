/* spawn.h - starts the sender, clean.
 *
 * posix_spawn of push-sender with: its own session, /dev/null on 0 and 1, the sender's log on 2,
 * every other descriptor closed, default signals, and no environment but PATH, ENV_FILE and the
 * keys of the configuration that are set (conf_environment).  No code of ours runs between fork and
 * exec.
 *
 * Why so strict: in a FastCGI program descriptor 0 is the listening socket.  A child that keeps it
 * makes the web server believe the program lives after it died, and the site hangs.
 *
 * The sender finds out by itself whether there is something to do and whether another one is at
 * work already, so starting it is always right and never needed for correctness: a timer does it
 * every minute.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "base.h"

struct conf;

/* Starts a sender; to be called when the reply has left.  1 started, -1 not (logged).  The program
 * is push-sender in ../libexec beside this program's own folder, or the file named by the
 * environment variable ATSTATUS_SENDER. */
int spawn_sender(const struct conf *conf);

/* Collects senders that have ended; to be called once per request. */
void spawn_reap(void);

#endif
