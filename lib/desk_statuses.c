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

/* Maintenance is left out: an incident is not one.  So is "operational" for what is. */
static const enum component_status offered[] = {COMPONENT_OPERATIONAL,
    COMPONENT_DEGRADED_PERFORMANCE, COMPONENT_PARTIAL_OUTAGE, COMPONENT_MAJOR_OUTAGE};

static size_t chosen_for(const struct form_value *chosen, const char *id)
{
	for (size_t i = 0; chosen != NULL && chosen->ok && i < chosen->count; i++)
		if (strcmp(chosen->members[i].key, id) == 0)
			return chosen->members[i].choice;
	return DESK_KEEP;
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

static void add_component(
    struct tv *section, const struct component *c, size_t chosen, const char *keep_word)
{
	struct tv *t = tv_add(section, "component");

	tv_set(t, "id", c->id);
	tv_set(t, "name", c->name);
	tv_set(t, "state", component_status_word(c->status));
	tv_set(t, "state_word", component_status_label(c->status));
	add_choice(t, DESK_KEEP, keep_word, chosen == DESK_KEEP);
	for (size_t i = 0; i < nelem(offered); i++)
		if (offered[i] != COMPONENT_OPERATIONAL || c->status != COMPONENT_OPERATIONAL ||
		    chosen == COMPONENT_OPERATIONAL)
			add_choice(
			    t, offered[i], desk_status_short(offered[i]), chosen == offered[i]);
}

/* The members of a group, or those without one, as one section. */
static size_t add_section(struct tv *t, const struct component *list, size_t n,
    const struct component *group, const struct form_value *chosen, const char *keep_word)
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
		size_t choice = chosen_for(chosen, c->id);
		if (section == NULL)
			section = tv_add(t, "section");
		add_component(section, c, choice, keep_word);
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

int desk_set_statuses(
    struct desk *d, struct tv *t, const struct form_value *chosen, const char *keep_word)
{
	struct tv *part = tv_new(d->arena);
	struct component *list;
	size_t n, count;

	if (component_list(d->db, d->arena, &list, &n) < 0)
		return -1;
	count = add_section(part, list, n, NULL, chosen, keep_word);
	for (size_t i = 0; i < n; i++)
		if (list[i].is_group)
			count += add_section(part, list, n, &list[i], chosen, keep_word);
	if (count == 0)
		tv_add(part, "none");
	return desk_set_part(t, "components", DESK_STATUSES_PART, part);
}

/* ------------------------------------------------------------------ publishing */

/* Is there any setting by which this could tell somebody? */
static bool tells(const struct settings *s, enum trigger trigger)
{
	bool own = s->trigger[trigger];

	/* an update may resolve */
	if (trigger == TRIGGER_INCIDENT_UPDATE)
		own |= s->trigger[TRIGGER_INCIDENT_RESOLVED];
	return s->push_enabled && (own || s->trigger[TRIGGER_COMPONENT_DOWN] ||
				      s->trigger[TRIGGER_COMPONENT_RECOVERED]);
}

static void add_button(struct tv *t, const char *attributes, const char *value, const char *word)
{
	struct tv *b = tv_add(t, "publish");

	tv_set(b, "class", attributes);
	tv_set(b, "value", value);
	tv_set(b, "word", word);
}

int desk_set_publish(struct desk *d, struct tv *t, const char *verb, enum trigger trigger)
{
	int64_t n;

	if (desk_count_browsers(d, &n) != 1)
		return -1;
	if (!tells(&d->settings, trigger)) {
		tv_set(tv_add(t, "told"), "text",
		    d->settings.push_enabled
			? "Nobody is notified: Settings → Notifications has this event switched "
			  "off."
			: "Nobody is notified: Settings → Notifications is switched off.");
		add_button(t, "button primary", "0", verb);
		return 1;
	}
	if (n == 0) {
		tv_set(tv_add(t, "told"), "text",
		    "No browser has subscribed yet, so nobody is notified.");
		add_button(t, "button primary", "1", verb);
		return 1;
	}
	add_button(t, "button primary", "1",
	    arena_printf(d->arena, "%s and notify %s", verb,
		desk_count(d->arena, n, "browser", "browsers")));
	add_button(t, "button", "0", arena_printf(d->arena, "%s quietly", verb));
	return 1;
}
