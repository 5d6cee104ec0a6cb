/* readapi.h - the public read API of Atlassian Statuspage, version 2, as static files under /api/v2/.
 *
 * Every field of its documentation, absent values null; times ISO 8601 UTC with milliseconds.
 * Hidden components are left out, also from incidents.  Each function appends a whole file.
 */
#ifndef READAPI_H
#define READAPI_H

#include "base.h"
#include "view.h"

view_draw readapi_summary;	/* summary.json */
view_draw readapi_status;	/* status.json */
view_draw readapi_components;	/* components.json */
view_draw readapi_incidents;	/* incidents.json */
view_draw readapi_unresolved;	/* incidents/unresolved.json */
view_draw readapi_maintenances; /* scheduled-maintenances.json */
view_draw readapi_upcoming;	/* scheduled-maintenances/upcoming.json */
view_draw readapi_active;	/* scheduled-maintenances/active.json */

/* The page's state in Statuspage's words: indicator "none" "minor" "major" "critical", or
 * "maintenance" where nothing else is wrong; and its sentence ("All Systems Operational"). */
const char *readapi_indicator(const struct view *v, const char **description);

#endif
