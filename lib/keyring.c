/* keyring.c - see keyring.h. */
#include "base.h"
#include "keyring.h"

#include "clock.h"
#include "conf.h"
#include "db.h"
#include "log.h"
#include "vapid.h"

static const char *open_present(struct keyring *k, const struct conf *c)
{
	enum vapid_fault fault = VAPID_FAULT_NONE;
	enum vapid_subject subject;

	if (c->vapid_problem != NULL)
		return c->vapid_problem;
	subject = vapid_check_subject(c->vapid_subject);
	if (subject >= VAPID_SUBJECT_MISSING)
		return vapid_subject_reason(subject);
	if (vapid_open(c->vapid_public_key, c->vapid_private_key, &k->key, &fault) != 1)
		return vapid_reason(fault);
	if (!vapid_self_test(k->key))
		return "The self-test of signing and encryption failed: see the sender's log.";
	return "ok";
}

static void open_previous(struct keyring *k, const struct conf *c)
{
	enum vapid_fault fault = VAPID_FAULT_NONE;

	if (c->vapid_previous_public_key == NULL || c->vapid_previous_private_key == NULL)
		return;
	if (vapid_open(c->vapid_previous_public_key, c->vapid_previous_private_key, &k->previous,
		&fault) != 1)
		log_warn("KEYRING-01", "VAPID_PREVIOUS keys: %s", vapid_reason(fault));
}

const char *keyring_open(struct keyring *k, const struct conf *conf)
{
	open_previous(k, conf);
	return open_present(k, conf);
}

void keyring_close(struct keyring *k)
{
	vapid_close(&k->key);
	vapid_close(&k->previous);
}

/* ------------------------------------------------------------------ rows */

static int look_up(struct db *db, const struct vapid *key, int64_t *id)
{
	struct db_stmt *s = db_stmt(db, SQL_VAPID_KEY_ID);

	db_bind_blob(s, ":key", vapid_public_key(key), VAPID_PUBLIC_LEN);
	return db_one_int(s, id);
}

static int add_row(struct db *db, const struct vapid *key)
{
	struct db_stmt *s;
	int rc = db_begin_write(db);

	if (rc != 1)
		return -1;
	s = db_stmt(db, SQL_VAPID_KEY_ADD);
	db_bind_blob(s, ":key", vapid_public_key(key), VAPID_PUBLIC_LEN);
	db_bind_int(s, ":now", clock_now_ms());
	if (db_run(s) >= 0)
		return db_commit(db);
	db_rollback(db);
	return -1;
}

static int find_row(struct db *db, const struct vapid *key, int64_t *id)
{
	int rc;

	*id = 0;
	if (key == NULL || (rc = look_up(db, key, id)) == 1)
		return 1;
	if (rc == 0 && add_row(db, key) == 1)
		rc = look_up(db, key, id);
	return rc == 1 ? 1 : -1;
}

int keyring_find(struct keyring *k, struct db *db)
{
	if (find_row(db, k->key, &k->key_id) < 0)
		return -1;
	return find_row(db, k->previous, &k->previous_id);
}
