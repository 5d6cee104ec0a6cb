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
#include "words.h"

/* Push services keep a message for a day: whoever is offline for longer reads the page. */
#define KEEP_MS CLOCK_DAY

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

/* What a notice leads to. */
static char *page_of(struct arena *a, const struct incident *i)
{
	if (i == NULL)
		return arena_strdup(a, "/");
	return arena_printf(
	    a, incident_is_maintenance(i) ? "/maintenance/%s/" : "/incidents/%s/", i->id);
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

/* The texts of a notice in every language that there is. */
static void add_texts(
    struct arena *a, struct job_notice *n, announce_write *write, const struct announce_about *x)
{
	size_t languages = words_languages();
	struct job_text *texts = arena_array(a, languages, sizeof *texts);

	for (size_t i = 0; i < languages; i++)
		texts[i] = write(words_at(i), a, x);
	n->texts = texts;
	n->n_texts = languages;
}

static char *first_sentence(struct arena *a, const char *markdown)
{
	if (markdown == NULL)
		return arena_strdup(a, "");
	return html_plain_first_sentence(a, markdown, strlen(markdown), ANNOUNCE_BODY_POINTS);
}

static struct job_notice first_notice(struct arena *a, const struct settings *set,
    const struct incident *i, enum trigger trigger, const char *body, int64_t now)
{
	bool planned = incident_is_maintenance(i);
	struct job_notice n = base_notice(a, i, trigger, now);
	const struct announce_about x = {
	    .incident = i,
	    .trigger = trigger,
	    .said = first_sentence(a, body),
	    .zone = set->time_zone,
	    .now = now,
	};

	if (planned)
		n.expires_at = announce_maintenance_expiry(i, trigger, n.expires_at);
	n.urgency = planned ? "normal" : incident_urgency(i, trigger);
	n.path = page_of(a, i);
	add_texts(a, &n, planned ? announce_maintenance_text : announce_incident_text, &x);
	return n;
}

static struct job_notice component_notice(
    struct arena *a, const struct component_change *c, const struct incident *i, int64_t now)
{
	bool down = !c->recovered;
	const struct announce_about x = {.change = c, .now = now};
	struct job_notice n = {
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
	};

	add_texts(a, &n, announce_component_text, &x);
	return n;
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
