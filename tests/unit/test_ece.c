/* test_ece.c - message encryption: the RFCs' examples, the shapes of bodies, hostile jobs, and that
 * no key or salt is used twice, over a fork either. */
#include "base.h"
#include "ece.h"

#include <sys/wait.h>

#include <openssl/err.h>

#include "text.h"
#include "t.h"
#include "ece_open.h"
#include "../vectors/points.h"
#include "../vectors/rfc8188.h"
#include "../vectors/rfc8291.h"

#define BODY_MAX (ECE_PADDED_MAX + ECE_OVERHEAD)

/* The subscriber of RFC 8291 appendix A. */
static uint8_t ua_private[32], ua_public[65], auth[16];
static uint8_t as_private[32], salt[16];
static uint8_t text[ECE_PADDED_MAX + 1];

static void unbase64(const char *s, uint8_t *out, size_t size)
{
	if (text_base64_decode(TEXT_BASE64URL, s, strlen(s), out, size) != (ssize_t)size)
		abort();
}

static void unhex(const char *hex, uint8_t *out, size_t size)
{
	if (!text_hex_decode(hex, strlen(hex), out, size))
		abort();
}

/* Checks octets against an RFC's base64url. */
static void check_base64(const uint8_t *got, const char *want, size_t size, int line)
{
	uint8_t bytes[256];

	unbase64(want, bytes, size);
	t_check(memcmp(got, bytes, size) == 0, want, __FILE__, line);
}

#define same(got, want) check_base64((got), (want), sizeof(got), __LINE__)

static struct ece_job job_for(size_t len, size_t padded, uint8_t *out, size_t cap)
{
	return (struct ece_job){.ua_public = ua_public,
	    .auth = auth,
	    .plaintext = text,
	    .plaintext_len = len,
	    .padded_len = padded,
	    .out = out,
	    .out_cap = cap};
}

static ssize_t open_push(const uint8_t *body, size_t len, uint8_t *out)
{
	struct ece_trace t;

	return ece_open_push(ua_private, ua_public, auth, body, len, out, &t);
}

/* The body of RFC 8291 §5 as the library makes it. */
static size_t make_example(struct ece *e, uint8_t *body)
{
	struct ece_job job =
	    job_for(strlen(RFC8291_PLAINTEXT), strlen(RFC8291_PLAINTEXT), body, 144);

	job.plaintext = (const uint8_t *)RFC8291_PLAINTEXT;
	return ece_encrypt_with_keys(e, &job, as_private, salt) == 1 && job.ok ? job.out_len : 0;
}

static void check_rfc8291(struct ece *e)
{
	uint8_t body[144] = {0}, plain[144];
	struct ece_trace t;

	t_case("with the keys of RFC 8291 appendix A every octet of the body is the RFC's");
	t_int(make_example(e, body), 144);
	check_base64(body, RFC8291_HEADER, ECE_HEADER_LEN, __LINE__);
	check_base64(body + ECE_HEADER_LEN, RFC8291_CIPHERTEXT, 58, __LINE__);
	t_case("the receiver of these tests finds every intermediate value of RFC 8291 appendix A");
	t_int(ece_open_push(ua_private, ua_public, auth, body, sizeof body, plain, &t), 41);
	t_mem(plain, RFC8291_PLAINTEXT, 41);
	same(t.secret, RFC8291_ECDH_SECRET);
	same(t.prk_key, RFC8291_PRK_KEY);
	same(t.info, RFC8291_KEY_INFO);
	same(t.ikm, RFC8291_IKM);
	same(t.prk, RFC8291_PRK);
	same(t.cek, RFC8291_CEK);
	same(t.nonce, RFC8291_NONCE);
	t_case("the built-in self-test holds");
	t_ok(ece_self_test());
}

static void check_receiver(struct ece *e)
{
	uint8_t ikm[16], body[144], plain[144];
	struct ece_trace t;

	t_case("the receiver opens RFC 8188 §3.1, one record without key id");
	unbase64(RFC8188_1_IKM, ikm, sizeof ikm);
	unbase64(RFC8188_1_BODY, body, 53);
	t_int(ece_open_body(ikm, sizeof ikm, body, 53, plain, &t), 15);
	t_mem(plain, RFC8188_PLAINTEXT, 15);
	same(t.prk, RFC8188_1_PRK);
	same(t.cek, RFC8188_1_CEK);
	same(t.nonce, RFC8188_1_NONCE);
	t_case("the receiver opens RFC 8188 §3.2, two records with padding and a key id");
	unbase64(RFC8188_2_IKM, ikm, sizeof ikm);
	unbase64(RFC8188_2_BODY, body, 73);
	t_int(ece_open_body(ikm, sizeof ikm, body, 73, plain, &t), 15);
	t_mem(plain, RFC8188_PLAINTEXT, 15);
	t_case("the receiver refuses a body that ends at a record which is not the last");
	t_int(ece_open_body(ikm, sizeof ikm, body, 24 + 25, plain, &t), -1);
	t_case("the receiver refuses a body with any one bit changed");
	make_example(e, body);
	t_int(open_push(body, sizeof body, plain), 41);
	for (size_t i = 0; i < sizeof body; i++) {
		if (i >= 16 && i < 20)
			continue; /* rs of a single record is not authenticated */
		body[i] ^= 1;
		t_int(open_push(body, sizeof body, plain), -1);
		body[i] ^= 1;
	}
	t_case("the receiver refuses a body opened with another auth secret");
	uint8_t other[16];
	memcpy(other, auth, sizeof other);
	other[15] ^= 1;
	t_int(ece_open_push(ua_private, ua_public, other, body, sizeof body, plain, &t), -1);
}

static void check_padding(void)
{
	static const struct {
		size_t len, padded;
	} table[] = {{0, 128}, {1, 128}, {127, 128}, {128, 128}, {129, 256}, {256, 256}, {257, 384},
	    {384, 384}, {385, 512}, {512, 512}, {513, 1024}, {1024, 1024}, {1025, 2048},
	    {2048, 2048}, {2049, 2800}, {2799, 2800}, {2800, 2800}, {2801, 0}, {3993, 0},
	    {SIZE_MAX, 0}};

	t_case("a text is padded to 128, 256, 384, 512, 1024, 2048 or 2800; a longer one has no "
	       "length");
	for (size_t i = 0; i < nelem(table); i++)
		t_int(ece_padded_len(table[i].len), table[i].padded);
}

/* A text of len octets, padded, comes back, and the body has the shape that is wanted. */
static void check_round_trip(struct ece *e, size_t len, size_t padded)
{
	uint8_t body[BODY_MAX + 1], plain[BODY_MAX + 1];
	struct ece_job job = job_for(len, padded, body, padded + ECE_OVERHEAD);

	memset(body, 0x5a, sizeof body);
	t_int(ece_encrypt(e, &job, 1), 1);
	t_ok(job.ok);
	t_int(job.out_len, padded + 103);
	t_int(body[padded + 103], 0x5a);
	t_int((body[18] << 8 | body[19]), 4096);
	t_int((body[16] | body[17]), 0);
	t_int(body[20], 65);
	t_int(open_push(body, job.out_len, plain), len);
	t_mem(plain, text, len);
}

static void check_lengths(struct ece *e)
{
	static const size_t lengths[] = {
	    1, 2, 41, 127, 128, 129, 255, 256, 511, 512, 513, 1024, 2047, 2800};

	t_case("an empty text comes back empty, padded and unpadded");
	check_round_trip(e, 0, ece_padded_len(0));
	check_round_trip(e, 0, 0);
	t_case("texts of 1 to 2800 octets come back, in bodies of the padded length and 103");
	for (size_t i = 0; i < nelem(lengths); i++)
		check_round_trip(e, lengths[i], ece_padded_len(lengths[i]));
	t_case("a text that fills its step exactly has no padding and comes back");
	check_round_trip(e, 2048, 2048);
	t_case("a text that ends in zeros keeps them");
	memset(text + 90, 0, 10);
	check_round_trip(e, 100, 128);
	t_case("a padded text of 3993 octets makes the body of 4096 that every service takes");
	check_round_trip(e, 3993, 3993);
	check_round_trip(e, 10, 3993);
}

static void check_refused(struct ece *e, struct ece_job job)
{
	uint8_t before[BODY_MAX + 1];

	memset(job.out, 0x5a, BODY_MAX + 1);
	memset(before, 0x5a, sizeof before);
	job.ok = true;
	job.out_len = 1;
	t_int(ece_encrypt(e, &job, 1), 0);
	t_ok(!job.ok);
	t_int(job.out_len, 0);
	t_mem(job.out, before, sizeof before);
	job.ok = true;
	t_int(ece_encrypt_with_keys(e, &job, as_private, salt), 0);
	t_ok(!job.ok);
	t_mem(job.out, before, sizeof before);
}

static void check_bad_lengths(struct ece *e)
{
	uint8_t body[BODY_MAX + 1];

	t_case("a text of 2801 octets has no padded length and is refused");
	check_refused(e, job_for(2801, ece_padded_len(2801), body, sizeof body));
	t_case("a text longer than its padded length is refused");
	check_refused(e, job_for(129, 128, body, sizeof body));
	t_case("a padded length of 3994 is refused");
	check_refused(e, job_for(3994, 3994, body, sizeof body));
	check_refused(e, job_for(1, SIZE_MAX, body, sizeof body));
	t_case("a target that is one octet too small is refused and stays untouched");
	check_refused(e, job_for(41, 128, body, 128 + 103 - 1));
}

static void check_scalars(struct ece *e)
{
	static const struct {
		const char *hex;
		int rc;
	} table[] = {{POINT_0, 0}, {POINT_1, 1}, {POINT_N_1, 1}, {POINT_N, 0}, {POINT_FF, 0}};
	uint8_t body[BODY_MAX], plain[BODY_MAX], scalar[32];

	t_case("an ephemeral private key is taken from 1 to n - 1 and nowhere else");
	for (size_t i = 0; i < nelem(table); i++) {
		struct ece_job job = job_for(41, 128, body, sizeof body);
		unhex(table[i].hex, scalar, sizeof scalar);
		t_int(ece_encrypt_with_keys(e, &job, scalar, salt), table[i].rc);
		t_ok(job.ok == (table[i].rc == 1));
		if (table[i].rc == 1)
			t_int(open_push(body, job.out_len, plain), 41);
	}
}

/* One key in 256 gives a secret whose first octet is 0: found by looking. */
static void check_leading_zero(struct ece *e)
{
	uint8_t body[256], plain[256], scalar[32] = {0};
	struct ece_trace t;
	int found = 0;

	t_case("a shared secret with a leading zero octet keeps its 32 octets");
	for (int i = 1; i < 20000 && found < 2; i++) {
		struct ece_job job = job_for(41, 128, body, sizeof body);
		scalar[30] = (uint8_t)(i >> 8);
		scalar[31] = (uint8_t)i;
		if (ece_encrypt_with_keys(e, &job, scalar, salt) != 1)
			continue;
		t_int(ece_open_push(ua_private, ua_public, auth, body, job.out_len, plain, &t), 41);
		found += t.secret[0] == 0;
	}
	t_int(found, 2);
}

static void check_hostile_points(struct ece *e)
{
	static uint8_t points[nelem(point_vectors)][65], bodies[nelem(point_vectors) + 1][256];
	struct ece_job jobs[nelem(point_vectors) + 1];
	uint8_t plain[256];
	int valid = 1;

	t_case("in one batch each hostile key makes its own job fail and no other");
	for (size_t i = 0; i < nelem(jobs); i++)
		jobs[i] = job_for(41, 128, bodies[i], sizeof bodies[i]);
	for (size_t i = 0; i < nelem(point_vectors); i++) {
		unhex(point_vectors[i].hex, points[i], sizeof points[i]);
		jobs[i].ua_public = points[i];
		valid += point_vectors[i].valid;
	}
	ERR_clear_error();
	t_int(ece_encrypt(e, jobs, nelem(jobs)), valid);
	for (size_t i = 0; i < nelem(point_vectors); i++) {
		t_ok(jobs[i].ok == point_vectors[i].valid);
		t_int(jobs[i].out_len, point_vectors[i].valid ? 231 : 0);
	}
	t_ok(jobs[nelem(point_vectors)].ok);
	t_int(open_push(bodies[nelem(point_vectors)], 231, plain), 41);
	t_case("hostile keys leave nothing in the queue of OpenSSL's errors");
	t_int(ERR_peek_error(), 0);
}

#define MANY 300

static void check_fresh(struct ece *e)
{
	static uint8_t bodies[MANY][231];
	static struct ece_job jobs[MANY];
	uint8_t plain[231];
	int same_salt = 0, same_key = 0;

	t_case("three hundred messages of one batch have three hundred salts and ephemeral keys");
	for (size_t i = 0; i < MANY; i++)
		jobs[i] = job_for(41, 128, bodies[i], sizeof bodies[i]);
	t_int(ece_encrypt(e, jobs, MANY), MANY);
	for (size_t i = 0; i < MANY; i++) {
		t_int(open_push(bodies[i], jobs[i].out_len, plain), 41);
		for (size_t k = 0; k < i; k++) {
			same_salt += memcmp(bodies[i], bodies[k], 16) == 0;
			same_key += memcmp(bodies[i] + 21, bodies[k] + 21, 65) == 0;
		}
	}
	t_int(same_salt, 0);
	t_int(same_key, 0);
	t_case("an empty batch is done at once");
	t_int(ece_encrypt(e, jobs, 0), 0);
}

static bool encrypt_one(struct ece *e, uint8_t body[231])
{
	struct ece_job job = job_for(41, 128, body, 231);

	return ece_encrypt(e, &job, 1) == 1;
}

/* What a forked child makes with the handle of its parent. */
static bool encrypt_in_child(struct ece *e, uint8_t body[231])
{
	int ends[2], status;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		bool ok = encrypt_one(e, body) && write(ends[1], body, 231) == 231;
		_exit(ok ? 0 : 1);
	}
	close(ends[1]);
	bool ok = read(ends[0], body, 231) == 231;
	close(ends[0]);
	return waitpid(child, &status, 0) == child && status == 0 && ok;
}

static void check_fork(void)
{
	uint8_t bodies[4][231], plain[231];
	struct ece *e = ece_open();

	t_case("after a fork no salt and no ephemeral key is used by two processes");
	/* the first message fetches randomness ahead, which both children and the parent then hold
	 */
	t_ok(encrypt_one(e, bodies[0]));
	t_ok(encrypt_in_child(e, bodies[1]));
	t_ok(encrypt_in_child(e, bodies[2]));
	t_ok(encrypt_one(e, bodies[3]));
	for (int i = 0; i < 4; i++) {
		t_int(open_push(bodies[i], 231, plain), 41);
		for (int k = 0; k < i; k++) {
			t_ok(memcmp(bodies[i], bodies[k], 16) != 0);
			t_ok(memcmp(bodies[i] + 21, bodies[k] + 21, 65) != 0);
		}
	}
	ece_close(&e);
	t_case("closing sets NULL, and closing NULL is allowed");
	t_ok(e == NULL);
	ece_close(&e);
}

int main(void)
{
	struct ece *e = ece_open();

	if (e == NULL)
		return 1;
	unbase64(RFC8291_UA_PRIVATE, ua_private, sizeof ua_private);
	unbase64(RFC8291_UA_PUBLIC, ua_public, sizeof ua_public);
	unbase64(RFC8291_AUTH, auth, sizeof auth);
	unbase64(RFC8291_AS_PRIVATE, as_private, sizeof as_private);
	unbase64(RFC8291_SALT, salt, sizeof salt);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 7 + 1);
	check_rfc8291(e);
	check_receiver(e);
	check_padding();
	check_lengths(e);
	check_bad_lengths(e);
	check_scalars(e);
	check_leading_zero(e);
	check_hostile_points(e);
	check_fresh(e);
	check_fork();
	ece_close(&e);
	return t_end();
}
