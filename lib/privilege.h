/* privilege.h - nothing of ours serves the public as root.
 *
 * A program that is started by root refuses to run, unless the one who starts it says that this is
 * meant: deploy/run.sh does, for a first look on a fresh machine (environment
 * ATSTATUS_ALLOW_ROOT=1; the sender, whose environment is stripped, gets the argument --allow-root
 * from a program that was permitted itself).
 */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include "base.h"

/* Ends the process with a sentence in the log if it runs as root and neither the argument nor the
 * environment permits it. */
void privilege_refuse_root(bool permitted);

/* True if this process runs as root (and was permitted to). */
bool privilege_is_root(void);

#endif
