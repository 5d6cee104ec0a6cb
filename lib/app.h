/* app.h - what the programs of the admin's side share: configuration, database, and the end of each
 * request.
 *
 * The order of a request that changes something is always the same, and is the promise of the
 * product: transaction committed -> page published -> answer sent -> sender started.  What was
 * answered is on disk; what is on disk will be sent, whatever dies.
 *
 * The configuration file may be edited under running programs (`atstatus keys --rotate` does): each
 * request is answered by what it says when the request comes in.  A file that is wrong by then takes
 * nobody down; it is told once in the log, and the configuration of before stays in use.  Where it
 * names a STATE_DIR without a database, that is waited for.
 *
 *	app_open(&app, "incident-post");
 *	while (app_next(&app)) {
 *		route(&app, app.web);
 *		app_end_request(&app);
 *	}
 *	app_close(&app);
 */
#ifndef APP_H
#define APP_H

#include "base.h"
#include "conf.h"
#include "db.h"
#include "fault.h"
#include "web.h"

struct app {
	struct conf conf;
	enum db_role role;
	/* What the program itself made of the configuration is made anew of `fresh`.  1; or -1, logged: `fresh` cannot
	 * be used, and all stays as it is.  NULL: nothing was made of it. */
	int (*renew)(struct app *app, const struct conf *fresh);
	bool conf_waits;     /* the file says what could not be used yet: it is tried again ... */
	int64_t conf_try_at; /* ... then; monotonic */
	struct db *db;
	struct web_server *server;
	struct web *web;      /* the request being answered */
	bool content_changed; /* the page must be published before the answer leaves */
	bool wake_sender;     /* there may be something to send */
	int64_t
	    stale_token; /* id of the token whose use is noted when the answer has left; 0 none */
	bool session_is_stale; /* the same for the session with this hash */
	uint8_t stale_session[32];
	int64_t looked_at; /* monotonic ms: when overdue work was last looked for */
};

/* Ends the process with a sentence in the log if configuration or database are not usable. */
void app_open(struct app *app, const char *program, enum db_role role);
void app_close(struct app *app);

/* Waits for the next request; false at the end.  A database file that was replaced meanwhile is opened anew first, so
 * that no answer comes from, and nothing is stored in, a file that is gone.  Where that cannot be, the request gets 503
 * and the program ends: whoever started it starts it again, and says in the log what is missing. */
bool app_next(struct app *app);

/* Begins a write transaction.  False: answered with 503, others held the database too long. */
bool app_begin(struct app *app);

/* Commits what changed content and jobs, and publishes the page.  False: nothing happened, and that
 * was answered. */
bool app_commit(struct app *app);

/* Undoes the transaction and answers by the result of a domain call: 0 by its fault (422, 409,
 * 404), -1 with 500. */
void app_refuse(struct app *app, int rc, const struct fault *f);

/* Undoes what is open, sends the answer, starts the sender where there is work. */
void app_end_request(struct app *app);

#endif
