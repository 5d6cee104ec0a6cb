/* test_db.c - the door to the database: versions, roles, transactions, and that every statement can
 * be prepared. */
#include "base.h"
#include "t_db.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "capture.h"
#include "settings.h"
#include "t.h"

static void every_statement_prepares(struct db *db)
{
	t_case("every statement of the table can be prepared by the role that may do everything");
	for (int i = 0; i < SQL__MAX; i++) {
		const char *text = sql_text[i];
		/* the limiter's tables live in a file of their own */
		if (strstr(text, "hits") != NULL || strstr(text, "salts") != NULL ||
		    strstr(text, "failures") != NULL)
			continue;
		t_ok(db_stmt(db, (enum sql)i) != NULL);
	}
}

static int prepare_in_child(enum db_role role, enum sql which)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct db *db;
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
		if (db_open(t_db_path, role, &db) != 1)
			_exit(3);
		db_stmt(db, which);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void roles(void)
{
	t_case("the visitor's role cannot read users, sessions or tokens");
	t_int(prepare_in_child(DB_VISITOR, SQL_USER_BY_NAME), 1);
	t_int(prepare_in_child(DB_VISITOR, SQL_SESSION_GET), 1);
	t_int(prepare_in_child(DB_VISITOR, SQL_TOKEN_GET), 1);
	t_case("the visitor's role cannot write incidents or settings");
	t_int(prepare_in_child(DB_VISITOR, SQL_INCIDENT_DELETE), 1);
	t_int(prepare_in_child(DB_VISITOR, SQL_SETTINGS_PUT), 1);
	t_case("the visitor's role may write a job for a test push");
	t_int(prepare_in_child(DB_VISITOR, SQL_JOB_ADD), 0);
	t_case("the sender's role cannot read users, sessions or tokens");
	t_int(prepare_in_child(DB_SENDER, SQL_USER_BY_NAME), 1);
	t_int(prepare_in_child(DB_SENDER, SQL_TOKEN_GET), 1);
	t_case("the secrets are read by who needs one, and written by admins alone");
	t_int(prepare_in_child(DB_VISITOR, SQL_SECRET_GET), 0);
	t_int(prepare_in_child(DB_ADMIN, SQL_SECRET_GET), 0);
	t_int(prepare_in_child(DB_SENDER, SQL_SECRET_GET), 0);
	t_int(prepare_in_child(DB_VISITOR, SQL_SECRET_ADD), 1);
	t_int(prepare_in_child(DB_SENDER, SQL_SECRET_ADD), 1);
	t_case(
	    "the sender's role may begin a maintenance and leave its trace, which it cannot read");
	t_int(prepare_in_child(DB_SENDER, SQL_INCIDENT_SAVE), 0);
	t_int(prepare_in_child(DB_SENDER, SQL_MAINTENANCE_REMINDERS_SETTLE), 0);
	t_int(prepare_in_child(DB_SENDER, SQL_AUDIT_ADD), 0);
	t_int(prepare_in_child(DB_SENDER, SQL_USER_ADD), 1);
	t_case("the admin's role may do all of it");
	t_int(prepare_in_child(DB_ADMIN, SQL_USER_BY_NAME), 0);
	t_int(prepare_in_child(DB_ADMIN, SQL_INCIDENT_DELETE), 0);
}

static void transactions(struct db *db)
{
	struct arena a = ARENA_INIT;
	char *value;

	t_case("a rolled back transaction leaves nothing");
	t_int(db_begin_write(db), 1);
	t_int(settings_put(db, "x", "1"), 1);
	db_rollback(db);
	t_int(settings_get(db, "x", &a, &value), 0);

	t_case("a statement that fails undoes the whole transaction at its commit");
	t_int(db_begin_write(db), 1);
	t_int(settings_put(db, "x", "1"), 1);
	struct db_stmt *s = db_stmt(db, SQL_INCIDENT_COMPONENT_PUT);
	db_bind_text(s, ":incident", "no such one!");
	db_bind_text(s, ":component", "no such one!");
	db_bind_text(s, ":status", "operational");
	t_int(db_run(s), -1);
	t_int(db_commit(db), -1);
	t_int(settings_get(db, "x", &a, &value), 0);

	t_case("a committed transaction is seen by another handle");
	struct db *other;
	t_int(db_open(t_db_path, DB_ADMIN, &other), 1);
	t_int(db_begin_write(db), 1);
	t_int(settings_put(db, "x", "2"), 1);
	t_int(db_commit(db), 1);
	t_int(settings_get(other, "x", &a, &value), 1);
	t_str(value, "2");
	db_close(&other);
	arena_release(&a);
}

static void versions(void)
{
	struct db *db = NULL;
	char path[160];

	t_case("a database that is not there is told apart from a broken one");
	snprintf(path, sizeof path, "%s/none.db", t_db_folder);
	t_int(db_open(path, DB_ADMIN, &db), 0);
	t_ok(access(path, F_OK) != 0);

	t_case("a file that is no database is refused and left as it is");
	snprintf(path, sizeof path, "%s/text.db", t_db_folder);
	FILE *f = fopen(path, "w");
	fputs(
	    "this is not a database, whatever its name says; it is long enough to be looked at", f);
	fclose(f);
	t_int(db_open(path, DB_ADMIN, &db), -1);
	struct stat st;
	t_ok(stat(path, &st) == 0 && st.st_size == 81);
	unlink(path);

	t_case("an empty file has no tables and is refused until it is migrated");
	snprintf(path, sizeof path, "%s/empty.db", t_db_folder);
	fclose(fopen(path, "w"));
	t_int(db_open(path, DB_ADMIN, &db), -1);
	t_int(db_file_version(path), 0);
	unlink(path);

	t_case("making a database that exists changes nothing");
	t_int(db_create(t_db_path, (const char *)asset_get("schema.sql")->data), 0);

	t_case("the database is readable by its owner alone");
	t_ok(stat(t_db_path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

static void begin_step(struct db *db)
{
	t_int(db_begin_write(db), 1);
	t_int(settings_put(db, "step", "one"), 1);
	t_int(db_commit(db), 1);
}

static void migrations(struct db *db)
{
	/* from version n by the n-th step */
	static const char *const steps[] = {
	    [DB_VERSION] = "ALTER TABLE posts ADD COLUMN actor TEXT",
	    "UPDATE settings SET value = 'three' WHERE name = 'step'"};
	static const char *const broken[] = {
	    [DB_VERSION + 2] = "CREATE TABLE half (x) STRICT", "SELECT nothing FROM nowhere"};
	const int target = DB_VERSION + 2;
	char copy[160];
	struct db *other;

	begin_step(db);
	t_case("a migration runs its steps in order and sets the version");
	t_int(db_migrate(t_db_path, steps, target), 1);
	t_int(db_file_version(t_db_path), target);

	t_case("a database of a newer version is refused");
	t_int(db_open(t_db_path, DB_ADMIN, &other), -1);

	t_case("a migration keeps a copy of the old version, readable by its owner alone");
	struct stat st;
	snprintf(copy, sizeof copy, "%s.v%d", t_db_path, DB_VERSION);
	t_ok(stat(copy, &st) == 0 && (st.st_mode & 0777) == 0600);
	t_int(db_file_version(copy), DB_VERSION);
	unlink(copy);

	t_case("a step that fails leaves the old version and none of the steps");
	t_int(db_migrate(t_db_path, broken, target + 2), -1);
	t_int(db_file_version(t_db_path), target);
	snprintf(copy, sizeof copy, "%s.v%d", t_db_path, target);
	unlink(copy);

	t_case("a database is never taken back to an older version");
	t_int(db_migrate(t_db_path, steps, target - 1), -1);
	t_int(db_file_version(t_db_path), target);

	t_case("a database of the wanted version is left alone");
	t_int(db_migrate(t_db_path, steps, target), 0);
}

static void moved(void)
{
	char away[160];
	struct db *db;

	snprintf(away, sizeof away, "%s.away", t_db_path);
	t_int(db_open(t_db_path, DB_ADMIN, &db), 1);
	t_case("a file that stands where it was opened has not moved");
	t_ok(!db_has_moved(db));
	t_case("no write transaction begins, or ends well, when the file has moved");
	t_int(db_begin_write(db), 1);
	t_int(rename(t_db_path, away), 0);
	t_ok(db_has_moved(db));
	capture_start();
	t_int(db_commit(db), -1);
	t_ok(strstr(capture_end(), "error DB-21 ") != NULL);
	t_ok(!db_is_open(db));
	capture_start();
	t_int(db_begin_write(db), -1);
	capture_end();
	t_ok(!db_is_open(db));
	t_case("and when it is back, they do");
	t_int(rename(away, t_db_path), 0);
	t_int(db_begin_write(db), 1);
	t_int(db_commit(db), 1);
	db_close(&db);
}

int main(void)
{
	struct db *db = t_db_open();

	every_statement_prepares(db);
	roles();
	transactions(db);
	moved();
	versions();
	migrations(db);
	t_db_close(&db);
	return t_end();
}
