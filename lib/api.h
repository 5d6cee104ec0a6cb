/* api.h - the write API for programs: /v1/pages/{page_id}/..., with the names of Statuspage's v1.
 *
 * Every call is authorised by a token in "Authorization: Bearer" (or "OAuth"); no Origin, no csrf:
 * a browser never sends such a header by itself.  Requests wrap the object, answers are the bare
 * object, lists a bare array.
 *
 * Errors: 400 not JSON or an unknown member, 401 no valid token, 403 scope, 404, 405, 409 illegal
 * step, 411, 413, 415, 422 {"error","field"}, 500, 503.
 */
#ifndef API_H
#define API_H

#include "app.h"

/* Answers a request whose web->is_api is set. */
void api_route(struct app *app);

#endif
