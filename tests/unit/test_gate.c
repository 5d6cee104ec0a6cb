#include "base.h"
#include "t.h"

#include "clock.h"
#include "gate.h"
#include "loop.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>

static bool allowed(const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return gate_address_allowed((const struct sockaddr *)&in);
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) != 1)
		abort();
	return gate_address_allowed((const struct sockaddr *)&in6);
}

static void check_all(bool want, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (allowed(list[i]) != want)
			printf("  %s\n", list[i]);
		t_ok(allowed(list[i]) == want);
	}
}

static void test_addresses(void)
{
	static const char *const public4[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
	    "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255",
	    "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
	    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
	    "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"};
	static const char *const special4[] = {"0.0.0.0", "0.255.255.255", "10.0.0.1",
	    "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
	    "169.254.169.254", "169.254.0.0", "172.16.0.0", "172.31.255.255", "192.0.0.0",
	    "192.0.0.255", "192.0.2.1", "192.168.0.1", "192.168.255.255", "198.18.0.0",
	    "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255",
	    "240.0.0.1", "255.255.255.255"};
	static const char *const public6[] = {"2606:4700::1111", "2a00:1450:4001::200e",
	    "2001:4860:4860::8888",
	    "2001:200::", "2001:db7::", "2001:db9::", "2620:4f:8001::", "3fff:1000::"};
	static const char *const special6[] = {"::", "::1", "::2", "100::1", "fc00::1", "fdff::1",
	    "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001::1", "2001:1ff::", "2001:db8::1",
	    "2001:10::1", "4000::1", "8000::", "64:ff9b:1::1", "::7f00:1", "3fff::1", "3ffe::1"};
	static const char *const carried_public[] = {
	    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"};
	static const char *const carried_special[] = {"::ffff:127.0.0.1", "::ffff:10.0.0.1",
	    "::ffff:169.254.169.254", "64:ff9b::127.0.0.1", "64:ff9b::192.168.1.1",
	    "2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::", "::8.8.8.8"};
	struct sockaddr local = {.sa_family = AF_UNIX};

	t_case("public IPv4 addresses are allowed, up to the edges of the special ranges");
	check_all(true, public4, nelem(public4));
	t_case("no special IPv4 range is allowed");
	check_all(false, special4, nelem(special4));
	t_case("public IPv6 addresses are allowed, up to the edges of the special ranges");
	check_all(true, public6, nelem(public6));
	t_case("no special IPv6 range is allowed");
	check_all(false, special6, nelem(special6));
	t_case("an IPv6 address that carries an IPv4 address is judged by that");
	check_all(true, carried_public, nelem(carried_public));
	check_all(false, carried_special, nelem(carried_special));
	t_case("a family other than IPv4 and IPv6 is refused");
	t_ok(!gate_address_allowed(&local));
}

/* --- resolving, with a name server of our own --- */

static atomic_int running, most;

static int fake_lookup(
    const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
	struct addrinfo numeric = *hints, *second;
	int now = atomic_fetch_add(&running, 1) + 1, error;

	if (now > atomic_load(&most))
		atomic_store(&most, now);
	if (strncmp(host, "slow", 4) == 0)
		usleep(300000);
	atomic_fetch_sub(&running, 1);
	numeric.ai_flags = AI_NUMERICHOST;
	if (strcmp(host, "nowhere.test") == 0)
		return EAI_NONAME;
	if (strcmp(host, "mixed.test") == 0) {
		error = getaddrinfo("10.0.0.1", port, &numeric, out);
		if (error != 0 || getaddrinfo("8.8.8.8", port, &numeric, &second) != 0)
			return error;
		(*out)->ai_next = second;
		return 0;
	}
	return getaddrinfo(
	    strcmp(host, "private.test") == 0 ? "192.168.1.1" : "1.1.1.1", port, &numeric, out);
}

struct found {
	int calls;
	struct gate_result result;
	char text[GATE_TEXT_MAX];
};

static void on_found(void *user, const struct gate_result *result)
{
	struct found *found = user;

	found->calls++;
	found->result = *result;
	if (result->count > 0)
		gate_format((const struct sockaddr *)&result->address[0], found->text);
}

/* At most two seconds for what is asked. */
static void wait_for(struct loop *loop, const int *calls)
{
	int64_t end = clock_mono_ms() + 2000;

	while (*calls == 0 && clock_mono_ms() < end)
		if (loop_run(loop, 100) < 0)
			abort();
}

static struct found ask(
    struct loop *loop, struct gate *gate, const char *host, uint16_t port, bool any_address)
{
	struct found found = {0};

	gate_ask(gate, host, port, any_address, on_found, &found);
	if (found.calls != 0)
		abort();
	wait_for(loop, &found.calls);
	return found;
}

static void test_queries(struct loop *loop)
{
	struct gate *gate = gate_open(loop, fake_lookup);
	struct found found;

	t_case("a public name gives its address and port");
	found = ask(loop, gate, "public.test", 443, false);
	t_int(found.calls, 1);
	t_int(found.result.verdict, GATE_OK);
	t_int(found.result.count, 1);
	t_str(found.text, "1.1.1.1");
	t_int(ntohs(((struct sockaddr_in *)&found.result.address[0])->sin_port), 443);

	t_case("a name that leads only to private addresses is blocked, and which one is said");
	found = ask(loop, gate, "private.test", 443, false);
	t_int(found.result.verdict, GATE_BLOCKED);
	t_int(found.result.count, 0);
	t_str(found.result.why, "192.168.1.1");

	t_case("of a mixed answer only the public address is handed out");
	found = ask(loop, gate, "mixed.test", 443, false);
	t_int(found.result.verdict, GATE_OK);
	t_int(found.result.count, 1);
	t_str(found.text, "8.8.8.8");

	t_case("a host that the operator named may be private");
	found = ask(loop, gate, "private.test", 8443, true);
	t_int(found.result.verdict, GATE_OK);
	t_str(found.text, "192.168.1.1");

	t_case("a name without an address is told from a blocked one");
	found = ask(loop, gate, "nowhere.test", 443, false);
	t_int(found.result.verdict, GATE_NO_ADDRESS);
	t_ok(found.result.why[0] != '\0');
	gate_close(gate);
}

static void test_concurrency(struct loop *loop)
{
	enum { ASKED = 40 };
	struct gate *gate = gate_open(loop, fake_lookup);
	struct found found[ASKED] = {0}, quick = {0};
	int64_t began = clock_mono_ms(), end = began + 5000;
	int all = 0;

	t_case("a slow name does not hold up the others, and threads are limited");
	atomic_store(&most, 0);
	gate_ask(gate, "slow.test", 443, false, on_found, &found[0]);
	gate_ask(gate, "public.test", 443, false, on_found, &quick);
	wait_for(loop, &quick.calls);
	t_ok(found[0].calls == 0 && clock_mono_ms() - began < 250);
	for (int i = 1; i < ASKED; i++)
		gate_ask(gate, "slow.test", 443, false, on_found, &found[i]);
	while (all < ASKED && clock_mono_ms() < end) {
		loop_run(loop, 100);
		all = 0;
		for (int i = 0; i < ASKED; i++)
			all += found[i].calls;
	}
	t_int(all, ASKED);
	t_ok(atomic_load(&most) > 1 && atomic_load(&most) <= GATE_THREADS);

	t_case("a cancelled question is never answered");
	memset(found, 0, sizeof(found));
	memset(&quick, 0, sizeof(quick));
	gate_cancel(gate_ask(gate, "slow.test", 443, false, on_found, &found[0]));
	gate_cancel(gate_ask(gate, "public.test", 443, false, on_found, &found[1]));
	gate_ask(gate, "slow2.test", 443, false, on_found, &quick);
	wait_for(loop, &quick.calls);
	loop_run(loop, 100);
	t_ok(quick.calls == 1 && found[0].calls == 0 && found[1].calls == 0);

	t_case("closing waits for no name server");
	for (int i = 0; i < ASKED; i++)
		gate_ask(gate, "slow.test", 443, false, on_found, &found[i]);
	began = clock_mono_ms();
	gate_close(gate);
	t_ok(clock_mono_ms() - began < 250);
	t_int(found[0].calls, 0);
	usleep(400000);
}

int main(void)
{
	struct loop *loop = loop_open();
	struct gate *gate;
	struct found found;

	test_addresses();
	test_queries(loop);
	test_concurrency(loop);

	t_case("the system's own resolver finds localhost, which is blocked unless it was named");
	gate = gate_open(loop, NULL);
	found = ask(loop, gate, "localhost", 443, false);
	t_int(found.result.verdict, GATE_BLOCKED);
	found = ask(loop, gate, "localhost", 443, true);
	t_int(found.result.verdict, GATE_OK);
	gate_close(gate);
	loop_close(loop);
	return t_end();
}
