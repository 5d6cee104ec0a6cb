/* conf.c - finding and reading the configuration (see conf.h).
 *
 * The file is read with our own calls into one block that is overwritten before it is freed, and
 * values are taken where they stand: nothing but the members of struct conf is a copy.
 */
#include "base.h"
#include "conf_private.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "log.h"
#include "text.h"

#define SYSTEM_FILE  "/etc/atstatus/env"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *const conf_key_name[CONF_KEY__MAX] = {
    [CONF_VAPID_PUBLIC_KEY] = "VAPID_PUBLIC_KEY",
    [CONF_VAPID_PRIVATE_KEY] = "VAPID_PRIVATE_KEY",
    [CONF_VAPID_PREVIOUS_PUBLIC_KEY] = "VAPID_PREVIOUS_PUBLIC_KEY",
    [CONF_VAPID_PREVIOUS_PRIVATE_KEY] = "VAPID_PREVIOUS_PRIVATE_KEY",
    [CONF_VAPID_SUBJECT] = "VAPID_SUBJECT",
    [CONF_SITE_URL] = "SITE_URL",
    [CONF_STATE_DIR] = "STATE_DIR",
    [CONF_PUSH_EXTRA_HOSTS] = "PUSH_EXTRA_HOSTS",
    [CONF_PUSH_CA_FILE] = "PUSH_CA_FILE",
    [CONF_PUSH_CONNECT_TO] = "PUSH_CONNECT_TO",
    [CONF_PUSH_PROXY] = "PUSH_PROXY",
    [CONF_PUSH_WORKERS] = "PUSH_WORKERS",
    [CONF_SUBSCRIBE_RATE] = "SUBSCRIBE_RATE",
    [CONF_SUBSCRIBE_MAX] = "SUBSCRIBE_MAX",
    [CONF_TRUSTED_PROXIES] = "TRUSTED_PROXIES",
};

static bool is_private(enum conf_key key)
{
	return key == CONF_VAPID_PRIVATE_KEY || key == CONF_VAPID_PREVIOUS_PRIVATE_KEY;
}

/* --- the file --------------------------------------------------------------------------------- */

static char *working_directory(void)
{
	char *folder = getcwd(NULL, 0);

	if (folder == NULL)
		log_die("CONF-04", "the working directory is gone");
	return folder;
}

static char *in_working_directory(const char *name)
{
	char path[FILE_PATH_MAX], *folder;

	if (name[0] == '/')
		return conf_copy(name, strlen(name));
	folder = working_directory();
	file_join(path, sizeof path, folder, name);
	free(folder);
	return conf_copy(path, strlen(path));
}

int conf_find_file(char **path)
{
	const char *named = getenv("ENV_FILE");
	char *first = in_working_directory(named != NULL && *named != '\0' ? named : ".env");

	*path = first;
	if (access(first, F_OK) == 0)
		return 1;
	if (named == NULL && access(SYSTEM_FILE, F_OK) == 0) {
		free(first);
		*path = conf_copy(SYSTEM_FILE, strlen(SYSTEM_FILE));
		return 1;
	}
	return 0;
}

static bool fail_errno(struct conf_reader *r, const char *path)
{
	buf_printf(r->error, "%s: %s", path, strerror(errno));
	return false;
}

/* Reads all of fd into bytes[CONF_FILE_MAX + 1]; the length is that + 1 if the file is longer. */
static ssize_t read_all(int fd, char *bytes)
{
	size_t len = 0;

	while (len <= CONF_FILE_MAX) {
		ssize_t n = read(fd, bytes + len, CONF_FILE_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool read_file(struct conf_reader *r, const char *path, char *bytes, size_t *len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = -1;

	if (fd < 0)
		return fail_errno(r, path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read_all(fd, bytes);
	else
		errno = EINVAL;
	bool ok = n >= 0 || fail_errno(r, path);
	file_close(&fd);
	if (ok && (size_t)n > CONF_FILE_MAX) {
		buf_printf(r->error, "%s: longer than %zu bytes", path, CONF_FILE_MAX);
		return false;
	}
	/* the group may read (0640), as where a service has the file from root */
	r->file_is_open_to_others = ok && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0;
	*len = ok ? (size_t)n : 0;
	return ok;
}

static bool fail_line(struct conf_reader *r, int line, const char *what, const char *name)
{
	buf_printf(r->error, "%s:%d: %s%s", r->conf->file, line, what, name);
	return false;
}

static int find_key(const char *name)
{
	for (int key = 0; key < CONF_KEY__MAX; key++)
		if (strcmp(conf_key_name[key], name) == 0)
			return key;
	return -1;
}

/* A name is shown in an error only if it looks like one: a line may be a secret gone astray. */
static const char *showable(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return name[len] == '\0' && len > 0 && len <= 40 ? name : "(not shown)";
}

/* One line without its line feed; the value is cut out of it in place. */
static bool take_line(struct conf_reader *r, char *s, int line, bool seen[CONF_KEY__MAX])
{
	char *equals;
	int key;

	if (s[strspn(s, " ")] == '\0' || s[0] == '#')
		return true;
	if ((equals = strchr(s, '=')) == NULL)
		return fail_line(r, line, "a line must be KEY=VALUE", "");
	*equals = '\0';
	if ((key = find_key(s)) < 0)
		return fail_line(r, line, "unknown key ", showable(s));
	if (seen[key])
		return fail_line(r, line, "this key stands twice: ", s);
	seen[key] = true;
	r->raw[key] = (struct conf_raw){equals[1] == '\0' ? NULL : equals + 1, line};
	return true;
}

/* bytes[len] is writable and becomes the last NUL. */
static bool take_lines(struct conf_reader *r, char *bytes, size_t len)
{
	bool seen[CONF_KEY__MAX] = {false};
	char *s = bytes, *end = bytes + len;

	for (int line = 1; s < end; line++) {
		char *feed = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((feed == NULL ? end : feed) - s);
		if (text_has_control(s, n, false) || !text_is_utf8(s, n))
			return fail_line(r, line,
			    "a control character (a carriage return?) or a byte that is no UTF-8",
			    "");
		s[n] = '\0';
		if (!take_line(r, s, line, seen))
			return false;
		s += n + 1;
	}
	return true;
}

/* --- the environment -------------------------------------------------------------------------- */

/* "NAME=value" as it stands in the environment, NULL if it is not set. */
static const char *entry(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e;
	return NULL;
}

static bool take_environment(struct conf_reader *r)
{
	for (int key = 0; key < CONF_KEY__MAX; key++) {
		const char *e = entry(conf_key_name[key]);
		if (e == NULL)
			continue;
		const char *value = e + strlen(conf_key_name[key]) + 1;
		size_t len = strlen(value);
		if (text_has_control(value, len, false) || !text_is_utf8(value, len)) {
			buf_printf(r->error, "environment: %s holds a control character",
			    conf_key_name[key]);
			return false;
		}
		r->raw[key] = (struct conf_raw){len == 0 ? NULL : value, 0};
	}
	return true;
}

static void pass_on(struct conf *conf, const char *pair)
{
	size_t count = 0;

	while (conf->environment != NULL && conf->environment[count] != NULL)
		count++;
	conf->environment = reallocarray(conf->environment, count + 2, sizeof(char *));
	if (conf->environment == NULL)
		log_die("CONF-05", "out of memory");
	conf->environment[count] = pair;
	conf->environment[count + 1] = NULL;
}

static void pass_on_made(struct conf *conf, const char *name, const char *value)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s=%s", name, value);
	conf->owned = conf_wider(conf->owned, conf->owned_count, sizeof *conf->owned);
	conf->owned[conf->owned_count] = conf_copy(b.data, b.len);
	pass_on(conf, conf->owned[conf->owned_count++]);
	buf_release(&b);
}

#ifdef ATSTATUS_TEST
/* What the tests steer programs by reaches the sender too. */
static void pass_on_for_tests(struct conf *conf)
{
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, "ATSTATUS_", 9) == 0 || strstr(*e, "SAN_OPTIONS=") != NULL)
			pass_on(conf, *e);
}
#else
static void pass_on_for_tests(struct conf *conf)
{
	(void)conf;
}
#endif

/* Paths go absolute, for without a file they count from the working directory. */
static void build_environment(struct conf *conf)
{
	const char *path = entry("PATH");

	pass_on(conf, path != NULL ? path : "PATH=" DEFAULT_PATH);
	if (conf->file != NULL)
		pass_on_made(conf, "ENV_FILE", conf->file);
	for (int key = 0; key < CONF_KEY__MAX; key++) {
		const char *e = entry(conf_key_name[key]);
		if (e == NULL)
			continue;
		if (key == CONF_STATE_DIR)
			pass_on_made(conf, conf_key_name[key], conf->state_dir);
		else if (key == CONF_PUSH_CA_FILE && conf->push_ca_file != NULL)
			pass_on_made(conf, conf_key_name[key], conf->push_ca_file);
		else
			pass_on(conf, e);
	}
	pass_on_for_tests(conf);
}

char *const *conf_environment(const struct conf *conf)
{
	/* posix_spawn's type is older than const; it changes nothing */
	return (char *const *)conf->environment;
}

/* --- all together ----------------------------------------------------------------------------- */

/* Without a file, paths count from where it would be. */
static void set_place(struct conf *conf, char *file, bool exists)
{
	char *slash = strrchr(file, '/');

	conf->folder = conf_copy(file, slash == file ? 1 : (size_t)(slash - file));
	conf->sought = conf_copy(file, strlen(file));
	conf_take_stamp(file, &conf->stamp);
	if (exists)
		conf->file = file;
	else
		free(file);
}

/* The raw texts point into bytes. */
static bool load(struct conf_reader *r, char *bytes)
{
	char *file;
	size_t len = 0;
	int found = conf_find_file(&file);
	const char *named = getenv("ENV_FILE");

	set_place(r->conf, file, found == 1);
	/* `atstatus init` makes the file that is named */
	if (found == 0 && named != NULL && *named != '\0' && r->role != CONF_TOOL) {
		buf_printf(r->error, "ENV_FILE: there is no file %s", named);
		return false;
	}
	if (found == 1 && (!read_file(r, r->conf->file, bytes, &len) || !take_lines(r, bytes, len)))
		return false;
	if (r->raw[CONF_VAPID_PRIVATE_KEY].text == NULL)
		r->file_is_open_to_others = false; /* nothing in it that others must not see */
	if (!take_environment(r))
		return false;
	for (int key = 0; r->role == CONF_WEB && key < CONF_KEY__MAX; key++)
		if (is_private((enum conf_key)key))
			r->raw[key].text = NULL;
	return conf_understand(r);
}

int conf_load(struct conf *conf, enum conf_role role, struct buf *error)
{
	struct conf_reader r = {.conf = conf, .role = role, .error = error};
	char *bytes = malloc(CONF_FILE_MAX + 1);

	if (bytes == NULL)
		log_die("CONF-06", "out of memory");
	*conf = (struct conf){0};
	bool ok = load(&r, bytes);
	explicit_bzero(bytes, CONF_FILE_MAX + 1);
	free(bytes);
	if (!ok) {
		conf_release(conf);
		return -1;
	}
	build_environment(conf);
	return conf->file != NULL ? 1 : 0;
}

static void release_secret(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void release_hosts(struct conf *conf)
{
	for (size_t i = 0; i < conf->push_extra_hosts_count; i++)
		free(conf->push_extra_hosts[i].host);
	for (size_t i = 0; i < conf->push_connect_to_count; i++) {
		free(conf->push_connect_to[i].text);
		free(conf->push_connect_to[i].host);
		free(conf->push_connect_to[i].connect_host);
	}
	for (char **p = conf->trusted_proxies; p != NULL && *p != NULL; p++)
		free(*p);
	free(conf->push_extra_hosts);
	free(conf->push_connect_to);
	free(conf->trusted_proxies);
}

void conf_release(struct conf *conf)
{
	char *plain[] = {conf->file, conf->folder, conf->sought, conf->site_url, conf->state_dir,
	    conf->vapid_public_key, conf->vapid_previous_public_key, conf->vapid_subject,
	    conf->vapid_problem, conf->push_ca_file, conf->push_proxy};

	for (size_t i = 0; i < nelem(plain); i++)
		free(plain[i]);
	release_secret(conf->vapid_private_key);
	release_secret(conf->vapid_previous_private_key);
	release_hosts(conf);
	for (size_t i = 0; i < conf->owned_count; i++)
		free(conf->owned[i]);
	free(conf->owned);
	free(conf->environment);
	*conf = (struct conf){0};
}

/* --- paths ------------------------------------------------------------------------------------ */

static void below(const struct conf *conf, const char *name, char *out, size_t cap)
{
	file_join(out, cap, conf->state_dir, name);
}

void conf_path_data(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data", out, cap);
}

void conf_path_database(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/atstatus.db", out, cap);
}

void conf_path_limiter(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/limiter.db", out, cap);
}

void conf_path_sender_lock(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/sender.lock", out, cap);
}

void conf_path_sender_fifo(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/sender.fifo", out, cap);
}

void conf_path_sender_log(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/push-sender.log", out, cap);
}

void conf_path_publish_lock(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "data/publish.lock", out, cap);
}

void conf_public_dir(const struct conf *conf, char *out, size_t cap)
{
	below(conf, "public", out, cap);
}

bool conf_is_secure(const struct conf *conf)
{
	return conf->site_secure;
}
