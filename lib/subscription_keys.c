/* subscription_keys.c - which keys of ours subscriptions were made with: see subscription.h. */
#include "base.h"
#include "subscription.h"

#include "conf.h"
#include "db.h"
#include "text.h"

static bool take_key(const char *text, uint8_t out[SUBSCRIPTION_KEY_LEN])
{
	uint8_t key[SUBSCRIPTION_KEY_LEN];

	if (text == NULL || text_base64_decode(TEXT_BASE64_EITHER, text, strlen(text), key,
				sizeof key) != sizeof key)
		return false;
	memcpy(out, key, sizeof key);
	return true;
}

void subscription_keys_take(const struct conf *conf, struct subscription_keys *out)
{
	*out = (struct subscription_keys){0};
	out->has_current = take_key(conf->vapid_public_key, out->current);
	out->has_previous = take_key(conf->vapid_previous_public_key, out->previous);
}

/* A key that is not known to the database has none. */
static int count(struct db *db, bool has, const uint8_t *key, int64_t *n)
{
	struct db_stmt *s;

	*n = 0;
	if (!has)
		return 0;
	s = db_stmt(db, SQL_VAPID_KEY_COUNT);
	db_bind_blob(s, ":key", key, SUBSCRIPTION_KEY_LEN);
	return db_one_int(s, n);
}

int subscription_count_keys(
    struct db *db, const struct subscription_keys *keys, struct subscription_key_counts *out)
{
	int64_t all = 0;

	if (count(db, keys->has_current, keys->current, &out->current) < 0 ||
	    count(db, keys->has_previous, keys->previous, &out->previous) < 0 ||
	    db_one_int(db_stmt(db, SQL_SUBSCRIPTION_COUNT_ALIVE), &all) < 0)
		return -1;
	out->others = all - out->current - out->previous;
	return 1;
}
