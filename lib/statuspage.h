/* statuspage.h - our objects in the JSON of Atlassian Statuspage: the shapes that the ecosystem
 * reads and writes.
 *
 * Every function puts one value; name is NULL inside an array or for the outermost value.  Absent
 * values are null, times ISO 8601 with milliseconds, ids 12 characters.
 */
#ifndef STATUSPAGE_H
#define STATUSPAGE_H

#include "base.h"
#include "component.h"
#include "incident.h"
#include "job.h"
#include "json.h"

/* All components of the page: a group's status is rolled up from its members, and it lists their
 * ids.
 *
 * The write API tells its callers everything.  The public files (is_public) leave out components
 * that are hidden, by themselves or by their group, wherever they would stand, and have no member
 * `hidden`; so also components that were deleted, of which nobody knows any more whether they were
 * hidden. */
struct statuspage {
	const char *page_id;
	const char *site_url; /* without a slash at its end */
	const struct component *components;
	size_t n_components;
	bool is_public;
	/* for statuspage_put_page alone */
	const char *name, *time_zone;
	int64_t updated_at; /* ms */
};

/* {"id","name","url","time_zone","updated_at"} */
void statuspage_put_page(struct json_writer *w, const char *name, const struct statuspage *p);

/* True for what is told: in the write API all, in the public files what visitors may see. */
bool statuspage_tells(const struct statuspage *p, const struct component *c);

/* Of a group: the worst of its members that are not hidden. */
enum component_status statuspage_status(const struct statuspage *p, const struct component *c);

void statuspage_put_component(
    struct json_writer *w, const char *name, const struct statuspage *p, const struct component *c);

/* Of a maintenance also scheduled_for and scheduled_until, and its own page as shortlink. */
void statuspage_put_incident(struct json_writer *w, const char *name, const struct statuspage *p,
    const struct incident *i, const struct incident_update *updates, size_t n_updates);

/* A notification of the contract (ours, Statuspage has none). */
void statuspage_put_notification(struct json_writer *w, const char *name, const struct job_view *j);

#endif
