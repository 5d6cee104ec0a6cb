/* test_guard.c - origins, csrf, tokens, digests, passwords. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "digest.h"
#include "guard.h"
#include "password.h"
#include "text.h"
#include "web_private.h"

static char https_url[] = "https://status.example.com", local_url[] = "http://localhost:8080";
static struct conf https_site = {.site_url = https_url, .site_is_https = true, .site_secure = true};
static struct conf local_site = {.site_url = local_url, .site_secure = true};

static void test_origins(void)
{
	static const char *const foreign[] = {"null", "https://status.example.com:443",
	    "http://status.example.com", "https://status.example.com:8443",
	    "https://STATUS.example.com", "https://status.example.com.evil.example",
	    "https://evil.example", "https://status.example.com/", "", "https://status.example.co"};
	struct web web = {.origin = "https://status.example.com", .sec_fetch_site = "same-origin"};

	t_case("a form must come from our origin, and say so");
	t_ok(guard_form_origin(&web, &https_site));
	web.sec_fetch_site = "none";
	t_ok(guard_form_origin(&web, &https_site));
	web.sec_fetch_site = NULL;
	t_ok(guard_form_origin(&web, &https_site));
	t_ok(!guard_form_origin(&web, &local_site));
	web.origin = NULL;
	t_ok(!guard_form_origin(&web, &https_site));
	for (size_t i = 0; i < nelem(foreign); i++) {
		web.origin = foreign[i];
		t_check(!guard_form_origin(&web, &https_site), foreign[i], __FILE__, __LINE__);
		t_check(!guard_script_origin(&web, &https_site), foreign[i], __FILE__, __LINE__);
	}

	t_case("another site's fetch is refused whatever Origin says");
	web.origin = "https://status.example.com";
	web.sec_fetch_site = "cross-site";
	t_ok(!guard_form_origin(&web, &https_site) && !guard_script_origin(&web, &https_site));
	web.sec_fetch_site = "same-site";
	t_ok(!guard_form_origin(&web, &https_site) && !guard_script_origin(&web, &https_site));

	t_case("a script may leave out both, as programs do");
	web.origin = web.sec_fetch_site = NULL;
	t_ok(guard_script_origin(&web, &https_site));
	web.sec_fetch_site = "none";
	t_ok(!guard_script_origin(&web, &https_site));
}

static void test_csrf(void)
{
	uint8_t mine[DIGEST_SIZE] = {1}, other[DIGEST_SIZE] = {2};
	char token[GUARD_TOKEN_LEN + 1];

	t_case("a csrf token fits its session, action and secret only");
	guard_csrf("secret", 6, mine, "settings", token);
	t_int(strlen(token), GUARD_TOKEN_LEN);
	t_ok(guard_csrf_ok("secret", 6, mine, "settings", token));
	t_ok(!guard_csrf_ok("secret", 6, other, "settings", token));
	t_ok(!guard_csrf_ok("secret", 6, mine, "incident", token));
	t_ok(!guard_csrf_ok("Secret", 6, mine, "settings", token));
	t_ok(!guard_csrf_ok("secret", 6, mine, "settings", NULL));
	t_ok(!guard_csrf_ok("secret", 6, mine, "settings", ""));
	token[42] = token[42] == 'A' ? 'B' : 'A';
	t_ok(!guard_csrf_ok("secret", 6, mine, "settings", token));
}

static void test_tokens(void)
{
	char token[GUARD_TOKEN_LEN + 1], second[GUARD_TOKEN_LEN + 1];
	uint8_t hash[DIGEST_SIZE], again[DIGEST_SIZE];

	t_case("a new token is unlike the last, and its hash is found again");
	guard_new_token(token, hash);
	t_ok(guard_token_hash(token, again));
	t_mem(hash, again, DIGEST_SIZE);
	guard_new_token(second, again);
	t_ok(strcmp(token, second) != 0 && memcmp(hash, again, DIGEST_SIZE) != 0);

	t_case("what has not the form of a token is not even hashed");
	t_ok(!guard_token_hash(NULL, again) && !guard_token_hash("", again));
	token[10] = '.';
	t_ok(!guard_token_hash(token, again));
	t_ok(!guard_token_hash("AAAA", again));
}

static void test_digests(void)
{
	uint8_t out[DIGEST_SIZE];
	struct buf b = BUF_INIT;
	int seen[36] = {0};
	char id[13];

	t_case("SHA-256 and HMAC-SHA-256 agree with FIPS 180-4 and RFC 4231 (case 2)");
	digest_sha256("abc", 3, out);
	text_hex_add(&b, out, DIGEST_SIZE);
	t_str(b.data, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	buf_clear(&b);
	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, out);
	text_hex_add(&b, out, DIGEST_SIZE);
	t_str(b.data, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	buf_release(&b);

	t_case("ids have 12 characters, each of the 36 about as often");
	for (int i = 0; i < 6000; i++) {
		digest_new_id(id);
		t_ok(text_is_id(id, strlen(id)));
		for (int k = 0; k < 12; k++)
			seen[id[k] >= 'a' ? id[k] - 'a' : 26 + id[k] - '0']++;
	}
	/* 2,000 each; ten standard deviations are 440 */
	for (size_t i = 0; i < nelem(seen); i++)
		t_ok(seen[i] > 1560 && seen[i] < 2440);
}

static void test_passwords(void)
{
	char hash[PASSWORD_HASH_MAX], second[PASSWORD_HASH_MAX];
	char *damaged;

	t_case("a password is recognised, another one is not");
	t_int(password_hash("correct horse", 13, hash), 1);
	t_ok(strncmp(hash, "$scrypt$ln=", 11) == 0);
	t_int(password_verify(hash, "correct horse", 13), 1);
	t_int(password_verify(hash, "correct horsf", 13), 0);
	t_int(password_verify(hash, "correct horse ", 14), 0);
	t_int(password_verify(hash, "", 0), 0);
	t_int(password_verify(NULL, "correct horse", 13), 0);
	t_int(password_hash("correct horse", 13, second), 1);
	t_ok(strcmp(hash, second) != 0);
	t_ok(!password_is_outdated(hash));

	t_case("scrypt agrees with an independent computation");
	/* Python: hashlib.scrypt(b'pleaseletmein', salt=b'SodiumChloride16', n=16384, r=8, p=1,
	 * dklen=32) */
	static const char known[] = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGUxNg$"
				    "ywd3KuG5N75-_-n_Cjfqd4qjzQQanR1jI1SPfrFKXNY";
	t_int(password_verify(known, "pleaseletmein", 13), 1);
	t_int(password_verify(known, "pleaseletmeout", 14), 0);
	t_ok(password_is_outdated(known));

	t_case("a damaged stored form is an error, not a match and not a giant allocation");
	damaged = strdup(hash);
	damaged[strlen(damaged) - 1] = '\0';
	t_int(password_verify(damaged, "correct horse", 13), -1);
	free(damaged);
	t_int(password_verify("", "x", 1), -1);
	t_int(password_verify("$scrypt$ln=40,r=8,p=1$a$b", "x", 1), -1);
}

int main(void)
{
	test_origins();
	test_csrf();
	test_tokens();
	test_digests();
	test_passwords();
	return t_end();
}
