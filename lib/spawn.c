/* spawn.c - see spawn.h. */
#include "base.h"
#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "conf.h"
#include "file.h"
#include "log.h"
#include "privilege.h"

/* A log that grew past this is renamed to .1 before a new sender begins. */
#define LOG_MAX_BYTES ((off_t)4 * 1024 * 1024)

static void rotate_log(const char *path)
{
	struct stat st;
	char old[FILE_PATH_MAX + 3];

	if (stat(path, &st) != 0 || st.st_size < LOG_MAX_BYTES)
		return;
	snprintf(old, sizeof old, "%s.1", path);
	if (rename(path, old) != 0)
		log_errno("SPAWN-01", "renaming %s", path);
}

/* ../libexec/push-sender, seen from the folder of the running program. */
static bool find_sender(char *out, size_t cap)
{
	char self[FILE_PATH_MAX];
	const char *given = getenv("ATSTATUS_SENDER");
	ssize_t n;

	if (given != NULL && *given == '/') {
		snprintf(out, cap, "%s", given);
		return true;
	}
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0) {
		log_errno("SPAWN-02", "finding this program");
		return false;
	}
	self[n] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(self, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	file_join(out, cap, self, "libexec/push-sender");
	return true;
}

static int set_descriptors(posix_spawn_file_actions_t *fa, const char *log)
{
	int rc = posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(fa, 1, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
		    fa, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(fa, 3);
	return rc;
}

static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setflags(
	    attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	return rc;
}

int spawn_sender(const struct conf *conf)
{
	char program[FILE_PATH_MAX], log[FILE_PATH_MAX];
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid;
	int rc;

	if (!find_sender(program, sizeof program))
		return -1;
	conf_path_sender_log(conf, log, sizeof log);
	rotate_log(log);
	char allow[] = "--allow-root";
	char *argv[] = {program, privilege_is_root() ? allow : NULL, NULL};
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	rc = set_descriptors(&fa, log);
	if (rc == 0)
		rc = set_attributes(&attr);
	if (rc == 0)
		rc = posix_spawn(&pid, program, &fa, &attr, argv, conf_environment(conf));
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	if (rc == 0)
		return 1;
	errno = rc;
	log_errno("SPAWN-03", "starting %s", program);
	return -1;
}

void spawn_reap(void)
{
	int saved = errno;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = saved;
}
