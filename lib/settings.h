/* settings.h - what an admin can set, kept in the table `settings` (never in the configuration
 * file).
 *
 * A setting that has no row has its default.  Each changed setting leaves an audit row in the same
 * transaction. Functions that read or write must be called inside a transaction of the caller where
 * consistency matters; they begin none themselves.  1 done, 0 no such thing, -1 broken and logged.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "base.h"
#include "vocabulary.h"

struct arena;
struct db;

struct settings {
	char *site_name; /* "Status" until it is set */
	char *page_id;	 /* 12 characters, made by init */
	char *time_zone; /* IANA name; "Etc/UTC" */
	char *page_lang; /* tag of the page's own language; "en" */
	bool push_enabled;
	bool trigger[TRIGGER__MAX];
	int64_t content_rev;	 /* raised by every change that shows on the page */
	int64_t content_at;	 /* ms; when that was */
	int64_t content_all_rev; /* the last one that concerns every page, not only its own */
	char *vapid_verdict; /* sentence of the sender about the key pair; "" not checked yet, "ok"
				good */
};

int settings_load(struct db *db, struct arena *a, struct settings *out);

/* One value; NULL in *out where there is no row (returns 0). */
int settings_get(struct db *db, const char *name, struct arena *a, char **out);

/* Stores one value.  1 changed, 0 it was so already. */
int settings_put(struct db *db, const char *name, const char *value);

/* Stores push_enabled, triggers, site_name, time_zone, page_lang from s where they differ from what is stored,
 * one audit row by `actor` for each; all pages are drawn anew.  1 something changed, 0 nothing. */
int settings_save(struct db *db, struct arena *a, const struct settings *s, const char *actor);

/* Default of a trigger before an admin chose. */
bool settings_trigger_default(enum trigger t);

/* To be called by whoever changes what the page shows, in the same transaction. */
int settings_touch_content(struct db *db);

/* The same for a change that may show on any page: a name, what is hidden, an incident that is no
 * more. */
int settings_touch_all(struct db *db);

/* Writes an audit row; object and detail may be NULL. */
int settings_audit(
    struct db *db, const char *actor, const char *action, const char *object, const char *detail);

/* A secret made by init: exactly 32 bytes. */
int settings_secret(struct db *db, const char *name, uint8_t out[32]);

#endif
