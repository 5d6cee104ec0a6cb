/* component.c - see component.h. */
#include "base.h"
#include "component.h"

#include "arena.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "settings.h"
#include "text.h"

static const char *const cause_word[] = {
    [COMPONENT_CAUSE_MANUAL] = "manual",
    [COMPONENT_CAUSE_API] = "api",
    [COMPONENT_CAUSE_INCIDENT] = "incident",
    [COMPONENT_CAUSE_MAINTENANCE] = "maintenance",
};
static_assert(nelem(cause_word) == COMPONENT_CAUSE__MAX, "a word for each");

static void read_row(struct db_stmt *s, struct arena *a, struct component *c)
{
	*c = (struct component){
	    .id = db_col_strdup(s, 0, a),
	    .name = db_col_strdup(s, 1, a),
	    .description = db_col_strdup(s, 2, a),
	    .status = (enum component_status)component_status_from_word(db_col_text(s, 3)),
	    .is_group = db_col_int(s, 4) != 0,
	    .group_id = db_col_strdup(s, 5, a),
	    .position = db_col_int(s, 6),
	    .showcase = db_col_int(s, 7) != 0,
	    .only_show_if_degraded = db_col_int(s, 8) != 0,
	    .hidden = db_col_int(s, 9) != 0,
	    .start_date = db_col_strdup(s, 10, a),
	    .created_at = db_col_int(s, 11),
	    .updated_at = db_col_int(s, 12),
	};
}

int component_list(struct db *db, struct arena *a, struct component **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_LIST);
	struct component *list = NULL;
	size_t count = 0;
	int rc;

	while ((rc = db_step(s)) == 1) {
		list = arena_grow(a, list, count, sizeof *list);
		read_row(s, a, &list[count++]);
	}
	if (rc < 0)
		return -1;
	*out = list;
	*n = count;
	return 1;
}

int component_get(struct db *db, struct arena *a, const char *id, struct component *out)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_GET);
	int rc;

	db_bind_text(s, ":id", id);
	rc = db_step(s);
	if (rc == 1)
		read_row(s, a, out);
	db_reset(s);
	return rc;
}

int component_count(struct db *db, int64_t *out)
{
	return db_one_int(db_stmt(db, SQL_COMPONENT_COUNT), out);
}

/* A group must be there, be a group, and not contain groups. */
static int check_group(struct db *db, struct arena *a, const struct component *c, struct fault *f)
{
	struct component group;
	int rc;

	if (c->group_id == NULL)
		return 1;
	if (c->is_group)
		return fault_set(f, FAULT_FIELD, "group_id", "A group cannot be inside a group.");
	rc = component_get(db, a, c->group_id, &group);
	if (rc < 0)
		return -1;
	if (rc == 0 || !group.is_group)
		return fault_set(f, FAULT_FIELD, "group_id",
		    "There is no group with this id: create it first, or leave group_id out.");
	return 1;
}

static void bind_common(struct db_stmt *s, const struct component *c)
{
	db_bind_text(s, ":id", c->id);
	db_bind_text(s, ":name", c->name);
	db_bind_text(s, ":description", c->description);
	db_bind_text(s, ":group", c->group_id);
	db_bind_int(s, ":position", c->position);
	db_bind_int(s, ":showcase", c->showcase);
	db_bind_int(s, ":only_degraded", c->only_show_if_degraded);
	db_bind_int(s, ":hidden", c->hidden);
	db_bind_text(s, ":start_date", c->start_date);
	db_bind_int(s, ":now", clock_now_ms());
}

/* The place behind all that are in the group, or outside of groups (NULL). */
static int next_position(struct db *db, const char *group_id, int64_t *out)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_NEXT_POSITION);

	db_bind_text(s, ":group", group_id);
	return db_one_int(s, out) == 1 ? 1 : -1;
}

int component_create(
    struct db *db, struct arena *a, struct component *c, const char *actor, struct fault *f)
{
	struct db_stmt *s;
	char id[13];
	int rc = check_group(db, a, c, f);

	if (rc != 1)
		return rc;
	if (next_position(db, c->group_id, &c->position) < 0)
		return -1;
	digest_new_id(id);
	c->id = arena_strdup(a, id);
	s = db_stmt(db, SQL_COMPONENT_ADD);
	bind_common(s, c);
	db_bind_text(s, ":status", component_status_word(c->status));
	db_bind_int(s, ":is_group", c->is_group);
	if (db_run(s) < 0 || settings_audit(db, actor, "component.create", c->id, c->name) < 0)
		return -1;
	return settings_touch_content(db) < 0 ? -1 : 1;
}

static bool same_group(const struct component *x, const struct component *y)
{
	if (x->group_id == NULL || y->group_id == NULL)
		return x->group_id == y->group_id;
	return strcmp(x->group_id, y->group_id) == 0;
}

int component_save(
    struct db *db, struct arena *a, const struct component *c, const char *actor, struct fault *f)
{
	struct component old, new = *c;
	struct db_stmt *s;
	int rc = component_get(db, a, c->id, &old);

	if (rc == 0)
		return fault_set(f, FAULT_ABSENT, NULL, "There is no component with this id.");
	if (rc == 1)
		rc = check_group(db, a, c, f);
	if (rc != 1)
		return rc;
	new.position = old.position;
	if (!same_group(&old, &new) && next_position(db, new.group_id, &new.position) < 0)
		return -1;
	s = db_stmt(db, SQL_COMPONENT_SAVE);
	bind_common(s, &new);
	if (db_run(s) < 0 || settings_audit(db, actor, "component.save", c->id, c->name) < 0)
		return -1;
	return settings_touch_all(db) < 0 ? -1 : 1;
}

/* What the time since the component was last operational holds: the history is read from its newest
 * row back to the change that left operational. */
static int read_trouble(struct db *db, const char *id, struct component_change *c)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_LAST_TROUBLE);
	bool seen_major = false, seen_outage = false, open = true;
	int rc;

	db_bind_text(s, ":id", id);
	while ((rc = db_step(s)) == 1 && open) {
		enum component_status was =
		    (enum component_status)component_status_from_word(db_col_text(s, 1));
		enum component_status became =
		    (enum component_status)component_status_from_word(db_col_text(s, 2));
		if (became == COMPONENT_OPERATIONAL)
			break;
		seen_major |= became == COMPONENT_MAJOR_OUTAGE;
		seen_outage |= component_status_is_outage(became);
		if (impact_of_component(became) > c->max_impact)
			c->max_impact = impact_of_component(became);
		c->trouble_since = db_col_int(s, 0);
		open = was != COMPONENT_OPERATIONAL;
	}
	db_reset(s);
	if (rc < 0)
		return -1;
	bool was_outage = component_status_is_outage(c->old_status);
	c->went_down = (c->new_status == COMPONENT_MAJOR_OUTAGE && !seen_major) ||
		       (c->new_status == COMPONENT_PARTIAL_OUTAGE && !was_outage);
	c->recovered = c->new_status == COMPONENT_OPERATIONAL && (was_outage || seen_outage);
	if (impact_of_component(c->old_status) > c->max_impact)
		c->max_impact = impact_of_component(c->old_status);
	if (impact_of_component(c->new_status) > c->max_impact)
		c->max_impact = impact_of_component(c->new_status);
	return 1;
}

static int add_history(struct db *db, const struct component_change *c, enum component_cause cause,
    const char *incident_id)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_HISTORY_ADD);

	db_bind_text(s, ":id", c->id);
	db_bind_int(s, ":now", clock_now_ms());
	db_bind_text(s, ":old", component_status_word(c->old_status));
	db_bind_text(s, ":new", component_status_word(c->new_status));
	db_bind_text(s, ":cause", cause_word[cause]);
	db_bind_text(s, ":incident", incident_id);
	return db_run(s);
}

/* By itself or by its group. */
static int read_hidden(struct db *db, struct arena *a, const struct component *c, bool *out)
{
	struct component group = {.hidden = false};

	if (c->group_id != NULL && component_get(db, a, c->group_id, &group) < 0)
		return -1;
	*out = c->hidden || group.hidden;
	return 1;
}

int component_set_status(struct db *db, struct arena *a, const char *id,
    enum component_status status, enum component_cause cause, const char *incident_id,
    struct component_change *out)
{
	struct component c;
	struct db_stmt *s;
	int rc = component_get(db, a, id, &c);

	if (rc != 1 || c.is_group || c.status == status)
		return rc < 0 ? -1 : 0;
	*out = (struct component_change){
	    .id = c.id,
	    .name = c.name,
	    .group_id = c.group_id,
	    .old_status = c.status,
	    .new_status = status,
	};
	/* before the new row is added, so that the history speaks of the past alone */
	if (read_hidden(db, a, &c, &out->hidden) < 0 || read_trouble(db, id, out) < 0)
		return -1;
	s = db_stmt(db, SQL_COMPONENT_SET_STATUS);
	db_bind_text(s, ":status", component_status_word(status));
	db_bind_text(s, ":id", id);
	db_bind_int(s, ":now", clock_now_ms());
	if (db_run(s) < 0 || add_history(db, out, cause, incident_id) < 0)
		return -1;
	return settings_touch_content(db) < 0 ? -1 : 1;
}

static int set_position(struct db *db, const char *id, int64_t position)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_SET_POSITION);

	db_bind_text(s, ":id", id);
	db_bind_int(s, ":position", position);
	return db_run(s);
}

/* The siblings are numbered anew, so that equal positions left by anything else heal as well. */
int component_move(struct db *db, struct arena *a, const char *id, int direction, const char *actor)
{
	struct component *list, *self = NULL;
	size_t n, count = 0, at = 0;

	if (component_list(db, a, &list, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].id, id) == 0)
			self = &list[i];
	if (self == NULL)
		return 0;
	const char **order = arena_array(a, n, sizeof *order);
	for (size_t i = 0; i < n; i++) {
		if (!same_group(&list[i], self))
			continue;
		if (&list[i] == self)
			at = count;
		order[count++] = list[i].id;
	}
	if ((direction < 0 && at == 0) || (direction > 0 && at + 1 >= count))
		return 0;
	size_t other = direction < 0 ? at - 1 : at + 1;
	const char *moved = order[at];
	order[at] = order[other];
	order[other] = moved;
	for (size_t i = 0; i < count; i++)
		if (set_position(db, order[i], (int64_t)i + 1) < 0)
			return -1;
	if (settings_audit(db, actor, "component.move", id, direction < 0 ? "up" : "down") < 0)
		return -1;
	return settings_touch_content(db) < 0 ? -1 : 1;
}

static int hide(struct db *db, const char *id)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_HIDE);

	db_bind_text(s, ":id", id);
	return db_run(s);
}

/* The group is gone: its members, in their order, go behind all that stood outside of groups.  What
 * it hid stays hidden. */
static int place_members(
    struct db *db, const struct component *list, size_t n, const struct component *group)
{
	int64_t position;

	for (size_t i = 0; i < n; i++) {
		if (list[i].group_id == NULL || strcmp(list[i].group_id, group->id) != 0)
			continue;
		if (next_position(db, NULL, &position) < 0 ||
		    set_position(db, list[i].id, position) < 0)
			return -1;
		if (group->hidden && hide(db, list[i].id) < 0)
			return -1;
	}
	return 1;
}

int component_delete(struct db *db, struct arena *a, const char *id, const char *actor)
{
	struct component c, *list;
	struct db_stmt *s;
	size_t n;
	int rc = component_get(db, a, id, &c);

	if (rc != 1)
		return rc;
	if (component_list(db, a, &list, &n) < 0)
		return -1;
	s = db_stmt(db, SQL_COMPONENT_DELETE);
	db_bind_text(s, ":id", id);
	if (db_run(s) < 0 || place_members(db, list, n, &c) < 0 ||
	    settings_audit(db, actor, "component.delete", id, c.name) < 0)
		return -1;
	return settings_touch_all(db) < 0 ? -1 : 1;
}

int component_status_without(
    struct db *db, const char *id, const char *except, enum component_status *out)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_OPEN_INCIDENT_STATUSES);
	enum component_status worst = COMPONENT_OPERATIONAL;
	int rc;

	db_bind_text(s, ":id", id);
	db_bind_text(s, ":except", except);
	while ((rc = db_step(s)) == 1)
		worst = component_rollup(
		    worst, (enum component_status)component_status_from_word(db_col_text(s, 0)));
	if (rc < 0)
		return -1;
	*out = worst;
	return 1;
}

int component_trouble_since(struct db *db, const struct component *c, int64_t *out)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_LAST_TROUBLE);
	int64_t since = c->created_at;
	int rc;

	db_bind_text(s, ":id", c->id);
	while ((rc = db_step(s)) == 1) {
		if (component_status_from_word(db_col_text(s, 2)) == COMPONENT_OPERATIONAL)
			break;
		since = db_col_int(s, 0);
		if (component_status_from_word(db_col_text(s, 1)) == COMPONENT_OPERATIONAL)
			break;
	}
	db_reset(s);
	if (rc < 0)
		return -1;
	*out = since;
	return 1;
}

int component_last_change(
    struct db *db, struct arena *a, const char *id, struct component_last *out)
{
	struct db_stmt *s = db_stmt(db, SQL_COMPONENT_LAST_CHANGE);
	int rc;

	db_bind_text(s, ":id", id);
	rc = db_step(s);
	if (rc == 1) {
		*out = (struct component_last){
		    .at = db_col_int(s, 0),
		    .incident_id = db_col_strdup(s, 2, a),
		    .incident_name = db_col_strdup(s, 3, a),
		};
		for (int i = 0; i < COMPONENT_CAUSE__MAX; i++)
			if (strcmp(cause_word[i], db_col_text(s, 1)) == 0)
				out->cause = (enum component_cause)i;
	}
	db_reset(s);
	return rc;
}

enum component_status component_rollup(enum component_status x, enum component_status y)
{
	return x > y ? x : y;
}
