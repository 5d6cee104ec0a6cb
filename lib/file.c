/* file.c - see file.h. */
#include "base.h"
#include "file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "buf.h"
#include "clock.h"
#include "log.h"

void file_close(int *fd)
{
	if (*fd < 0)
		return;
	assert(*fd > STDIN_FILENO);
	close(*fd);
	*fd = -1;
}

void file_join(char *out, size_t cap, const char *dir, const char *name)
{
	size_t len = strlen(dir);
	const char *slash = len > 0 && dir[len - 1] == '/' ? "" : "/";
	int n = snprintf(out, cap, "%s%s%s", dir, slash, name);

	if (n < 0 || (size_t)n >= cap)
		log_die("FILE-01", "the path %s/%s is too long", dir, name);
}

static int read_all(int fd, const char *path, size_t max, struct buf *out)
{
	char chunk[16384];
	ssize_t n;
	size_t total = 0;

	while ((n = read(fd, chunk, sizeof chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_errno("FILE-02", "reading %s", path);
			return -1;
		}
		total += (size_t)n;
		if (total > max) {
			log_error("FILE-03", "%s is longer than %zu bytes", path, max);
			return -1;
		}
		buf_add(out, chunk, (size_t)n);
	}
	return 1;
}

int file_read(const char *path, size_t max, struct buf *out)
{
	struct stat st;
	/* without O_NONBLOCK a FIFO would wait for its writer before it could be refused */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = -1;

	if (fd < 0) {
		if (errno == ENOENT)
			return 0;
		log_errno("FILE-04", "opening %s", path);
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		rc = read_all(fd, path, max, out);
	else
		log_error("FILE-05", "%s is not a regular file", path);
	file_close(&fd);
	return rc;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static bool same_content(const char *path, const void *bytes, size_t len)
{
	struct stat st;
	struct buf old = BUF_INIT;
	bool same;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != len)
		return false;
	same =
	    file_read(path, len, &old) == 1 && old.len == len && memcmp(old.data, bytes, len) == 0;
	buf_release(&old);
	return same;
}

/* Makes every folder of path but its last part; 0755 whatever the umask, since the web server may
 * be another user. */
static bool make_parents(const char *path)
{
	char part[FILE_PATH_MAX];

	for (const char *s = strchr(path + 1, '/'); s != NULL; s = strchr(s + 1, '/')) {
		snprintf(part, sizeof part, "%.*s", (int)(s - path), path);
		if (mkdir(part, 0755) == 0 ? chmod(part, 0755) != 0 : errno != EEXIST)
			return false;
	}
	return true;
}

static void sync_parent(const char *path)
{
	char dir[FILE_PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path),
	    slash == NULL ? "." : path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* some file systems cannot sync a folder; the rename has happened all the same */
	(void)!fsync(fd);
	file_close(&fd);
}

/* Where it is theirs already nobody needs the right to give it. */
static bool give_to(int fd, const struct stat *owner)
{
	struct stat st;

	if (owner == NULL)
		return true;
	if (fstat(fd, &st) != 0)
		return false;
	return (st.st_uid == owner->st_uid && st.st_gid == owner->st_gid) ||
	       fchown(fd, owner->st_uid, owner->st_gid) == 0;
}

/* Writes and renames; on failure errno says why and the temporary file is gone.  owner: whose the file is to be, NULL for
 * our own. */
static bool replace(const char *temp, const char *path, const void *bytes, size_t len, mode_t mode,
    const struct stat *owner, bool wait)
{
	int saved, fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	if (give_to(fd, owner) && fchmod(fd, mode) == 0 && write_all(fd, bytes, len) &&
	    (!wait || fsync(fd) == 0) && rename(temp, path) == 0) {
		file_close(&fd);
		return true;
	}
	saved = errno;
	file_close(&fd);
	unlink(temp);
	errno = saved;
	return false;
}

static int publish(
    const char *dir, const char *name, const void *bytes, size_t len, mode_t mode, bool wait)
{
	char path[FILE_PATH_MAX], temp[FILE_PATH_MAX + 32];

	file_join(path, sizeof path, dir, name);
	if (same_content(path, bytes, len))
		return 0;
	if (!make_parents(path)) {
		log_errno("FILE-06", "making the folder of %s", path);
		return -1;
	}
	snprintf(temp, sizeof temp, "%s.%ld.tmp", path, (long)getpid());
	if (!replace(temp, path, bytes, len, mode, NULL, wait)) {
		log_errno("FILE-07", "writing %s", path);
		return -1;
	}
	if (wait)
		sync_parent(path);
	return 1;
}

int file_publish(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode)
{
	return publish(dir, name, bytes, len, mode, true);
}

int file_publish_some(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode)
{
	return publish(dir, name, bytes, len, mode, false);
}

int file_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && syncfs(fd) == 0 ? 1 : -1;

	if (rc < 0)
		log_errno("FILE-12", "waiting for the disk of %s", dir);
	if (fd >= 0)
		file_close(&fd);
	return rc;
}

int file_replace(const char *path, const void *bytes, size_t len)
{
	char temp[FILE_PATH_MAX + 32];
	char *real = realpath(path, NULL);
	struct stat old;
	bool done = false;

	if (real != NULL && stat(real, &old) == 0) {
		snprintf(temp, sizeof temp, "%s.%ld.tmp", real, (long)getpid());
		done = replace(temp, real, bytes, len, old.st_mode & (S_IRUSR | S_IWUSR | S_IRGRP),
		    &old, true);
	}
	if (done)
		sync_parent(real);
	else
		log_errno("FILE-11", "writing %s", path);
	free(real);
	return done ? 1 : -1;
}

static bool is_dir(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

int file_make_dir(const char *path, mode_t mode)
{
	if (!make_parents(path) || (mkdir(path, mode) != 0 && errno != EEXIST) || !is_dir(path) ||
	    chmod(path, mode) != 0) {
		log_errno("FILE-08", "making the folder %s", path);
		return -1;
	}
	return 1;
}

#define LOCK_PAUSE_MS 5

/* True after a short sleep, false when the time is up.  A lock says nothing when it becomes free, so one that is waited
 * for with a deadline is tried again and again. */
static bool wait_more(int wait_ms, int64_t since)
{
	struct timespec pause = {0, LOCK_PAUSE_MS * 1000000};

	if (wait_ms >= 0 && clock_mono_ms() - since >= wait_ms)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

int file_lock(const char *path, int wait_ms, int *fd)
{
	int64_t since = clock_mono_ms();
	int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (f < 0) {
		log_errno("FILE-09", "opening the lock %s", path);
		return -1;
	}
	while (flock(f, LOCK_EX | LOCK_NB) != 0) {
		bool held = errno == EWOULDBLOCK;
		if (errno == EINTR || (held && wait_more(wait_ms, since)))
			continue;
		if (!held)
			log_errno("FILE-10", "locking %s", path);
		file_close(&f);
		return held ? 0 : -1;
	}
	*fd = f;
	return 1;
}
