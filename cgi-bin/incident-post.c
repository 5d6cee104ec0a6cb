/* incident-post.c - the FastCGI program that posts: incidents and their updates, by form (people) and by the
 * write API under /v1/ (programs).  Only gates and routes stand here.
 *
 * What it promises: an answer that says "done" leaves after the transaction with incident, updates and the job
 * that tells subscribers is on disk.  It never sends a push itself; it starts push-sender when the answer has left.
 */
#include "base.h"

#include "api.h"
#include "app.h"
#include "desk.h"

static void route(struct app *app)
{
	if (app->web->is_api)
		api_route(app);
	else
		desk_route(app, DESK_INCIDENT_POST);
}

int main(void)
{
	struct app app;

	app_open(&app, "incident-post", DB_ADMIN);
	desk_open(&app);
	while (app_next(&app)) {
		route(&app);
		app_end_request(&app);
	}
	desk_close();
	app_close(&app);
	return 0;
}
