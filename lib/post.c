/* post.c - see post.h. */
#include "base.h"
#include "post.h"

#include "clock.h"
#include "db.h"

/* Nobody sends a form again after so long. */
#define KEEP_MS (7 * CLOCK_DAY)

int post_find(struct db *db, struct arena *a, const char *post_id,
    const uint8_t digest[DIGEST_SIZE], char **location, bool *same)
{
	struct db_stmt *s = db_stmt(db, SQL_POST_GET);
	size_t len;
	int rc;

	db_bind_text(s, ":id", post_id);
	rc = db_step(s);
	if (rc == 1) {
		*location = db_col_strdup(s, 0, a);
		const void *stored = db_col_blob(s, 1, &len);
		*same = len == DIGEST_SIZE && memcmp(stored, digest, DIGEST_SIZE) == 0;
	}
	db_reset(s);
	return rc;
}

int post_keep(
    struct db *db, const char *post_id, const uint8_t digest[DIGEST_SIZE], const char *location)
{
	struct db_stmt *s = db_stmt(db, SQL_POST_SWEEP);
	int64_t now = clock_now_ms();

	db_bind_int(s, ":before", now - KEEP_MS);
	if (db_run(s) < 0)
		return -1;
	s = db_stmt(db, SQL_POST_ADD);
	db_bind_text(s, ":id", post_id);
	db_bind_blob(s, ":digest", digest, DIGEST_SIZE);
	db_bind_text(s, ":location", location);
	db_bind_int(s, ":now", now);
	return db_run(s);
}
