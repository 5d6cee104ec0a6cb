/* gate.c - names to addresses, and which of them may be connected to: the second wall behind endpoint.c; see gate.h. */
#include "base.h"
#include "gate.h"

#include "log.h"
#include "loop.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/eventfd.h>

#define STACK ((size_t)256 * 1024) /* of a thread that only resolves */

/* Where threads leave finished queries.  It outlives the gate until the last thread is done,
 * because nobody waits for a name server. */
struct handover {
	pthread_mutex_t lock;
	struct gate_query *done;
	unsigned users; /* threads, and the gate */
	bool closed;	/* nobody collects any more */
	int event;	/* eventfd: something is in done */
};

/* A question.  While its thread runs it belongs to the thread.  A cancelled one is only freed when
 * it comes back. */
struct gate_query {
	struct gate_query *next;
	struct gate *gate; /* NULL = cancelled; read and written by the loop's thread alone */
	struct handover *handover;
	gate_lookup *lookup;
	bool any_address;
	gate_found *found;
	void *user;
	char port[6];
	struct gate_result result;
	char host[]; /* with its NUL */
};

struct gate {
	struct loop *loop;
	struct loop_watch *watch;
	gate_lookup *lookup;
	struct handover *handover;
	unsigned threads;
	struct gate_query *waiting, **waiting_end; /* more than GATE_THREADS */
};

struct range4 {
	uint32_t address;
	uint8_t bits;
};

/* IANA IPv4 Special-Purpose Address Registry, multicast and class E. */
static const struct range4 blocked4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared, RFC 6598 */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, the clouds' metadata services */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* IETF protocol assignments */
    {0xc0000200, 24}, /* TEST-NET-1 */
    {0xc01fc400, 24}, /* AS112 */
    {0xc034c100, 24}, /* AMT */
    {0xc0586300, 24}, /* 6to4 relay */
    {0xc0a80000, 16}, /* private */
    {0xc0af3000, 24}, /* AS112 */
    {0xc6120000, 15}, /* benchmarking */
    {0xc6336400, 24}, /* TEST-NET-2 */
    {0xcb007100, 24}, /* TEST-NET-3 */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

struct range6 {
	uint8_t prefix[16];
	uint8_t bits;
	/* where an IPv4 address is embedded, which is judged instead; 0 = the range is refused */
	uint8_t ipv4_at;
};

/* Only 2000::/3 is in use as public unicast, so everything outside it is refused but the two forms
 * that carry an IPv4 address; within it the special ranges. */
static const struct range6 embedded6[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12}, /* ::ffff:0:0/96 IPv4-mapped */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},	  /* 64:ff9b::/96 NAT64 */
    {{0x20, 0x02}, 16, 2},		  /* 2002::/16 6to4 */
};
static const struct range6 blocked6[] = {
    {{0x20, 0x01, 0x00}, 23, 0},	     /* 2001::/23 protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, 0},	     /* documentation */
    {{0x26, 0x20, 0x00, 0x4f, 0x80}, 48, 0}, /* AS112 */
    {{0x3f, 0xfe}, 16, 0},		     /* 6bone, returned */
    {{0x3f, 0xff}, 20, 0},		     /* documentation */
};

static bool allowed4(const uint8_t bytes[4])
{
	uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
			   (uint32_t)bytes[2] << 8 | bytes[3];

	for (size_t i = 0; i < nelem(blocked4); i++)
		if ((address ^ blocked4[i].address) >> (32 - blocked4[i].bits) == 0)
			return false;
	return true;
}

static bool within6(const uint8_t address[16], const struct range6 *range)
{
	size_t whole = range->bits / 8u, rest = range->bits % 8u;

	if (memcmp(address, range->prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ range->prefix[whole]) >> (8 - rest) == 0;
}

static bool allowed6(const uint8_t address[16])
{
	for (size_t i = 0; i < nelem(embedded6); i++)
		if (within6(address, &embedded6[i]))
			return allowed4(address + embedded6[i].ipv4_at);
	if (address[0] >> 5 != 1)
		return false;
	for (size_t i = 0; i < nelem(blocked6); i++)
		if (within6(address, &blocked6[i]))
			return false;
	return true;
}

bool gate_address_allowed(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return allowed4((const uint8_t *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof(in6));
		return allowed6(in6.sin6_addr.s6_addr);
	}
	return false;
}

void gate_format(const struct sockaddr *address, char out[GATE_TEXT_MAX])
{
	socklen_t len = address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
						      : sizeof(struct sockaddr_in6);

	if (getnameinfo(address, len, out, GATE_TEXT_MAX, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(out, GATE_TEXT_MAX, "address family %d", address->sa_family);
}

/* Keeps the allowed addresses. */
static void judge(struct gate_query *query, const struct addrinfo *list)
{
	struct gate_result *result = &query->result;

	for (; list != NULL && result->count < GATE_ADDRESSES; list = list->ai_next) {
		if (list->ai_family != AF_INET && list->ai_family != AF_INET6)
			continue;
		if (!query->any_address && !gate_address_allowed(list->ai_addr)) {
			gate_format(list->ai_addr, result->why);
			continue;
		}
		memcpy(&result->address[result->count], list->ai_addr, list->ai_addrlen);
		result->count++;
	}
	result->verdict = result->count > 0 ? GATE_OK : GATE_BLOCKED;
}

static void leave(struct handover *handover)
{
	bool last;

	pthread_mutex_lock(&handover->lock);
	last = --handover->users == 0;
	pthread_mutex_unlock(&handover->lock);
	if (!last)
		return;
	close(handover->event);
	pthread_mutex_destroy(&handover->lock);
	free(handover);
}

/* The thread's last act. */
static void hand_over(struct gate_query *query)
{
	struct handover *handover = query->handover;

	pthread_mutex_lock(&handover->lock);
	if (handover->closed) {
		free(query);
	} else {
		query->next = handover->done;
		handover->done = query;
		/* fails only where the counter is full, and then it is set anyway */
		(void)eventfd_write(handover->event, 1);
	}
	pthread_mutex_unlock(&handover->lock);
	leave(handover);
}

static struct gate_query *collect(struct handover *handover)
{
	struct gate_query *done;

	pthread_mutex_lock(&handover->lock);
	done = handover->done;
	handover->done = NULL;
	pthread_mutex_unlock(&handover->lock);
	return done;
}

/* Runs in a thread: may touch nothing but its query. */
static void *resolve(void *arg)
{
	struct gate_query *query = arg;
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int error;

	error = query->lookup(query->host, query->port, &hints, &list);
	if (error == 0 && list != NULL) {
		judge(query, list);
		freeaddrinfo(list);
	} else {
		query->result.verdict = GATE_NO_ADDRESS;
		snprintf(query->result.why, sizeof(query->result.why), "%s",
		    error == 0 ? "no address" : gai_strerror(error));
	}
	hand_over(query);
	return NULL;
}

/* Starts the query's thread; false if the machine has none. */
static bool start(struct gate *gate, struct gate_query *query)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_mutex_lock(&gate->handover->lock);
	gate->handover->users++;
	pthread_mutex_unlock(&gate->handover->lock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	error = pthread_create(&thread, &attr, resolve, query);
	pthread_attr_destroy(&attr);
	if (error != 0) {
		leave(gate->handover);
		errno = error;
		log_errno("GATE-01", "no thread to resolve %s", query->host);
		return false;
	}
	gate->threads++;
	return true;
}

static void append(struct gate *gate, struct gate_query *query)
{
	query->next = NULL;
	*gate->waiting_end = query;
	gate->waiting_end = &query->next;
}

/* Starts what waits, in order, as long as threads are free. */
static void start_waiting(struct gate *gate)
{
	while (gate->waiting != NULL && gate->threads < GATE_THREADS) {
		struct gate_query *query = gate->waiting;
		gate->waiting = query->next;
		if (gate->waiting == NULL)
			gate->waiting_end = &gate->waiting;
		if (query->gate == NULL)
			free(query);
		else if (!start(gate, query)) {
			/* without a thread now: a later return of another one tries again */
			append(gate, query);
			return;
		}
	}
}

static void read_done(void *user, unsigned events)
{
	struct gate *gate = user;
	struct gate_query *query;
	eventfd_t count;

	(void)events;
	(void)eventfd_read(gate->handover->event, &count);
	query = collect(gate->handover);
	while (query != NULL) {
		struct gate_query *next = query->next;
		gate->threads--;
		if (query->gate != NULL)
			query->found(query->user, &query->result);
		free(query);
		query = next;
	}
	start_waiting(gate);
}

/* Every turn: queries that found no thread are tried again. */
static int try_again(void *user, int64_t now_ms)
{
	struct gate *gate = user;

	(void)now_ms;
	start_waiting(gate);
	return gate->waiting != NULL && gate->threads == 0 ? 100 : -1;
}

static struct handover *open_handover(void)
{
	struct handover *handover = calloc(1, sizeof(*handover));

	if (handover == NULL) {
		log_errno("GATE-02", "resolver");
		return NULL;
	}
	handover->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (handover->event < 0) {
		log_errno("GATE-03", "resolver");
		free(handover);
		return NULL;
	}
	pthread_mutex_init(&handover->lock, NULL);
	handover->users = 1;
	return handover;
}

struct gate *gate_open(struct loop *loop, gate_lookup *lookup)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		log_die("GATE-04", "out of memory");
	gate->loop = loop;
	gate->lookup = lookup == NULL ? getaddrinfo : lookup;
	gate->waiting_end = &gate->waiting;
	gate->handover = open_handover();
	if (gate->handover == NULL) {
		free(gate);
		return NULL;
	}
	gate->watch = loop_watch(loop, gate->handover->event, LOOP_READ, read_done, gate);
	if (gate->watch == NULL) {
		leave(gate->handover);
		free(gate);
		return NULL;
	}
	loop_add_turn(loop, try_again, gate);
	return gate;
}

static void free_list(struct gate_query *query)
{
	while (query != NULL) {
		struct gate_query *next = query->next;
		free(query);
		query = next;
	}
}

void gate_close(struct gate *gate)
{
	if (gate == NULL)
		return;
	loop_remove_turn(gate->loop, try_again, gate);
	loop_unwatch(gate->watch);
	free_list(gate->waiting);
	pthread_mutex_lock(&gate->handover->lock);
	gate->handover->closed = true;
	pthread_mutex_unlock(&gate->handover->lock);
	free_list(collect(gate->handover));
	leave(gate->handover);
	free(gate);
}

struct gate_query *gate_ask(struct gate *gate, const char *host, uint16_t port, bool any_address,
    gate_found *found, void *user)
{
	size_t len = strlen(host);
	struct gate_query *query = calloc(1, sizeof(*query) + len + 1);

	if (query == NULL)
		log_die("GATE-05", "out of memory");
	memcpy(query->host, host, len);
	snprintf(query->port, sizeof(query->port), "%u", port);
	query->gate = gate;
	query->handover = gate->handover;
	query->lookup = gate->lookup;
	query->any_address = any_address;
	query->found = found;
	query->user = user;
	append(gate, query);
	start_waiting(gate);
	return query;
}

void gate_cancel(struct gate_query *query)
{
	query->gate = NULL;
}
