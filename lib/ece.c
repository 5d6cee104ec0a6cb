/* ece.c - see ece.h.
 *
 * P-256 is nine tenths of the work, so everything else is kept out of the way: objects are made
 * once, algorithms fetched once, randomness drawn for 64 messages at a time.  The subscriber's
 * point is checked while it is decoded (EC_POINT_oct2point); EVP_PKEY_derive would check it again
 * by a whole further multiplication, which a curve of cofactor 1 does not need.
 *
 * Invariants: scalars[i] and salts[i] are unused for i < left and wiped or stale above; they belong
 * to the process `pid` alone.
 */
#include "base.h"
#include "ece.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "log.h"
#include "text.h"

#define AHEAD	   64
#define HASH_LEN   32
#define CEK_LEN	   16
#define NONCE_LEN  12
#define TAG_LEN	   16
#define KEYID_AT   (ECE_SALT_LEN + 4 + 1)
#define LAST_BLOCK "\x01" /* HKDF's counter: one block of output is all that is ever asked for */

static_assert(KEYID_AT + ECE_PUBLIC_LEN == ECE_HEADER_LEN, "the header of RFC 8291 §4");
static_assert(ECE_HEADER_LEN + 1 + TAG_LEN == ECE_OVERHEAD, "header, delimiter, tag");
static_assert(ECE_PADDED_MAX + ECE_OVERHEAD == 4096, "a body that every service takes");

struct ece {
	EC_GROUP *group;
	BN_CTX *bn;
	EC_POINT *own, *peer, *shared;
	BIGNUM *scalar, *x;
	EVP_MAC_CTX *hmac;
	EVP_CIPHER_CTX *gcm;
	pid_t pid;
	size_t left;
	uint8_t scalars[AHEAD][ECE_PRIVATE_LEN];
	uint8_t salts[AHEAD][ECE_SALT_LEN];
};

/* What RFC 8188 §2.2 and §2.3 derive for one message. */
struct keys {
	uint8_t cek[HASH_LEN];	 /* the first CEK_LEN octets count */
	uint8_t nonce[HASH_LEN]; /* the first NONCE_LEN octets count */
};

static EVP_MAC_CTX *open_hmac(void)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
	    OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
	    OSSL_PARAM_END,
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

	EVP_MAC_free(mac); /* the context holds its own reference */
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

static EVP_CIPHER_CTX *open_gcm(void)
{
	EVP_CIPHER *aes = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	EVP_CIPHER_CTX *ctx = aes == NULL ? NULL : EVP_CIPHER_CTX_new();

	if (ctx != NULL && EVP_EncryptInit_ex2(ctx, aes, NULL, NULL, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_CIPHER_free(aes);
	return ctx;
}

/* The reason that OpenSSL noted last. */
static const char *openssl_reason(void)
{
	const char *s = ERR_reason_error_string(ERR_peek_last_error());

	return s == NULL ? "no reason given" : s;
}

static void free_members(struct ece *e)
{
	EC_POINT_clear_free(e->own);
	EC_POINT_clear_free(e->peer);
	EC_POINT_clear_free(e->shared);
	BN_clear_free(e->scalar);
	BN_clear_free(e->x);
	BN_CTX_free(e->bn);
	EC_GROUP_free(e->group);
	EVP_MAC_CTX_free(e->hmac);
	EVP_CIPHER_CTX_free(e->gcm);
}

struct ece *ece_open(void)
{
	struct ece *e = calloc(1, sizeof *e);

	if (e == NULL)
		log_die("ECE-01", "out of memory for the encryption");
	e->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	e->bn = BN_CTX_new();
	e->scalar = BN_new();
	e->x = BN_new();
	e->hmac = open_hmac();
	e->gcm = open_gcm();
	if (e->group != NULL) {
		e->own = EC_POINT_new(e->group);
		e->peer = EC_POINT_new(e->group);
		e->shared = EC_POINT_new(e->group);
	}
	if (e->bn == NULL || e->scalar == NULL || e->x == NULL || e->hmac == NULL ||
	    e->gcm == NULL || e->own == NULL || e->peer == NULL || e->shared == NULL) {
		log_error("ECE-02", "OpenSSL has not what encryption needs: %s", openssl_reason());
		ece_close(&e);
	}
	return e;
}

void ece_close(struct ece **e)
{
	if (*e == NULL)
		return;
	free_members(*e);
	OPENSSL_cleanse(*e, sizeof **e);
	free(*e);
	*e = NULL;
}

/* Hands out a scalar and a salt that nobody else has or will get. */
static bool draw(struct ece *e, uint8_t scalar[ECE_PRIVATE_LEN], uint8_t salt[ECE_SALT_LEN])
{
	if (e->left == 0) {
		if (RAND_priv_bytes(e->scalars[0], sizeof e->scalars) != 1 ||
		    RAND_bytes(e->salts[0], sizeof e->salts) != 1)
			return false;
		e->left = AHEAD;
	}
	e->left--;
	memcpy(scalar, e->scalars[e->left], ECE_PRIVATE_LEN);
	memcpy(salt, e->salts[e->left], ECE_SALT_LEN);
	OPENSSL_cleanse(e->scalars[e->left], ECE_PRIVATE_LEN);
	return true;
}

/* Two processes with the same block ahead would use the same keys and salts. */
static void drop_block_of_parent(struct ece *e)
{
	pid_t now = getpid();

	if (e->pid == now)
		return;
	OPENSSL_cleanse(e->scalars, sizeof e->scalars);
	OPENSSL_cleanse(e->salts, sizeof e->salts);
	e->left = 0;
	e->pid = now;
}

/* Reads the private key; false if it is not in [1, n-1]. */
static bool set_scalar(struct ece *e, const uint8_t priv[ECE_PRIVATE_LEN])
{
	return BN_bin2bn(priv, ECE_PRIVATE_LEN, e->scalar) != NULL && !BN_is_zero(e->scalar) &&
	       BN_cmp(e->scalar, EC_GROUP_get0_order(e->group)) < 0;
}

/* Reads the subscriber's key; false if it is no point of the curve (RFC 8291 §7). */
static bool set_peer(struct ece *e, const uint8_t ua_public[ECE_PUBLIC_LEN])
{
	bool ok;

	if (ua_public[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	ERR_set_mark();
	ok = EC_POINT_oct2point(e->group, e->peer, ua_public, ECE_PUBLIC_LEN, e->bn) == 1;
	ERR_pop_to_mark();
	return ok;
}

/* HMAC-SHA-256; without a key the last one is used again, which saves hashing it. */
static bool hmac(
    struct ece *e, const uint8_t *key, size_t key_len, const void *data, size_t len, uint8_t *out)
{
	size_t n;

	return EVP_MAC_init(e->hmac, key, key_len, NULL) == 1 &&
	       EVP_MAC_update(e->hmac, data, len) == 1 &&
	       EVP_MAC_final(e->hmac, out, &n, HASH_LEN) == 1;
}

/* RFC 8291 §3.4: the secret of the two key pairs and the auth secret become the input key. */
static bool derive_ikm(struct ece *e, const struct ece_job *j, const uint8_t secret[HASH_LEN],
    const uint8_t *own, uint8_t ikm[HASH_LEN])
{
	static const char label[] = "WebPush: info"; /* with its NUL, as the RFC has it */
	uint8_t info[sizeof label + 2 * ECE_PUBLIC_LEN + 1];
	uint8_t prk[HASH_LEN];
	bool ok;

	memcpy(info, label, sizeof label);
	memcpy(info + sizeof label, j->ua_public, ECE_PUBLIC_LEN);
	memcpy(info + sizeof label + ECE_PUBLIC_LEN, own, ECE_PUBLIC_LEN);
	info[sizeof info - 1] = LAST_BLOCK[0];
	ok = hmac(e, j->auth, ECE_AUTH_LEN, secret, HASH_LEN, prk) &&
	     hmac(e, prk, sizeof prk, info, sizeof info, ikm);
	OPENSSL_cleanse(prk, sizeof prk);
	return ok;
}

/* RFC 8188 §2.2 and §2.3; the record number is 0, so the nonce is used as it comes. */
static bool derive_keys(
    struct ece *e, const uint8_t ikm[HASH_LEN], const uint8_t *salt, struct keys *out)
{
	static const char cek_info[] = "Content-Encoding: aes128gcm\0" LAST_BLOCK;
	static const char nonce_info[] = "Content-Encoding: nonce\0" LAST_BLOCK;
	uint8_t prk[HASH_LEN];
	bool ok;

	ok = hmac(e, salt, ECE_SALT_LEN, ikm, HASH_LEN, prk) &&
	     hmac(e, prk, sizeof prk, cek_info, sizeof cek_info - 1, out->cek) &&
	     hmac(e, NULL, 0, nonce_info, sizeof nonce_info - 1, out->nonce);
	OPENSSL_cleanse(prk, sizeof prk);
	return ok;
}

/* k·peer, of which ECDH takes x, always 32 octets (RFC 8291 §3.1). */
static bool agree(struct ece *e, uint8_t secret[HASH_LEN])
{
	bool ok = EC_POINT_mul(e->group, e->shared, NULL, e->peer, e->scalar, e->bn) == 1 &&
		  EC_POINT_get_affine_coordinates(e->group, e->shared, e->x, NULL, e->bn) == 1 &&
		  BN_bn2binpad(e->x, secret, HASH_LEN) == HASH_LEN;

	BN_clear(e->x);
	return ok;
}

/* The header, with the public key of the scalar. */
static bool write_header(struct ece *e, const uint8_t *salt, uint8_t *out)
{
	static const uint8_t size_and_idlen[] = {
	    0, 0, ECE_RECORD_SIZE >> 8, ECE_RECORD_SIZE & 255, ECE_PUBLIC_LEN};

	memcpy(out, salt, ECE_SALT_LEN);
	memcpy(out + ECE_SALT_LEN, size_and_idlen, sizeof size_and_idlen);
	return EC_POINT_mul(e->group, e->own, e->scalar, NULL, NULL, e->bn) == 1 &&
	       EC_POINT_point2oct(e->group, e->own, POINT_CONVERSION_UNCOMPRESSED, out + KEYID_AT,
		   ECE_PUBLIC_LEN, e->bn) == ECE_PUBLIC_LEN;
}

/* Text, delimiter and padding are laid out where the ciphertext will stand, and encrypted there. */
static bool write_record(
    struct ece *e, const struct ece_job *j, const struct keys *keys, uint8_t *record)
{
	size_t len = j->padded_len + 1;
	int n, rest;

	if (j->plaintext_len > 0)
		memcpy(record, j->plaintext, j->plaintext_len);
	record[j->plaintext_len] = 0x02;
	memset(record + j->plaintext_len + 1, 0, j->padded_len - j->plaintext_len);
	return EVP_EncryptInit_ex2(e->gcm, NULL, keys->cek, keys->nonce, NULL) == 1 &&
	       EVP_EncryptUpdate(e->gcm, record, &n, record, (int)len) == 1 && n == (int)len &&
	       EVP_EncryptFinal_ex(e->gcm, record + len, &rest) == 1 && rest == 0 &&
	       EVP_CIPHER_CTX_ctrl(e->gcm, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, record + len) == 1;
}

/* Encrypts with the scalar and the peer that are set. */
static bool seal(struct ece *e, struct ece_job *j, const uint8_t *salt)
{
	uint8_t secret[HASH_LEN], ikm[HASH_LEN];
	struct keys keys;
	bool ok;

	ok = write_header(e, salt, j->out) && agree(e, secret) &&
	     derive_ikm(e, j, secret, j->out + KEYID_AT, ikm) && derive_keys(e, ikm, salt, &keys) &&
	     write_record(e, j, &keys, j->out + ECE_HEADER_LEN);
	OPENSSL_cleanse(secret, sizeof secret);
	OPENSSL_cleanse(ikm, sizeof ikm);
	OPENSSL_cleanse(&keys, sizeof keys);
	BN_clear(e->scalar);
	if (!ok) {
		/* the text may stand there in the clear */
		memset(j->out, 0, j->padded_len + ECE_OVERHEAD);
		log_error("ECE-03", "encryption failed: %s", openssl_reason());
		return false;
	}
	j->out_len = j->padded_len + ECE_OVERHEAD;
	j->ok = true;
	return true;
}

static bool fits(const struct ece_job *j)
{
	return j->plaintext_len <= j->padded_len && j->padded_len <= ECE_PADDED_MAX &&
	       j->out_cap >= j->padded_len + ECE_OVERHEAD;
}

static int encrypt_one(struct ece *e, struct ece_job *j)
{
	uint8_t scalar[ECE_PRIVATE_LEN], salt[ECE_SALT_LEN];

	if (!fits(j) || !set_peer(e, j->ua_public))
		return 0;
	/* one draw in 2^32 is not below n: drawn again, so that all scalars are equally likely */
	do {
		if (!draw(e, scalar, salt)) {
			log_error("ECE-04", "no randomness: %s", openssl_reason());
			return -1;
		}
	} while (!set_scalar(e, scalar));
	OPENSSL_cleanse(scalar, sizeof scalar);
	return seal(e, j, salt) ? 1 : -1;
}

int ece_encrypt(struct ece *e, struct ece_job *jobs, size_t n)
{
	int done = 0;

	assert(n <= INT_MAX);
	drop_block_of_parent(e);
	for (size_t i = 0; i < n; i++) {
		jobs[i].ok = false;
		jobs[i].out_len = 0;
	}
	for (size_t i = 0; i < n; i++) {
		int rc = encrypt_one(e, &jobs[i]);
		if (rc < 0)
			return -1;
		done += rc;
	}
	return done;
}

int ece_encrypt_with_keys(struct ece *e, struct ece_job *job,
    const uint8_t as_private[ECE_PRIVATE_LEN], const uint8_t salt[ECE_SALT_LEN])
{
	job->ok = false;
	job->out_len = 0;
	if (!fits(job) || !set_peer(e, job->ua_public) || !set_scalar(e, as_private))
		return 0;
	return seal(e, job, salt) ? 1 : -1;
}

size_t ece_padded_len(size_t plaintext_len)
{
	static const size_t steps[] = {128, 256, 384, 512, 1024, 2048, ECE_PLAINTEXT_MAX};

	for (size_t i = 0; i < nelem(steps); i++)
		if (plaintext_len <= steps[i])
			return steps[i];
	return 0;
}

/* Decodes a constant of this file. */
static void constant(const char *text, uint8_t *out, size_t size)
{
	ssize_t n = text_base64_decode(TEXT_BASE64URL, text, strlen(text), out, size);

	assert(n == (ssize_t)size);
	(void)n;
}

bool ece_self_test(void)
{
	static const char text[] = "When I grow up, I want to be a watermelon";
	uint8_t ua_public[ECE_PUBLIC_LEN], auth[ECE_AUTH_LEN];
	uint8_t as_private[ECE_PRIVATE_LEN], salt[ECE_SALT_LEN];
	uint8_t want[sizeof text - 1 + ECE_OVERHEAD], got[sizeof want];
	struct ece_job job = {.ua_public = ua_public,
	    .auth = auth,
	    .plaintext = (const uint8_t *)text,
	    .plaintext_len = sizeof text - 1,
	    .padded_len = sizeof text - 1,
	    .out = got,
	    .out_cap = sizeof got};
	struct ece *e = ece_open();
	bool ok;

	if (e == NULL)
		return false;
	constant("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNt"
		 "oIAiw4",
	    ua_public, sizeof ua_public);
	constant("BTBZMqHH6r4Tts7J_aSIgg", auth, sizeof auth);
	constant("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", as_private, sizeof as_private);
	constant("DGv6ra1nlYgDCS1FRnbzlw", salt, sizeof salt);
	constant("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vC"
		 "YLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXL"
		 "WyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
	    want, sizeof want);
	ok = ece_encrypt_with_keys(e, &job, as_private, salt) == 1 &&
	     memcmp(got, want, sizeof want) == 0;
	ece_close(&e);
	if (!ok)
		log_error("ECE-05", "encryption does not give the example of RFC 8291");
	return ok;
}
