#include "base.h"
#include "t.h"

#include "clock.h"
#include "loop.h"

#include <sys/socket.h>

struct side {
	int fd, peer;
	int calls;
	unsigned events;
	struct loop_watch *watch;
	struct side *victim;
};

static void on_ready(void *user, unsigned events)
{
	struct side *side = user;

	side->calls++;
	side->events = events;
	if (side->victim != NULL) {
		loop_unwatch(side->victim->watch);
		side->victim->watch = NULL;
		side->victim->victim = NULL;
	}
}

static void open_side(struct loop *loop, struct side *side, unsigned events)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	*side = (struct side){.fd = fds[0], .peer = fds[1]};
	side->watch = loop_watch(loop, fds[0], events, on_ready, side);
}

static void close_side(struct side *side)
{
	loop_unwatch(side->watch);
	close(side->fd);
	close(side->peer);
}

static void say(const struct side *side)
{
	if (write(side->peer, "x", 1) != 1)
		abort();
}

static int wish;
static int turns;

static int on_turn(void *user, int64_t now_ms)
{
	(void)user;
	t_ok(now_ms > 0);
	turns++;
	return wish;
}

int main(void)
{
	struct loop *loop = loop_open();
	struct side a, b;
	int64_t began;

	t_case("a descriptor that can be read is told to its owner, as long as it can");
	open_side(loop, &a, LOOP_READ);
	t_int(loop_run(loop, 0), 0);
	say(&a);
	t_int(loop_run(loop, 1000), 1);
	t_int(loop_run(loop, 1000), 1);
	t_int(a.calls, 2);
	t_int(a.events, LOOP_READ);

	t_case("what is watched for can be changed");
	loop_change(a.watch, LOOP_WRITE);
	t_int(loop_run(loop, 1000), 1);
	t_int(a.events, LOOP_WRITE);
	loop_change(a.watch, 0);
	t_int(loop_run(loop, 0), 0);
	t_int(a.calls, 3);
	close_side(&a);

	t_case("a hang-up wakes who waits to read");
	open_side(loop, &a, LOOP_READ);
	shutdown(a.peer, SHUT_RDWR);
	t_int(loop_run(loop, 1000), 1);
	t_ok(a.events & LOOP_READ);
	close_side(&a);

	t_case("who is removed by another callback of the same turn is not called");
	open_side(loop, &a, LOOP_READ);
	open_side(loop, &b, LOOP_READ);
	a.victim = &b;
	b.victim = &a;
	say(&a);
	say(&b);
	t_int(loop_run(loop, 1000), 1);
	t_int(a.calls + b.calls, 1);
	close_side(&a);
	close_side(&b);

	t_case("the shortest wish of the turn functions limits the wait, and waiting is counted");
	loop_add_turn(loop, on_turn, NULL);
	wish = 30;
	began = clock_mono_ms();
	t_int(loop_run(loop, 5000), 0);
	t_ok(clock_mono_ms() - began >= 25 && clock_mono_ms() - began < 1000);
	t_ok(loop_waited_ms(loop) >= 25);
	wish = -1;
	began = clock_mono_ms();
	t_int(loop_run(loop, 30), 0);
	t_ok(clock_mono_ms() - began >= 25);
	t_int(turns, 2);
	loop_remove_turn(loop, on_turn, NULL);
	t_int(loop_run(loop, 0), 0);
	t_int(turns, 2);
	loop_close(loop);
	return t_end();
}
