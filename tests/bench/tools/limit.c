/*
 * How close the encryption of a message comes to what its arithmetic costs.
 *
 *   limit ROUNDS TEXT_LENGTH
 *
 * Raw: per message only what P-256 needs, by OpenSSL's fastest calls that are not deprecated: a key
 * pair (k*G and its affine coordinates), the subscriber's point decoded and checked, k*P and its
 * affine x. Randomness comes in blocks, all objects are kept. Whole: a message of RFC 8291 by
 * lib/ece.h, batches of 64. Both in turn, ROUNDS times, at least 0.1 s of processor time each, on one
 * core; the same subscribers, 64 of them. Prints one line of JSON:
 * {"raw_us":[...],"whole_us":[...]}, one figure a round.
 */
#include "base.h"

#include <sched.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>

#include "ece.h"

#define SUBSCRIBERS 64
#define ROUND_US    100000.0
#define ROUNDS_MAX  99

struct curve {
	EC_GROUP *group;
	BN_CTX *bn;
	EC_POINT *own, *peer, *shared;
	BIGNUM *scalar, *x;
	uint8_t random[64 * 32];
	size_t random_used;
};

static uint8_t subscribers[SUBSCRIBERS][ECE_PUBLIC_LEN];
static uint8_t auth[ECE_AUTH_LEN] = "0123456789abcde";

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "limit: %s\n", what);
	exit(1);
}

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void curve_open(struct curve *c)
{
	c->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	c->bn = BN_CTX_secure_new();
	c->own = EC_POINT_new(c->group);
	c->peer = EC_POINT_new(c->group);
	c->shared = EC_POINT_new(c->group);
	c->scalar = BN_secure_new();
	c->x = BN_secure_new();
	c->random_used = sizeof c->random;
	if (!c->group || !c->bn || !c->own || !c->peer || !c->shared || !c->scalar || !c->x)
		die("OpenSSL");
}

/* 32 octets at or above the order come once in 2^32 times: then the message takes the next ones. */
static void take_scalar(struct curve *c)
{
	do {
		if (c->random_used == sizeof c->random) {
			if (RAND_bytes(c->random, sizeof c->random) != 1)
				die("randomness");
			c->random_used = 0;
		}
		BN_bin2bn(c->random + c->random_used, 32, c->scalar);
		c->random_used += 32;
	} while (BN_is_zero(c->scalar) || BN_cmp(c->scalar, EC_GROUP_get0_order(c->group)) >= 0);
}

static void make_pair(struct curve *c, uint8_t out[ECE_PUBLIC_LEN])
{
	take_scalar(c);
	if (EC_POINT_mul(c->group, c->own, c->scalar, NULL, NULL, c->bn) != 1 ||
	    EC_POINT_point2oct(c->group, c->own, POINT_CONVERSION_UNCOMPRESSED, out, ECE_PUBLIC_LEN,
		c->bn) != ECE_PUBLIC_LEN)
		die("key pair");
}

static void make_secret(struct curve *c, const uint8_t peer[ECE_PUBLIC_LEN], uint8_t out[32])
{
	if (EC_POINT_oct2point(c->group, c->peer, peer, ECE_PUBLIC_LEN, c->bn) != 1 ||
	    EC_POINT_mul(c->group, c->shared, NULL, c->peer, c->scalar, c->bn) != 1 ||
	    EC_POINT_get_affine_coordinates(c->group, c->shared, c->x, NULL, c->bn) != 1 ||
	    BN_bn2binpad(c->x, out, 32) != 32)
		die("shared secret");
}

static void raw_batch(struct curve *c)
{
	uint8_t pair[ECE_PUBLIC_LEN], secret[32];

	for (size_t i = 0; i < SUBSCRIBERS; i++) {
		make_pair(c, pair);
		make_secret(c, subscribers[i], secret);
	}
}

static void whole_batch(struct ece *ece, size_t len)
{
	static uint8_t text[ECE_PLAINTEXT_MAX], out[SUBSCRIBERS][ECE_PADDED_MAX + ECE_OVERHEAD];
	struct ece_job jobs[SUBSCRIBERS];

	for (size_t i = 0; i < SUBSCRIBERS; i++)
		jobs[i] = (struct ece_job){.ua_public = subscribers[i],
		    .auth = auth,
		    .plaintext = text,
		    .plaintext_len = len,
		    .padded_len = ece_padded_len(len),
		    .out = out[i],
		    .out_cap = sizeof out[i]};
	if (ece_encrypt(ece, jobs, SUBSCRIBERS) != SUBSCRIBERS)
		die("encryption");
}

/* Microseconds a message. */
static double time_round(struct curve *c, struct ece *ece, size_t len)
{
	double began = cpu_us(), now;
	unsigned long n = 0;

	do {
		if (ece == NULL)
			raw_batch(c);
		else
			whole_batch(ece, len);
		n += SUBSCRIBERS;
		now = cpu_us();
	} while (now - began < ROUND_US);
	return (now - began) / (double)n;
}

static void print_list(const char *name, const double *list, unsigned long n, const char *end)
{
	printf("\"%s\":[", name);
	for (unsigned long i = 0; i < n; i++)
		printf("%s%.2f", i == 0 ? "" : ",", list[i]);
	printf("]%s", end);
}

int main(int argc, char **argv)
{
	static struct curve curve;
	double raw[ROUNDS_MAX], whole[ROUNDS_MAX];
	unsigned long rounds = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	size_t len = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct ece *ece = ece_open();
	cpu_set_t cpus;

	if (rounds < 1 || rounds > ROUNDS_MAX || len > ECE_PLAINTEXT_MAX || ece == NULL)
		die("usage: limit ROUNDS TEXT_LENGTH");
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof cpus, &cpus); /* where it is not allowed, it goes without */
	curve_open(&curve);
	for (size_t i = 0; i < SUBSCRIBERS; i++)
		make_pair(&curve, subscribers[i]);
	for (unsigned long i = 0; i < rounds; i++) {
		raw[i] = time_round(&curve, NULL, 0);
		whole[i] = time_round(&curve, ece, len);
	}
	printf("{");
	print_list("raw_us", raw, rounds, ",");
	print_list("whole_us", whole, rounds, "}\n");
	ece_close(&ece);
	return 0;
}
