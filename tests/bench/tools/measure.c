/*
 * Runs a command and says what it and everything that it started cost.
 *
 *   measure OUT COMMAND [ARG...]
 *
 * OUT becomes one line of JSON when the command has ended:
 * {"code","user_us","system_us","wall_us","memory_kb","switches"}: its exit status (or 128 and the
 * signal), processor time of all its processes (wait4, which adds up what each of them waited for;
 * orphans come to us, for we are their reaper), time from start to end, and the largest resident
 * size that any single one of them ever had. SIGTERM and SIGINT are handed on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile pid_t command;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(125);
}

static void hand_on(int number)
{
	if (command > 0)
		kill(command, number);
}

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long us(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

/* Waits for all; the exit status of the command itself. */
static int wait_all(void)
{
	int code = 0, status;
	pid_t pid;

	while ((pid = wait(&status)) > 0 || errno == EINTR)
		if (pid == command)
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}

static void report(const char *file, int code, long long wall_us)
{
	struct rusage used;
	FILE *out = fopen(file, "w");

	if (!out || getrusage(RUSAGE_CHILDREN, &used))
		die(file);
	fprintf(out,
	    "{\"code\":%d,\"user_us\":%lld,\"system_us\":%lld,\"wall_us\":%lld,\"memory_kb\":%ld,"
	    "\"switches\":%ld}\n",
	    code, us(used.ru_utime), us(used.ru_stime), wall_us, used.ru_maxrss,
	    used.ru_nvcsw + used.ru_nivcsw);
	if (fclose(out))
		die(file);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = hand_on};
	long long began;
	int code;

	if (argc < 3) {
		fprintf(stderr, "usage: measure OUT COMMAND [ARG...]\n");
		return 125;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	began = now_us();
	command = fork();
	if (command < 0)
		die("fork");
	if (command == 0) {
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	code = wait_all();
	report(argv[1], code, now_us() - began);
	return code;
}
