/*
 * What bringing requests to a push service costs without everything else: lib/transport.h with one
 * body for all.
 *
 *   carrier CA_FILE HOST:PORT CONNECT_TO REQUESTS BODY_LENGTH
 *
 * Distinct paths of 145 octets, a header as long as a VAPID token's. Prints one line of JSON:
 * {"requests","accepted","failed","cpu_us","wall_us","connections","calls"}; processor time is that
 * of the process from the first request to the last answer. System calls between the same two
 * moments are counted without a tracer, which would change what it counts: reads and writes by
 * /proc/self/io, waiting by wrappers around epoll's two calls (the linker's --wrap). -1 where the
 * kernel does not count.
 */
#include "base.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "clock.h"
#include "endpoint.h"
#include "log.h"
#include "transport.h"

#define PARALLEL 1024
#define PATH_LEN 145

struct shot {
	struct push_request request;
	char path[PATH_LEN + 1];
	struct shot *next; /* free */
};

static struct shot shots[PARALLEL], *idle;
static uint64_t accepted, failed;
static long long epoll_calls;
static char authorization[348];

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __real_epoll_ctl(int fd, int operation, int target, struct epoll_event *event);
int __wrap_epoll_ctl(int fd, int operation, int target, struct epoll_event *event);

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	epoll_calls++;
	return __real_epoll_wait(fd, events, max, timeout);
}

int __wrap_epoll_ctl(int fd, int operation, int target, struct epoll_event *event)
{
	epoll_calls++;
	return __real_epoll_ctl(fd, operation, target, event);
}

static long long calls_so_far(void)
{
	char text[512], *reads, *writes;
	FILE *file = fopen("/proc/self/io", "r");
	size_t n = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);

	if (file != NULL)
		fclose(file);
	text[n] = '\0';
	reads = strstr(text, "syscr: ");
	writes = strstr(text, "syscw: ");
	if (reads == NULL || writes == NULL)
		return -1;
	return strtoll(reads + 7, NULL, 10) + strtoll(writes + 7, NULL, 10) + epoll_calls;
}

static int64_t cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void on_answer(void *user, struct push_request *request, const struct push_answer *answer)
{
	struct shot *shot = request->context;

	(void)user;
	if (answer->status == 201)
		accepted++;
	else
		failed++;
	shot->next = idle;
	idle = shot;
}

static void make_shots(size_t body_len)
{
	static uint8_t body[4096];

	memset(authorization, 'a', sizeof authorization - 1);
	for (size_t i = 0; i < PARALLEL; i++) {
		shots[i].request = (struct push_request){.path = shots[i].path,
		    .authorization = authorization,
		    .topic = "0123456789abcdef0123456789abcdef",
		    .urgency = "high",
		    .ttl_s = 86400,
		    .body = body,
		    .body_len = body_len,
		    .context = &shots[i]};
		shots[i].next = idle;
		idle = &shots[i];
	}
}

static bool submit_one(struct transport_origin *origin, uint64_t number)
{
	struct shot *shot = idle;

	if (shot == NULL)
		return false;
	snprintf(shot->path, sizeof shot->path, "/push/%0139llu", (unsigned long long)number);
	if (transport_submit(origin, &shot->request) != 1)
		return false;
	idle = shot->next;
	return true;
}

static int send_all(struct transport *transport, struct transport_origin *origin, uint64_t n)
{
	static uint64_t number; /* no path is used twice */
	uint64_t sent = 0;

	accepted = failed = 0;
	while (accepted + failed < n) {
		while (sent < n && submit_one(origin, number)) {
			sent++;
			number++;
		}
		if (transport_run(transport, 1000) < 0)
			return -1;
	}
	return 1;
}

static int measure(struct transport *transport, struct transport_origin *origin, uint64_t n)
{
	struct transport_counts counts;
	int64_t cpu, wall;
	long long calls, calls_after;

	if (send_all(transport, origin, 200) < 0) /* the connection stands, the window is open */
		return -1;
	calls = calls_so_far();
	cpu = cpu_us();
	wall = clock_mono_ms();
	if (send_all(transport, origin, n) < 0)
		return -1;
	cpu = cpu_us() - cpu;
	wall = clock_mono_ms() - wall;
	calls_after = calls_so_far();
	transport_count(transport, &counts);
	printf("{\"requests\":%llu,\"accepted\":%llu,\"failed\":%llu,\"cpu_us\":%lld,"
	       "\"wall_us\":%lld,\"connections\":%llu,\"calls\":%lld}\n",
	    (unsigned long long)n, (unsigned long long)accepted, (unsigned long long)failed,
	    (long long)cpu, (long long)wall * 1000, (unsigned long long)counts.connections,
	    calls < 0 ? -1 : calls_after - calls);
	return 1;
}

int main(int argc, char **argv)
{
	struct endpoint_policy *policy;
	struct transport *transport;
	struct transport_origin *origin;
	char host[128];
	int rc;

	log_open("carrier");
	signal(SIGPIPE, SIG_IGN);
	if (argc != 6 || sscanf(argv[2], "%127[^:]", host) != 1)
		log_die(
		    "CARRIER-01", "usage: carrier CA HOST:PORT CONNECT_TO REQUESTS BODY_LENGTH");
	make_shots(strtoul(argv[5], NULL, 10));
	if (endpoint_policy_open(NULL, argv[3], &policy) != 1)
		log_die("CARRIER-02", "%s cannot be read", argv[3]);
	transport =
	    transport_open(&(struct transport_settings){.policy = policy, .ca_file = argv[1]});
	origin = transport_origin_open(transport, host,
	    (uint16_t)strtoul(strchr(argv[2], ':') + 1, NULL, 10), TRANSPORT_H2, on_answer, NULL);
	rc = measure(transport, origin, strtoull(argv[4], NULL, 10));
	transport_origin_close(origin);
	transport_close(transport);
	endpoint_policy_close(policy);
	return rc < 0;
}
