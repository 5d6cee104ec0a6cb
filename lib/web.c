/* web.c - the connection: FastCGI by libfcgi, or plain CGI (see web.h).
 *
 * Waiting for a request is done by our own ppoll(2) on the listening socket, which is set
 * non-blocking, instead of in libfcgi's accept: only so a signal that comes just before the wait
 * ends it, and a connection that a sister process took does not leave us stuck in accept.
 *
 * libfcgi shuts the connection down and reads what is left of it when it closes, so that an answer
 * given before the whole body was read still reaches the server.
 */
#include "base.h"
#include "web_private.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/random.h>

#include "log.h"

/* Answers beyond this give their memory back. */
#define ANSWER_KEEP ((size_t)256 * 1024)

/* A plain CGI server need not close our input: then nothing for so long counts as its end. */
#define END_OF_INPUT_MS 1000

struct web_server {
	const char *program;
	bool fastcgi;
	bool done; /* CGI: the one request was served */
	bool open; /* a request is being handled */
	FCGX_Request fcgx;
	sigset_t waiting; /* the signal mask while waiting */
	struct arena arena;
	struct web web;
	struct web_link link;
	struct buf out;
	web_prelude *prelude;
	void *prelude_user;
};

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

/* Descriptors 0 to 2 must exist, or the next file opened would become one of them. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void set_signals(struct web_server *server)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
	struct sigaction stop = {.sa_handler = ask_to_stop}, ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;

	sigaction(SIGPIPE, &ignore, NULL);
	if (!server->fastcgi)
		return;
	sigemptyset(&blocked);
	for (size_t i = 0; i < nelem(numbers); i++) {
		sigaddset(&blocked, numbers[i]);
		sigaction(numbers[i], &stop, NULL);
	}
	sigprocmask(SIG_BLOCK, &blocked, &server->waiting);
	for (size_t i = 0; i < nelem(numbers); i++)
		sigdelset(&server->waiting, numbers[i]);
}

static void open_fastcgi(struct web_server *server)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0)
		log_die("WEB-05", "the FastCGI socket cannot be made non-blocking");
	if (FCGX_Init() != 0 ||
	    FCGX_InitRequest(&server->fcgx, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		log_die("WEB-06", "libfcgi cannot be started");
}

struct web_server *web_open(const char *program)
{
	struct web_server *server = calloc(1, sizeof *server);

	if (server == NULL || web_mount_of(program) == NULL)
		log_die("WEB-07", "no place is known for the program %s", program);
	fill_standard_descriptors();
	server->program = program;
	server->fastcgi = !FCGX_IsCGI();
	server->link.headers = server->link.body = server->out = (struct buf)BUF_INIT;
	set_signals(server);
	if (server->fastcgi)
		open_fastcgi(server);
	return server;
}

void web_trust_proxies(struct web_server *server, char *const *addresses)
{
	server->link.proxies = addresses;
}

void web_set_prelude(struct web_server *server, web_prelude *run, void *user)
{
	server->prelude = run;
	server->prelude_user = user;
}

void web_set_error_page(struct web_server *server, web_error_page *draw)
{
	server->link.draw_error = draw;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_fastcgi(struct web_link *link, char *out, size_t len, size_t *got)
{
	struct web_server *server = link->connection;
	int n = FCGX_GetStr(out, (int)len, server->fcgx.in);

	if (n < 0 || FCGX_GetError(server->fcgx.in) != 0)
		return -1;
	*got = (size_t)n;
	return 1;
}

static bool at_end_fastcgi(struct web_link *link)
{
	char more;
	size_t got;

	return read_fastcgi(link, &more, 1, &got) == 1 && got == 0;
}

static int read_cgi(struct web_link *link, char *out, size_t len, size_t *got)
{
	(void)link;
	*got = 0;
	while (*got < len) {
		ssize_t n = read(STDIN_FILENO, out + *got, len - *got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	return 1;
}

static bool at_end_cgi(struct web_link *link)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char more;
	size_t got;

	if (poll(&input, 1, END_OF_INPUT_MS) == 0)
		return true;
	return read_cgi(link, &more, 1, &got) == 1 && got == 0;
}

static const char *new_request_id(struct arena *a)
{
	uint64_t id = 0;

	/* only a name to find a log line by: zero will do if there is no randomness */
	(void)!getrandom(&id, sizeof id, 0);
	return arena_printf(a, "%016" PRIx64, id);
}

/* Makes a fresh struct web over the parameters. */
static bool begin(struct web_server *server, char *const *params)
{
	struct web_link *link = &server->link;

	server->web = (struct web){.arena = &server->arena, .link = link};
	server->web.request_id = new_request_id(&server->arena);
	link->params = params;
	link->content_length = link->cookies = NULL;
	link->query = NULL;
	link->query_count = 0;
	link->answered = false;
	link->connection = server;
	link->read = server->fastcgi ? read_fastcgi : read_cgi;
	link->at_end = server->fastcgi ? at_end_fastcgi : at_end_cgi;
	buf_clear(&link->headers);
	buf_clear(&link->body);
	server->open = true;
	return web_request_read(&server->web, server->program);
}

/* 1 a connection may be there, 0 asked to stop, -1 broken. */
static int wait_for_connection(const struct web_server *server)
{
	struct pollfd listening = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t blocked;

	/* lets in what came during the last request: ppoll looks at descriptors first, so under
	 * load a waiting signal would never be seen */
	sigprocmask(SIG_SETMASK, &server->waiting, &blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	if (stop_asked)
		return 0;
	if (ppoll(&listening, 1, NULL, &server->waiting) >= 0)
		return 1;
	if (errno == EINTR)
		return stop_asked ? 0 : 1;
	log_errno("WEB-08", "waiting for a request");
	return -1;
}

/* 1 a request was accepted, 0 asked to stop, -1 broken. */
static int accept_request(struct web_server *server)
{
	for (;;) {
		int rc = wait_for_connection(server);
		if (rc <= 0)
			return rc;
		rc = FCGX_Accept_r(&server->fcgx);
		if (rc >= 0)
			return 1;
		if (rc == -EAGAIN || rc == -EWOULDBLOCK || rc == -EINTR)
			continue;
		log_error("WEB-09", "accepting a request: libfcgi says %d", rc);
		return -1;
	}
}

int web_next(struct web_server *server, struct web **web)
{
	assert(!server->open);
	while (!server->done) {
		int rc = server->fastcgi ? accept_request(server) : 1;
		if (rc <= 0)
			return rc;
		struct web *w = &server->web;
		if (server->prelude != NULL)
			server->prelude(server->prelude_user);
		if (begin(server, server->fastcgi ? server->fcgx.envp : environ)) {
			*web = w;
			return 1;
		}
		web_finish(&w);
	}
	return 0;
}

/* --- answering -------------------------------------------------------------------------------- */

static int send_fastcgi(struct web_server *server)
{
	FCGX_Request *r = &server->fcgx;
	bool ok = FCGX_PutStr(server->out.data, (int)server->out.len, r->out) >= 0 &&
		  FCGX_FFlush(r->out) == 0 && FCGX_GetError(r->out) == 0;

	FCGX_Finish_r(r);
	/* also where the server asked to keep the connection: nobody waits for us then */
	FCGX_Free(r, 1);
	return ok ? 1 : -1;
}

/* Sends everything and lets go of the output: the server waits for its end. */
static int send_cgi(struct web_server *server)
{
	const char *at = server->out.data;
	size_t left = server->out.len;
	int null;

	while (left > 0) {
		ssize_t n = write(STDOUT_FILENO, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += n;
		left -= (size_t)n;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	server->done = true;
	return left == 0 ? 1 : -1;
}

static void keep_small(struct buf *b)
{
	if (b->cap > ANSWER_KEEP)
		buf_release(b);
	else
		buf_clear(b);
}

int web_finish(struct web **web)
{
	struct web *w = *web;
	struct web_server *server = w->link->connection;
	int rc;

	assert(server->open && server->out.len == 0);
	if (!server->link.answered) {
		log_error("WEB-10", "a request was not answered: %s", w->path);
		web_error(w, 500, "Something went wrong here.");
	}
	web_answer_write(w, &server->out);
	rc = server->fastcgi ? send_fastcgi(server) : send_cgi(server);
	if (rc < 0)
		log_info("WEB-11", "the peer was gone before its answer was sent");
	keep_small(&server->out);
	keep_small(&server->link.headers);
	keep_small(&server->link.body);
	arena_reset(&server->arena);
	server->open = false;
	*web = NULL;
	return rc;
}

void web_close(struct web_server **server)
{
	struct web_server *s = *server;

	if (s == NULL)
		return;
	if (s->open) {
		struct web *w = &s->web;
		web_finish(&w);
	}
	arena_release(&s->arena);
	buf_release(&s->out);
	buf_release(&s->link.headers);
	buf_release(&s->link.body);
	free(s);
	*server = NULL;
}
