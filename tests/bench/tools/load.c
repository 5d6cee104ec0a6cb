/*
 * Asks a web server for one thing again and again, over kept connections, and says how quick it was.
 *
 *   load PORT CLIENTS SECONDS RATE PATH [HEADER_FILE BODY_FILE]
 *
 * RATE 0: each client asks again as soon as it is answered. Else so many requests a second in all, and
 * the time of each counts from when it was due, also where no client was free by then. With BODY_FILE
 * (a body a line, each used once, in order) it POSTs and ends early when they are used up; HEADER_FILE
 * holds further header lines. One thread, loopback, HTTP/1.1 with Content-Length. One line of JSON:
 * {"requests","failed","seconds","rate","p50_ms","p99_ms","most_ms","status"}; failed: no answer, or
 * a status other than 200 and 201; status: the last such one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 256 * 1024, REQUEST_SIZE = 16384, CLIENTS_MAX = 1024 };

struct client {
	int fd; /* -1 = not connected */
	bool is_busy;
	uint64_t since_us;
	size_t head_length; /* 0 = not whole yet */
	size_t body_left;
	size_t length;
	char head[8192];
};

static struct client clients[CLIENTS_MAX];
static unsigned count;
static uint16_t port;
static int epoll_fd;
static const char *path;
static char *headers = NULL, *bodies = NULL;
static uint32_t *times_us;
static size_t times_used, times_size;
static uint64_t started, failed;
static int bad_status;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static char *read_file(const char *name)
{
	FILE *file = fopen(name, "r");
	char *text;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		die(name);
	rewind(file);
	text = calloc((size_t)size + 1, 1);
	if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
		die(name);
	fclose(file);
	return text;
}

static void add_time(uint64_t us)
{
	if (times_used == times_size) {
		times_size = times_size ? times_size * 2 : 1 << 16;
		times_us = realloc(times_us, times_size * sizeof *times_us);
		if (!times_us)
			die("memory");
	}
	times_us[times_used++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void client_connect(struct client *c)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event))
		die("epoll_ctl");
}

static void client_close(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

/* The request as text; 0 = no body is left. */
static size_t make_request(char out[REQUEST_SIZE])
{
	char *end;
	int n;

	if (!bodies)
		n = snprintf(out, REQUEST_SIZE, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\n%s\r\n",
		    path, port, headers ? headers : "");
	else if ((end = strchr(bodies, '\n')) != NULL) {
		n = snprintf(out, REQUEST_SIZE,
		    "POST %s HTTP/1.1\r\nHost: localhost:%u\r\n%sContent-Length: %zu\r\n\r\n%.*s",
		    path, port, headers, (size_t)(end - bodies), (int)(end - bodies), bodies);
		bodies = end + 1;
	} else
		return 0;
	return n < REQUEST_SIZE ? (size_t)n : 0;
}

static bool client_ask(struct client *c, uint64_t since_us)
{
	char request[REQUEST_SIZE];
	size_t length = make_request(request);

	if (length == 0)
		return false;
	if (c->fd < 0)
		client_connect(c);
	c->is_busy = true;
	c->since_us = since_us;
	c->head_length = c->length = 0;
	started++;
	if (send(c->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
		die("send");
	return true;
}

static void client_end(struct client *c, int status)
{
	add_time(now_us() - c->since_us);
	if (status != 200 && status != 201) {
		failed++;
		bad_status = status;
	}
	c->is_busy = false;
}

/* Looks for the end of the head; false: too long. */
static bool client_take_head(struct client *c)
{
	char *end, *field;

	c->head[c->length] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return c->length + 1 < sizeof c->head;
	c->head_length = (size_t)(end + 4 - c->head);
	field = strcasestr(c->head, "\r\ncontent-length:");
	c->body_left = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
	c->length -= c->head_length; /* of the body */
	return true;
}

static bool client_is_over(const struct client *c)
{
	const char *field = strcasestr(c->head, "\r\nconnection:");

	return field && field < c->head + c->head_length &&
	       strncasecmp(field + 13, " close", 6) == 0;
}

static void client_read(struct client *c)
{
	static char rest[ANSWER_SIZE];
	ssize_t n;

	if (c->head_length == 0) {
		n = recv(c->fd, c->head + c->length, sizeof c->head - 1 - c->length, 0);
		c->length += n > 0 ? (size_t)n : 0;
		if (n > 0 && !client_take_head(c))
			n = -1;
	} else {
		n = recv(c->fd, rest, sizeof rest, 0);
		c->length += n > 0 ? (size_t)n : 0;
	}
	if (n <= 0) {
		if (c->is_busy)
			client_end(c, 0);
		client_close(c);
	} else if (c->head_length > 0 && c->length >= c->body_left && c->is_busy) {
		client_end(c, (int)strtol(c->head + 9, NULL, 10));
		if (client_is_over(c))
			client_close(c);
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double part_ms(double part)
{
	size_t at = (size_t)(part * (double)(times_used - 1));

	return times_used == 0 ? 0 : times_us[at] / 1000.0;
}

static void report(double seconds)
{
	qsort(times_us, times_used, sizeof *times_us, compare);
	printf("{\"requests\":%zu,\"failed\":%llu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,"
	       "\"p99_ms\":%.3f,\"most_ms\":%.3f,\"status\":%d}\n",
	    times_used, (unsigned long long)failed, seconds, (double)times_used / seconds,
	    part_ms(0.5), part_ms(0.99), part_ms(1), bad_status);
}

/* Lets free clients ask; false when nothing is left to ask. */
static bool ask_all(uint64_t began, double rate, uint64_t end)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t now = now_us();
		uint64_t due = rate > 0 ? began + (uint64_t)((double)started * 1e6 / rate) : now;

		if (clients[i].is_busy || due > now)
			continue;
		if (now >= end || !client_ask(&clients[i], due))
			return false;
	}
	return now_us() < end;
}

static bool is_any_busy(void)
{
	for (unsigned i = 0; i < count; i++)
		if (clients[i].is_busy)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	uint64_t began, end;
	bool goes_on = true;
	double rate;

	if (argc != 6 && argc != 8) {
		fprintf(stderr, "usage: load PORT CLIENTS SECONDS RATE PATH [HEADERS BODIES]\n");
		return 2;
	}
	port = (uint16_t)atoi(argv[1]);
	count = (unsigned)atoi(argv[2]);
	rate = atof(argv[4]);
	path = argv[5];
	if (count < 1 || count > CLIENTS_MAX)
		return 2;
	if (argc == 8) {
		headers = read_file(argv[6]);
		bodies = read_file(argv[7]);
	}
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < count; i++)
		client_connect(&clients[i]);
	began = now_us();
	end = began + (uint64_t)(atof(argv[3]) * 1e6);
	while (goes_on || is_any_busy()) {
		goes_on = goes_on && ask_all(began, rate, end);
		int n = epoll_wait(epoll_fd, events, 64, goes_on && rate > 0 ? 1 : 100);
		for (int i = 0; i < n; i++)
			client_read(events[i].data.ptr);
		if (now_us() > end + 30000000)
			break;
	}
	for (unsigned i = 0; i < count; i++)
		failed += clients[i].is_busy;
	report((double)(now_us() - began) / 1e6);
	return 0;
}
