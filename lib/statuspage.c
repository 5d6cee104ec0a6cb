/* statuspage.c - see statuspage.h. */
#include "base.h"
#include "statuspage.h"

#include "buf.h"

static bool is_member(const struct component *c, const struct component *group)
{
	return c->group_id != NULL && strcmp(c->group_id, group->id) == 0;
}

static const struct component *find(const struct statuspage *p, const char *id)
{
	for (size_t i = 0; i < p->n_components; i++)
		if (strcmp(p->components[i].id, id) == 0)
			return &p->components[i];
	return NULL;
}

bool statuspage_tells(const struct statuspage *p, const struct component *c)
{
	const struct component *group;

	if (!p->is_public)
		return true;
	if (c->hidden || c->group_id == NULL)
		return !c->hidden;
	group = find(p, c->group_id);
	return group == NULL || !group->hidden;
}

void statuspage_put_page(struct json_writer *w, const char *name, const struct statuspage *p)
{
	json_begin_object(w, name);
	json_put_string(w, "id", p->page_id);
	json_put_string(w, "name", p->name);
	json_put_string(w, "url", p->site_url);
	json_put_string(w, "time_zone", p->time_zone);
	json_put_time(w, "updated_at", p->updated_at);
	json_end_object(w);
}

enum component_status statuspage_status(const struct statuspage *p, const struct component *c)
{
	enum component_status worst = COMPONENT_OPERATIONAL;

	if (!c->is_group)
		return c->status;
	for (size_t i = 0; i < p->n_components; i++)
		if (is_member(&p->components[i], c) && !p->components[i].hidden)
			worst = component_rollup(worst, p->components[i].status);
	return worst;
}

static void put_members(
    struct json_writer *w, const struct statuspage *p, const struct component *group)
{
	json_begin_array(w, "components");
	for (size_t i = 0; i < p->n_components; i++)
		if (is_member(&p->components[i], group) && statuspage_tells(p, &p->components[i]))
			json_put_string(w, NULL, p->components[i].id);
	json_end_array(w);
}

void statuspage_put_component(
    struct json_writer *w, const char *name, const struct statuspage *p, const struct component *c)
{
	json_begin_object(w, name);
	json_put_string(w, "id", c->id);
	json_put_string(w, "name", c->name);
	json_put_string(w, "status", component_status_word(statuspage_status(p, c)));
	json_put_time(w, "created_at", c->created_at);
	json_put_time(w, "updated_at", c->updated_at);
	json_put_int(w, "position", c->position);
	json_put_string(w, "description", c->description);
	json_put_bool(w, "showcase", c->showcase);
	json_put_string(w, "start_date", c->start_date);
	json_put_string(w, "group_id", c->group_id);
	json_put_string(w, "page_id", p->page_id);
	json_put_bool(w, "group", c->is_group);
	json_put_bool(w, "only_show_if_degraded", c->only_show_if_degraded);
	if (!p->is_public)
		json_put_bool(w, "hidden", c->hidden);
	if (c->is_group)
		put_members(w, p, c);
	json_end_object(w);
}

static void put_time_or_null(struct json_writer *w, const char *name, int64_t ms)
{
	if (ms == 0)
		json_put_null(w, name);
	else
		json_put_time(w, name, ms);
}

/* A name on record outlives its component, which may be hidden by now. */
static bool tells_of(const struct statuspage *p, const char *id)
{
	const struct component *c = find(p, id);

	return !p->is_public || (c != NULL && statuspage_tells(p, c));
}

/* On record is what it was called then; visitors read what it is called now, for then its group may
 * have been one that is hidden. */
static void put_changed_name(
    struct json_writer *w, const struct statuspage *p, const struct incident_update_component *c)
{
	const struct component *now = p->is_public ? find(p, c->id) : NULL;
	const struct component *group =
	    now == NULL || now->group_id == NULL ? NULL : find(p, now->group_id);
	struct buf name = BUF_INIT;

	if (now == NULL)
		buf_add_str(&name, c->name);
	else if (group == NULL)
		buf_add_str(&name, now->name);
	else
		buf_printf(&name, "%s - %s", group->name, now->name);
	json_put_string(w, "name", name.data);
	buf_release(&name);
}

static void put_change(
    struct json_writer *w, const struct statuspage *p, const struct incident_update_component *c)
{
	json_begin_object(w, NULL);
	json_put_string(w, "code", c->id);
	put_changed_name(w, p, c);
	json_put_string(w, "old_status", component_status_word(c->old_status));
	json_put_string(w, "new_status", component_status_word(c->new_status));
	json_end_object(w);
}

static void put_affected(
    struct json_writer *w, const struct statuspage *p, const struct incident_update *u)
{
	size_t told = 0;

	for (size_t i = 0; i < u->n_components; i++)
		told += tells_of(p, u->components[i].id);
	if (told == 0) {
		json_put_null(w, "affected_components");
		return;
	}
	json_begin_array(w, "affected_components");
	for (size_t i = 0; i < u->n_components; i++)
		if (tells_of(p, u->components[i].id))
			put_change(w, p, &u->components[i]);
	json_end_array(w);
}

static void put_update(struct json_writer *w, const struct statuspage *p, const struct incident *i,
    const struct incident_update *u)
{
	json_begin_object(w, NULL);
	json_put_string(w, "id", u->id);
	json_put_string(w, "status", incident_status_word(u->status));
	json_put_string(w, "body", u->body);
	json_put_string(w, "incident_id", i->id);
	json_put_time(w, "created_at", u->created_at);
	json_put_time(w, "updated_at", u->updated_at);
	json_put_time(w, "display_at", u->display_at);
	put_affected(w, p, u);
	json_put_bool(w, "deliver_notifications", u->deliver_notifications);
	json_put_null(w, "custom_tweet");
	json_put_null(w, "tweet_id");
	json_end_object(w);
}

static void put_link(struct json_writer *w, const struct statuspage *p, const struct incident *i)
{
	struct buf link = BUF_INIT;

	buf_printf(&link, "%s/%s/%s/", p->site_url,
	    incident_is_maintenance(i) ? "maintenance" : "incidents", i->id);
	json_put_string(w, "shortlink", link.data);
	buf_release(&link);
}

static void put_components(
    struct json_writer *w, const struct statuspage *p, const struct incident *i)
{
	json_begin_array(w, "components");
	for (size_t k = 0; k < i->n_components; k++) {
		const struct component *c = find(p, i->components[k].id);
		if (c != NULL && statuspage_tells(p, c))
			statuspage_put_component(w, NULL, p, c);
	}
	json_end_array(w);
}

static enum impact impact_of(const struct incident *i)
{
	return incident_is_maintenance(i) ? IMPACT_MAINTENANCE : i->impact;
}

/* What whoever planned a maintenance chose; visitors have no use for it. */
static void put_switches(struct json_writer *w, const struct incident *i)
{
	json_put_bool(w, "scheduled_auto_in_progress", i->auto_start);
	json_put_bool(w, "scheduled_auto_completed", i->auto_end);
	json_put_bool(w, "scheduled_remind_prior", i->n_reminders > 0);
	json_begin_array(w, "reminders");
	for (size_t k = 0; k < i->n_reminders; k++)
		json_put_int(w, NULL, i->reminders[k]);
	json_end_array(w);
}

void statuspage_put_incident(struct json_writer *w, const char *name, const struct statuspage *p,
    const struct incident *i, const struct incident_update *updates, size_t n_updates)
{
	json_begin_object(w, name);
	json_put_string(w, "id", i->id);
	json_put_string(w, "name", i->name);
	json_put_string(w, "status", incident_status_word(i->status));
	json_put_time(w, "created_at", i->created_at);
	json_put_time(w, "updated_at", i->updated_at);
	put_time_or_null(w, "monitoring_at", i->monitoring_at);
	put_time_or_null(w, "resolved_at", i->resolved_at);
	json_put_string(w, "impact", impact_word(impact_of(i)));
	json_put_string(w, "impact_override",
	    i->impact_override < 0 ? NULL : impact_word((enum impact)i->impact_override));
	put_link(w, p, i);
	json_put_time(w, "started_at", i->started_at);
	json_put_string(w, "page_id", p->page_id);
	json_begin_array(w, "incident_updates");
	for (size_t k = 0; k < n_updates; k++)
		put_update(w, p, i, &updates[k]);
	json_end_array(w);
	put_components(w, p, i);
	json_put_null(w, "reminder_intervals");
	if (incident_is_maintenance(i) && !p->is_public)
		put_switches(w, i);
	if (incident_is_maintenance(i)) {
		json_put_time(w, "scheduled_for", i->scheduled_for);
		json_put_time(w, "scheduled_until", i->scheduled_until);
	}
	json_end_object(w);
}

static void put_counts(struct json_writer *w, const struct job_counts *c)
{
	json_put_int(w, "audience", job_audience(c));
	json_put_int(w, "accepted", c->accepted);
	json_put_int(w, "retrying", c->retrying);
	json_put_int(w, "gone", c->gone);
	json_put_int(w, "refused", c->refused);
	json_put_int(w, "expired", c->expired);
	json_put_int(w, "superseded", c->superseded);
	json_put_int(w, "stopped", c->stopped);
}

void statuspage_put_notification(struct json_writer *w, const char *name, const struct job_view *j)
{
	json_begin_object(w, name);
	json_put_string(w, "id", j->public_id);
	json_put_time(w, "created_at", j->created_at);
	json_put_string(w, "trigger", j->trigger);
	json_put_string(w, "incident_id", j->incident_id);
	json_put_string(w, "component_id", j->component_id);
	json_put_string(w, "title", j->title);
	json_put_string(w, "state", j->state);
	json_put_string(w, "nobody", j->nobody);
	json_put_string(w, "retry_of", j->retry_of);
	put_counts(w, &j->counts);
	put_time_or_null(w, "first_at", j->first_at);
	put_time_or_null(w, "last_at", j->last_at);
	json_begin_array(w, "origins");
	for (size_t i = 0; i < j->n_origins; i++) {
		json_begin_object(w, NULL);
		json_put_string(w, "origin", j->origins[i].origin);
		put_counts(w, &j->origins[i].counts);
		json_end_object(w);
	}
	json_end_array(w);
	json_end_object(w);
}
