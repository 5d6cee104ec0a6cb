/* tool_keys.c - the configuration file and the key pairs in it: the verb keys.  See tool.h.
 *
 * The file is the operator's: only the lines of the keys change, the others keep their bytes and their order.  Whoever
 * changes keys holds the database's write lock, so two of them never read the same file and both write it.
 */
#include "base.h"
#include "tool_parts.h"

#include "arena.h"
#include "buf.h"
#include "db.h"
#include "digest.h"
#include "file.h"
#include "point.h"
#include "settings.h"
#include "subscription.h"
#include "text.h"
#include "vapid.h"

#define KEY_TEXT_MAX TEXT_BASE64URL_LEN(65)

static const char public_name[] = "VAPID_PUBLIC_KEY", private_name[] = "VAPID_PRIVATE_KEY",
		  previous_public_name[] = "VAPID_PREVIOUS_PUBLIC_KEY",
		  previous_private_name[] = "VAPID_PREVIOUS_PRIVATE_KEY";

/* ------------------------------------------------------------------ a pair as text */

struct pair {
	char public_key[KEY_TEXT_MAX + 1], private_key[KEY_TEXT_MAX + 1];
};

static void write_base64url(const uint8_t *bytes, size_t len, char out[KEY_TEXT_MAX + 1])
{
	struct buf b = BUF_INIT;

	text_base64url_add(&b, bytes, len);
	snprintf(out, KEY_TEXT_MAX + 1, "%s", b.data);
	digest_cleanse(b.data, b.len);
	buf_release(&b);
}

static int make_pair(struct pair *out)
{
	uint8_t private_key[32], public_key[65];

	if (!point_generate(private_key, public_key))
		return tool_fail("a key pair could not be made");
	write_base64url(public_key, sizeof public_key, out->public_key);
	write_base64url(private_key, sizeof private_key, out->private_key);
	digest_cleanse(private_key, sizeof private_key);
	return 0;
}

/* VAPID_PUBLIC_KEY=… and VAPID_PRIVATE_KEY=…, two lines. */
static int add_key_lines(struct buf *out)
{
	struct pair pair;

	if (make_pair(&pair) != 0)
		return 1;
	buf_printf(
	    out, "%s=%s\n%s=%s\n", public_name, pair.public_key, private_name, pair.private_key);
	digest_cleanse(&pair, sizeof pair);
	return 0;
}

int tool_print_keys(void)
{
	struct buf lines = BUF_INIT;
	int rc = add_key_lines(&lines);

	if (rc == 0)
		fputs(lines.data, stdout);
	digest_cleanse(lines.data, lines.len);
	buf_release(&lines);
	return rc;
}

/* ------------------------------------------------------------------ the file */

static void forget(struct buf *text)
{
	digest_cleanse(text->data, text->len);
	buf_release(text);
}

static int fail_write(const char *path)
{
	return tool_fail("%s could not be written by this user (%ld); root becomes the owner of "
			 "STATE_DIR, who must own it and be able to write in its folder",
	    path, (long)geteuid());
}

/* Folder and name of the configuration file. */
static void split_path(const char *path, char dir[FILE_PATH_MAX], const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash == NULL ? path : slash + 1;
	snprintf(dir, FILE_PATH_MAX, "%.*s", slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
}

static int create_file(const char *path, const struct buf *text)
{
	char dir[FILE_PATH_MAX];
	const char *name;

	split_path(path, dir, &name);
	return file_publish(dir, name, text->data, text->len, 0600) < 0 ? fail_write(path) : 0;
}

/* Loads the file as it is now. */
static int reload(struct tool *tool)
{
	struct buf error = BUF_INIT;
	int rc = 0;

	conf_release(&tool->conf);
	if (conf_load(&tool->conf, CONF_TOOL, &error) < 0)
		rc = tool_fail("%s", error.data);
	tool->has_file = rc == 0 && tool->conf.file != NULL;
	buf_release(&error);
	return rc;
}

int tool_create_configuration(struct tool *tool)
{
	struct buf text = BUF_INIT;
	char *path;
	int rc;

	conf_find_file(&path);
	buf_add_str(&text, "# ATStatus, see docs/contract.md for every key.  The private key is a "
			   "secret: whoever has it\n"
			   "# can send notifications in the name of this page.\n");
	/* keys may come from the environment */
	rc = tool->conf.vapid_public_key == NULL ? add_key_lines(&text) : 0;
	if (tool->conf.site_url != NULL)
		buf_printf(&text, "SITE_URL=%s\n", tool->conf.site_url);
	if (rc == 0)
		rc = create_file(path, &text);
	if (rc == 0)
		printf("Wrote %s.\n", path);
	forget(&text);
	free(path);
	return rc == 0 ? reload(tool) : rc;
}

static int read_text(const struct tool *tool, struct buf *text)
{
	if (file_read(tool->conf.file, CONF_FILE_MAX, text) != 1)
		return tool_fail("%s cannot be read", tool->conf.file);
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_add_char(text, '\n');
	return 0;
}

static int write_text(const struct tool *tool, const struct buf *text)
{
	if (file_replace(tool->conf.file, text->data, text->len) < 0)
		return fail_write(tool->conf.file);
	return 0;
}

/* ------------------------------------------------------------------ lines of the file */

/* Every line of `text` ends with a line feed.  The line of a key: true, and where it begins and what comes behind it. */
static bool find_line(const struct buf *text, const char *key, size_t *from, size_t *to)
{
	size_t len = strlen(key);

	for (size_t at = 0; at < text->len; at = *to) {
		const char *line = text->data + at;
		const char *feed = memchr(line, '\n', text->len - at);

		*from = at;
		*to = (size_t)(feed + 1 - text->data);
		if (*to - at > len && memcmp(line, key, len) == 0 && line[len] == '=')
			return true;
	}
	return false;
}

/* Puts `line` in the place of the bytes from..to. */
static void splice(struct buf *text, size_t from, size_t to, const char *line)
{
	struct buf out = BUF_INIT;

	buf_add(&out, text->data, from);
	buf_add_str(&out, line);
	buf_add(&out, text->data + to, text->len - to);
	forget(text);
	*text = out;
}

/* The line of a key gets this value, or goes (NULL); a new one comes behind that of `behind`. */
static void set_line(struct buf *text, const char *key, const char *value, const char *behind)
{
	struct buf line = BUF_INIT;
	size_t from = 0, to = 0;

	buf_add_str(&line, "");
	if (value != NULL)
		buf_printf(&line, "%s=%s\n", key, value);
	if (find_line(text, key, &from, &to)) {
		splice(text, from, to, line.data);
	} else if (value != NULL) {
		if (!find_line(text, behind, &from, &to))
			to = text->len;
		splice(text, to, to, line.data);
	}
	forget(&line);
}

/* ------------------------------------------------------------------ the first pair */

/* Keys that stand in the file and were not understood may be the right ones with a slip of the pen. */
static int refuse_present(const struct tool *tool, const struct buf *text)
{
	static const char *const names[] = {public_name, private_name};
	size_t from, to;

	for (size_t i = 0; i < nelem(names); i++)
		if (find_line(text, names[i], &from, &to) && to - from > strlen(names[i]) + 2)
			return tool_fail("%s stands in %s already and cannot be used: %s Mend it, "
					 "or remove both lines and run `atstatus keys` again",
			    names[i], tool->conf.file,
			    tool->conf.vapid_problem != NULL ? tool->conf.vapid_problem : "");
	return 0;
}

static int add_first_pair(const struct tool *tool)
{
	struct buf text = BUF_INIT;
	struct pair pair = {0};
	int rc = read_text(tool, &text) || refuse_present(tool, &text) || make_pair(&pair);

	if (rc == 0) {
		set_line(&text, public_name, pair.public_key, "");
		set_line(&text, private_name, pair.private_key, public_name);
		rc = write_text(tool, &text);
	}
	digest_cleanse(&pair, sizeof pair);
	forget(&text);
	return rc;
}

int tool_write_keys(struct tool *tool)
{
	if (tool->conf.vapid_public_key != NULL)
		return tool_fail(
		    "there is a key pair already; subscriptions are bound to it. `atstatus keys "
		    "--rotate` exchanges it without losing any, `atstatus keys --print` makes "
		    "another one to look at");
	return tool->has_file ? add_first_pair(tool) : tool_create_configuration(tool);
}

/* ------------------------------------------------------------------ may they be changed? */

static int refuse_environment(void)
{
	const char *const names[] = {
	    public_name, private_name, previous_public_name, previous_private_name};

	for (size_t i = 0; i < nelem(names); i++)
		if (getenv(names[i]) != NULL)
			return tool_fail(
			    "%s is set in the environment, which wins over the file: the keys "
			    "must be changed where it is set",
			    names[i]);
	return 0;
}

static int refuse_absent(const struct tool *tool)
{
	if (tool->conf.vapid_public_key != NULL)
		return 0;
	return tool_fail(
	    "there is no key pair that can be used: %s `atstatus keys` makes one where none is",
	    tool->conf.vapid_problem != NULL ? tool->conf.vapid_problem : "");
}

/* A pair that cannot sign is of no use as the previous one. */
static int refuse_broken(const struct tool *tool)
{
	struct vapid *pair = NULL;
	enum vapid_fault fault;

	if (vapid_open(tool->conf.vapid_public_key, tool->conf.vapid_private_key, &pair, &fault) ==
	    1) {
		vapid_close(&pair);
		return 0;
	}
	return tool_fail(
	    "the present pair cannot be used, so nothing can be kept for those who subscribed "
	    "with it: %s Mend it, or remove both lines and run `atstatus keys`",
	    vapid_reason(fault));
}

static const char *browsers(int64_t n, char out[48])
{
	snprintf(out, 48, "%" PRId64 " subscription%s", n, n == 1 ? "" : "s");
	return out;
}

static int count_keys(struct tool *tool, struct subscription_key_counts *out)
{
	struct subscription_keys keys;

	subscription_keys_take(&tool->conf, &keys);
	if (subscription_count_keys(tool->db, &keys, out) < 0)
		return tool_fail("the subscriptions cannot be counted");
	return 0;
}

static int refuse_needed(int64_t n, bool force)
{
	char count[48];

	if (n == 0 || force)
		return 0;
	return tool_fail(
	    "%s still need%s the pair of VAPID_PREVIOUS_*; each changes over when its browser "
	    "visits "
	    "the page. `--force` gives them up: they are told nothing until that visit",
	    browsers(n, count), n == 1 ? "s" : "");
}

/* ------------------------------------------------------------------ changing them */

/* Enough of a public key to tell it from another one. */
#define SHOWN 12

static int note_rotation(struct tool *tool, const struct pair *fresh)
{
	struct arena a = ARENA_INIT;
	const char *detail = arena_printf(&a, "%.*s… instead of %.*s…", SHOWN, fresh->public_key,
	    SHOWN, tool->conf.vapid_public_key);
	int rc = tool_add_key_row(tool->db, tool->conf.vapid_public_key);

	if (rc >= 0)
		rc = tool_add_key_row(tool->db, fresh->public_key);
	if (rc >= 0)
		rc = settings_audit(tool->db, "atstatus", "keys.rotate", NULL, detail);
	arena_release(&a);
	return rc < 0 ? tool_fail("the rotation could not be stored; nothing was changed") : 0;
}

static void exchange_lines(const struct tool *tool, struct buf *text, const struct pair *fresh)
{
	const struct conf *c = &tool->conf;

	set_line(text, previous_public_name, c->vapid_public_key, private_name);
	set_line(text, previous_private_name, c->vapid_private_key, previous_public_name);
	set_line(text, public_name, fresh->public_key, "");
	set_line(text, private_name, fresh->private_key, public_name);
}

/* Under the write lock: the configuration is read again, as another rotation may have just ended. */
static int rotate_locked(struct tool *tool, bool force, struct subscription_key_counts *n)
{
	struct buf text = BUF_INIT;
	struct pair fresh = {0};
	int rc = reload(tool);

	if (rc == 0)
		rc = refuse_absent(tool) || refuse_broken(tool) || count_keys(tool, n) ||
		     refuse_needed(n->previous, force);
	if (rc == 0)
		rc = make_pair(&fresh) || read_text(tool, &text);
	if (rc == 0) {
		exchange_lines(tool, &text, &fresh);
		rc = note_rotation(tool, &fresh) || write_text(tool, &text);
	}
	digest_cleanse(&fresh, sizeof fresh);
	forget(&text);
	return rc;
}

/* The file has changed by now: only the record of it can fail. */
static int end_change(struct tool *tool, int rc)
{
	if (rc != 0) {
		db_rollback(tool->db);
		return rc;
	}
	if (db_commit(tool->db) != 1)
		rc = tool_fail(
		    "%s is changed, but that could not be noted in the database", tool->conf.file);
	return reload(tool) || rc;
}

static int begin_change(struct tool *tool)
{
	if (refuse_environment() || refuse_absent(tool) || tool_open_db(tool))
		return 1;
	return db_begin_write(tool->db) == 1 ? 0
					     : tool_fail("the database cannot be written just now");
}

/* The page tells browsers which key to subscribe with. */
static void publish(struct tool *tool)
{
	if (tool->conf.site_url == NULL || tool_publish(tool, true) != 0)
		puts("The page does not show the new key yet: `atstatus publish` does that, and so "
		     "does its timer.");
}

int tool_rotate_keys(struct tool *tool, bool force)
{
	struct subscription_key_counts n = {0};
	char count[48];

	if (begin_change(tool) != 0 || end_change(tool, rotate_locked(tool, force, &n)) != 0)
		return 1;
	printf("%s has a new key pair; the one before is kept as VAPID_PREVIOUS_*.\n",
	    tool->conf.file);
	publish(tool);
	printf("%s made with the old one. Each browser changes over by itself when it visits the "
	       "page, and is told with the old pair until then.\n"
	       "`atstatus keys --list` says how many are left, `atstatus keys --retire` removes "
	       "the old "
	       "pair when there are none.\nRunning programs take the new pair with their next "
	       "request; nothing needs "
	       "a restart.\n",
	    browsers(n.current, count));
	return 0;
}

static int retire_locked(struct tool *tool, bool force)
{
	struct subscription_key_counts n = {0};
	struct buf text = BUF_INIT;
	int rc = reload(tool) || count_keys(tool, &n) || refuse_needed(n.previous, force) ||
		 read_text(tool, &text);

	if (rc == 0) {
		set_line(&text, previous_public_name, NULL, NULL);
		set_line(&text, previous_private_name, NULL, NULL);
		if (settings_audit(tool->db, "atstatus", "keys.retire", NULL, NULL) < 0)
			rc = tool_fail("this could not be stored; nothing was changed");
		else
			rc = write_text(tool, &text);
	}
	forget(&text);
	return rc;
}

int tool_retire_keys(struct tool *tool, bool force)
{
	if (refuse_environment() || refuse_absent(tool))
		return 1;
	if (tool->conf.vapid_previous_public_key == NULL &&
	    tool->conf.vapid_previous_private_key == NULL) {
		puts("There is no previous pair.");
		return 0;
	}
	if (begin_change(tool) != 0 || end_change(tool, retire_locked(tool, force)) != 0)
		return 1;
	printf("%s has no previous pair any more.\n", tool->conf.file);
	return 0;
}

/* ------------------------------------------------------------------ seeing them */

int tool_list_keys(struct tool *tool)
{
	const struct conf *c = &tool->conf;
	struct subscription_key_counts n = {0};
	char count[48];

	if (refuse_absent(tool) || tool_open_db(tool) || count_keys(tool, &n))
		return 1;
	printf("current   %s  %s\n", c->vapid_public_key, browsers(n.current, count));
	if (c->vapid_previous_public_key != NULL)
		printf("previous  %s  %s\n", c->vapid_previous_public_key,
		    browsers(n.previous, count));
	if (n.others > 0)
		printf("others    %s: made with keys that are no longer here, told nothing until "
		       "their browser "
		       "visits the page\n",
		    browsers(n.others, count));
	return 0;
}
