/*
 * A push service that only counts: the far end of tests and measurements with very many messages.
 *
 *   sink --cert FILE --key FILE --port N [--delay-ms N] [--max-streams N] [--goaway-after N]
 *        [--fail KIND/N,...] [--http1] [--stamps] [--log FILE]
 *
 * HTTP/2 over TLS on 127.0.0.1 (port 0: a free one; "port N" on stdout tells which), one thread,
 * nothing checked. Each request is read to its end and answered 201, at once or after --delay-ms.
 * The paths of the answered requests are counted; a path stands for a subscription, so `repeated`
 * is the number of subscriptions that were sent to more than once.
 *
 *   --max-streams   SETTINGS_MAX_CONCURRENT_STREAMS, default 100
 *   --goaway-after  a connection is told GOAWAY in its Nth stream; that one and those before it
 *                   are answered, later ones are neither answered nor counted
 *   --fail          some requests fail, and are not counted: sink-fail.h
 *   --http1         senders that offer no HTTP/2 are served HTTP/1.1, without any of the above
 *   --stamps        "at MICROSECONDS" (CLOCK_MONOTONIC) on stdout when a request has come
 *   --log           written at SIGUSR1 and at the end (SIGTERM, SIGINT), whole or not at all;
 *                   without it the lines go to stderr. They are: total, distinct, repeated,
 *                   connections (opened), open, octets (of bodies), and failed-KIND (paths) for
 *                   each rule of --fail, each with its number
 *
 * sink-peer.c speaks with the senders (sink-http1.c: the old way), sink-paths.c counts, sink-fail.c fails; here are options, sockets, signals and
 * the log.
 * Build: cc -O2 -D_GNU_SOURCE sink*.c -lnghttp2 -lssl -lcrypto
 */
#include "sink-fail.h"
#include "sink-paths.h"
#include "sink-peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 64 };

static struct sink_peer_options options = {.epoll_fd = -1, .max_streams = 100};
static const char *log_file;
static uint16_t port;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The log */

static void write_counts(FILE *file)
{
	struct sink_peer_counts counts = sink_peer_counts();

	fprintf(file, "total %" PRIu64 "\ndistinct %zu\nrepeated %zu\n", counts.requests,
	    sink_paths_distinct(), sink_paths_repeated());
	fprintf(file, "connections %" PRIu64 "\nopen %" PRIu64 "\noctets %" PRIu64 "\n",
	    counts.opened, counts.open, counts.octets);
	sink_fail_write(file);
}

static void write_log(void)
{
	char part[4096];
	FILE *file;

	if (!log_file) {
		write_counts(stderr);
		return;
	}
	if (snprintf(part, sizeof part, "%s.part", log_file) >= (int)sizeof part)
		die("log");
	file = fopen(part, "w");
	if (!file)
		die(part);
	write_counts(file);
	if (fclose(file) || rename(part, log_file))
		die(log_file);
}

/* Start and loop */

static uint32_t parse_number(const char *text, uint32_t max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value > max) {
		fprintf(stderr, "sink: \"%s\" is no number up to %u\n", text, max);
		exit(2);
	}
	return (uint32_t)value;
}

static void parse_options(int argc, char **argv)
{
	enum { CERT = 1, KEY, PORT, DELAY, STREAMS, GOAWAY, FAIL, HTTP1, STAMPS, LOG };
	static const struct option names[] = {
	    {"cert", required_argument, NULL, CERT},
	    {"key", required_argument, NULL, KEY},
	    {"port", required_argument, NULL, PORT},
	    {"delay-ms", required_argument, NULL, DELAY},
	    {"max-streams", required_argument, NULL, STREAMS},
	    {"goaway-after", required_argument, NULL, GOAWAY},
	    {"fail", required_argument, NULL, FAIL},
	    {"http1", no_argument, NULL, HTTP1},
	    {"stamps", no_argument, NULL, STAMPS},
	    {"log", required_argument, NULL, LOG},
	    {NULL, 0, NULL, 0},
	};
	int name;

	while ((name = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (name) {
		case CERT:
			options.cert = optarg;
			break;
		case KEY:
			options.key = optarg;
			break;
		case PORT:
			port = (uint16_t)parse_number(optarg, UINT16_MAX);
			break;
		case DELAY:
			options.delay_ms = parse_number(optarg, 3600000);
			break;
		case STREAMS:
			options.max_streams = parse_number(optarg, INT32_MAX);
			break;
		case GOAWAY:
			options.goaway_after = parse_number(optarg, INT32_MAX);
			break;
		case FAIL:
			options.may_fail = sink_fail_parse(optarg);
			if (!options.may_fail) {
				fprintf(stderr, "sink: \"%s\" are no rules\n", optarg);
				exit(2);
			}
			break;
		case HTTP1:
			options.http1 = true;
			break;
		case STAMPS:
			options.stamps = true;
			break;
		case LOG:
			log_file = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (!options.cert || !options.key || optind != argc) {
		fprintf(stderr, "usage: sink --cert FILE --key FILE --port N [--delay-ms N] "
				"[--max-streams N] [--goaway-after N] [--fail KIND/N,...] "
				"[--http1] [--stamps] [--log FILE]\n");
		exit(2);
	}
}

static int open_listener(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		die("listen");
	printf("port %u\n", ntohs(address.sin_port));
	if (fflush(stdout))
		die("stdout");
	return fd;
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		die("sigprocmask");
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

static bool is_end_signal(int fd)
{
	struct signalfd_siginfo signal_info;

	if (read(fd, &signal_info, sizeof signal_info) != (ssize_t)sizeof signal_info)
		return false;
	if (signal_info.ssi_signo != SIGUSR1)
		return true;
	write_log();
	return false;
}

static void accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		sink_peer_accept(fd);
}

static void add_source(int fd, void *tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};

	if (epoll_ctl(options.epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

int main(int argc, char **argv)
{
	static char listener_tag, signal_tag;
	struct epoll_event events[EVENTS_AT_ONCE];
	int listener, signals;

	parse_options(argc, argv);
	options.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (options.epoll_fd < 0)
		die("epoll_create1");
	sink_peer_start(&options);
	signals = open_signals();
	add_source(signals, &signal_tag);
	listener = open_listener();
	add_source(listener, &listener_tag);
	for (;;) {
		int count =
		    epoll_wait(options.epoll_fd, events, EVENTS_AT_ONCE, sink_peer_wait_ms());

		for (int i = 0; i < count; i++) {
			void *tag = events[i].data.ptr;

			if (tag == &listener_tag) {
				accept_all(listener);
			} else if (tag != &signal_tag) {
				sink_peer_serve(tag);
			} else if (is_end_signal(signals)) {
				write_log();
				return 0;
			}
		}
		sink_peer_serve_due();
	}
}
