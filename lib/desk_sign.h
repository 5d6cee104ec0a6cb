/* desk_sign.h - what desk.c needs to know of signing in; nobody else includes it. */
#ifndef DESK_SIGN_H
#define DESK_SIGN_H

struct desk;

/* The hash of the sign-in form's own cookie becomes d->session, so that the form's csrf token is
 * made and checked like any other; without such a cookie it stays all zeros. */
void desk_load_sign_in_cookie(struct desk *d);

void desk_close_sign(void);

#endif
