/* announce_text.c - what the notices of incidents and components say: see announce_private.h. */
#include "base.h"
#include "announce_private.h"

#include "arena.h"
#include "text.h"
#include "words.h"
#include "words_time.h"

struct look {
	const char *shape, *word; /* word: the name of a text */
};

static const struct look look_of_status[] = {
    [COMPONENT_OPERATIONAL] = {"🟢", "notice.operational"},
    [COMPONENT_UNDER_MAINTENANCE] = {"🔧", "notice.under_maintenance"},
    [COMPONENT_DEGRADED_PERFORMANCE] = {"🟡", "notice.degraded"},
    [COMPONENT_PARTIAL_OUTAGE] = {"🟠", "notice.partial_outage"},
    [COMPONENT_MAJOR_OUTAGE] = {"🔴", "notice.major_outage"},
};
static_assert(nelem(look_of_status) == COMPONENT_STATUS__MAX, "a look for each");

static const struct look look_of_impact[] = {
    [IMPACT_NONE] = {"🔵", "notice.incident"},
    [IMPACT_MINOR] = {"🟡", "notice.degraded"},
    [IMPACT_MAJOR] = {"🟠", "notice.partial_outage"},
    [IMPACT_CRITICAL] = {"🔴", "notice.major_outage"},
    [IMPACT_MAINTENANCE] = {"🔧", "notice.maintenance"},
};
static_assert(nelem(look_of_impact) == IMPACT__MAX, "a look for each");

static const char *const text_of_status[] = {
    [INCIDENT_INVESTIGATING] = "notice.investigating",
    [INCIDENT_IDENTIFIED] = "notice.identified",
    [INCIDENT_MONITORING] = "notice.monitoring",
    [INCIDENT_RESOLVED] = "notice.resolved",
    [INCIDENT_POSTMORTEM] = "notice.postmortem",
};
static_assert(nelem(text_of_status) == INCIDENT_POSTMORTEM + 1, "one for each of an incident");

char *announce_duration(struct arena *a, int64_t ms)
{
	return words_duration(words_for("en"), a, ms);
}

const char *announce_subject(const struct incident *i)
{
	const struct incident_component *only = incident_only_visible(i);

	return only != NULL ? only->name : i->name;
}

/* "Major outage: API" */
static char *title_of(const struct words *w, struct arena *a, const char *what, const char *name)
{
	const struct words_value values[] = {
	    {"what", words_say(w, what)}, {"name", name}, {NULL, NULL}};

	return words_fill(w, a, "notice.title", values);
}

char *announce_headline(
    const struct words *w, struct arena *a, const char *shape, const char *text, const char *name)
{
	const struct words_value values[] = {
	    {"name", text_shorten(a, name, ANNOUNCE_NAME_POINTS)}, {NULL, NULL}};

	return arena_printf(a, "%s %s", shape, words_fill(w, a, text, values));
}

static char *look_title(
    const struct words *w, struct arena *a, const struct look *look, const char *name)
{
	return arena_printf(a, "%s %s", look->shape,
	    title_of(w, a, look->word, text_shorten(a, name, ANNOUNCE_NAME_POINTS)));
}

static char *over_title(
    const struct words *w, struct arena *a, const char *text, const char *name, int64_t took_ms)
{
	const struct words_value values[] = {{"name", text_shorten(a, name, ANNOUNCE_NAME_POINTS)},
	    {"duration", words_duration(w, a, took_ms)}, {NULL, NULL}};

	return arena_printf(a, "🟢 %s", words_fill(w, a, text, values));
}

/* ------------------------------------------------------------------ incidents */

static const struct look *look_now(const struct incident *i)
{
	const struct incident_component *only = incident_only_visible(i);

	if (only != NULL && only->status != COMPONENT_OPERATIONAL && i->impact_override < 0)
		return &look_of_status[only->status];
	return &look_of_impact[i->impact];
}

static char *incident_title(
    const struct words *w, struct arena *a, const struct incident *i, int64_t now_ms)
{
	bool outage = i->max_impact == IMPACT_MAJOR || i->max_impact == IMPACT_CRITICAL;

	if (incident_status_is_over(i->status))
		return over_title(w, a, outage ? "notice.resolved_down" : "notice.resolved_after",
		    announce_subject(i), now_ms - i->started_at);
	return look_title(w, a, look_now(i), announce_subject(i));
}

char *announce_title(struct arena *a, const struct incident *i, int64_t now_ms)
{
	return incident_title(words_for("en"), a, i, now_ms);
}

struct job_text announce_incident_text(
    const struct words *w, struct arena *a, const struct announce_about *x)
{
	const struct incident *i = x->incident;

	return (struct job_text){
	    .lang = words_tag(w),
	    .title = incident_title(w, a, i, x->now),
	    /* a posting without text still says what it is about */
	    .body = *x->said != '\0' ? x->said : title_of(w, a, text_of_status[i->status], i->name),
	};
}

/* ------------------------------------------------------------------ components */

static char *component_title(
    const struct words *w, struct arena *a, const struct component_change *c, int64_t now_ms)
{
	if (c->recovered && c->trouble_since > 0)
		return over_title(
		    w, a, "notice.recovered_down", c->name, now_ms - c->trouble_since);
	if (c->recovered)
		return announce_headline(w, a, "🟢", "notice.recovered", c->name);
	return look_title(w, a, &look_of_status[c->new_status], c->name);
}

static char *component_body(
    const struct words *w, struct arena *a, const struct component_change *c)
{
	const struct words_value values[] = {{"name", c->name}, {NULL, NULL}};
	const char *text = c->recovered ? "notice.component_operational"
			   : c->new_status == COMPONENT_MAJOR_OUTAGE
			       ? "notice.component_unavailable"
			       : "notice.component_partly";

	return words_fill(w, a, text, values);
}

struct job_text announce_component_text(
    const struct words *w, struct arena *a, const struct announce_about *x)
{
	return (struct job_text){
	    .lang = words_tag(w),
	    .title = component_title(w, a, x->change, x->now),
	    .body = component_body(w, a, x->change),
	};
}
