/* tool.c - setting up: folders, database, page.  See tool.h; the configuration is in tool_keys.c. */
#include "base.h"
#include "tool_parts.h"

#include "arena.h"
#include "asset.h"
#include "clock.h"
#include "db.h"
#include "digest.h"
#include "file.h"
#include "page.h"
#include "settings.h"
#include "text.h"

int tool_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("atstatus: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

void tool_close(struct tool *tool)
{
	db_close(&tool->db);
	conf_release(&tool->conf);
}

int tool_open_db(struct tool *tool)
{
	char path[FILE_PATH_MAX];
	int rc;

	if (tool->db != NULL)
		return 0;
	conf_path_database(&tool->conf, path, sizeof path);
	rc = db_open(path, DB_TOOL, &tool->db);
	if (rc == 0)
		return tool_fail("there is no database at %s: run `atstatus init`", path);
	return rc == 1 ? 0 : tool_fail("%s cannot be used", path);
}

/* ------------------------------------------------------------------ folders and database */

static int make_folders(struct tool *tool)
{
	char data[FILE_PATH_MAX], pub[FILE_PATH_MAX];

	conf_path_data(&tool->conf, data, sizeof data);
	conf_public_dir(&tool->conf, pub, sizeof pub);
	if (file_make_dir(tool->conf.state_dir, 0711) < 0 || file_make_dir(data, 0700) < 0 ||
	    file_make_dir(pub, 0755) < 0)
		return tool_fail("%s could not be prepared", tool->conf.state_dir);
	return 0;
}

static int create_database(struct tool *tool)
{
	char path[FILE_PATH_MAX];
	const struct asset *schema = asset_get("schema.sql");
	int rc;

	conf_path_database(&tool->conf, path, sizeof path);
	rc = db_create(path, (const char *)schema->data);
	if (rc < 0)
		return tool_fail("the database %s could not be made", path);
	if (rc == 1)
		printf("Created %s.\n", path);
	return tool_open_db(tool);
}

static int add_secret(struct db *db, const char *name)
{
	struct db_stmt *s = db_stmt(db, SQL_SECRET_ADD);
	uint8_t value[32];

	digest_random(value, sizeof value);
	db_bind_text(s, ":name", name);
	db_bind_blob(s, ":value", value, sizeof value);
	int rc = db_run(s);
	digest_cleanse(value, sizeof value);
	return rc;
}

int tool_add_key_row(struct db *db, const char *public_key)
{
	struct db_stmt *s;
	uint8_t point[65];

	if (public_key == NULL)
		return 0;
	if (text_base64_decode(TEXT_BASE64_EITHER, public_key, strlen(public_key), point,
		sizeof point) != sizeof point)
		return 0; /* the doctor of keys is the sender; the page works without them */
	s = db_stmt(db, SQL_VAPID_KEY_ADD);
	db_bind_blob(s, ":key", point, sizeof point);
	db_bind_int(s, ":now", clock_now_ms());
	return db_run(s);
}

static int add_page_id(struct db *db)
{
	struct arena a = ARENA_INIT;
	char id[13], *present;
	int rc = settings_get(db, "page_id", &a, &present);

	if (rc == 0) {
		digest_new_id(id);
		rc = settings_put(db, "page_id", id);
	}
	arena_release(&a);
	return rc;
}

/* Rows that every database needs; adds only what is missing. */
static int fill_database(struct tool *tool)
{
	static const char *const secrets[] = {"topic", "csrf", "limiter"};
	struct db *db = tool->db;
	bool ok = db_begin_write(db) == 1;

	for (size_t i = 0; ok && i < nelem(secrets); i++)
		ok = add_secret(db, secrets[i]) >= 0;
	ok = ok && tool_add_key_row(db, tool->conf.vapid_public_key) >= 0 &&
	     tool_add_key_row(db, tool->conf.vapid_previous_public_key) >= 0 &&
	     add_page_id(db) >= 0;
	if (ok && db_commit(db) == 1)
		return 0;
	db_rollback(db);
	return tool_fail("the database could not be filled");
}

int tool_publish(struct tool *tool, bool due)
{
	if (tool->conf.site_url == NULL)
		return tool_fail("SITE_URL is not set: the page's public origin, such as "
				 "https://status.example.com");
	if (tool_open_db(tool) != 0)
		return 1;
	page_open();
	if (page_publish(&tool->conf, tool->db, due ? PAGE_DUE : PAGE_ALL) < 0 ||
	    page_mark_alive(&tool->conf) < 0)
		return tool_fail("the page could not be published");
	return 0;
}

/* The steps that are built in: migrations/NNN.sql leads to version NNN. */
static bool find_steps(const char *steps[DB_VERSION])
{
	for (int v = 1; v < DB_VERSION; v++) {
		char name[32];
		snprintf(name, sizeof name, "%03d.sql", v + 1);
		const struct asset *step = asset_get(name);
		if (step == NULL)
			return false;
		steps[v] = (const char *)step->data;
	}
	return true;
}

int tool_migrate(struct tool *tool)
{
	const char *steps[DB_VERSION] = {NULL};
	char path[FILE_PATH_MAX];
	int version;

	conf_path_database(&tool->conf, path, sizeof path);
	version = db_file_version(path);
	if (version < 0)
		return tool_fail("there is no database at %s: run `atstatus init`", path);
	if (version == 0)
		return create_database(tool) != 0 || fill_database(tool) != 0;
	if (version > DB_VERSION)
		return tool_fail(
		    "%s has version %d, newer than this program (%d)", path, version, DB_VERSION);
	if (!find_steps(steps) || db_migrate(path, steps, DB_VERSION) < 0)
		return tool_fail("%s stays at version %d; the log says why", path, version);
	if (version == DB_VERSION)
		printf("%s has version %d already: nothing to do.\n", path, version);
	else
		printf("%s went from version %d to %d; the old one is kept as %s.v%d.\n", path,
		    version, DB_VERSION, path, version);
	return 0;
}

/* A database of an older version is brought to this one; a copy of it is kept beside it. */
static int renew_database(struct tool *tool)
{
	char path[FILE_PATH_MAX];
	int version;

	conf_path_database(&tool->conf, path, sizeof path);
	if (access(path, F_OK) != 0)
		return 0;
	version = db_file_version(path);
	return version > 0 && version < DB_VERSION ? tool_migrate(tool) : 0;
}

int tool_init(struct tool *tool)
{
	if (!tool->has_file && tool_create_configuration(tool) != 0)
		return 1;
	if (make_folders(tool) != 0 || renew_database(tool) != 0 || create_database(tool) != 0 ||
	    fill_database(tool) != 0 || tool_first_admin(tool) != 0)
		return 1;
	if (tool->conf.vapid_public_key == NULL)
		fprintf(stderr, "atstatus: there are no VAPID keys yet, so nobody can subscribe; "
				"`atstatus keys` makes them.\n");
	return tool_publish(tool, false);
}
