/* subscription_stage.h - what the tests of subscription*.c share: a database with components and
 * incidents, seen with a visitor's rights, and wishes and proofs of imagined browsers. */
#ifndef SUBSCRIPTION_STAGE_H
#define SUBSCRIPTION_STAGE_H

#include "base.h"
#include "t.h"
#include "t_sql.h"

#include "arena.h"
#include "asset.h"
#include "clock.h"
#include "db.h"
#include "log.h"
#include "subscription.h"

static char folder[] = "/tmp/subscription-XXXXXX";
static char path[256];
static struct db *db;
static struct arena arena = ARENA_INIT;
static struct endpoint_policy *policy;
static struct subscription_keys keys = {.has_current = true, .has_previous = true};
static const char *sentence;

/* ------------------------------------------------------------------ the stage */

static inline void stage(void)
{
	if (mkdtemp(folder) == NULL || endpoint_policy_open(NULL, NULL, &policy) != 1)
		abort();
	snprintf(path, sizeof path, "%s/test.db", folder);
	t_int(db_create(path, (const char *)asset_get("schema.sql")->data), 1);
	t_int(db_open(path, DB_VISITOR, &db), 1);
	t_sql_open(path);
	t_run("INSERT INTO secrets VALUES ('topic', randomblob(32));"
	      "INSERT INTO components (id, name, position, is_group, created_at, updated_at)"
	      " VALUES ('apiapiapiapi', 'API', 1, 0, 0, 0), ('webwebwebweb', 'Web', 2, 0, 0, 0),"
	      " ('corecorecore', 'Core', 3, 1, 0, 0);"
	      "INSERT INTO incidents (id, name, status, impact, max_impact, created_at, started_at,"
	      " updated_at) VALUES ('incident0001', 'One', 'investigating', 'minor', 'minor', 0, "
	      "0, 0),"
	      " ('incident0002', 'Two', 'investigating', 'minor', 'minor', 0, 0, 0),"
	      " ('incident0003', 'Old', 'resolved', 'minor', 'minor', 0, 0, 0);"
	      "UPDATE incidents SET resolved_at = 1 WHERE id = 'incident0003'");
	memset(keys.current, 4, sizeof keys.current);
	memset(keys.previous, 5, sizeof keys.previous);
}

static inline void strike(void)
{
	db_close(&db);
	t_sql_close();
	unlink(path);
	rmdir(folder);
	endpoint_policy_close(policy);
	arena_release(&arena);
}

static inline struct endpoint endpoint(const char *url)
{
	struct endpoint e;

	if (endpoint_parse(policy, url, strlen(url), &e) != ENDPOINT_OK)
		t_check(false, url, __FILE__, __LINE__);
	return e;
}

#define FCM "https://fcm.googleapis.com/fcm/send/"

static struct endpoint last_endpoint;

/* A wish of the browser `name`, whose secrets are made of the octet `secret`. */
static inline struct subscription_wish wish(const char *name, int secret)
{
	struct subscription_wish w = {.keys = &keys, .endpoint = &last_endpoint};

	last_endpoint = endpoint(arena_printf(&arena, FCM "%s", name));
	memset(w.p256dh, secret, sizeof w.p256dh);
	memset(w.auth, secret, sizeof w.auth);
	return w;
}

static inline struct subscription_proof proof(const char *name, int secret)
{
	struct subscription_proof p = {.url = arena_printf(&arena, FCM "%s", name)};

	memset(p.auth, secret, sizeof p.auth);
	return p;
}

static inline enum subscription_result save(const struct subscription_wish *w)
{
	return subscription_save(db, &arena, w, 1000, &sentence);
}

static inline enum subscription_result check(const struct subscription_wish *w)
{
	return subscription_check(db, &arena, w, &sentence);
}

static inline void subscribe(const char *name, int secret)
{
	struct subscription_wish w = wish(name, secret);

	t_int(save(&w), SUBSCRIPTION_NEW);
}

#define CHOICES                                                                                    \
	"SELECT coalesce(components, 'all') || '|' || coalesce(events, 'all') || '|' || "          \
	"min_impact"                                                                               \
	" || '|' || lang || '|' || coalesce(quiet_from || '-' || quiet_to || ' ' || quiet_tz, '')" \
	" || '|' || quiet_critical FROM subscriptions WHERE endpoint = '" FCM

#endif
