/* crew.c - see crew.h. */
#include "base.h"
#include "crew.h"

#include "clock.h"
#include "log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CREW_MAX       256
#define LIFE_SHORT_MS  (10 * CLOCK_SECOND)
#define FAILURES_MAX   20 /* short lives in a row */
#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS  (5 * CLOCK_SECOND)
#define STOP_MS	       (int64_t)9500 /* from being told to being killed */
#define WAKE_AGAIN_MS  CLOCK_SECOND

struct member {
	pid_t pid;			/* 0 = not running */
	int pidfd, pipe;		/* -1 = none; pipe: the writing end */
	int64_t started_at, restart_at; /* monotonic; restart_at 0 = not wanted */
	unsigned failures;		/* short lives in a row */
};

struct crew {
	const struct crew_settings *settings;
	struct member members[CREW_MAX];
	int n;
	bool stopping, hopeless;
	int64_t stop_at, wake_at; /* monotonic; wake_at 0 = nothing to tell the workers */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ------------------------------------------------------------------ starting */

/* A child must not hold the pipes of its siblings open: they would never see the master's end. */
static void run_child(struct crew *c, int worker, int pipe_ends[2])
{
	int rc;

	for (int i = 0; i < c->n; i++) {
		close_fd(&c->members[i].pipe);
		close_fd(&c->members[i].pidfd);
	}
	close(pipe_ends[1]);
	close(c->settings->wake_fd);
	rc = c->settings->work(c->settings->user, worker, pipe_ends[0]);
	fflush(NULL);
	_exit(rc);
}

static int start(struct crew *c, int worker)
{
	struct member *m = &c->members[worker];
	int ends[2];

	m->restart_at = 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		log_errno("CREW-01", "pipe for worker %d", worker);
		return -1;
	}
	m->pid = fork();
	if (m->pid == 0)
		run_child(c, worker, ends);
	close(ends[0]);
	if (m->pid < 0) {
		log_errno("CREW-02", "fork of worker %d", worker);
		close(ends[1]);
		m->pid = 0;
		return -1;
	}
	m->pipe = ends[1];
	m->pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
	m->started_at = clock_mono_ms();
	if (m->pidfd < 0) {
		log_errno("CREW-03", "pidfd of worker %d", worker);
		return -1;
	}
	return 1;
}

static void start_or_fail(struct crew *c, int worker)
{
	if (start(c, worker) < 0)
		c->hopeless = true;
}

/* ------------------------------------------------------------------ ending */

static void plan_restart(struct crew *c, int worker)
{
	struct member *m = &c->members[worker];
	int64_t now = clock_mono_ms(), pause = PAUSE_FIRST_MS;

	m->failures = now - m->started_at < LIFE_SHORT_MS ? m->failures + 1 : 1;
	for (unsigned i = 1; i < m->failures && pause < PAUSE_MOST_MS; i++)
		pause *= 2;
	m->restart_at = now + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
	if (m->failures >= FAILURES_MAX) {
		log_error("CREW-04", "worker %d has failed %u times in a row: giving up", worker,
		    m->failures);
		c->hopeless = true;
	}
}

static void reap(struct crew *c, int worker)
{
	struct member *m = &c->members[worker];
	int status;

	if (waitpid(m->pid, &status, WNOHANG) != m->pid)
		return;
	m->pid = 0;
	close_fd(&m->pidfd);
	close_fd(&m->pipe);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		m->failures = 0;
		return;
	}
	if (WIFSIGNALED(status))
		log_error("CREW-05", "worker %d was ended by signal %d", worker, WTERMSIG(status));
	else
		log_error("CREW-06", "worker %d failed", worker);
	if (!c->stopping)
		plan_restart(c, worker);
}

static void stop(struct crew *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	c->stop_at = clock_mono_ms() + STOP_MS;
	c->wake_at = 0;
	for (int i = 0; i < c->n; i++) {
		close_fd(&c->members[i].pipe);
		c->members[i].restart_at = 0;
	}
}

static void kill_late(struct crew *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->members[i].pid > 0)
			kill(c->members[i].pid, SIGKILL);
}

/* ------------------------------------------------------------------ the loop */

static void wake(struct crew *c)
{
	char bytes[64];

	while (read(c->settings->wake_fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
		continue;
	c->wake_at = 0;
	if (c->settings->woken(c->settings->user) < 0) {
		c->wake_at = clock_mono_ms() + WAKE_AGAIN_MS;
		return;
	}
	for (int i = 0; i < c->n; i++) {
		if (c->members[i].pid == 0 && c->members[i].restart_at == 0)
			start_or_fail(c, i);
		else if (c->members[i].pipe >= 0 && write(c->members[i].pipe, "w", 1) < 0 &&
			 errno != EAGAIN && errno != EPIPE)
			log_errno("CREW-07", "waking worker %d", i);
	}
}

static bool is_alive(const struct crew *c)
{
	for (int i = 0; i < c->n; i++)
		if (c->members[i].pid > 0 || c->members[i].restart_at > 0)
			return true;
	return c->wake_at > 0;
}

static int until_next(const struct crew *c)
{
	int64_t next = c->stopping ? c->stop_at : INT64_MAX, now = clock_mono_ms();

	if (c->wake_at > 0 && c->wake_at < next)
		next = c->wake_at;
	for (int i = 0; i < c->n; i++)
		if (c->members[i].restart_at > 0 && c->members[i].restart_at < next)
			next = c->members[i].restart_at;
	if (next == INT64_MAX)
		return -1;
	return next > now ? (int)(next - now) + 1 : 0;
}

static void do_due(struct crew *c)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < c->n; i++)
		if (c->members[i].restart_at > 0 && c->members[i].restart_at <= now)
			start_or_fail(c, i);
	if (c->wake_at > 0 && c->wake_at <= now)
		wake(c);
	if (c->stopping && now >= c->stop_at)
		kill_late(c);
}

static void wait_and_act(struct crew *c)
{
	struct pollfd fds[CREW_MAX + 2];
	int n = c->n;

	for (int i = 0; i < n; i++)
		fds[i] = (struct pollfd){c->members[i].pidfd, POLLIN, 0};
	fds[n] = (struct pollfd){c->stopping ? -1 : c->settings->wake_fd, POLLIN, 0};
	fds[n + 1] = (struct pollfd){c->stopping ? -1 : c->settings->stop_fd, POLLIN, 0};
	if (poll(fds, (nfds_t)n + 2, until_next(c)) < 0 && errno != EINTR) {
		log_errno("CREW-08", "poll");
		c->hopeless = true;
		return;
	}
	for (int i = 0; i < n; i++)
		if (c->members[i].pid > 0)
			reap(c, i);
	if (fds[n + 1].revents != 0)
		stop(c);
	else if (fds[n].revents != 0)
		wake(c);
	do_due(c);
}

int crew_run(const struct crew_settings *settings)
{
	struct crew c = {.settings = settings, .n = settings->workers};
	bool told;

	if (c.n > CREW_MAX)
		c.n = CREW_MAX;
	for (int i = 0; i < c.n; i++)
		c.members[i].pipe = c.members[i].pidfd = -1;
	for (int i = 0; i < c.n && !c.hopeless; i++)
		start_or_fail(&c, i);
	while (is_alive(&c) && !c.hopeless)
		wait_and_act(&c);
	told = c.stopping;
	for (stop(&c); is_alive(&c);)
		wait_and_act(&c);
	if (c.hopeless)
		return -1;
	return told ? 0 : 1;
}
