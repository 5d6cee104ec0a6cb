/* password.c - see password.h. */
#include "base.h"
#include "password.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "buf.h"
#include "digest.h"
#include "file.h"
#include "log.h"
#include "text.h"

#define LOG2N	  17
#define BLOCKS	  8
#define PARALLEL  1
#define SALT_SIZE 16
#define HASH_SIZE 32
#define SLOTS	  2
#define WAIT_MS	  5000

/* What a stored form says. */
struct stored {
	uint64_t log2n, r, p;
	uint8_t salt[SALT_SIZE];
	uint8_t hash[HASH_SIZE];
};

static uint64_t log2n_for_new(void)
{
#ifdef ATSTATUS_TEST
	const char *lower = getenv("ATSTATUS_SCRYPT_LOG2N");
	uint64_t n;

	if (lower != NULL && text_parse_u64(lower, strlen(lower), 4, LOG2N, &n))
		return n;
#endif
	return LOG2N;
}

/* What scrypt with these parameters needs (RFC 7914 §2: 128 * r * (N + p) bytes), and a little. */
static uint64_t memory_of(const struct stored *s)
{
	return 128 * s->r * ((UINT64_C(1) << s->log2n) + s->p + 2) + 1024 * 1024;
}

static bool derive(
    EVP_KDF_CTX *ctx, struct stored *s, const char *password, size_t len, uint8_t out[HASH_SIZE])
{
	uint64_t n = UINT64_C(1) << s->log2n, memory = memory_of(s);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, len),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, s->salt, SALT_SIZE),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &s->r),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &s->p),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
	    OSSL_PARAM_construct_end(),
	};

	return EVP_KDF_derive(ctx, out, HASH_SIZE, params) == 1;
}

static bool scrypt(struct stored *s, const char *password, size_t len, uint8_t out[HASH_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	bool ok = ctx != NULL && derive(ctx, s, password, len, out);

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	if (!ok)
		log_error("PASSWORD-01", "scrypt failed; is there memory for 2^%u blocks?",
		    (unsigned)s->log2n);
	return ok;
}

int password_hash(const char *password, size_t len, char out[PASSWORD_HASH_MAX])
{
	struct stored s = {.log2n = log2n_for_new(), .r = BLOCKS, .p = PARALLEL};
	struct buf b = BUF_INIT;

	digest_random(s.salt, sizeof s.salt);
	if (!scrypt(&s, password, len, s.hash))
		return -1;
	buf_printf(&b, "$scrypt$ln=%u,r=%u,p=%u$", (unsigned)s.log2n, (unsigned)s.r, (unsigned)s.p);
	text_base64url_add(&b, s.salt, sizeof s.salt);
	buf_add_char(&b, '$');
	text_base64url_add(&b, s.hash, sizeof s.hash);
	assert(b.len < PASSWORD_HASH_MAX);
	memcpy(out, b.data, b.len + 1);
	buf_release(&b);
	return 1;
}

/* Takes "ln=17" and the mark that must follow. */
static bool take_number(
    const char **at, const char *name, char mark, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t n = strlen(name);
	const char *end;

	if (strncmp(*at, name, n) != 0 || (end = strchr(*at + n, mark)) == NULL)
		return false;
	if (!text_parse_u64(*at + n, (size_t)(end - *at) - n, min, max, out))
		return false;
	*at = end + 1;
	return true;
}

/* The bounds keep a damaged row from asking for all memory. */
static bool read_stored(const char *text, struct stored *s)
{
	static const char head[] = "$scrypt$";
	const char *at = text + sizeof head - 1, *hash;

	if (strncmp(text, head, sizeof head - 1) != 0 ||
	    !take_number(&at, "ln=", ',', 1, 20, &s->log2n) ||
	    !take_number(&at, "r=", ',', 1, 16, &s->r) ||
	    !take_number(&at, "p=", '$', 1, 4, &s->p) || (hash = strchr(at, '$')) == NULL)
		return false;
	return text_base64_decode(TEXT_BASE64URL, at, (size_t)(hash - at), s->salt, SALT_SIZE) ==
		   SALT_SIZE &&
	       text_base64_decode(TEXT_BASE64URL, hash + 1, strlen(hash + 1), s->hash, HASH_SIZE) ==
		   HASH_SIZE;
}

int password_verify(const char *stored, const char *password, size_t len)
{
	struct stored s = {.log2n = log2n_for_new(), .r = BLOCKS, .p = PARALLEL};
	uint8_t got[HASH_SIZE];

	if (stored != NULL && !read_stored(stored, &s)) {
		log_error("PASSWORD-02", "a stored password is unreadable");
		return -1;
	}
	if (!scrypt(&s, password, len, got))
		return -1;
	bool same = text_equal_secret(got, s.hash, HASH_SIZE);
	digest_cleanse(got, sizeof got);
	return stored != NULL && same ? 1 : 0;
}

bool password_is_outdated(const char *stored)
{
	struct stored s;

	return !read_stored(stored, &s) || s.log2n != log2n_for_new() || s.r != BLOCKS ||
	       s.p != PARALLEL;
}

int password_slot_take(const char *data_dir, int *fd)
{
	char path[FILE_PATH_MAX], name[32];

	for (int i = 0; i < SLOTS; i++) {
		snprintf(name, sizeof name, "password-%d.lock", i);
		file_join(path, sizeof path, data_dir, name);
		/* all are taken when the last is reached: queue up there or at the other one, by
		 * pid */
		int rc = file_lock(path, 0, fd);
		if (rc != 0)
			return rc;
	}
	snprintf(name, sizeof name, "password-%d.lock", (int)(getpid() % SLOTS));
	file_join(path, sizeof path, data_dir, name);
	return file_lock(path, WAIT_MS, fd);
}
