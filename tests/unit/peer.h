/* peer.h - starts tests/unit/peer.mjs (push services that misbehave on demand) and keeps its ports.
 *
 *     peer_start();  peer_port("normal")  peer_ca  peer_stop();
 *
 * The test programs are run from the repository's root.  The peer ends with its standard input, so
 * it never outlives the test.
 */
#ifndef PEER_H
#define PEER_H

#include "base.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static char peer_ca[256];
static char peer_dir[] = "/tmp/atstatus-peer-XXXXXX";
static pid_t peer_pid;
static int peer_input = -1;
static struct {
	char name[32];
	unsigned port;
} peer_ports[32];

static inline void peer_fail(const char *what)
{
	printf("FAILED: the test peer did not start: %s\n0 passed, 1 failed\n", what);
	exit(1);
}

static inline void peer_spawn(int in, int out)
{
	char node[] = "node", script[] = "tests/unit/peer.mjs";
	char *argv[] = {node, script, peer_dir, NULL};
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (posix_spawnp(&peer_pid, node, &actions, NULL, argv, environ) != 0)
		peer_fail("node cannot be started");
	posix_spawn_file_actions_destroy(&actions);
}

static inline void peer_start(void)
{
	int in[2], out[2];
	char line[300];
	size_t n = 0;
	FILE *lines;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mkdtemp(peer_dir) == NULL || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		peer_fail("pipes");
	peer_spawn(in[0], out[1]);
	close(in[0]);
	close(out[1]);
	peer_input = in[1];
	lines = fdopen(out[0], "r");
	while (fgets(line, sizeof(line), lines) != NULL && strcmp(line, "ready\n") != 0)
		if (sscanf(line, "ca %255s", peer_ca) != 1 && n < nelem(peer_ports) &&
		    sscanf(line, "%31s %u", peer_ports[n].name, &peer_ports[n].port) == 2)
			n++;
	if (n == 0 || peer_ca[0] == '\0')
		peer_fail("no ports");
	fclose(lines);
}

static inline uint16_t peer_port(const char *name)
{
	for (size_t i = 0; i < nelem(peer_ports); i++)
		if (strcmp(peer_ports[i].name, name) == 0)
			return (uint16_t)peer_ports[i].port;
	peer_fail(name);
	return 0;
}

static inline void peer_stop(void)
{
	char rm[] = "rm", rf[] = "-rf";
	char *argv[] = {rm, rf, peer_dir, NULL};
	pid_t pid;

	close(peer_input);
	waitpid(peer_pid, NULL, 0);
	if (posix_spawnp(&pid, rm, NULL, NULL, argv, environ) == 0)
		waitpid(pid, NULL, 0);
}

#endif
