/* conf.h - the configuration: one file of KEY=VALUE lines and the environment over it.
 *
 * The file is the one named by ENV_FILE, else `.env` in the working directory, else
 * /etc/atstatus/env.  A line is empty, starts with `#`, or is KEY=VALUE; the value is everything
 * behind the first `=`, taken literally: no quotes, no expansion, no continuation.  Unknown and
 * duplicate keys, control characters (carriage return included) and files over 64 KiB are errors
 * that name the line.  A real environment variable of the same name wins; an empty value means "not
 * set" in both places.  Relative paths count from the file's folder.
 *
 * Everything is read at start-up into one plain struct; a value that is wrong is reported by a
 * sentence for the operator and the program does not start.  A program that runs on asks conf_renew
 * before each piece of work, so that an edit of the file holds from the next one on without a
 * restart; a file that is wrong by then is told once, and the program goes on with what it has.  The keys of the push protocol are
 * the exception: a bad key must not take the status page down, so it is left out (NULL) and
 * vapid_problem says why; the sender stores that sentence, admin shows it.
 *
 * Secrets: for CONF_WEB the private keys are not taken at all, and the memory that the file was
 * read into is cleansed in any case.
 *
 * Example:
 *	struct conf conf;
 *	struct buf error = BUF_INIT;
 *	if (conf_load(&conf, CONF_WEB, &error) < 0)
 *		log_die("SUBSCRIBE-01", "%s", error.data);
 */
#ifndef CONF_H
#define CONF_H

#include "base.h"

struct buf;

#define CONF_FILE_MAX ((size_t)64 * 1024)

enum conf_role {
	CONF_WEB,    /* the FastCGI programs: private keys are never taken */
	CONF_SENDER, /* push-sender */
	CONF_TOOL, /* atstatus; as before `init`, SITE_URL (NULL) and the file that ENV_FILE names may be
			missing */
	CONF_ROLE__MAX
};

/* A member of PUSH_EXTRA_HOSTS.  The host is lower case; an IPv6 address stands without brackets.
 */
struct conf_host {
	char *host;
	uint16_t port;
};

/* A member of PUSH_CONNECT_TO.  As for libcurl, an empty part is NULL or 0: any host, any port, the
 * same host, the same port. */
struct conf_connect {
	char *text; /* as written, for libcurl */
	char *host;
	uint16_t port;
	char *connect_host;
	uint16_t connect_port;
};

/* What a file is recognized by; private to conf*.c. */
struct conf_stamp {
	bool exists,
	    is_fresh; /* fresh: written so lately that its times do not tell the next writing */
	dev_t device;
	ino_t inode;
	off_t size;
	mode_t mode;
	struct timespec modified, changed;
	uint64_t hash; /* of mode and bytes */
};

/* All strings are owned by the struct; NULL = not set. */
struct conf {
	char *file;   /* absolute path of the file that was read, NULL without one */
	char *folder; /* absolute folder that relative paths count from */
	char *sought; /* the path that is watched for changes: file, or where one would be */
	struct conf_stamp stamp;

	char *site_url;	  /* "https://status.example.com": lower case, no slash, no default port */
	bool site_secure; /* push and secure cookies work: https, or http on this very machine */
	bool site_is_https;
	char *state_dir; /* absolute */

	char *vapid_public_key; /* base64url of 65 octets, first one 4; not yet checked on the curve
				 */
	char *vapid_private_key; /* base64url of 32 octets; always NULL for CONF_WEB */
	char *vapid_previous_public_key;
	char *vapid_previous_private_key;
	char *vapid_subject; /* mailto: or https:, never NULL after a successful load */
	bool vapid_subject_is_placeholder;
	char *vapid_problem; /* a sentence, NULL if the forms of keys and subject are right */

	struct conf_host *push_extra_hosts;
	size_t push_extra_hosts_count;
	bool push_any_host; /* PUSH_EXTRA_HOSTS has "*" */
	struct conf_connect *push_connect_to;
	size_t push_connect_to_count;
	char *push_ca_file; /* absolute */
	char *push_proxy;   /* http://[user[:password]@]host:port */
	int push_workers;   /* 1..256 */

	int64_t subscribe_rate; /* new subscriptions per address and minute, 0 = off */
	int64_t subscribe_max;	/* rows in all */
	char **trusted_proxies; /* addresses in canonical text form, NULL at the end */

	const char **environment; /* see conf_environment */
	char **owned;		  /* strings that environment points to */
	size_t owned_count;
};

/* Reads file and environment.  1 loaded, 0 loaded without any file (environment and defaults), -1
 * refused: `error` then holds one sentence "<file>:<line>: ..." and *conf is empty.  Nothing is
 * logged. */
int conf_load(struct conf *conf, enum conf_role role, struct buf *error);

/* True if the file is no longer the one that *conf was read from: replaced, edited, removed, or made
 * where there was none. */
bool conf_has_changed(const struct conf *conf);

/* Reads the file again if it has changed since it was last looked at.  1 *fresh is what it says now
 * (*conf stays what it was: the caller takes *fresh over, or releases it); 0 nothing has changed; -1
 * it is refused, as by conf_load.  Either way this state of the file is not looked at again, so a
 * mistake is told once.  A file that was emptied within the last seconds is still being written: it
 * has not changed yet. */
int conf_renew(struct conf *conf, enum conf_role role, struct conf *fresh, struct buf *error);

/* The next conf_renew reads the file, whatever it is like: for a configuration that was right, but could not be used
 * yet. */
void conf_look_again(struct conf *conf);

/* Gives everything back; private keys are overwritten first.  Safe on an empty struct. */
void conf_release(struct conf *conf);

/* The absolute path of the file that conf_load would read, malloc'd.  1 it exists; 0 it does not,
 * and *path is where it would be looked for first (ENV_FILE or ./.env). */
int conf_find_file(char **path);

/* The environment for the sender, as posix_spawn wants it: PATH, ENV_FILE, and the keys of this
 * table that are set in the real environment (the file gives the rest).  Lives as long as the
 * struct and as the process's own environment. */
char *const *conf_environment(const struct conf *conf);

/* Absolute paths below STATE_DIR, written into out[cap] (FILE_PATH_MAX is enough). */
void conf_path_database(const struct conf *conf, char *out, size_t cap);
void conf_path_limiter(const struct conf *conf, char *out, size_t cap);
void conf_path_sender_lock(const struct conf *conf, char *out, size_t cap);
void conf_path_sender_fifo(const struct conf *conf, char *out, size_t cap);
void conf_path_sender_log(const struct conf *conf, char *out, size_t cap);
void conf_path_publish_lock(const struct conf *conf, char *out, size_t cap);
void conf_path_data(const struct conf *conf, char *out, size_t cap);
void conf_public_dir(const struct conf *conf, char *out, size_t cap);

/* True if browsers give this origin push and secure cookies: https, or http on localhost. */
bool conf_is_secure(const struct conf *conf);

#endif
