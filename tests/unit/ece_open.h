/* ece_open.h - the receiving side of RFC 8188 and RFC 8291, for tests.
 *
 * Written against the RFCs and with other calls of OpenSSL than lib/ece.c (EVP_PKEY_derive and
 * EVP_KDF instead of points and HMAC), so that a mistake in one is not repeated in the other.  It
 * takes any number of records and any key id.
 */
#ifndef ECE_OPEN_H
#define ECE_OPEN_H

#include "base.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

/* Every intermediate value, for comparison with the RFCs' tables. */
struct ece_trace {
	uint8_t secret[32], prk_key[32], info[144], ikm[32], prk[32], cek[16], nonce[12];
};

enum { ECE_OPEN_EXTRACT, ECE_OPEN_EXPAND };

/* One of HKDF's two steps (RFC 5869); expand takes salt_or_info as info. */
static inline void ece_open_hkdf(int step, const uint8_t *salt_or_info, size_t salt_or_info_len,
    const uint8_t *key, size_t key_len, uint8_t *out, size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int mode = step == ECE_OPEN_EXTRACT ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY
					    : EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_len),
	    OSSL_PARAM_construct_octet_string(
		step == ECE_OPEN_EXTRACT ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO,
		(void *)salt_or_info, salt_or_info_len),
	    OSSL_PARAM_construct_end(),
	};

	if (EVP_KDF_derive(ctx, out, out_len, params) != 1)
		abort();
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* A key from its public point, and its scalar if there is one. */
static inline EVP_PKEY *ece_open_key(const uint8_t *pub, const uint8_t *priv)
{
	char curve[] = "prime256v1";
	uint8_t native[32];
	OSSL_PARAM params[4];
	size_t n = 0;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
	params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)pub, 65);
	if (priv != NULL) {
		BIGNUM *d = BN_bin2bn(priv, 32, NULL);
		BN_bn2nativepad(d, native, sizeof native);
		BN_free(d);
		params[n++] =
		    OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native);
	}
	params[n] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(
		ctx, &key, priv != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* The shared secret; false if the peer's octets are no key. */
static inline bool ece_open_ecdh(
    const uint8_t *priv, const uint8_t *pub, const uint8_t *peer, uint8_t secret[32])
{
	EVP_PKEY *own = ece_open_key(pub, priv), *other = ece_open_key(peer, NULL);
	EVP_PKEY_CTX *ctx = own == NULL ? NULL : EVP_PKEY_CTX_new(own, NULL);
	size_t len = 32;
	bool ok = ctx != NULL && other != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
		  EVP_PKEY_derive(ctx, secret, &len) == 1 && len == 32;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	EVP_PKEY_free(other);
	return ok;
}

/* One record with its number; returns the length of delimiter and all before it, or -1. */
static inline ssize_t ece_open_record(
    const struct ece_trace *t, uint64_t number, const uint8_t *record, size_t len, uint8_t *out)
{
	uint8_t nonce[12];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;

	memcpy(nonce, t->nonce, sizeof nonce);
	for (int i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(number >> (8 * i));
	bool ok =
	    EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, t->cek, nonce) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &n, record, (int)len - 16) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(record + len - 16)) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out + n, &rest) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		return -1;
	while (n > 0 && out[n - 1] == 0)
		n--;
	return n > 0 ? n : -1;
}

/* Opens a body with its input key (RFC 8188).  Returns the length of the text in out, which has
 * room for the body's length, or -1 for anything that a receiver must discard. */
static inline ssize_t ece_open_body(const uint8_t *ikm, size_t ikm_len, const uint8_t *body,
    size_t len, uint8_t *out, struct ece_trace *t)
{
	static const char cek_info[] = "Content-Encoding: aes128gcm";
	static const char nonce_info[] = "Content-Encoding: nonce";
	size_t rs, at, total = 0;

	if (len < 21 || len < 21u + body[20])
		return -1;
	rs = (size_t)body[16] << 24 | (size_t)body[17] << 16 | (size_t)body[18] << 8 | body[19];
	at = 21u + body[20];
	ece_open_hkdf(ECE_OPEN_EXTRACT, body, 16, ikm, ikm_len, t->prk, 32);
	/* sizeof counts the NUL, which both infos end in */
	ece_open_hkdf(ECE_OPEN_EXPAND, (const uint8_t *)cek_info, sizeof cek_info, t->prk, 32,
	    t->cek, sizeof t->cek);
	ece_open_hkdf(ECE_OPEN_EXPAND, (const uint8_t *)nonce_info, sizeof nonce_info, t->prk, 32,
	    t->nonce, sizeof t->nonce);
	for (uint64_t number = 0;; number++) {
		size_t size = len - at < rs ? len - at : rs;
		bool last = at + size == len;
		ssize_t n =
		    size < 17 ? -1 : ece_open_record(t, number, body + at, size, out + total);
		if (n < 1 || out[total + (size_t)n - 1] != (last ? 2 : 1))
			return -1;
		total += (size_t)n - 1;
		at += size;
		if (last)
			return (ssize_t)total;
	}
}

/* Opens a push message as a browser does (RFC 8291). */
static inline ssize_t ece_open_push(const uint8_t ua_private[32], const uint8_t ua_public[65],
    const uint8_t auth[16], const uint8_t *body, size_t len, uint8_t *out, struct ece_trace *t)
{
	static const char label[] = "WebPush: info";

	/* one record alone, and rs greater than its length */
	if (len < 86 || body[20] != 65 || len - 86 >= 4096)
		return -1;
	memcpy(t->info, label, sizeof label);
	memcpy(t->info + sizeof label, ua_public, 65);
	memcpy(t->info + sizeof label + 65, body + 21, 65);
	if (!ece_open_ecdh(ua_private, ua_public, body + 21, t->secret))
		return -1;
	ece_open_hkdf(ECE_OPEN_EXTRACT, auth, 16, t->secret, 32, t->prk_key, 32);
	ece_open_hkdf(
	    ECE_OPEN_EXPAND, t->info, sizeof t->info, t->prk_key, 32, t->ikm, sizeof t->ikm);
	return ece_open_body(t->ikm, sizeof t->ikm, body, len, out, t);
}

#endif
