/* guard.h - is this request meant by our own page?  Origins, csrf tokens, session cookies.
 *
 * The site's origin comes from the configuration, never from Host.  A browser sends Origin with
 * every POST (under Referrer-Policy same-origin also with a form's), so a POST without it is not
 * from our page.
 *
 * Secrets (sessions, API tokens) are 32 random octets, shown as base64url; only their SHA-256 is
 * stored.  The csrf token is HMAC-SHA-256 over the session's hash and the action, under a secret
 * that `init` made, so it needs no row; the sign-in form uses the hash of its own random cookie.
 */
#ifndef GUARD_H
#define GUARD_H

#include "base.h"
#include "digest.h"

struct conf;
struct web;

#define GUARD_TOKEN_LEN 43 /* base64url of 32 octets, without the NUL */

/* A POST of a form: Origin must be ours; Sec-Fetch-Site, where sent, same-origin or none. */
bool guard_form_origin(const struct web *web, const struct conf *conf);

/* A POST by a script: Origin and Sec-Fetch-Site, where sent, must be ours and same-origin. */
bool guard_script_origin(const struct web *web, const struct conf *conf);

/* A new secret and the hash to store. */
void guard_new_token(char out[GUARD_TOKEN_LEN + 1], uint8_t hash[DIGEST_SIZE]);

/* The hash of a secret that came in; false if it has not the form of one (43 characters). */
bool guard_token_hash(const char *token, uint8_t hash[DIGEST_SIZE]);

/* The csrf token of a session for an action such as "settings" or "incident". */
void guard_csrf(const void *secret, size_t secret_len, const uint8_t session_hash[DIGEST_SIZE],
    const char *action, char out[GUARD_TOKEN_LEN + 1]);

/* Constant time; `token` may be NULL. */
bool guard_csrf_ok(const void *secret, size_t secret_len, const uint8_t session_hash[DIGEST_SIZE],
    const char *action, const char *token);

/* The session's cookie: "__Host-sid" with Secure on an https site, "sid" on http://localhost, where
 * not every browser takes the former. */
const char *guard_cookie(const struct web *web, const struct conf *conf);
void guard_set_cookie(struct web *web, const struct conf *conf, const char *value);
void guard_drop_cookie(struct web *web, const struct conf *conf);

#endif
