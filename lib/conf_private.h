/* conf_private.h - shared by conf.c (file, environment, life) and conf_value.c (what the values
 * mean); for nobody else.
 */
#ifndef CONF_PRIVATE_H
#define CONF_PRIVATE_H

#include "conf.h"
#include "buf.h"

enum conf_key {
	CONF_VAPID_PUBLIC_KEY,
	CONF_VAPID_PRIVATE_KEY,
	CONF_VAPID_PREVIOUS_PUBLIC_KEY,
	CONF_VAPID_PREVIOUS_PRIVATE_KEY,
	CONF_VAPID_SUBJECT,
	CONF_SITE_URL,
	CONF_STATE_DIR,
	CONF_PUSH_EXTRA_HOSTS,
	CONF_PUSH_CA_FILE,
	CONF_PUSH_CONNECT_TO,
	CONF_PUSH_PROXY,
	CONF_PUSH_WORKERS,
	CONF_SUBSCRIBE_RATE,
	CONF_SUBSCRIBE_MAX,
	CONF_TRUSTED_PROXIES,
	CONF_KEY__MAX
};

extern const char *const conf_key_name[CONF_KEY__MAX];

/* One value before it is understood; the text belongs to the file's bytes or to the environment. */
struct conf_raw {
	const char *text; /* NULL = not set; never "" */
	int line;	  /* of the file, 0 = from the environment */
};

struct conf_reader {
	struct conf *conf;
	enum conf_role role;
	struct conf_raw raw[CONF_KEY__MAX];
	bool file_is_open_to_others; /* the file's mode lets others read it */
	struct buf *error;
};

/* Turns every raw value into a member of r->conf.  False: r->error says which is wrong. */
bool conf_understand(struct conf_reader *r);

/* What the file is like now; never fails. */
void conf_take_stamp(const char *path, struct conf_stamp *out);

/* malloc'd copies; running out of memory ends the process. */
char *conf_copy(const char *s, size_t len);
void *conf_wider(void *list, size_t count, size_t size);

#endif
