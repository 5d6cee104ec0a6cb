/* guard.c - see guard.h. */
#include "base.h"
#include "guard.h"

#include "buf.h"
#include "conf.h"
#include "text.h"
#include "web.h"

static bool is(const char *got, const char *want)
{
	return got != NULL && strcmp(got, want) == 0;
}

bool guard_form_origin(const struct web *web, const struct conf *conf)
{
	const char *site = web->sec_fetch_site;

	/* "none": the visitor did it by hand, e.g. by sending a form again after a reload */
	if (site != NULL && !is(site, "same-origin") && !is(site, "none"))
		return false;
	return conf->site_url != NULL && is(web->origin, conf->site_url);
}

bool guard_script_origin(const struct web *web, const struct conf *conf)
{
	if (web->sec_fetch_site != NULL && !is(web->sec_fetch_site, "same-origin"))
		return false;
	return web->origin == NULL || (conf->site_url != NULL && is(web->origin, conf->site_url));
}

static void base64url(const uint8_t bytes[DIGEST_SIZE], char out[GUARD_TOKEN_LEN + 1])
{
	struct buf b = BUF_INIT;

	text_base64url_add(&b, bytes, DIGEST_SIZE);
	assert(b.len == GUARD_TOKEN_LEN);
	memcpy(out, b.data, GUARD_TOKEN_LEN + 1);
	digest_cleanse(b.data, b.len);
	buf_release(&b);
}

void guard_new_token(char out[GUARD_TOKEN_LEN + 1], uint8_t hash[DIGEST_SIZE])
{
	digest_new_secret(out);
	digest_sha256(out, GUARD_TOKEN_LEN, hash);
}

bool guard_token_hash(const char *token, uint8_t hash[DIGEST_SIZE])
{
	uint8_t secret[DIGEST_SIZE];
	size_t len = token == NULL ? 0 : strlen(token);

	if (len != GUARD_TOKEN_LEN ||
	    text_base64_decode(TEXT_BASE64URL, token, len, secret, sizeof secret) != DIGEST_SIZE)
		return false;
	digest_cleanse(secret, sizeof secret);
	digest_sha256(token, len, hash);
	return true;
}

void guard_csrf(const void *secret, size_t secret_len, const uint8_t session_hash[DIGEST_SIZE],
    const char *action, char out[GUARD_TOKEN_LEN + 1])
{
	uint8_t mac[DIGEST_SIZE];
	struct buf b = BUF_INIT;

	/* the hash has a fixed length, so no other pair gives the same bytes */
	buf_add(&b, session_hash, DIGEST_SIZE);
	buf_add_str(&b, action);
	digest_hmac(secret, secret_len, b.data, b.len, mac);
	base64url(mac, out);
	buf_release(&b);
}

bool guard_csrf_ok(const void *secret, size_t secret_len, const uint8_t session_hash[DIGEST_SIZE],
    const char *action, const char *token)
{
	char want[GUARD_TOKEN_LEN + 1];

	if (token == NULL || strlen(token) != GUARD_TOKEN_LEN)
		return false;
	guard_csrf(secret, secret_len, session_hash, action, want);
	return text_equal_secret(token, want, GUARD_TOKEN_LEN);
}

static const char *cookie_name(const struct conf *conf)
{
	return conf->site_is_https ? "__Host-sid" : "sid";
}

const char *guard_cookie(const struct web *web, const struct conf *conf)
{
	return web_cookie(web, cookie_name(conf));
}

void guard_set_cookie(struct web *web, const struct conf *conf, const char *value)
{
	web_set_cookie(web, cookie_name(conf), value, conf->site_is_https, -1);
}

void guard_drop_cookie(struct web *web, const struct conf *conf)
{
	web_set_cookie(web, cookie_name(conf), "", conf->site_is_https, 0);
}
