/* test_vapid.c - key pairs, contacts, and the Authorization header, opened by a verifier that
 * shares no code with the library. */
#include "base.h"
#include "vapid.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "buf.h"
#include "clock.h"
#include "point.h"
#include "text.h"
#include "t.h"
#include "ece_open.h"
#include "../vectors/points.h"
#include "../vectors/rfc8291.h"
#include "../vectors/rfc8292.h"

/* The pair that the tests sign with: that of RFC 8291's sender. */
#define PUBLIC	RFC8291_AS_PUBLIC
#define PRIVATE RFC8291_AS_PRIVATE

/* What a service reads from a header. */
struct opened {
	char claims[1024];
	uint8_t key[65], signature[64];
};

/* base64url from s to the first of the stop characters. */
static const char *take_base64(const char *s, char stop, uint8_t *out, size_t cap, ssize_t *size)
{
	const char *end = strchr(s, stop);

	*size =
	    end == NULL ? -1 : text_base64_decode(TEXT_BASE64URL, s, (size_t)(end - s), out, cap);
	return *size < 0 ? NULL : end;
}

/* ES256 with the raw form r | s, by way of DER, which OpenSSL verifies. */
static bool signature_holds(const struct opened *o, const char *signed_text, size_t len)
{
	EVP_PKEY *key = ece_open_key(o->key, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (key == NULL || ECDSA_SIG_set0(sig, BN_bin2bn(o->signature, 32, NULL),
			       BN_bin2bn(o->signature + 32, 32, NULL)) != 1)
		abort();
	int der_len = i2d_ECDSA_SIG(sig, &der);
	bool ok =
	    EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
	    EVP_DigestVerify(ctx, der, (size_t)der_len, (const uint8_t *)signed_text, len) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_PKEY_free(key);
	return ok;
}

/* Opens a header as a push service does (RFC 8292 §3); false if it must be refused. */
static bool verify(const char *header, struct opened *o)
{
	static const char jose[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	uint8_t head[64];
	ssize_t n;

	if (strncmp(header, "vapid t=", 8) != 0)
		return false;
	const char *token = header + 8;
	const char *at = take_base64(token, '.', head, sizeof head, &n);
	if (at == NULL || n != (ssize_t)strlen(jose) || memcmp(head, jose, (size_t)n) != 0)
		return false;
	at = take_base64(at + 1, '.', (uint8_t *)o->claims, sizeof o->claims - 1, &n);
	if (at == NULL)
		return false;
	o->claims[n] = '\0';
	size_t signed_len = (size_t)(at - token);
	at = take_base64(at + 1, ',', o->signature, sizeof o->signature, &n);
	if (at == NULL || n != 64 || strncmp(at, ", k=", 4) != 0)
		return false;
	n = text_base64_decode(TEXT_BASE64URL, at + 4, strlen(at + 4), o->key, sizeof o->key);
	return n == 65 && point_valid(o->key) && signature_holds(o, token, signed_len);
}

static void check_rfc8292(void)
{
	struct opened o;
	char header[] = RFC8292_HEADER;

	t_case("the header of RFC 8292 §2.4 verifies and holds the RFC's claims");
	t_ok(verify(header, &o));
	t_str(o.claims, RFC8292_CLAIMS);
	t_case("the header of RFC 8292 with a changed claim does not verify");
	header[60]++;
	t_ok(!verify(header, &o));
	header[60]--;
	t_ok(verify(header, &o));
	t_case("the header of RFC 8292 with a changed signature does not verify");
	strstr(header, "i3CYb")[3] = 'Z';
	t_ok(!verify(header, &o));
}

static struct vapid *open_pair(void)
{
	struct vapid *v = NULL;
	enum vapid_fault fault;

	if (vapid_open(PUBLIC, PRIVATE, &v, &fault) != 1)
		abort();
	return v;
}

static void check_header(struct vapid *v)
{
	struct buf out = BUF_INIT;
	struct opened o = {0};
	uint8_t key[65];
	int64_t now;

	t_case("a header verifies and says aud, exp in 12 hours in whole seconds, and sub");
	buf_add_str(&out, "before ");
	t_ok(clock_parse_iso("2026-11-23T16:43:30.999Z", 24, &now));
	t_int(
	    vapid_header(v, "https://push.example.net", "mailto:ops@status.example.com", now, &out),
	    1);
	t_ok(strncmp(out.data, "before ", 7) == 0);
	t_ok(verify(out.data + 7, &o));
	t_str(o.claims,
	    "{\"aud\":\"https://push.example.net\",\"exp\":1795495410,\"sub\":\"mailto:ops@"
	    "status.example.com\"}");
	t_case("the header's k is the public key of the pair");
	text_base64_decode(TEXT_BASE64URL, PUBLIC, strlen(PUBLIC), key, sizeof key);
	t_mem(o.key, key, sizeof key);
	t_mem(vapid_public_key(v), key, sizeof key);
	t_case("a header holds no line break and no padding");
	t_ok(strpbrk(out.data, "\r\n") == NULL);
	t_ok(strstr(out.data, "=,") == NULL && out.data[out.len - 1] != '=');
	t_case("quotes, backslashes and controls of a claim are escaped as JSON");
	buf_clear(&out);
	t_int(vapid_header(v, "https://a", "mailto:\"a\\b\"\n@c.de", 0, &out), 1);
	t_ok(verify(out.data, &o));
	t_str(o.claims,
	    "{\"aud\":\"https://a\",\"exp\":43200,\"sub\":\"mailto:\\\"a\\\\b\\\"\\u000a@"
	    "c.de\"}");
	buf_release(&out);
}

static void check_leading_zeros(struct vapid *v)
{
	struct buf out = BUF_INIT;
	struct opened o;
	int r = 0, s = 0;

	t_case("a signature whose r or s has a leading zero octet has 64 octets and verifies");
	for (int i = 0; i < 20000 && (r == 0 || s == 0); i++) {
		buf_clear(&out);
		if (vapid_header(v, "https://a.example", "mailto:a@b.example", i, &out) != 1 ||
		    !verify(out.data, &o)) {
			t_ok(false);
			break;
		}
		r += o.signature[0] == 0;
		s += o.signature[32] == 0;
	}
	t_ok(r > 0);
	t_ok(s > 0);
	buf_release(&out);
}

static void check_open(const char *pub, const char *priv, enum vapid_fault want)
{
	struct vapid *v = NULL;
	enum vapid_fault fault = VAPID_FAULT__MAX;

	t_int(vapid_open(pub, priv, &v, &fault), want == VAPID_FAULT_NONE);
	t_int(fault, want);
	t_ok((v != NULL) == (want == VAPID_FAULT_NONE));
	vapid_close(&v);
	t_ok(v == NULL);
}

/* The base64url form of a vector in hex. */
static const char *base64_of(const char *hex)
{
	/* two, since a check takes two keys */
	static struct buf bufs[2] = {BUF_INIT, BUF_INIT};
	static int turn;
	struct buf *out = &bufs[turn ^= 1];
	uint8_t bytes[65];
	size_t size = strlen(hex) / 2;

	if (!text_hex_decode(hex, strlen(hex), bytes, size))
		abort();
	buf_clear(out);
	text_base64url_add(out, bytes, size);
	return out->data;
}

static void check_public_faults(void)
{
	char standard[] = PUBLIC;

	t_case("a missing public key is named");
	check_open(NULL, PRIVATE, VAPID_FAULT_PUBLIC_MISSING);
	check_open("", PRIVATE, VAPID_FAULT_PUBLIC_MISSING);
	t_case("a public key in another alphabet or with padding is named");
	*strchr(standard, '_') = '/';
	check_open(standard, PRIVATE, VAPID_FAULT_PUBLIC_TEXT);
	check_open(PUBLIC "=", PRIVATE, VAPID_FAULT_PUBLIC_TEXT);
	check_open(" " PUBLIC, PRIVATE, VAPID_FAULT_PUBLIC_TEXT);
	t_case("a public key of 64 or 66 octets, or of thousands, is named");
	check_open(base64_of(POINT_GX POINT_GY), PRIVATE, VAPID_FAULT_PUBLIC_SIZE);
	check_open(PUBLIC "A", PRIVATE, VAPID_FAULT_PUBLIC_SIZE);
	char huge[5001];
	memset(huge, 'A', 5000);
	huge[5000] = '\0';
	check_open(huge, PRIVATE, VAPID_FAULT_PUBLIC_SIZE);
	t_case("a public key that is a private one is named");
	check_open(PRIVATE, PRIVATE, VAPID_FAULT_PUBLIC_SIZE);
	t_case("a public key that is no uncompressed point of the curve is named");
	for (size_t i = 0; i < nelem(point_vectors); i++)
		if (!point_vectors[i].valid)
			check_open(
			    base64_of(point_vectors[i].hex), PRIVATE, VAPID_FAULT_PUBLIC_POINT);
}

static void check_private_faults(void)
{
	t_case("a missing private key is named");
	check_open(PUBLIC, NULL, VAPID_FAULT_PRIVATE_MISSING);
	check_open(PUBLIC, "", VAPID_FAULT_PRIVATE_MISSING);
	t_case("a private key that is not base64url is named");
	check_open(PUBLIC, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ+oRw", VAPID_FAULT_PRIVATE_TEXT);
	check_open(PUBLIC, PRIVATE "=", VAPID_FAULT_PRIVATE_TEXT);
	t_case("a private key of 31 or 33 octets is named");
	check_open(PUBLIC, base64_of(&POINT_0[2]), VAPID_FAULT_PRIVATE_SIZE);
	check_open(PUBLIC, PRIVATE "A", VAPID_FAULT_PRIVATE_SIZE);
	check_open(PUBLIC, base64_of("00" POINT_1), VAPID_FAULT_PRIVATE_SIZE);
	t_case("a private key of 0, n or above is named");
	check_open(PUBLIC, base64_of(POINT_0), VAPID_FAULT_PRIVATE_RANGE);
	check_open(PUBLIC, base64_of(POINT_N), VAPID_FAULT_PRIVATE_RANGE);
	check_open(PUBLIC, base64_of(POINT_FF), VAPID_FAULT_PRIVATE_RANGE);
	t_case("a public key of another pair is named");
	check_open(RFC8291_UA_PUBLIC, PRIVATE, VAPID_FAULT_PAIR);
	t_case("a public key with the sign of y changed is named");
	check_open(base64_of("04" POINT_GX POINT_NGY), base64_of(POINT_1), VAPID_FAULT_PAIR);
}

static void check_pairs(void)
{
	/* printed by npx web-push generate-vapid-keys, version 3.6.7 */
	static const char npm_public[] = "BMy3YSHBTSwns7EzwyU7W9hugeHAUjQA7gW2LMEB0qbPkdNceVHbBWAOV"
					 "X0cVtaOiFlGMInhasMSxkkhH1BIb8k";
	static const char npm_private[] = "Hv96AIiPIcmMJ8p6RMUMjd_HgpXm4_flEDLealKv5Mg";
	uint8_t priv[32], pub[65];
	struct buf a = BUF_INIT, b = BUF_INIT;

	t_case("the pair that the npm package printed is good");
	check_open(npm_public, npm_private, VAPID_FAULT_NONE);
	t_case("a pair of our own making is good");
	t_ok(point_generate(priv, pub));
	text_base64url_add(&a, pub, sizeof pub);
	text_base64url_add(&b, priv, sizeof priv);
	check_open(a.data, b.data, VAPID_FAULT_NONE);
	buf_release(&a);
	buf_release(&b);
	t_case("each fault and each verdict has a sentence");
	for (int i = 0; i < VAPID_FAULT__MAX; i++)
		t_ok(strlen(vapid_reason((enum vapid_fault)i)) > 10);
	for (int i = 0; i < VAPID_SUBJECT__MAX; i++)
		t_ok(strlen(vapid_subject_reason((enum vapid_subject)i)) > 10);
}

static void check_subjects(void)
{
	static const struct {
		const char *subject;
		enum vapid_subject want;
	} table[] = {
	    {"mailto:ops@status.acme.io", VAPID_SUBJECT_OK},
	    {"mailto:a.b+c@acme.co.uk", VAPID_SUBJECT_OK},
	    {"https://status.acme.io", VAPID_SUBJECT_OK},
	    {"https://status.acme.io:8443/contact?x=1#y", VAPID_SUBJECT_OK},
	    {"HTTPS://STATUS.ACME.IO/", VAPID_SUBJECT_OK},
	    {"https://notlocalhost", VAPID_SUBJECT_OK},
	    {"mailto:a@myexample.com", VAPID_SUBJECT_OK},
	    {"mailto:admin@localhost", VAPID_SUBJECT_PLACEHOLDER},
	    {"mailto:admin@host.local", VAPID_SUBJECT_PLACEHOLDER},
	    {"mailto:admin@Example.COM", VAPID_SUBJECT_PLACEHOLDER},
	    {"mailto:admin@mail.example.org", VAPID_SUBJECT_PLACEHOLDER},
	    {"https://localhost:8080/", VAPID_SUBJECT_PLACEHOLDER},
	    {"https://status.example.com", VAPID_SUBJECT_PLACEHOLDER},
	    {"https://status.test", VAPID_SUBJECT_PLACEHOLDER},
	    {NULL, VAPID_SUBJECT_MISSING},
	    {"", VAPID_SUBJECT_MISSING},
	    {"ops@acme.io", VAPID_SUBJECT_SCHEME},
	    {"http://status.acme.io", VAPID_SUBJECT_SCHEME},
	    {"tel:+1", VAPID_SUBJECT_SCHEME},
	    {"mailto: ops@acme.io", VAPID_SUBJECT_CHARACTER},
	    {"mailto:<ops@acme.io>", VAPID_SUBJECT_CHARACTER},
	    {"mailto:ops@acme.io\n", VAPID_SUBJECT_CHARACTER},
	    {"mailto:ops\x7f@acme.io", VAPID_SUBJECT_CHARACTER},
	    {"mailto:\xc3\xb6@acme.io", VAPID_SUBJECT_CHARACTER},
	    {"https://", VAPID_SUBJECT_HOST},
	    {"https:///path", VAPID_SUBJECT_HOST},
	    {"https://.acme.io", VAPID_SUBJECT_HOST},
	    {"https://acme..io", VAPID_SUBJECT_HOST},
	    {"https://user@acme.io", VAPID_SUBJECT_HOST},
	    {"https://acme.io:", VAPID_SUBJECT_HOST},
	    {"https://acme.io:80x", VAPID_SUBJECT_HOST},
	    {"mailto:", VAPID_SUBJECT_MAILBOX},
	    {"mailto:acme.io", VAPID_SUBJECT_MAILBOX},
	    {"mailto:@acme.io", VAPID_SUBJECT_MAILBOX},
	    {"mailto:ops@", VAPID_SUBJECT_MAILBOX},
	    {"mailto:ops@acme", VAPID_SUBJECT_MAILBOX},
	    {"mailto:ops@acme.", VAPID_SUBJECT_MAILBOX},
	    {"mailto:ops@acme.io,b@acme.io", VAPID_SUBJECT_MAILBOX},
	    {"mailto:ops@acme.io?subject=x", VAPID_SUBJECT_MAILBOX},
	};

	for (size_t i = 0; i < nelem(table); i++) {
		static char name[nelem(table)][128];
		snprintf(name[i], sizeof name[i], "the contact \"%s\" is judged rightly",
		    table[i].subject == NULL ? "(none)" : table[i].subject);
		t_case(name[i]);
		t_int(vapid_check_subject(table[i].subject), table[i].want);
	}
}

int main(void)
{
	struct vapid *v = open_pair();

	check_rfc8292();
	check_header(v);
	check_leading_zeros(v);
	check_public_faults();
	check_private_faults();
	check_pairs();
	check_subjects();
	t_case("the self-test of a good pair holds");
	t_ok(vapid_self_test(v));
	vapid_close(&v);
	return t_end();
}
