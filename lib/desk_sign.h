/* desk_sign.h - what other files of the desk need of signing in; nobody else includes it. */
#ifndef DESK_SIGN_H
#define DESK_SIGN_H

#include "base.h"
#include "password.h"

struct desk;
struct form_value;

/* The hash of the sign-in form's own cookie becomes d->session, so that the form's csrf token is
 * made and checked like any other; without such a cookie it stays all zeros. */
void desk_load_sign_in_cookie(struct desk *d);

/* Counts an attempt to give the password of an account (password_hash NULL: there is none of that
 * name).  True: go on.  False: too early; the message above the page says so and the answer
 * that is drawn then has its Retry-After. */
bool desk_enter(struct desk *d, const char *name, const char *password_hash);

/* The attempt succeeded: the account and the network start over. */
void desk_forgive(struct desk *d, const char *name, const char *password_hash);

/* Waits for one of the two places and computes, also where there is no such user (stored NULL).  1
 * right, 0 wrong, -1 broken or too busy, and answered.  If right, hash is the new form of `next`, or of the password itself
 * where the stored form is outdated, else "". */
int desk_check_password(struct desk *d, const char *stored, const struct form_value *password,
    const struct form_value *next, char hash[PASSWORD_HASH_MAX]);

/* Sets the cookie by which this browser is counted apart from strangers. */
void desk_set_known(struct desk *d, const char *password_hash);

void desk_close_sign(void);

#endif
