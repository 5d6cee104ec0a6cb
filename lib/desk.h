/* desk.h - the admin pages: what people see and do behind the sign-in form.
 *
 * Two programs share them, admin-settings (sign-in, components, settings) and incident-post
 * (incidents); which address belongs to which stands in desk_table.h.  A request passes, in this
 * order: a route of the table (404, 405); for a POST its Origin (403); a session (303 to the
 * sign-in form, 403 for a POST); the role (403); for a POST the form itself (400, 413, 415) and its
 * csrf token (403).  Only then a handler sees it.  What is not allowed by the table is refused.
 *
 * Wrong input is answered with 422 and the same form, the values kept and a message beside each
 * field that needs one.  What was done is answered with 303, so that a reload does nothing twice.
 * A form that creates something holds a one-time post_id: the second click gets the same 303.
 *
 * Every page works without JavaScript; admin.js adds drafts, shortcuts and the test button.
 */
#ifndef DESK_H
#define DESK_H

#include "app.h"

enum desk_program { DESK_ADMIN_SETTINGS, DESK_INCIDENT_POST, DESK_PROGRAM__MAX };

/* Parses the templates and prepares what outlives a request; ends the process if something is
 * damaged.  Once, after app_open. */
void desk_open(struct app *app);
void desk_close(void);

/* Answers a request of the program. */
void desk_route(struct app *app, enum desk_program program);

#endif
