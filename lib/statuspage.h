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
 * ids. */
struct statuspage {
	const char *page_id;
	const char *site_url;
	const struct component *components;
	size_t n_components;
};

/* Of a group: the worst of its members that are not hidden. */
enum component_status statuspage_status(const struct statuspage *p, const struct component *c);

void statuspage_put_component(
    struct json_writer *w, const char *name, const struct statuspage *p, const struct component *c);

void statuspage_put_incident(struct json_writer *w, const char *name, const struct statuspage *p,
    const struct incident *i, const struct incident_update *updates, size_t n_updates);

/* A notification of the contract (ours, Statuspage has none). */
void statuspage_put_notification(struct json_writer *w, const char *name, const struct job_view *j);

#endif
