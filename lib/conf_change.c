/* conf_change.c - noticing that the configuration file is another one now (see conf.h).
 *
 * A look costs one stat(2).  Only where that differs is the file read, and only where its bytes differ is it understood
 * anew: a touch, a copy over itself, and a mistake that was told already change nothing.
 */
#include "base.h"
#include "conf_private.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "clock.h"
#include "file.h"

/* A file that was written so lately may be written again without another size or time: some file systems count whole
 * seconds. */
#define FRESH_MS (2 * CLOCK_SECOND)

/* FNV-1a: tells texts apart, proves nothing. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(1099511628211);
	return hash;
}

static uint64_t hash_file(const char *path, mode_t mode)
{
	uint64_t hash = mix(UINT64_C(14695981039346656037), &mode, sizeof mode);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char chunk[4096];
	size_t left = CONF_FILE_MAX + 1;
	ssize_t n = 1;

	while (fd >= 0 && left > 0 && n != 0) {
		n = read(fd, chunk, left < sizeof chunk ? left : sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		hash = mix(hash, chunk, (size_t)n);
		left -= (size_t)n;
	}
	file_close(&fd);
	explicit_bzero(chunk, sizeof chunk);
	return hash;
}

static int64_t to_ms(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void take_stat(const char *path, struct conf_stamp *out)
{
	struct stat st;

	*out = (struct conf_stamp){0};
	if (stat(path, &st) != 0)
		return;
	out->exists = true;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->size = st.st_size;
	out->mode = st.st_mode;
	out->modified = st.st_mtim;
	out->changed = st.st_ctim;
}

void conf_take_stamp(const char *path, struct conf_stamp *out)
{
	take_stat(path, out);
	if (!out->exists)
		return;
	int64_t age = clock_now_ms() - to_ms(out->modified);
	out->is_fresh = age > -FRESH_MS && age < FRESH_MS;
	if (S_ISREG(out->mode))
		out->hash = hash_file(path, out->mode);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* By what stat(2) says. */
static bool looks_the_same(const struct conf *conf)
{
	const struct conf_stamp *was = &conf->stamp;
	struct conf_stamp is;

	take_stat(conf->sought, &is);
	return !was->is_fresh && is.exists == was->exists && is.device == was->device &&
	       is.inode == was->inode && is.size == was->size && is.mode == was->mode &&
	       same_time(is.modified, was->modified) && same_time(is.changed, was->changed);
}

/* An editor empties a file before it writes it: that is nobody's configuration yet. */
static bool is_being_written(const struct conf_stamp *now)
{
	return now->exists && now->size == 0 && now->is_fresh;
}

static bool same_content(const struct conf_stamp *a, const struct conf_stamp *b)
{
	return a->exists == b->exists && a->hash == b->hash;
}

bool conf_has_changed(const struct conf *conf)
{
	struct conf_stamp now;

	if (conf->sought == NULL || looks_the_same(conf))
		return false;
	conf_take_stamp(conf->sought, &now);
	return !is_being_written(&now) && !same_content(&conf->stamp, &now);
}

int conf_renew(struct conf *conf, enum conf_role role, struct conf *fresh, struct buf *error)
{
	struct conf_stamp now;
	bool same;

	if (conf->sought == NULL || looks_the_same(conf))
		return 0;
	conf_take_stamp(conf->sought, &now);
	if (is_being_written(&now))
		return 0;
	same = same_content(&conf->stamp, &now);
	conf->stamp = now;
	if (same)
		return 0;
	return conf_load(fresh, role, error) < 0 ? -1 : 1;
}

void conf_look_again(struct conf *conf)
{
	conf->stamp = (struct conf_stamp){0};
}
