/* vapid.c - see vapid.h.
 *
 * Of its own column it includes point.h (does the pair belong together) and ece.h (the self-test).
 */
#include "base.h"
#include "vapid.h"

#include <strings.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "buf.h"
#include "ece.h"
#include "log.h"
#include "point.h"
#include "text.h"

#define HALF_LEN      32 /* r and s of a signature (RFC 7518 §3.4) */
#define SIGNATURE_LEN (2 * HALF_LEN)

/* base64url of {"typ":"JWT","alg":"ES256"} */
#define JWT_HEADER "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9"

static_assert(VAPID_PUBLIC_LEN == POINT_PUBLIC_LEN, "one shape of public keys");

struct vapid {
	uint8_t public_key[VAPID_PUBLIC_LEN];
	EVP_PKEY *pair;
};

static const char *const fault_text[] = {
    [VAPID_FAULT_NONE] = "The key pair is good.",
    [VAPID_FAULT_PUBLIC_MISSING] = "The public key is missing.",
    [VAPID_FAULT_PUBLIC_TEXT] = "The public key is not base64url without padding.",
    [VAPID_FAULT_PUBLIC_SIZE] = "The public key does not decode to 65 octets.",
    [VAPID_FAULT_PUBLIC_POINT] = "The public key is not an uncompressed point of P-256.",
    [VAPID_FAULT_PRIVATE_MISSING] = "The private key is missing.",
    [VAPID_FAULT_PRIVATE_TEXT] = "The private key is not base64url without padding.",
    [VAPID_FAULT_PRIVATE_SIZE] = "The private key does not decode to 32 octets.",
    [VAPID_FAULT_PRIVATE_RANGE] = "The private key is not a number that P-256 allows.",
    [VAPID_FAULT_PAIR] = "The public key does not belong to the private key.",
    [VAPID_FAULT_BROKEN] = "OpenSSL could not take the key pair.",
};
static_assert(nelem(fault_text) == VAPID_FAULT__MAX, "a sentence for each fault");

static const char *const subject_text[] = {
    [VAPID_SUBJECT_OK] = "The contact is good.",
    [VAPID_SUBJECT_PLACEHOLDER] = "The contact is a placeholder; some push services refuse it.",
    [VAPID_SUBJECT_MISSING] = "There is no contact.",
    [VAPID_SUBJECT_SCHEME] = "The contact begins with neither https:// nor mailto:.",
    [VAPID_SUBJECT_CHARACTER] = "The contact has a space, < or >, or is not printable ASCII.",
    [VAPID_SUBJECT_HOST] = "The contact's https address has no host name.",
    [VAPID_SUBJECT_MAILBOX] = "The contact's mail address is not of the form local@domain.tld.",
};
static_assert(nelem(subject_text) == VAPID_SUBJECT__MAX, "a sentence for each verdict");

const char *vapid_reason(enum vapid_fault fault)
{
	return fault_text[fault];
}

const char *vapid_subject_reason(enum vapid_subject verdict)
{
	return subject_text[verdict];
}

static const char *openssl_reason(void)
{
	const char *s = ERR_reason_error_string(ERR_peek_last_error());

	return s == NULL ? "no reason given" : s;
}

/* OpenSSL wants the scalar in the byte order of the machine. */
static bool to_native(const uint8_t *priv, uint8_t native[POINT_PRIVATE_LEN])
{
	BIGNUM *d = BN_bin2bn(priv, POINT_PRIVATE_LEN, NULL);
	bool ok = d != NULL && BN_bn2nativepad(d, native, POINT_PRIVATE_LEN) == POINT_PRIVATE_LEN;

	BN_clear_free(d);
	return ok;
}

static EVP_PKEY *load_pair(uint8_t *pub, const uint8_t *priv)
{
	char curve[] = "prime256v1";
	uint8_t native[POINT_PRIVATE_LEN] = {0};
	OSSL_PARAM params[] = {
	    OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve - 1),
	    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, pub, VAPID_PUBLIC_LEN),
	    OSSL_PARAM_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
	    OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pair = NULL;

	if (ctx == NULL || !to_native(priv, native) || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) != 1)
		log_error("VAPID-01", "loading the key pair: %s", openssl_reason());
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_cleanse(native, sizeof native);
	return pair;
}

/* Decodes a key; `missing` is the first of the three faults it can have, in the enum's order:
 * missing, text, size. */
static enum vapid_fault decode(
    const char *text, enum vapid_fault missing, uint8_t *out, size_t size)
{
	uint8_t any[256];
	size_t len = text == NULL ? 0 : strlen(text);
	ssize_t n;

	if (len == 0)
		return missing;
	if (len > TEXT_BASE64URL_LEN(sizeof any))
		return missing + 2;
	n = text_base64_decode(TEXT_BASE64URL, text, len, any, sizeof any);
	if (n == (ssize_t)size)
		memcpy(out, any, size);
	OPENSSL_cleanse(any, sizeof any);
	return n < 0 ? missing + 1 : n != (ssize_t)size ? missing + 2 : VAPID_FAULT_NONE;
}

static enum vapid_fault check_pair(
    const char *public_text, const char *private_text, uint8_t *pub, uint8_t *priv)
{
	uint8_t expected[VAPID_PUBLIC_LEN];
	enum vapid_fault fault;

	fault = decode(public_text, VAPID_FAULT_PUBLIC_MISSING, pub, VAPID_PUBLIC_LEN);
	if (fault != VAPID_FAULT_NONE)
		return fault;
	if (!point_valid(pub))
		return VAPID_FAULT_PUBLIC_POINT;
	fault = decode(private_text, VAPID_FAULT_PRIVATE_MISSING, priv, POINT_PRIVATE_LEN);
	if (fault != VAPID_FAULT_NONE)
		return fault;
	if (!point_public_from_private(priv, expected))
		return VAPID_FAULT_PRIVATE_RANGE;
	return memcmp(pub, expected, sizeof expected) == 0 ? VAPID_FAULT_NONE : VAPID_FAULT_PAIR;
}

int vapid_open(const char *public_b64url, const char *private_b64url, struct vapid **out,
    enum vapid_fault *fault)
{
	uint8_t priv[POINT_PRIVATE_LEN] = {0};
	struct vapid *v = calloc(1, sizeof *v);

	if (v == NULL)
		log_die("VAPID-02", "out of memory for a key pair");
	*fault = check_pair(public_b64url, private_b64url, v->public_key, priv);
	if (*fault == VAPID_FAULT_NONE && (v->pair = load_pair(v->public_key, priv)) == NULL)
		*fault = VAPID_FAULT_BROKEN;
	OPENSSL_cleanse(priv, sizeof priv);
	if (*fault != VAPID_FAULT_NONE) {
		vapid_close(&v);
		return 0;
	}
	*out = v;
	return 1;
}

void vapid_close(struct vapid **v)
{
	if (*v == NULL)
		return;
	EVP_PKEY_free((*v)->pair); /* wipes the scalar */
	OPENSSL_cleanse(*v, sizeof **v);
	free(*v);
	*v = NULL;
}

const uint8_t *vapid_public_key(const struct vapid *v)
{
	return v->public_key;
}

/* True if the name is `suffix` or ends in it on a label boundary; ASCII case does not count. */
static bool under(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len >= n && strncasecmp(name + len - n, suffix, n) == 0 &&
	       (len == n || name[len - n - 1] == '.');
}

/* Names that lead nowhere (RFC 2606, RFC 6761, RFC 6762). */
static bool is_placeholder(const char *host, size_t len)
{
	static const char *const names[] = {"localhost", "local", "example", "example.com",
	    "example.net", "example.org", "test", "invalid"};

	for (size_t i = 0; i < nelem(names); i++)
		if (under(host, len, names[i]))
			return true;
	return false;
}

/* Labels of letters, digits and hyphens, none of them empty. */
static bool is_host_name(const char *s, size_t len)
{
	bool empty = true;

	for (size_t i = 0; i < len; i++) {
		bool dot = s[i] == '.';
		if (dot && empty)
			return false;
		if (!dot &&
		    strchr("0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
			s[i]) == NULL)
			return false;
		empty = dot;
	}
	return !empty;
}

static enum vapid_subject check_https(const char *authority)
{
	size_t host = strcspn(authority, ":/?#");
	const char *port = authority + host;

	if (!is_host_name(authority, host))
		return VAPID_SUBJECT_HOST;
	if (*port == ':') {
		size_t digits = strspn(port + 1, "0123456789");
		/* strchr also finds the end of the string */
		if (digits == 0 || digits > 5 || strchr("/?#", port[1 + digits]) == NULL)
			return VAPID_SUBJECT_HOST;
	}
	return is_placeholder(authority, host) ? VAPID_SUBJECT_PLACEHOLDER : VAPID_SUBJECT_OK;
}

static enum vapid_subject check_mailto(const char *mailbox)
{
	const char *at = strchr(mailbox, '@');
	size_t len;

	if (at == NULL || at == mailbox)
		return VAPID_SUBJECT_MAILBOX;
	len = strlen(at + 1);
	if (!is_host_name(at + 1, len))
		return VAPID_SUBJECT_MAILBOX;
	if (is_placeholder(at + 1, len))
		return VAPID_SUBJECT_PLACEHOLDER;
	return memchr(at + 1, '.', len) == NULL ? VAPID_SUBJECT_MAILBOX : VAPID_SUBJECT_OK;
}

enum vapid_subject vapid_check_subject(const char *subject)
{
	if (subject == NULL || *subject == '\0')
		return VAPID_SUBJECT_MISSING;
	for (const char *s = subject; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '<' || *s == '>')
			return VAPID_SUBJECT_CHARACTER;
	if (strncasecmp(subject, "https://", 8) == 0)
		return check_https(subject + 8);
	if (strncasecmp(subject, "mailto:", 7) == 0)
		return check_mailto(subject + 7);
	return VAPID_SUBJECT_SCHEME;
}

/* A JSON string (RFC 8259 §7). */
static void add_json_string(struct buf *b, const char *s)
{
	buf_add_char(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			buf_printf(b, "\\u%04x", (unsigned)*s);
		else
			buf_add_char(b, *s);
	}
	buf_add_char(b, '"');
}

/* OpenSSL writes a signature as DER; JWS wants r and s as 32 octets each, with leading zeros. */
static bool der_to_raw(const uint8_t *der, size_t len, uint8_t raw[SIGNATURE_LEN])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, HALF_LEN) == HALF_LEN &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + HALF_LEN, HALF_LEN) == HALF_LEN;

	ECDSA_SIG_free(sig);
	return ok;
}

/* ES256 over the bytes, as DER. */
static bool sign(struct vapid *v, const void *bytes, size_t len, uint8_t *der, size_t *der_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL &&
		  EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, v->pair, NULL) == 1 &&
		  EVP_DigestSign(ctx, der, der_len, bytes, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool sign_raw(struct vapid *v, const void *bytes, size_t len, uint8_t raw[SIGNATURE_LEN])
{
	uint8_t der[80]; /* 72 at most */
	size_t der_len = sizeof der;

	if (sign(v, bytes, len, der, &der_len) && der_to_raw(der, der_len, raw))
		return true;
	log_error("VAPID-03", "signing: %s", openssl_reason());
	return false;
}

int vapid_header(
    struct vapid *v, const char *origin, const char *subject, int64_t now_ms, struct buf *out)
{
	struct buf claims = BUF_INIT, token = BUF_INIT;
	uint8_t raw[SIGNATURE_LEN];
	bool ok;

	buf_add_str(&claims, "{\"aud\":");
	add_json_string(&claims, origin);
	buf_printf(&claims, ",\"exp\":%" PRId64 ",\"sub\":", (now_ms + VAPID_LIFETIME_MS) / 1000);
	add_json_string(&claims, subject);
	buf_add_char(&claims, '}');
	buf_add_str(&token, JWT_HEADER ".");
	text_base64url_add(&token, claims.data, claims.len);
	ok = sign_raw(v, token.data, token.len, raw);
	if (ok) {
		buf_printf(out, "vapid t=%s.", token.data);
		text_base64url_add(out, raw, sizeof raw);
		buf_add_str(out, ", k=");
		text_base64url_add(out, v->public_key, sizeof v->public_key);
	}
	buf_release(&claims);
	buf_release(&token);
	return ok ? 1 : -1;
}

bool vapid_self_test(struct vapid *v)
{
	static const char probe[] = "probe";
	uint8_t der[80];
	size_t der_len = sizeof der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && sign(v, probe, sizeof probe, der, &der_len) &&
		  EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, v->pair, NULL) == 1 &&
		  EVP_DigestVerify(ctx, der, der_len, (const uint8_t *)probe, sizeof probe) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		log_error("VAPID-04", "a probe signature does not verify: %s", openssl_reason());
	return ok && ece_self_test();
}
