/*
 * The least that storing a subscription can be: libfcgi reads a request, json-c parses it, one upsert
 * is committed with synchronous=FULL, "201" is the answer. No check, no limit, one table with one
 * index. What the real program is held against, behind the same web server with the same settings.
 *
 * The database is bare.db in the folder of ENV_FILE.
 */
#include <fcgiapp.h>
#include <json-c/json.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;
static sqlite3_stmt *upsert;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bare: %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
	exit(1);
}

/* The writers wait as the real ones do: briefly and often. */
static int wait_a_little(void *user, int times)
{
	const struct timespec pause = {.tv_nsec = 200000};

	(void)user;
	nanosleep(&pause, NULL);
	return times < 25000;
}

static void open_database(void)
{
	const char *env = getenv("ENV_FILE");
	const char *slash = env ? strrchr(env, '/') : NULL;
	char name[512];

	if (!slash)
		die("ENV_FILE");
	snprintf(name, sizeof name, "%.*s/bare.db", (int)(slash - env), env);
	if (sqlite3_open(name, &db) != SQLITE_OK)
		die(name);
	sqlite3_busy_handler(db, wait_a_little, NULL);
	if (sqlite3_exec(db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"CREATE TABLE IF NOT EXISTS s (id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL "
		"UNIQUE,"
		" p256dh TEXT NOT NULL, auth TEXT NOT NULL);",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db,
		"INSERT INTO s (endpoint, p256dh, auth) VALUES (?1, ?2, ?3) ON CONFLICT (endpoint)"
		" DO UPDATE SET p256dh = excluded.p256dh, auth = excluded.auth",
		-1, &upsert, NULL) != SQLITE_OK)
		die("open");
}

static const char *member(json_object *object, const char *name)
{
	json_object *value = NULL;

	json_object_object_get_ex(object, name, &value);
	return json_object_get_string(value);
}

static int store(const char *text, int length)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *body = json_tokener_parse_ex(tokener, text, length);
	json_object *subscription = NULL, *keys = NULL;
	int is_stored;

	json_object_object_get_ex(body, "subscription", &subscription);
	json_object_object_get_ex(subscription, "keys", &keys);
	sqlite3_bind_text(upsert, 1, member(subscription, "endpoint"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(upsert, 2, member(keys, "p256dh"), -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(upsert, 3, member(keys, "auth"), -1, SQLITE_TRANSIENT);
	is_stored = sqlite3_step(upsert) == SQLITE_DONE;
	sqlite3_reset(upsert);
	json_object_put(body);
	json_tokener_free(tokener);
	return is_stored;
}

int main(void)
{
	static char body[65536];
	FCGX_Request request;

	open_database();
	FCGX_Init();
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		int length = FCGX_GetStr(body, sizeof body - 1, request.in);

		FCGX_FPrintF(request.out,
		    "Status: %d\r\nContent-Type: "
		    "application/json\r\n\r\n{\"status\":\"subscribed\"}",
		    store(body, length) ? 201 : 500);
		FCGX_Finish_r(&request);
	}
	return 0;
}
