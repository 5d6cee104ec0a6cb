/* fetch.c - pushes over HTTP/1.1: the waiting line and the slots; see fetch.h. */
#include "base.h"
#include "fetch.h"

#include "clock.h"
#include "fetch_curl.h"
#include "fetch_transfer.h"
#include "gate.h"
#include "log.h"
#include "loop.h"

#define ADDRESS_MS   (60 * CLOCK_SECOND) /* how long resolved addresses are used */
#define KEPT_CONNECT 64L		 /* idle connections of all origins */
#define FIRST	     4			 /* requests at once before one was answered */

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_ACTIVE };

/* Room for one request. */
struct slot {
	struct fetch_transfer transfer; /* first: libcurl hands back a pointer to it */
	struct fetch_origin *origin;
	enum slot_state state;
	struct push_request *request;
	int64_t submitted_ms;
};

struct fetch_origin {
	struct fetch_origin *next;
	struct fetch *fetch;
	push_answered *answered;
	void *user;
	struct fetch_target target;
	struct gate_query *query;
	int64_t asked_ms, resolved_ms; /* 0 = no addresses */
	struct gate_result addresses;
	size_t in_flight, limit;
	bool h2;
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
	const struct fetch_curl *curl; /* NULL until the first request */
	CURLM *multi;
	int64_t timer_ms; /* when libcurl wants to be called; -1 = never */
	struct fetch_origin *origins;
	uint64_t connections, answers;
};

static void answer(struct slot *slot, enum push_failure failure, const char *why)
{
	struct fetch_origin *origin = slot->origin;
	struct push_request *request = slot->request;
	/* the slot may be used again by the callback */
	struct reply reply = slot->transfer.reply;
	struct push_answer out;

	reply_answer(&reply, failure, why, (int32_t)(clock_mono_ms() - slot->submitted_ms), &out);
	fetch_transfer_clear(&slot->transfer);
	slot->state = SLOT_FREE;
	origin->in_flight--;
	origin->fetch->answers++;
	origin->answered(origin->user, request, &out);
	reply_release(&reply);
}

/* What the end of a transfer says about its origin. */
static void judge(const struct slot *slot, enum push_failure failure)
{
	struct fetch_origin *origin = slot->origin;

	if (failure == PUSH_FAILURE_NONE) {
		origin->h2 |= fetch_transfer_was_h2(&slot->transfer);
		if (origin->limit < FETCH_TRANSFERS)
			origin->limit++;
	} else if (failure != PUSH_FAILURE_UNKNOWN) {
		/* the addresses may be what is wrong: ask again next time */
		origin->resolved_ms = 0;
		origin->limit = FIRST;
	}
}

static void finish(struct slot *slot, CURLcode code)
{
	char why[CURL_ERROR_SIZE];
	enum push_failure failure = fetch_transfer_sort(&slot->transfer, code, why, sizeof(why));

	judge(slot, failure);
	slot->origin->fetch->curl->multi_remove_handle(
	    slot->origin->fetch->multi, slot->transfer.easy);
	answer(slot, failure, why);
}

static void collect(struct fetch *fetch)
{
	CURLMsg *message;
	int left;

	while ((message = fetch->curl->multi_info_read(fetch->multi, &left)) != NULL) {
		struct slot *slot;
		if (message->msg != CURLMSG_DONE)
			continue;
		fetch->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		finish(slot, message->data.result);
	}
}

/* --- libcurl in our loop --- */

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
	fetch->curl->multi_socket_action(fetch->multi, wired->fd, flags, &running);
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
		log_die("FETCH-05", "out of memory");
	wired->fetch = fetch;
	wired->fd = fd;
	wired->watch = loop_watch(fetch->settings.loop, fd, events, on_ready, wired);
	if (wired->watch == NULL) {
		free(wired);
		return -1;
	}
	fetch->curl->multi_assign(fetch->multi, fd, wired);
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

/* libcurl is there, now at the latest. */
static bool load(struct fetch *fetch)
{
	const struct fetch_curl *curl = fetch_curl_load();

	if (fetch->multi != NULL || curl == NULL)
		return curl != NULL;
	fetch->curl = curl;
	fetch->multi = curl->multi_init();
	if (fetch->multi == NULL)
		log_die("FETCH-10", "out of memory");
	curl->multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, wire);
	curl->multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
	curl->multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl->multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
	curl->multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECT);
	return true;
}

static void start(struct slot *slot)
{
	struct fetch_origin *origin = slot->origin;
	bool by_proxy = origin->fetch->settings.proxy != NULL;
	CURLMcode code;

	if (!load(origin->fetch)) {
		answer(slot, PUSH_FAILURE_LOCAL, "libcurl cannot be used");
		return;
	}
	slot->state = SLOT_ACTIVE;
	fetch_transfer_prepare(
	    &slot->transfer, slot->request, by_proxy ? NULL : &origin->addresses);
	code = origin->fetch->curl->multi_add_handle(origin->fetch->multi, slot->transfer.easy);
	if (code == CURLM_OK)
		return;
	log_error("FETCH-06", "libcurl: %s", origin->fetch->curl->multi_strerror(code));
	answer(slot, PUSH_FAILURE_LOCAL, origin->fetch->curl->multi_strerror(code));
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
			origin->query = gate_ask(settings->gate, origin->target.route.host,
			    origin->target.route.port, origin->target.route.any_address, on_found,
			    origin);
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
		fetch->curl->multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
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
	loop_add_turn(settings->loop, turn, fetch);
	return fetch;
}

void fetch_close(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	assert(fetch->origins == NULL);
	loop_remove_turn(fetch->settings.loop, turn, fetch);
	if (fetch->multi != NULL)
		fetch->curl->multi_cleanup(fetch->multi);
	free(fetch);
}

struct fetch_origin *fetch_origin_open(
    struct fetch *fetch, const char *host, uint16_t port, push_answered *answered, void *user)
{
	struct fetch_origin *origin = calloc(1, sizeof(*origin));

	if (origin == NULL)
		log_die("FETCH-09", "out of memory");
	origin->fetch = fetch;
	origin->limit = FIRST;
	origin->answered = answered;
	origin->user = user;
	fetch_target_init(&origin->target, &fetch->settings, host, port, &fetch->connections);
	for (size_t i = 0; i < FETCH_TRANSFERS; i++)
		origin->slots[i] =
		    (struct slot){.origin = origin, .transfer.target = &origin->target};
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
			origin->fetch->curl->multi_remove_handle(
			    origin->fetch->multi, slot->transfer.easy);
		if (slot->state != SLOT_FREE)
			reply_release(&slot->transfer.reply);
		fetch_transfer_close(&slot->transfer);
	}
	fetch_target_release(&origin->target);
	while (*link != origin)
		link = &(*link)->next;
	*link = origin->next;
	free(origin);
}

size_t fetch_origin_room(const struct fetch_origin *origin)
{
	return origin->limit > origin->in_flight ? origin->limit - origin->in_flight : 0;
}

bool fetch_origin_has_h2(const struct fetch_origin *origin)
{
	return origin->h2;
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
	reply_start(&slot->transfer.reply);
	origin->in_flight++;
	return 1;
}

uint64_t fetch_connections(const struct fetch *fetch)
{
	return fetch->connections;
}
