/* incident_read.c - incidents, their components and updates, from rows: see incident.h. */
#include "base.h"
#include "incident_private.h"

#include "arena.h"
#include "db.h"

static int64_t time_or_0(struct db_stmt *s, int col)
{
	return db_col_null(s, col) ? 0 : db_col_int(s, col);
}

static void read_row(struct db_stmt *s, struct arena *a, struct incident *i)
{
	*i = (struct incident){
	    .id = db_col_strdup(s, 0, a),
	    .name = db_col_strdup(s, 1, a),
	    .status = (enum incident_status)incident_status_from_word(db_col_text(s, 2)),
	    .impact = (enum impact)impact_from_word(db_col_text(s, 3)),
	    .impact_override = db_col_null(s, 4) ? -1 : impact_from_word(db_col_text(s, 4)),
	    .max_impact = (enum impact)impact_from_word(db_col_text(s, 5)),
	    .created_at = db_col_int(s, 6),
	    .started_at = db_col_int(s, 7),
	    .updated_at = db_col_int(s, 8),
	    .monitoring_at = time_or_0(s, 9),
	    .resolved_at = time_or_0(s, 10),
	    .scheduled_for = time_or_0(s, 11),
	    .scheduled_until = time_or_0(s, 12),
	    .begun_at = time_or_0(s, 13),
	    .overrun_at = time_or_0(s, 14),
	    .auto_start = db_col_int(s, 15) != 0,
	    .auto_end = db_col_int(s, 16) != 0,
	    .sequence = db_col_int(s, 17),
	    .content_rev = db_col_int(s, 18),
	};
}

int incident_load_components(struct db *db, struct arena *a, struct incident *i)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_COMPONENTS);
	int rc;

	i->components = NULL;
	i->n_components = 0;
	db_bind_text(s, ":incident", i->id);
	while ((rc = db_step(s)) == 1) {
		i->components =
		    arena_grow(a, i->components, i->n_components, sizeof *i->components);
		i->components[i->n_components++] = (struct incident_component){
		    .id = db_col_strdup(s, 0, a),
		    .status = (enum component_status)component_status_from_word(db_col_text(s, 1)),
		    .name = db_col_strdup(s, 2, a),
		    .group_id = db_col_strdup(s, 3, a),
		    .current_status =
			(enum component_status)component_status_from_word(db_col_text(s, 4)),
		    .hidden = db_col_int(s, 5) != 0,
		};
	}
	return rc < 0 ? -1 : 1;
}

int incident_get(struct db *db, struct arena *a, const char *id, struct incident *out)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_GET);
	int rc;

	db_bind_text(s, ":id", id);
	rc = db_step(s);
	if (rc == 1)
		read_row(s, a, out);
	db_reset(s);
	return rc == 1 ? incident_load_components(db, a, out) : rc;
}

int incident_read_list(
    struct db *db, struct arena *a, struct db_stmt *s, struct incident **out, size_t *n)
{
	struct incident *list = NULL;
	size_t count = 0;
	int rc;

	while ((rc = db_step(s)) == 1) {
		list = arena_grow(a, list, count, sizeof *list);
		read_row(s, a, &list[count++]);
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (incident_load_components(db, a, &list[i]) < 0)
			rc = -1;
	*out = list;
	*n = count;
	return rc < 0 ? -1 : 1;
}

int incident_list_open(struct db *db, struct arena *a, struct incident **out, size_t *n)
{
	return incident_read_list(db, a, db_stmt(db, SQL_INCIDENT_LIST_OPEN), out, n);
}

int incident_list_all(
    struct db *db, struct arena *a, int64_t limit, struct incident **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_LIST_ALL);

	db_bind_int(s, ":limit", limit);
	return incident_read_list(db, a, s, out, n);
}

int incident_list_recent(struct db *db, struct arena *a, int64_t since_ms, int64_t limit,
    struct incident **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_LIST_RECENT);

	db_bind_int(s, ":since", since_ms);
	db_bind_int(s, ":limit", limit);
	return incident_read_list(db, a, s, out, n);
}

int incident_list_refs(
    struct db *db, struct arena *a, int64_t after_rev, struct incident_ref **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_LIST_REFS);
	struct incident_ref *refs = NULL;
	size_t count = 0;
	int rc;

	db_bind_int(s, ":after", after_rev);
	while ((rc = db_step(s)) == 1) {
		refs = arena_grow(a, refs, count, sizeof *refs);
		refs[count++] = (struct incident_ref){
		    .id = db_col_strdup(s, 0, a),
		    .is_maintenance = db_col_int(s, 1) != 0,
		    .at = db_col_int(s, 2),
		    .content_rev = db_col_int(s, 3),
		};
	}
	*out = refs;
	*n = count;
	return rc < 0 ? -1 : 1;
}

static int load_update_components(struct db *db, struct arena *a, struct incident_update *u)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_UPDATE_COMPONENTS);
	int rc;

	db_bind_text(s, ":id", u->id);
	while ((rc = db_step(s)) == 1) {
		u->components =
		    arena_grow(a, u->components, u->n_components, sizeof *u->components);
		u->components[u->n_components++] = (struct incident_update_component){
		    .id = db_col_strdup(s, 0, a),
		    .name = db_col_strdup(s, 1, a),
		    .old_status =
			(enum component_status)component_status_from_word(db_col_text(s, 2)),
		    .new_status =
			(enum component_status)component_status_from_word(db_col_text(s, 3)),
		};
	}
	return rc;
}

int incident_updates(
    struct db *db, struct arena *a, const char *id, struct incident_update **out, size_t *n)
{
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_UPDATES);
	struct incident_update *list = NULL;
	size_t count = 0;
	int rc;

	db_bind_text(s, ":incident", id);
	while ((rc = db_step(s)) == 1) {
		list = arena_grow(a, list, count, sizeof *list);
		list[count++] = (struct incident_update){
		    .id = db_col_strdup(s, 0, a),
		    .status = (enum incident_status)incident_status_from_word(db_col_text(s, 1)),
		    .body = db_col_strdup(s, 2, a),
		    .created_at = db_col_int(s, 3),
		    .updated_at = db_col_int(s, 4),
		    .display_at = db_col_int(s, 5),
		    .deliver_notifications = db_col_int(s, 6) != 0,
		};
	}
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (load_update_components(db, a, &list[i]) < 0)
			rc = -1;
	*out = list;
	*n = count;
	return rc < 0 ? -1 : 1;
}
