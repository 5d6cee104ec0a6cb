/* desk_statuses.c - a segmented control of statuses per component, and the buttons that publish. */
#include "base.h"
#include "desk_incident.h"

/* With so many components, groups in which all is well are folded. */
#define FOLD_FROM 8

const char *const desk_status_words[COMPONENT_STATUS__MAX + 1] = {
    [COMPONENT_OPERATIONAL] = "operational",
    [COMPONENT_UNDER_MAINTENANCE] = "under_maintenance",
    [COMPONENT_DEGRADED_PERFORMANCE] = "degraded_performance",
    [COMPONENT_PARTIAL_OUTAGE] = "partial_outage",
    [COMPONENT_MAJOR_OUTAGE] = "major_outage",
    [DESK_KEEP] = "keep",
};

const char *desk_status_short(enum component_status s)
{
	switch (s) {
	case COMPONENT_UNDER_MAINTENANCE:
		return "Maintenance";
	case COMPONENT_DEGRADED_PERFORMANCE:
		return "Degraded";
	default:
		return component_status_label(s);
	}
}

/* ------------------------------------------------------------------ statuses */

#define BIT(status) (1u << (status))

/* Maintenance is left out of an incident, which is not one; of a plan, that all will be well. */
static const unsigned offered[] = {
    [DESK_OFFER_INCIDENT] = BIT(COMPONENT_OPERATIONAL) | BIT(COMPONENT_DEGRADED_PERFORMANCE) |
			    BIT(COMPONENT_PARTIAL_OUTAGE) | BIT(COMPONENT_MAJOR_OUTAGE),
    [DESK_OFFER_PLAN] = BIT(COMPONENT_UNDER_MAINTENANCE) | BIT(COMPONENT_DEGRADED_PERFORMANCE) |
			BIT(COMPONENT_PARTIAL_OUTAGE) | BIT(COMPONENT_MAJOR_OUTAGE),
    [DESK_OFFER_ALL] = BIT(COMPONENT_STATUS__MAX) - 1,
};

/* What the incident plans for it, or DESK_KEEP. */
static size_t planned_for(const struct incident *i, const char *id)
{
	for (size_t k = 0; i != NULL && k < i->n_components; k++)
		if (strcmp(i->components[k].id, id) == 0)
			return i->components[k].status;
	return DESK_KEEP;
}

static size_t chosen_for(const struct desk_statuses *s, const char *id)
{
	const struct form_value *v = s->chosen;

	for (size_t i = 0; v != NULL && v->ok && i < v->count; i++)
		if (strcmp(v->members[i].key, id) == 0)
			return v->members[i].choice;
	return planned_for(s->planned, id);
}

static void add_choice(struct tv *t, size_t choice, const char *word, bool checked)
{
	struct tv *c = tv_add(t, "choice");

	tv_set(c, "value", desk_status_words[choice]);
	tv_set(c, "word", word);
	desk_set_flag(c, "checked", " checked", checked);
	if (choice != DESK_KEEP)
		tv_add(c, "shape");
}

/* That it is operational need not be said of what is; what was chosen is there in any case. */
static bool is_offered(
    const struct desk_statuses *s, const struct component *c, size_t status, size_t chosen)
{
	if (status == chosen)
		return true;
	if (status == COMPONENT_OPERATIONAL && c->status == COMPONENT_OPERATIONAL)
		return false;
	return (offered[s->offer] & BIT(status)) != 0;
}

static void add_component(
    struct tv *section, const struct component *c, size_t chosen, const struct desk_statuses *s)
{
	struct tv *t = tv_add(section, "component");

	tv_set(t, "id", c->id);
	tv_set(t, "name", c->name);
	tv_set(t, "state", component_status_word(c->status));
	tv_set(t, "state_word", component_status_label(c->status));
	add_choice(t, DESK_KEEP, s->keep_word, chosen == DESK_KEEP);
	for (size_t i = 0; i < COMPONENT_STATUS__MAX; i++)
		if (is_offered(s, c, i, chosen))
			add_choice(t, i, desk_status_short((enum component_status)i), chosen == i);
}

/* The members of a group, or those without one, as one section. */
static size_t add_section(struct tv *t, const struct component *list, size_t n,
    const struct component *group, const struct desk_statuses *s)
{
	struct tv *section = NULL;
	bool open = n <= FOLD_FROM;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct component *c = &list[i];
		bool member = group == NULL
				  ? c->group_id == NULL
				  : c->group_id != NULL && strcmp(c->group_id, group->id) == 0;
		if (c->is_group || !member)
			continue;
		size_t choice = chosen_for(s, c->id);
		if (section == NULL)
			section = tv_add(t, "section");
		add_component(section, c, choice, s);
		open |= c->status != COMPONENT_OPERATIONAL || choice != DESK_KEEP;
		count++;
	}
	if (section == NULL || group == NULL)
		return count;
	struct tv *begin = tv_add(section, "begin");
	tv_set(begin, "name", group->name);
	desk_set_flag(begin, "open", " open", open);
	tv_add(section, "finish");
	return count;
}

int desk_set_statuses(struct desk *d, struct tv *t, const struct desk_statuses *s)
{
	struct tv *part = tv_new(d->arena);
	struct component *list;
	size_t n, count;

	if (component_list(d->db, d->arena, &list, &n) < 0)
		return -1;
	count = add_section(part, list, n, NULL, s);
	for (size_t i = 0; i < n; i++)
		if (list[i].is_group)
			count += add_section(part, list, n, &list[i], s);
	if (count == 0)
		tv_add(part, "none");
	return desk_set_part(t, "components", DESK_STATUSES_PART, part);
}

/* ------------------------------------------------------------------ publishing */

/* Is there any setting by which this could tell somebody? */
static bool tells(const struct settings *s, unsigned triggers)
{
	for (int i = 0; i < TRIGGER__MAX; i++)
		if ((triggers & DESK_TELLS(i)) != 0 && s->trigger[i])
			return s->push_enabled;
	return false;
}

static void add_button(struct tv *t, const char *attributes, const char *value, const char *word)
{
	struct tv *b = tv_add(t, "publish");

	tv_set(b, "class", attributes);
	tv_set(b, "value", value);
	tv_set(b, "word", word);
}

/* Why nobody can be told of it; NULL where n browsers can. */
static const char *nobody(struct desk *d, unsigned triggers, int64_t n)
{
	if (!d->settings.push_enabled)
		return "Nobody is notified: Settings → Notifications is switched off.";
	if (!tells(&d->settings, triggers))
		return "Nobody is notified: Settings → Notifications has this event switched off.";
	return n == 0 ? "No browser has subscribed yet, so nobody is notified." : NULL;
}

int desk_set_publish(struct desk *d, struct tv *t, const char *verb, unsigned triggers)
{
	int64_t n;

	if (desk_count_browsers(d, &n) != 1)
		return -1;
	const char *why = nobody(d, triggers, n);
	if (why != NULL) {
		tv_set(tv_add(t, "told"), "text", why);
		/* who subscribes before it is sent shall hear of it */
		add_button(t, "button primary", tells(&d->settings, triggers) ? "1" : "0", verb);
		return 1;
	}
	add_button(t, "button primary", "1",
	    arena_printf(d->arena, "%s and notify %s", verb,
		desk_count(d->arena, n, "browser", "browsers")));
	add_button(t, "button", "0", arena_printf(d->arena, "%s quietly", verb));
	return 1;
}

int desk_set_tell(struct desk *d, struct tv *t, unsigned triggers)
{
	int64_t n;

	if (desk_count_browsers(d, &n) != 1)
		return -1;
	const char *why = nobody(d, triggers, n);
	if (why != NULL) {
		tv_set(tv_add(t, "told"), "text", why);
		return 1;
	}
	tv_set(tv_add(t, "tell"), "word",
	    arena_printf(d->arena, "Notify %s", desk_count(d->arena, n, "browser", "browsers")));
	return 1;
}
