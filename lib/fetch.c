#include "base.h"
#include "fetch.h"

#include "buf.h"
#include "clock.h"
#include "endpoint.h"
#include "gate.h"
#include "log.h"
#include "loop.h"
#include "reply.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#define ADDRESS_MS   (60 * CLOCK_SECOND) /* how long resolved addresses are used */
#define IDLE_S	     110L
#define MAX_AGE_S    3000L
#define KEPT_CONNECT 64L /* idle connections of all origins */

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_ACTIVE };

/* One request under way; the handle is kept for the next. */
struct slot {
	struct fetch_origin *origin;
	enum slot_state state;
	CURL *easy;
	struct push_request *request;
	size_t body_sent;
	int64_t submitted_ms;
	bool blocked;  /* an address was refused */
	bool too_much; /* we ended it: header list or body beyond the limits */
	struct reply reply;
	struct curl_slist *headers, *addresses;
	char error[CURL_ERROR_SIZE];
};

struct fetch_origin {
	struct fetch_origin *next;
	struct fetch *fetch;
	push_answered *answered;
	void *user;
	struct gate_query *query;
	int64_t asked_ms, resolved_ms; /* 0 = no addresses */
	struct gate_result addresses;
	struct endpoint_route route;
	struct buf url; /* of the origin; the path goes into the request line as it is */
	struct buf connect_to;
	struct curl_slist *connect_list;
	size_t in_flight;
	struct slot slots[FETCH_TRANSFERS];
};

/* A descriptor of libcurl in our loop. */
struct wired {
	struct fetch *fetch;
	struct loop_watch *watch;
	curl_socket_t fd;
};

struct fetch {
	struct fetch_settings settings;
	CURLM *multi;
	int64_t timer_ms; /* when libcurl wants to be called; -1 = never */
	struct fetch_origin *origins;
	uint64_t connections, answers;
};

/* --- answers --- */

static void answer(struct slot *slot, enum push_failure failure, const char *why)
{
	struct fetch_origin *origin = slot->origin;
	struct push_request *request = slot->request;
	struct push_answer out;
	struct reply reply = slot->reply;

	reply_answer(&reply, failure, why, (int32_t)(clock_mono_ms() - slot->submitted_ms), &out);
	curl_slist_free_all(slot->headers);
	curl_slist_free_all(slot->addresses);
	slot->headers = slot->addresses = NULL;
	slot->request = NULL;
	slot->state = SLOT_FREE;
	origin->in_flight--;
	origin->fetch->answers++;
	origin->answered(origin->user, request, &out);
	reply_release(&reply);
}

/* Was the request certainly not on the wire when time ran out? */
static bool was_connecting(CURL *easy)
{
	long connects = 0;
	curl_off_t ready = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	return connects > 0 && ready == 0;
}

static bool proxy_refused(CURL *easy)
{
	long code = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &code);
	return code >= 300;
}

/* webpush.md §7.3's table of codes, in our words. */
static enum push_failure sort_failure(const struct slot *slot, CURLcode code)
{
	const char *proxy = slot->origin->fetch->settings.proxy;

	if (slot->reply.complete && (code == CURLE_OK || code == CURLE_OPERATION_TIMEDOUT ||
					(code == CURLE_WRITE_ERROR && slot->too_much)))
		return PUSH_FAILURE_NONE;
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return PUSH_FAILURE_RESOLVE;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return PUSH_FAILURE_PROXY;
	case CURLE_COULDNT_CONNECT:
		if (slot->blocked)
			return PUSH_FAILURE_BLOCKED_ADDRESS;
		return proxy != NULL ? PUSH_FAILURE_PROXY : PUSH_FAILURE_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
		return PUSH_FAILURE_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return PUSH_FAILURE_TLS_VERIFY;
	case CURLE_OPERATION_TIMEDOUT:
		return was_connecting(slot->easy) ? PUSH_FAILURE_CONNECT : PUSH_FAILURE_UNKNOWN;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_NOT_BUILT_IN:
	case CURLE_FAILED_INIT:
		return PUSH_FAILURE_LOCAL;
	default:
		return proxy_refused(slot->easy) ? PUSH_FAILURE_PROXY : PUSH_FAILURE_UNKNOWN;
	}
}

static void finish(struct slot *slot, CURLcode code)
{
	enum push_failure failure = sort_failure(slot, code);
	char why[CURL_ERROR_SIZE];

	snprintf(why, sizeof(why), "%s",
	    slot->error[0] != '\0' ? slot->error : curl_easy_strerror(code));
	if (slot->too_much && failure != PUSH_FAILURE_NONE)
		snprintf(why, sizeof(why), "answer's header list is too large");
	if (failure == PUSH_FAILURE_LOCAL)
		log_error("FETCH-01", "libcurl: %s", why);
	/* the addresses may be what is wrong: ask again next time */
	if (failure != PUSH_FAILURE_NONE && failure != PUSH_FAILURE_UNKNOWN)
		slot->origin->resolved_ms = 0;
	curl_multi_remove_handle(slot->origin->fetch->multi, slot->easy);
	answer(slot, failure, why);
}

static void collect(struct fetch *fetch)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetch->multi, &left)) != NULL) {
		struct slot *slot;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		finish(slot, message->data.result);
	}
}

/* --- what libcurl calls --- */

static size_t give_body(char *out, size_t size, size_t n, void *user)
{
	struct slot *slot = user;
	size_t left = slot->request->body_len - slot->body_sent;

	if (left > size * n)
		left = size * n;
	memcpy(out, slot->request->body + slot->body_sent, left);
	slot->body_sent += left;
	return left;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
	struct slot *slot = user;

	if (reply_add_body(&slot->reply, bytes, size * n))
		return size * n;
	slot->too_much = true;
	return 0;
}

/* "HTTP/1.1 201 Created" begins a list. */
static bool begin_list(struct reply *reply, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	int status = 0;

	if (len < 5 || memcmp(line, "HTTP/", 5) != 0)
		return false;
	if (space != NULL && line + len - space > 3)
		for (int i = 1; i <= 3; i++)
			status =
			    space[i] >= '0' && space[i] <= '9' ? status * 10 + (space[i] - '0') : 0;
	reply_begin_headers(reply, status);
	return true;
}

/* One line of a header list, with its line end. */
static size_t take_header(char *line, size_t size, size_t n, void *user)
{
	struct slot *slot = user;
	size_t all = size * n, len = all, name_len, start;
	const char *colon;

	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	if (len == 0) {
		reply_end_headers(&slot->reply);
		return all;
	}
	if (begin_list(&slot->reply, line, len))
		return all;
	colon = memchr(line, ':', len);
	name_len = colon == NULL ? len : (size_t)(colon - line);
	start = colon == NULL ? len : name_len + 1;
	while (start < len && (line[start] == ' ' || line[start] == '\t'))
		start++;
	if (reply_add_header(&slot->reply, line, name_len, line + start, len - start))
		return all;
	slot->too_much = true;
	return 0;
}

/* Each address that libcurl is about to connect to is judged once more, whatever it came from. */
static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct slot *slot = user;
	const struct endpoint_route *route = &slot->origin->route;
	in_port_t port = 0;

	if (purpose != CURLSOCKTYPE_IPCXN)
		return CURL_SOCKET_BAD;
	if (address->family == AF_INET)
		port = ((struct sockaddr_in *)&address->addr)->sin_port;
	else if (address->family == AF_INET6)
		port = ((struct sockaddr_in6 *)&address->addr)->sin6_port;
	if (slot->origin->fetch->settings.proxy == NULL &&
	    (ntohs(port) != route->port ||
		(!route->any_address && !gate_address_allowed(&address->addr)))) {
		slot->blocked = true;
		return CURL_SOCKET_BAD;
	}
	slot->origin->fetch->connections++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* libcurl replaces its default authorities by a file that is named; ours come on top. */
static CURLcode add_authorities(CURL *easy, void *context, void *user)
{
	const char *file = user;

	(void)easy;
	if (SSL_CTX_load_verify_file(context, file))
		return CURLE_OK;
	log_error("FETCH-02", "CA file %s cannot be used", file);
	return CURLE_SSL_CACERT_BADFILE;
}

static void on_ready(void *user, unsigned events)
{
	struct wired *wired = user;
	struct fetch *fetch = wired->fetch;
	int running, flags = 0;

	if (events & LOOP_READ)
		flags |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		flags |= CURL_CSELECT_OUT;
	/* wired may be gone after this */
	curl_multi_socket_action(fetch->multi, wired->fd, flags, &running);
	collect(fetch);
}

static int wire(CURL *easy, curl_socket_t fd, int what, void *user, void *assigned)
{
	struct fetch *fetch = user;
	struct wired *wired = assigned;
	unsigned events =
	    (what & CURL_POLL_IN ? LOOP_READ : 0u) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0u);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (wired != NULL)
			loop_unwatch(wired->watch);
		free(wired);
		return 0;
	}
	if (wired != NULL) {
		loop_change(wired->watch, events);
		return 0;
	}
	wired = calloc(1, sizeof(*wired));
	if (wired == NULL)
		log_die("FETCH-03", "out of memory");
	wired->fetch = fetch;
	wired->fd = fd;
	wired->watch = loop_watch(fetch->settings.loop, fd, events, on_ready, wired);
	if (wired->watch == NULL) {
		free(wired);
		return -1;
	}
	curl_multi_assign(fetch->multi, fd, wired);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *user)
{
	struct fetch *fetch = user;

	(void)multi;
	fetch->timer_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
	return 0;
}

/* --- requests --- */

/* What is the same for every request of a slot. */
static void set_options(struct slot *slot)
{
	struct fetch_origin *origin = slot->origin;
	const struct fetch_settings *settings = &origin->fetch->settings;
	CURL *easy = slot->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(easy, CURLOPT_URL, origin->url.data);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PROXY, settings->proxy != NULL ? settings->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (settings->ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, add_authorities);
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, settings->ca_file);
	}
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->answer_ms);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, MAX_AGE_S);
	if (origin->connect_list != NULL)
		curl_easy_setopt(easy, CURLOPT_CONNECT_TO, origin->connect_list);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	/* From a buffer of ours libcurl would send a request again by itself when a kept connection
	 * breaks.  It cannot rewind this function, so it fails instead and the caller decides. */
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
}

static void add_line(struct curl_slist **list, struct buf *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line->data);

	if (longer == NULL)
		log_die("FETCH-04", "out of memory");
	*list = longer;
	buf_clear(line);
}

static void make_headers(struct slot *slot)
{
	/* the last two take away what libcurl would add */
	static const char *const fixed[] = {
	    "Content-Encoding: aes128gcm",
	    "Content-Type: application/octet-stream",
	    "Accept:",
	    "Expect:",
	};
	const struct push_request *request = slot->request;
	struct buf line = BUF_INIT;

	buf_printf(&line, "TTL: %" PRIu32, request->ttl_s);
	add_line(&slot->headers, &line);
	buf_printf(&line, "Urgency: %s", request->urgency);
	add_line(&slot->headers, &line);
	if (request->topic != NULL) {
		buf_printf(&line, "Topic: %s", request->topic);
		add_line(&slot->headers, &line);
	}
	buf_printf(&line, "Authorization: %s", request->authorization);
	add_line(&slot->headers, &line);
	for (size_t i = 0; i < nelem(fixed); i++) {
		buf_add_str(&line, fixed[i]);
		add_line(&slot->headers, &line);
	}
	buf_release(&line);
}

/* Tells libcurl which addresses the name has, so that it asks nobody. */
static void make_addresses(struct slot *slot)
{
	const struct fetch_origin *origin = slot->origin;
	struct buf line = BUF_INIT;
	char text[GATE_TEXT_MAX];

	buf_printf(&line, "%s:%u:", origin->route.host, origin->route.port);
	for (size_t i = 0; i < origin->addresses.count; i++) {
		const struct sockaddr *address =
		    (const struct sockaddr *)&origin->addresses.address[i];
		gate_format(address, text);
		buf_printf(&line, address->sa_family == AF_INET6 ? "%s[%s]" : "%s%s",
		    i > 0 ? "," : "", text);
	}
	add_line(&slot->addresses, &line);
	buf_release(&line);
}

static void start(struct slot *slot)
{
	CURLMcode code;

	slot->state = SLOT_ACTIVE;
	if (slot->easy == NULL) {
		slot->easy = curl_easy_init();
		if (slot->easy == NULL)
			log_die("FETCH-05", "out of memory");
		set_options(slot);
	}
	make_headers(slot);
	if (slot->origin->fetch->settings.proxy == NULL)
		make_addresses(slot);
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
	curl_easy_setopt(slot->easy, CURLOPT_RESOLVE, slot->addresses);
	curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, slot->request->path);
	curl_easy_setopt(
	    slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)slot->request->body_len);
	slot->error[0] = '\0';
	code = curl_multi_add_handle(slot->origin->fetch->multi, slot->easy);
	if (code == CURLM_OK)
		return;
	log_error("FETCH-06", "libcurl: %s", curl_multi_strerror(code));
	answer(slot, PUSH_FAILURE_LOCAL, curl_multi_strerror(code));
}

static void fail_waiting(struct fetch_origin *origin, enum push_failure failure, const char *why)
{
	/* not those that a callback submits meanwhile: their time is later than this */
	int64_t until = clock_mono_ms();

	for (size_t i = 0; i < FETCH_TRANSFERS; i++)
		if (origin->slots[i].state == SLOT_WAITING &&
		    origin->slots[i].submitted_ms <= until)
			answer(&origin->slots[i], failure, why);
}

static void on_found(void *user, const struct gate_result *result)
{
	struct fetch_origin *origin = user;

	origin->query = NULL;
	if (result->verdict == GATE_OK) {
		origin->addresses = *result;
		origin->resolved_ms = clock_mono_ms();
		return;
	}
	fail_waiting(origin,
	    result->verdict == GATE_BLOCKED ? PUSH_FAILURE_BLOCKED_ADDRESS : PUSH_FAILURE_RESOLVE,
	    result->why);
}

static bool has_addresses(const struct fetch_origin *origin, int64_t now)
{
	return origin->fetch->settings.proxy != NULL ||
	       (origin->resolved_ms != 0 && now - origin->resolved_ms < ADDRESS_MS);
}

/* Starts what waits, or asks for the addresses first. */
static void start_waiting(struct fetch_origin *origin, int64_t now)
{
	const struct fetch_settings *settings = &origin->fetch->settings;

	if (origin->query != NULL && now - origin->asked_ms >= settings->connect_ms) {
		gate_cancel(origin->query);
		origin->query = NULL;
		fail_waiting(origin, PUSH_FAILURE_RESOLVE, "the name servers did not answer");
		return;
	}
	for (size_t i = 0; i < FETCH_TRANSFERS; i++) {
		if (origin->slots[i].state != SLOT_WAITING)
			continue;
		if (has_addresses(origin, now)) {
			start(&origin->slots[i]);
		} else if (origin->query == NULL) {
			origin->asked_ms = now;
			origin->query = gate_ask(settings->gate, origin->route.host,
			    origin->route.port, origin->route.any_address, on_found, origin);
		}
	}
}

static int turn(void *user, int64_t now)
{
	struct fetch *fetch = user;
	uint64_t answers = fetch->answers;
	bool resolving = false;
	int running;

	for (struct fetch_origin *origin = fetch->origins; origin != NULL; origin = origin->next) {
		start_waiting(origin, now);
		resolving = resolving || origin->query != NULL;
	}
	if (fetch->timer_ms >= 0 && fetch->timer_ms <= now) {
		fetch->timer_ms = -1;
		curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		collect(fetch);
	}
	if (fetch->answers != answers)
		return 0;
	if (fetch->timer_ms < 0)
		return resolving ? (int)fetch->settings.connect_ms : -1;
	return fetch->timer_ms > now ? (int)(fetch->timer_ms - now) : 0;
}

/* --- for the caller --- */

struct fetch *fetch_open(const struct fetch_settings *settings)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (fetch == NULL)
		log_die("FETCH-07", "out of memory");
	fetch->settings = *settings;
	if (settings->connect_ms == 0)
		fetch->settings.connect_ms = FETCH_CONNECT_MS;
	if (settings->answer_ms == 0)
		fetch->settings.answer_ms = FETCH_ANSWER_MS;
	fetch->timer_ms = -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		fetch->multi = curl_multi_init();
	if (fetch->multi == NULL) {
		log_error("FETCH-08", "libcurl does not start");
		free(fetch);
		return NULL;
	}
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, wire);
	curl_multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
	curl_multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECT);
	loop_add_turn(settings->loop, turn, fetch);
	return fetch;
}

void fetch_close(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	assert(fetch->origins == NULL);
	loop_remove_turn(fetch->settings.loop, turn, fetch);
	curl_multi_cleanup(fetch->multi);
	curl_global_cleanup();
	free(fetch);
}

struct fetch_origin *fetch_origin_open(
    struct fetch *fetch, const char *host, uint16_t port, push_answered *answered, void *user)
{
	struct fetch_origin *origin = calloc(1, sizeof(*origin));

	if (origin == NULL)
		log_die("FETCH-09", "out of memory");
	origin->fetch = fetch;
	origin->answered = answered;
	origin->user = user;
	origin->url = origin->connect_to = (struct buf)BUF_INIT;
	buf_printf(&origin->url, port == 443 ? "https://%s/" : "https://%s:%u/", host, port);
	endpoint_find_route(fetch->settings.policy, host, port, &origin->route);
	if (origin->route.mapped) {
		bool ipv6 = strchr(origin->route.host, ':') != NULL;
		buf_printf(&origin->connect_to, ipv6 ? "%s:%u:[%s]:%u" : "%s:%u:%s:%u", host, port,
		    origin->route.host, origin->route.port);
		add_line(&origin->connect_list, &origin->connect_to);
	}
	for (size_t i = 0; i < FETCH_TRANSFERS; i++)
		origin->slots[i].origin = origin;
	origin->next = fetch->origins;
	fetch->origins = origin;
	return origin;
}

void fetch_origin_close(struct fetch_origin *origin)
{
	struct fetch_origin **link = &origin->fetch->origins;

	if (origin->query != NULL)
		gate_cancel(origin->query);
	for (size_t i = 0; i < FETCH_TRANSFERS; i++) {
		struct slot *slot = &origin->slots[i];
		if (slot->state == SLOT_ACTIVE)
			curl_multi_remove_handle(origin->fetch->multi, slot->easy);
		curl_easy_cleanup(slot->easy);
		curl_slist_free_all(slot->headers);
		curl_slist_free_all(slot->addresses);
		if (slot->state != SLOT_FREE)
			reply_release(&slot->reply);
	}
	curl_slist_free_all(origin->connect_list);
	buf_release(&origin->url);
	buf_release(&origin->connect_to);
	while (*link != origin)
		link = &(*link)->next;
	*link = origin->next;
	free(origin);
}

size_t fetch_origin_room(const struct fetch_origin *origin)
{
	return FETCH_TRANSFERS - origin->in_flight;
}

size_t fetch_origin_in_flight(const struct fetch_origin *origin)
{
	return origin->in_flight;
}

int fetch_submit(struct fetch_origin *origin, struct push_request *request)
{
	struct slot *slot = origin->slots;

	if (fetch_origin_room(origin) == 0)
		return 0;
	while (slot->state != SLOT_FREE)
		slot++;
	slot->state = SLOT_WAITING;
	slot->request = request;
	slot->submitted_ms = clock_mono_ms();
	slot->body_sent = 0;
	slot->blocked = slot->too_much = false;
	reply_start(&slot->reply);
	origin->in_flight++;
	return 1;
}

uint64_t fetch_connections(const struct fetch *fetch)
{
	return fetch->connections;
}
