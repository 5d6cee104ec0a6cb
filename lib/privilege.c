/* privilege.c - see privilege.h. */
#include "base.h"
#include "privilege.h"

#include "log.h"

bool privilege_is_root(void)
{
	return geteuid() == 0 || getuid() == 0;
}

void privilege_refuse_root(bool permitted)
{
	const char *allowed = getenv("ATSTATUS_ALLOW_ROOT");

	if (!privilege_is_root() || permitted || (allowed != NULL && strcmp(allowed, "1") == 0))
		return;
	log_die("PRIVILEGE-01",
	    "this program does not run as root; start it as the owner of STATE_DIR");
}
