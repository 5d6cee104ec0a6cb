/* audience.c - see audience.h. */
#include "base.h"
#include "audience.h"

static bool has_word(const char *words, const char *word, size_t len)
{
	for (const char *p = words; *p != '\0';) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, word, len) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

bool audience_words_meet(const char *a, const char *b)
{
	for (const char *p = a; *p != '\0';) {
		size_t n = strcspn(p, " ");
		if (has_word(b, p, n))
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

static bool is_end(enum trigger trigger)
{
	return trigger == TRIGGER_INCIDENT_RESOLVED || trigger == TRIGGER_MAINTENANCE_COMPLETED ||
	       trigger == TRIGGER_MAINTENANCE_CANCELLED;
}

static bool muted(enum audience_mute mute, enum trigger trigger)
{
	switch (mute) {
	case AUDIENCE_MUTED_UNTIL_END:
		return true;
	case AUDIENCE_MUTED_UNTIL_RESOLVED:
		return !is_end(trigger);
	default:
		return false;
	}
}

static bool components_pass(const char *chosen, const char *concerned)
{
	if (chosen == NULL)
		return true;
	if (*chosen == '\0')
		return false;
	return *concerned == '\0' || audience_words_meet(chosen, concerned);
}

bool audience_passes(const struct audience_choice *c, const struct audience_notice *n)
{
	const char *event = trigger_word(n->trigger);

	if (muted(c->mute, n->trigger))
		return false;
	if (c->follows)
		return true;
	if (c->events != NULL && !has_word(c->events, event, strlen(event)))
		return false;
	if (n->max_impact < c->min_impact)
		return false;
	return components_pass(c->components, n->components);
}
