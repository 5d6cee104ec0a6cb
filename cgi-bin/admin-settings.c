/* admin-settings.c - the FastCGI program for sign-in, components and settings.  Only its life
 * stands here: gates and routes are in lib/desk.c, each address in lib/desk_table.h; what a
 * monitoring system reads is in lib/metrics.c. */
#include "base.h"

#include "app.h"
#include "desk.h"
#include "metrics.h"

int main(void)
{
	struct app app;

	app_open(&app, "admin-settings", DB_ADMIN);
	desk_open(&app);
	while (app_next(&app)) {
		if (metrics_is_meant(app.web))
			metrics_answer(&app);
		else
			desk_route(&app, DESK_ADMIN_SETTINGS);
		app_end_request(&app);
	}
	desk_close();
	app_close(&app);
	return 0;
}
