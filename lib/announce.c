/* announce.c - see announce.h. */
#include "base.h"
#include "announce_private.h"

#include "arena.h"
#include "audience.h"
#include "buf.h"
#include "clock.h"
#include "db.h"
#include "html.h"
#include "job.h"
#include "settings.h"
#include "text.h"

/* Push services keep a message for a day: whoever is offline for longer reads the page. */
#define KEEP_MS CLOCK_DAY

struct look {
	const char *shape, *word;
};

static const struct look look_of_status[] = {
    [COMPONENT_OPERATIONAL] = {"🟢", "Operational"},
    [COMPONENT_UNDER_MAINTENANCE] = {"🔧", "Under maintenance"},
    [COMPONENT_DEGRADED_PERFORMANCE] = {"🟡", "Degraded"},
    [COMPONENT_PARTIAL_OUTAGE] = {"🟠", "Partial outage"},
    [COMPONENT_MAJOR_OUTAGE] = {"🔴", "Major outage"},
};
static_assert(nelem(look_of_status) == COMPONENT_STATUS__MAX, "a look for each");

static const struct look look_of_impact[] = {
    [IMPACT_NONE] = {"🔵", "Incident"},
    [IMPACT_MINOR] = {"🟡", "Degraded"},
    [IMPACT_MAJOR] = {"🟠", "Partial outage"},
    [IMPACT_CRITICAL] = {"🔴", "Major outage"},
    [IMPACT_MAINTENANCE] = {"🔧", "Maintenance"},
};
static_assert(nelem(look_of_impact) == IMPACT__MAX, "a look for each");

static char *add_unit(struct arena *a, const char *before, int64_t n, const char *unit)
{
	return arena_printf(a, "%s%s%" PRId64 " %s%s", before, *before != '\0' ? " " : "", n, unit,
	    n == 1 ? "" : "s");
}

char *announce_duration(struct arena *a, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} unit[] = {{CLOCK_DAY, "day"}, {CLOCK_HOUR, "hour"}, {CLOCK_MINUTE, "minute"}};
	char *out = arena_strdup(a, "");
	int used = 0;

	for (size_t i = 0; i < nelem(unit) && used < 2; i++) {
		int64_t n = ms / unit[i].ms;
		ms %= unit[i].ms;
		if (n > 0)
			out = add_unit(a, out, n, unit[i].name);
		/* "1 day 5 minutes" would be two units, but not the two largest */
		used += n > 0 || used > 0;
	}
	return *out == '\0' ? arena_strdup(a, "less than a minute") : out;
}

const char *announce_subject(const struct incident *i)
{
	const struct incident_component *only = incident_only_visible(i);

	return only != NULL ? only->name : i->name;
}

static const struct look *look_now(const struct incident *i)
{
	const struct incident_component *only = incident_only_visible(i);

	if (only != NULL && only->status != COMPONENT_OPERATIONAL && i->impact_override < 0)
		return &look_of_status[only->status];
	return &look_of_impact[i->impact];
}

char *announce_title(struct arena *a, const struct incident *i, int64_t now_ms)
{
	char *name = text_shorten(a, announce_subject(i), ANNOUNCE_NAME_POINTS);

	if (incident_status_is_over(i->status)) {
		char *took = announce_duration(a, now_ms - i->started_at);
		bool outage = i->max_impact == IMPACT_MAJOR || i->max_impact == IMPACT_CRITICAL;
		return arena_printf(
		    a, "🟢 Resolved: %s, %s %s", name, outage ? "down" : "after", took);
	}
	const struct look *look = look_now(i);
	return arena_printf(a, "%s %s: %s", look->shape, look->word, name);
}

static char *component_title(struct arena *a, const struct component_change *c, int64_t now)
{
	char *name = text_shorten(a, c->name, ANNOUNCE_NAME_POINTS);

	if (c->recovered && c->trouble_since > 0)
		return arena_printf(a, "🟢 Recovered: %s, down %s", name,
		    announce_duration(a, now - c->trouble_since));
	if (c->recovered)
		return arena_printf(a, "🟢 Recovered: %s", name);
	const struct look *look = &look_of_status[c->new_status];
	return arena_printf(a, "%s %s: %s", look->shape, look->word, name);
}

static char *component_body(struct arena *a, const struct component_change *c)
{
	if (c->recovered)
		return arena_printf(a, "%s is operational again.", c->name);
	return arena_printf(a,
	    c->new_status == COMPONENT_MAJOR_OUTAGE ? "%s is not available."
						    : "%s is partly not available.",
	    c->name);
}

static void add_word(struct buf *words, const char *word)
{
	if (word == NULL || audience_words_meet(words->data, word))
		return;
	if (words->len > 0)
		buf_add_char(words, ' ');
	buf_add_str(words, word);
}

/* Ids of all components that the incident ever affected and that visitors see, and of their groups:
 * an incident of hidden ones alone is told like one without components. */
static char *concerned(struct arena *a, const struct incident *i)
{
	struct buf words = BUF_INIT;

	for (size_t k = 0; k < i->n_components; k++) {
		if (i->components[k].hidden)
			continue;
		add_word(&words, i->components[k].id);
		add_word(&words, i->components[k].group_id);
	}
	char *out = buf_arena(&words, a);
	buf_release(&words);
	return out;
}

static const char *incident_urgency(const struct incident *i, enum trigger trigger)
{
	bool grave = i->impact == IMPACT_MAJOR || i->impact == IMPACT_CRITICAL;

	return trigger == TRIGGER_INCIDENT_NEW && grave ? "high" : "normal";
}

static char *incident_path(struct arena *a, const char *id)
{
	return arena_printf(a, "/incidents/%s/", id);
}

/* What is the same for incidents and maintenances. */
static struct job_notice base_notice(
    struct arena *a, const struct incident *i, enum trigger trigger, int64_t now)
{
	return (struct job_notice){
	    .trigger = trigger,
	    .subject_id = i->id,
	    .incident_id = i->id,
	    .components = concerned(a, i),
	    .status = incident_status_word(i->status),
	    .impact = i->impact,
	    .max_impact = i->max_impact,
	    .expires_at = now + KEEP_MS,
	};
}

static struct job_notice incident_notice(
    struct arena *a, const struct incident *i, enum trigger trigger, const char *body, int64_t now)
{
	struct job_notice n = base_notice(a, i, trigger, now);
	char *text = body == NULL
			 ? arena_strdup(a, "")
			 : html_plain_first_sentence(a, body, strlen(body), ANNOUNCE_BODY_POINTS);

	/* a posting without text still says what it is about */
	if (*text == '\0')
		text = arena_printf(a, "%s: %s", incident_status_label(i->status), i->name);
	n.urgency = incident_urgency(i, trigger);
	n.path = incident_path(a, i->id);
	n.title = announce_title(a, i, now);
	n.body = text;
	return n;
}

static struct job_notice maintenance_notice(struct arena *a, const struct settings *set,
    const struct incident *i, enum trigger trigger, const char *body, int64_t now)
{
	struct job_notice n = base_notice(a, i, trigger, now);

	n.urgency = "normal";
	n.path = arena_printf(a, "/maintenance/%s/", i->id);
	n.expires_at = announce_maintenance_expiry(i, trigger, n.expires_at);
	n.title = announce_maintenance_title(a, i, trigger, now);
	n.body = announce_maintenance_body(a, i, trigger, body, set->time_zone);
	return n;
}

static struct job_notice first_notice(struct arena *a, const struct settings *set,
    const struct incident *i, enum trigger trigger, const char *body, int64_t now)
{
	if (incident_is_maintenance(i))
		return maintenance_notice(a, set, i, trigger, body, now);
	return incident_notice(a, i, trigger, body, now);
}

/* What a component's notice leads to. */
static char *page_of(struct arena *a, const struct incident *i)
{
	if (i == NULL)
		return arena_strdup(a, "/");
	return incident_is_maintenance(i) ? arena_printf(a, "/maintenance/%s/", i->id)
					  : incident_path(a, i->id);
}

static struct job_notice component_notice(
    struct arena *a, const struct component_change *c, const struct incident *i, int64_t now)
{
	bool down = !c->recovered;

	return (struct job_notice){
	    .trigger = down ? TRIGGER_COMPONENT_DOWN : TRIGGER_COMPONENT_RECOVERED,
	    .subject_id = c->id,
	    .incident_id = i == NULL ? NULL : i->id,
	    .components =
		c->group_id == NULL ? c->id : arena_printf(a, "%s %s", c->id, c->group_id),
	    .status = component_status_word(c->new_status),
	    .impact = impact_of_component(c->new_status),
	    .max_impact = c->max_impact,
	    .urgency = down ? "high" : "normal",
	    .path = page_of(a, i),
	    .expires_at = now + KEEP_MS,
	    .title = component_title(a, c, now),
	    .body = component_body(a, c),
	};
}

static int worst_first(const void *x, const void *y)
{
	const struct component_change *a = x, *b = y;

	return (a->new_status < b->new_status) - (a->new_status > b->new_status);
}

/* Appends the notices of those changes whose trigger is on and that visitors can see. */
static size_t add_components(struct arena *a, const struct settings *set,
    const struct component_change *changes, size_t n, const struct incident *i, int64_t now,
    struct job_notice *out)
{
	struct component_change *sorted = arena_array(a, n, sizeof *sorted);
	size_t count = 0;

	if (n > 0)
		memcpy(sorted, changes, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, worst_first);
	for (size_t k = 0; k < n; k++) {
		const struct component_change *c = &sorted[k];
		if (c->hidden)
			continue;
		if ((c->went_down && set->trigger[TRIGGER_COMPONENT_DOWN]) ||
		    (c->recovered && set->trigger[TRIGGER_COMPONENT_RECOVERED]))
			out[count++] = component_notice(a, c, i, now);
	}
	return count;
}

static int write_job(struct db *db, struct arena *a, const struct job_notice *notices, size_t n)
{
	char public_id[13];

	return n == 0 ? 0 : job_add(db, a, notices, n, public_id);
}

int announce_incident(struct db *db, struct arena *a, const struct incident *i, int trigger,
    const char *body, const struct component_change *changes, size_t n)
{
	struct settings set;
	struct job_notice *notices = arena_array(a, n + 1, sizeof *notices);
	int64_t now = clock_now_ms();
	size_t count = 0;

	if (settings_load(db, a, &set) < 0)
		return -1;
	if (trigger >= 0 && set.trigger[trigger])
		notices[count++] = first_notice(a, &set, i, (enum trigger)trigger, body, now);
	count += add_components(a, &set, changes, n, i, now, notices + count);
	return write_job(db, a, notices, count);
}

int announce_component(struct db *db, struct arena *a, const struct component_change *change)
{
	struct settings set;
	struct job_notice notice;

	if (settings_load(db, a, &set) < 0)
		return -1;
	size_t n = add_components(a, &set, change, 1, NULL, clock_now_ms(), &notice);
	return write_job(db, a, &notice, n);
}
