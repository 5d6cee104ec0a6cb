/* view_headline.c - the first line of the page: what is wrong, by name, and since when. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "maintenance.h"

/* The components that visitors see in the worst state that there is. */
struct worst {
	enum component_status status;
	const char *names[2];
	size_t n;      /* components in that status */
	int64_t since; /* when the first of them left operational */
	size_t visible;
	const char *only; /* the name where there is a single component */
};

static void note(struct worst *w, const struct component *c, int64_t since)
{
	if (c->status > w->status) {
		w->status = c->status;
		w->n = 0;
		w->since = since;
	}
	if (c->status < w->status)
		return;
	if (w->n < nelem(w->names))
		w->names[w->n] = c->name;
	w->n++;
	if (since < w->since)
		w->since = since;
}

static struct worst find_worst(const struct view *v)
{
	struct worst w = {.status = COMPONENT_OPERATIONAL};

	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		if (!view_is_public(v, c))
			continue;
		w.visible++;
		w.only = c->name;
		if (c->status != COMPONENT_OPERATIONAL)
			note(&w, c, v->trouble_since[i]);
	}
	return w;
}

/* The open incident of the highest impact; of several, the newest. */
static const struct incident *worst_open(const struct view *v)
{
	const struct incident *worst = NULL;

	for (size_t i = 0; i < v->n_incidents; i++) {
		const struct incident *row = &v->incidents[i].row;
		if (row->resolved_at == 0 && (worst == NULL || row->impact > worst->impact))
			worst = row;
	}
	return worst;
}

static const struct incident *first_running(const struct view *v)
{
	for (size_t i = v->n_maintenances; i > 0; i--)
		if (maintenance_is_running(&v->maintenances[i - 1].row))
			return &v->maintenances[i - 1].row;
	return NULL;
}

static void of_components(
    struct view_summary *s, struct arena *a, const struct view *v, const struct worst *w)
{
	s->state = component_status_word(w->status);
	s->sentence =
	    view_of(v, a, view_state_label(v, w->status), view_name_list(v, a, w->names, w->n));
	s->since = w->since;
}

static void of_incident(struct view_summary *s, struct arena *a, const struct incident *i)
{
	s->state = view_state_of_impact(i->impact);
	s->sentence = arena_strdup(a, i->name);
	s->since = i->started_at;
}

static void of_maintenance(
    struct view_summary *s, struct arena *a, const struct view *v, const struct incident *i)
{
	s->state = component_status_word(COMPONENT_UNDER_MAINTENANCE);
	s->sentence = view_of(v, a, view_state_label(v, COMPONENT_UNDER_MAINTENANCE), i->name);
	s->since = i->begun_at != 0 ? i->begun_at : i->scheduled_for;
}

static void of_nothing(
    struct view_summary *s, struct arena *a, const struct view *v, const struct worst *w)
{
	s->state = component_status_word(COMPONENT_OPERATIONAL);
	if (w->visible == 1)
		s->sentence =
		    words_fill(v->words, a, "page.one_well", WORDS_VALUES({"name", w->only}));
	else
		s->sentence = arena_strdup(a, words_say(v->words, "page.all_well"));
}

void view_summarize(const struct view *v, struct arena *a, struct view_summary *out)
{
	struct worst w = find_worst(v);
	const struct incident *open = worst_open(v), *running = first_running(v);
	/* what was not planned comes before what was */
	bool hurts = open != NULL && open->impact > IMPACT_NONE;

	*out = (struct view_summary){.state = "none"};
	if (w.status > COMPONENT_UNDER_MAINTENANCE || (w.n > 0 && !hurts))
		of_components(out, a, v, &w);
	else if (open != NULL)
		of_incident(out, a, open);
	else if (running != NULL)
		of_maintenance(out, a, v, running);
	else if (w.visible > 0)
		of_nothing(out, a, v, &w);
}

char *view_headline(const struct view *v, struct arena *a, const char **state)
{
	struct view english = *v;
	struct view_summary s;

	english.words = words_for("en");
	view_summarize(&english, a, &s);
	*state = s.state;
	return s.sentence != NULL ? s.sentence : arena_strdup(a, "No components yet");
}
