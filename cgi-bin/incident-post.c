/* incident-post.c - the FastCGI program that posts: incidents and their updates, by form (people) and by the
 * write API under /v1/ (programs).  Only gates and routes stand here.
 *
 * What it promises: an answer that says "done" leaves after the transaction with incident, updates and the job
 * that tells subscribers is on disk.  It never sends a push itself; it starts push-sender when the answer has left.
 */
#include "base.h"

#include "api.h"
#include "app.h"

static void route(struct app *app)
{
	if (app->web->is_api)
		api_route(app);
	else
		web_error(app->web, 404, "There is nothing at this address.");
}

int main(void)
{
	struct app app;

	app_open(&app, "incident-post", DB_ADMIN);
	while (app_next(&app)) {
		route(&app);
		app_end_request(&app);
	}
	app_close(&app);
	return 0;
}
