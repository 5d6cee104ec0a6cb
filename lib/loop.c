/* loop.c - one epoll set; see loop.h. */
#include "base.h"
#include "loop.h"

#include "clock.h"
#include "log.h"

#include <sys/epoll.h>

#define BATCH 64 /* ready descriptors taken from the kernel at once */

struct loop_watch {
	struct loop *loop;
	struct loop_watch *next; /* in loop->removed */
	int fd;			 /* -1 = removed */
	unsigned events;
	loop_ready *ready;
	void *user;
};

struct loop {
	int epoll;
	size_t watches;
	bool dispatching;
	struct loop_watch
	    *removed; /* freed when no event of this turn can point to them any more */
	int64_t waited_ms;
	size_t turns;
	struct {
		loop_turn *turn;
		void *user;
	} turn[LOOP_TURNS];
};

struct loop *loop_open(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		log_errno("LOOP-01", "event loop");
		return NULL;
	}
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		log_errno("LOOP-02", "epoll_create1");
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_close(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(loop->watches == 0 && loop->turns == 0);
	close(loop->epoll);
	free(loop);
}

static int control(struct loop_watch *watch, int operation)
{
	struct epoll_event event = {.data.ptr = watch};

	if (watch->events & LOOP_READ)
		event.events |= EPOLLIN;
	if (watch->events & LOOP_WRITE)
		event.events |= EPOLLOUT;
	return epoll_ctl(watch->loop->epoll, operation, watch->fd, &event);
}

struct loop_watch *loop_watch(
    struct loop *loop, int fd, unsigned events, loop_ready *ready, void *user)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));
	if (watch == NULL) {
		log_errno("LOOP-03", "watch");
		return NULL;
	}
	watch->loop = loop;
	watch->fd = fd;
	watch->events = events;
	watch->ready = ready;
	watch->user = user;
	if (control(watch, EPOLL_CTL_ADD) != 0) {
		log_errno("LOOP-04", "cannot watch descriptor %d", fd);
		free(watch);
		return NULL;
	}
	loop->watches++;
	return watch;
}

void loop_change(struct loop_watch *watch, unsigned events)
{
	if (watch->events == events)
		return;
	watch->events = events;
	if (control(watch, EPOLL_CTL_MOD) != 0)
		log_errno("LOOP-05", "cannot change the watch of descriptor %d", watch->fd);
}

void loop_unwatch(struct loop_watch *watch)
{
	struct loop *loop;

	if (watch == NULL)
		return;
	loop = watch->loop;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL) != 0)
		log_errno("LOOP-06", "cannot unwatch descriptor %d", watch->fd);
	loop->watches--;
	if (!loop->dispatching) {
		free(watch);
		return;
	}
	watch->fd = -1;
	watch->next = loop->removed;
	loop->removed = watch;
}

void loop_add_turn(struct loop *loop, loop_turn *turn, void *user)
{
	assert(loop->turns < LOOP_TURNS);
	loop->turn[loop->turns].turn = turn;
	loop->turn[loop->turns].user = user;
	loop->turns++;
}

void loop_remove_turn(struct loop *loop, loop_turn *turn, void *user)
{
	for (size_t i = 0; i < loop->turns; i++) {
		if (loop->turn[i].turn != turn || loop->turn[i].user != user)
			continue;
		loop->turns--;
		memmove(
		    &loop->turn[i], &loop->turn[i + 1], (loop->turns - i) * sizeof(loop->turn[0]));
		return;
	}
}

/* Calls every turn function; the shortest wish wins over timeout_ms. */
static int run_turns(struct loop *loop, int timeout_ms)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < loop->turns; i++) {
		int wish = loop->turn[i].turn(loop->turn[i].user, now);
		if (wish >= 0 && (timeout_ms < 0 || wish < timeout_ms))
			timeout_ms = wish;
	}
	return timeout_ms;
}

static void dispatch(const struct epoll_event *event)
{
	struct loop_watch *watch = event->data.ptr;
	unsigned ready = 0;

	if (event->events & (EPOLLIN | EPOLLRDHUP))
		ready |= LOOP_READ;
	if (event->events & EPOLLOUT)
		ready |= LOOP_WRITE;
	if (event->events & (EPOLLERR | EPOLLHUP))
		ready |= watch->events;
	/* fd is -1 where another callback of this turn has removed it */
	if (watch->fd >= 0)
		watch->ready(watch->user, ready);
}

static void free_removed(struct loop *loop)
{
	while (loop->removed != NULL) {
		struct loop_watch *watch = loop->removed;
		loop->removed = watch->next;
		free(watch);
	}
}

int loop_run(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[BATCH];
	int64_t before;
	int n;

	timeout_ms = run_turns(loop, timeout_ms);
	before = clock_mono_ms();
	n = epoll_wait(loop->epoll, events, BATCH, timeout_ms);
	loop->waited_ms += clock_mono_ms() - before;
	if (n < 0 && errno != EINTR) {
		log_errno("LOOP-07", "epoll_wait");
		return -1;
	}
	loop->dispatching = true;
	for (int i = 0; i < n; i++)
		dispatch(&events[i]);
	loop->dispatching = false;
	free_removed(loop);
	return n > 0 ? 1 : 0;
}

int64_t loop_waited_ms(const struct loop *loop)
{
	return loop->waited_ms;
}
