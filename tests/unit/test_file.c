/* test_file.c - reading, publishing by rename, folders, locks between processes. */
#include "base.h"
#include "file.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "buf.h"
#include "capture.h"
#include "clock.h"
#include "t.h"

static char dir[] = "/tmp/atstatus-file-XXXXXX";

/* A path in the folder of this test; valid until the fourth call after it. */
static const char *in_dir(const char *name)
{
	static char path[4][FILE_PATH_MAX];
	static unsigned turn;
	char *p = path[turn++ % 4];

	file_join(p, FILE_PATH_MAX, dir, name);
	return p;
}

static void put(const char *name, const char *text)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void check_content(const char *name, const char *want, int line)
{
	struct buf b = BUF_INIT;

	t_check_int(file_read(in_dir(name), 100000, &b), 1, __FILE__, line);
	t_check_str(b.data, want, __FILE__, line);
	buf_release(&b);
}

#define content(name, want) check_content((name), (want), __LINE__)

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(in_dir(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static ino_t inode_of(const char *name)
{
	struct stat st;

	return stat(in_dir(name), &st) == 0 ? st.st_ino : 0;
}

static bool absent(const char *name)
{
	struct stat st;

	return lstat(in_dir(name), &st) != 0 && errno == ENOENT;
}

/* The name under which this process writes before it renames. */
static const char *temp_of(const char *name)
{
	static char temp[256];

	snprintf(temp, sizeof temp, "%s.%ld.tmp", name, (long)getpid());
	return temp;
}

static void check_read(void)
{
	struct buf b = BUF_INIT;

	t_case("a file is appended whole to what the buffer holds");
	put("read", "content");
	buf_add_str(&b, "before ");
	t_int(file_read(in_dir("read"), 7, &b), 1);
	t_str(b.data, "before content");
	t_case("an empty file is read as nothing");
	put("empty", "");
	t_int(file_read(in_dir("empty"), 0, &b), 1);
	t_str(b.data, "before content");
	t_case("a file that does not exist is 0 and no error");
	capture_start();
	t_int(file_read(in_dir("absent"), 7, &b), 0);
	t_str(capture_end(), "");
	t_case("a file longer than its limit is refused and logged");
	capture_start();
	t_int(file_read(in_dir("read"), 6, &b), -1);
	t_ok(strstr(capture_end(), "error FILE-03 ") != NULL);
	t_case("a folder is refused and logged");
	capture_start();
	t_int(file_read(dir, 100, &b), -1);
	t_ok(strstr(capture_end(), "error FILE-05 ") != NULL);
	t_case("a name below a file is refused and logged");
	capture_start();
	t_int(file_read(in_dir("read/below"), 100, &b), -1);
	t_ok(strstr(capture_end(), "error FILE-04 ") != NULL);
	t_case("a FIFO is refused without waiting for its writer");
	if (mkfifo(in_dir("fifo"), 0600) != 0)
		abort();
	capture_start();
	alarm(10);
	t_int(file_read(in_dir("fifo"), 100, &b), -1);
	alarm(0);
	t_ok(strstr(capture_end(), "error FILE-05 ") != NULL);
	buf_release(&b);
}

static void check_publish(void)
{
	char old[8] = "";

	t_case("a published file has its content and exactly its mode, and so have new folders");
	mode_t mask = umask(077);
	t_int(file_publish(dir, "pub/a/page", "one", 3, 0644), 1);
	umask(mask);
	content("pub/a/page", "one");
	t_int(mode_of("pub/a/page"), 0644);
	t_int(mode_of("pub"), 0755);
	t_int(mode_of("pub/a"), 0755);
	t_case("a file that has this content already is left alone");
	ino_t first = inode_of("pub/a/page");
	t_int(file_publish(dir, "pub/a/page", "one", 3, 0644), 0);
	t_ok(inode_of("pub/a/page") == first);
	t_case("new content replaces the file, and who has the old one open still reads all of it");
	int fd = open(in_dir("pub/a/page"), O_RDONLY | O_CLOEXEC);
	t_int(file_publish(dir, "pub/a/page", "second", 6, 0600), 1);
	content("pub/a/page", "second");
	t_int(mode_of("pub/a/page"), 0600);
	t_int(read(fd, old, sizeof old), 3);
	t_mem(old, "one", 3);
	close(fd);
	t_case("content of the same length but different is written");
	t_int(file_publish(dir, "pub/a/page", "SECOND", 6, 0600), 1);
	content("pub/a/page", "SECOND");
	t_case("an empty file can be published");
	t_int(file_publish(dir, "pub/none", "", 0, 0644), 1);
	content("pub/none", "");
	t_int(file_publish(dir, "pub/none", "", 0, 0644), 0);
	t_case("no temporary file is left");
	t_ok(absent(temp_of("pub/a/page")));
}

/* Publishes and expects that this fails, is logged, and changes nothing. */
static void check_failure(const char *text, size_t len)
{
	capture_start();
	t_int(file_publish(dir, "kept", text, len, 0644), -1);
	t_ok(strstr(capture_end(), "error FILE-07 ") != NULL);
	content("kept", "old");
}

static void check_publish_some(void)
{
	t_case(
	    "one file among many is replaced in the same way, and the wait for all of them is one");
	t_int(file_publish_some(dir, "some/one.txt", "old", 3, 0644), 1);
	t_int(file_publish_some(dir, "some/one.txt", "old", 3, 0644), 0);
	t_int(file_publish_some(dir, "some/one.txt", "newer", 5, 0644), 1);
	check_content("some/one.txt", "newer", __LINE__);
	t_int(mode_of("some/one.txt"), 0644);
	t_int(file_sync(dir), 1);
	t_int(file_sync("/nonexistent"), -1);
}

static void check_publish_failures(void)
{
	static char large[65536];
	struct rlimit was, small;

	put("kept", "old");
	t_case("when the temporary file cannot be made the old content stays");
	if (mkdir(in_dir(temp_of("kept")), 0755) != 0)
		abort();
	check_failure("new", 3);
	rmdir(in_dir(temp_of("kept")));
	t_case("when the disk is full in the middle the old content stays and no part is left");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &small);
	check_failure(large, sizeof large);
	setrlimit(RLIMIT_FSIZE, &was);
	t_ok(absent(temp_of("kept")));
	t_case("a link laid where the temporary file goes is not followed");
	put("victim", "safe");
	if (symlink(in_dir("victim"), in_dir(temp_of("kept"))) != 0)
		abort();
	check_failure("new", 3);
	content("victim", "safe");
	unlink(in_dir(temp_of("kept")));
	t_case("after the failures publishing works again");
	t_int(file_publish(dir, "kept", "new", 3, 0644), 1);
	content("kept", "new");
	t_case("a folder that cannot be made is logged");
	capture_start();
	t_int(file_publish(dir, "kept/below/page", "x", 1, 0644), -1);
	t_ok(strstr(capture_end(), "error FILE-06 ") != NULL);
}

static void check_folders(void)
{
	t_case("a folder is made with its parents and gets its mode whatever the umask");
	mode_t mask = umask(077);
	t_int(file_make_dir(in_dir("x/y"), 0711), 1);
	umask(mask);
	t_int(mode_of("x/y"), 0711);
	t_int(mode_of("x"), 0755);
	t_case("a folder that exists gets the mode and its parents keep theirs");
	chmod(in_dir("x"), 0700);
	t_int(file_make_dir(in_dir("x/y"), 0700), 1);
	t_int(mode_of("x/y"), 0700);
	t_int(mode_of("x"), 0700);
	t_case("a folder where a file stands is refused and logged, and the file keeps its mode");
	put("plain", "");
	chmod(in_dir("plain"), 0640);
	capture_start();
	t_int(file_make_dir(in_dir("plain"), 0755), -1);
	t_ok(strstr(capture_end(), "error FILE-08 ") != NULL);
	t_int(mode_of("plain"), 0640);
}

/* A child that takes the lock, says so, and holds it until it is killed. */
static pid_t holder(const char *path)
{
	int ends[2], fd = -1;
	char c;

	if (pipe(ends) != 0)
		abort();
	pid_t child = fork();
	if (child == 0) {
		if (file_lock(path, -1, &fd) == 1 && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &c, 1) != 1)
		abort();
	close(ends[0]);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void check_lock(void)
{
	int fd = -1;

	t_case("a lock that another process holds is 0 and not logged");
	pid_t child = holder(in_dir("lock"));
	capture_start();
	t_int(file_lock(in_dir("lock"), 0, &fd), 0);
	t_str(capture_end(), "");
	t_int(fd, -1);
	t_case("a killed holder frees the lock, and the file stays, readable by its owner alone");
	end(child);
	t_int(file_lock(in_dir("lock"), 0, &fd), 1);
	t_int(mode_of("lock"), 0600);
	t_case("the descriptor of a lock does not survive exec");
	t_ok(fd > STDERR_FILENO && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	t_case(
	    "closing the descriptor frees the lock and sets -1, and closing it again does nothing");
	file_close(&fd);
	t_int(fd, -1);
	file_close(&fd);
	child = holder(in_dir("lock"));
	t_case("who waits for some time gives up when it is over, and not before");
	int64_t since = clock_mono_ms();
	t_int(file_lock(in_dir("lock"), 300, &fd), 0);
	int64_t waited = clock_mono_ms() - since;
	t_ok(waited >= 300 && waited < 5000);
	t_int(fd, -1);
	t_case("who waits gets the lock when its holder ends");
	pid_t killer = fork();
	if (killer == 0) {
		usleep(50000);
		kill(child, SIGKILL);
		_exit(0);
	}
	alarm(20);
	t_int(file_lock(in_dir("lock"), -1, &fd), 1);
	alarm(0);
	file_close(&fd);
	end(child);
	waitpid(killer, NULL, 0);
	t_case("a lock whose folder does not exist is an error and logged");
	capture_start();
	t_int(file_lock(in_dir("no/lock"), 0, &fd), -1);
	t_ok(strstr(capture_end(), "error FILE-09 ") != NULL);
}

static void check_join(void)
{
	char out[16];
	int status;

	t_case("folder and name are joined by exactly one slash");
	file_join(out, sizeof out, "a", "b");
	t_str(out, "a/b");
	file_join(out, sizeof out, "a/", "b");
	t_str(out, "a/b");
	file_join(out, sizeof out, "/", "b");
	t_str(out, "/b");
	file_join(out, sizeof out, "1234567", "1234567");
	t_str(out, "1234567/1234567");
	t_case("a path one octet too long ends the process with status 1");
	capture_start();
	pid_t child = fork();
	if (child == 0) {
		file_join(out, sizeof out, "12345678", "1234567");
		_exit(0);
	}
	t_ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	t_ok(strstr(capture_end(), "error FILE-01 ") != NULL);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *place)
{
	(void)st;
	(void)flag;
	(void)place;
	return remove(path);
}

static void check_replace(void)
{
	char link[FILE_PATH_MAX];
	struct stat st;

	t_case("a file is replaced by another one, whose mode is the same but for what others "
	       "could read");
	put("own", "old");
	t_ok(chmod(in_dir("own"), 0640) == 0);
	ino_t before = inode_of("own");
	t_int(file_replace(in_dir("own"), "new\n", 4), 1);
	content("own", "new\n");
	t_ok(inode_of("own") != before);
	t_int(mode_of("own"), 0640);
	t_ok(chmod(in_dir("own"), 0664) == 0);
	t_int(file_replace(in_dir("own"), "newer", 5), 1);
	t_int(mode_of("own"), 0640);
	t_case("a symbolic link stays one");
	snprintf(link, sizeof link, "%s", in_dir("link"));
	t_ok(symlink("own", link) == 0);
	t_int(file_replace(link, "through", 7), 1);
	content("own", "through");
	t_ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	t_case("an owner and a group that are not ours stay too");
	if (geteuid() == 0) {
		t_ok(chown(in_dir("own"), 12345, 54321) == 0);
		t_int(file_replace(in_dir("own"), "theirs", 6), 1);
		t_ok(stat(in_dir("own"), &st) == 0 && st.st_uid == 12345 && st.st_gid == 54321);
	}
	t_case("what is not there is not made, and nothing is left behind");
	t_int(file_replace(in_dir("absent"), "x", 1), -1);
	t_ok(access(in_dir("absent"), F_OK) != 0);
}

int main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	check_read();
	check_publish();
	check_publish_some();
	check_publish_failures();
	check_replace();
	check_folders();
	check_lock();
	check_join();
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return t_end();
}
