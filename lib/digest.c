/* digest.c - see digest.h. */
#include "base.h"
#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "buf.h"
#include "log.h"
#include "text.h"

void digest_random(void *out, size_t len)
{
	assert(len <= INT_MAX);
	if (RAND_bytes(out, (int)len) != 1)
		log_die("DIGEST-01", "the random generator failed");
}

void digest_new_id(char out[13])
{
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t random[32];
	size_t n = 0, used = sizeof random;

	while (n < 12) {
		if (used == sizeof random) {
			digest_random(random, sizeof random);
			used = 0;
		}
		/* 252 is the largest multiple of 36: bytes above it would favour the first four */
		uint8_t c = random[used++];
		if (c < 252)
			out[n++] = digit[c % 36];
	}
	out[12] = '\0';
}

void digest_new_secret(char out[44])
{
	uint8_t secret[32];
	struct buf b = BUF_INIT;

	digest_random(secret, sizeof secret);
	text_base64url_add(&b, secret, sizeof secret);
	assert(b.len == 43);
	memcpy(out, b.data, 44);
	digest_cleanse(b.data, b.len);
	digest_cleanse(secret, sizeof secret);
	buf_release(&b);
}

void digest_sha256(const void *bytes, size_t len, uint8_t out[DIGEST_SIZE])
{
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		log_die("DIGEST-02", "SHA-256 failed");
}

void digest_hmac(
    const void *key, size_t key_len, const void *bytes, size_t len, uint8_t out[DIGEST_SIZE])
{
	unsigned int n = 0;

	assert(key_len <= INT_MAX);
	if (HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, &n) == NULL || n != DIGEST_SIZE)
		log_die("DIGEST-03", "HMAC-SHA-256 failed");
}

void digest_cleanse(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}
