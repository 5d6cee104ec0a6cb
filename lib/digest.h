/* digest.h - hashes, keyed hashes and random values, by OpenSSL.
 *
 * Nothing here fails but for a broken library or an exhausted generator, and then the process ends:
 * a fallback for randomness would be worse than no answer.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "base.h"

#define DIGEST_SIZE 32

void digest_sha256(const void *bytes, size_t len, uint8_t out[DIGEST_SIZE]);

/* HMAC-SHA-256 (RFC 2104). */
void digest_hmac(
    const void *key, size_t key_len, const void *bytes, size_t len, uint8_t out[DIGEST_SIZE]);

void digest_random(void *out, size_t len);

/* A new public id: 12 characters [a-z0-9], uniform, NUL-terminated (62 bits). */
void digest_new_id(char out[13]);

/* A new secret for a cookie, a token or a post_id: 43 characters base64url of 32 random bytes,
 * NUL-terminated. */
void digest_new_secret(char out[44]);

/* Overwrites a secret so that the compiler cannot leave it out. */
void digest_cleanse(void *secret, size_t len);

#endif
