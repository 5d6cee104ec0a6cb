/* push-sender.c - sends what is due and ends.
 *
 * Safe to start at any time and any number of times: one works, by a lock that dies with its
 * holder; the others write a byte to a FIFO that the holder watches, and end.  It need not be alive
 * for anything to be correct: what is due stands in the database, and a timer starts a sender every
 * minute.
 *
 *	lock taken by somebody else -> tell it through the FIFO, exit 0
 *	open FIFO -> check keys, begin and end what is planned, make the lanes of new jobs -> work (one process, or a crew of
 * workers)
 *	-> tidy up -> let the lock go -> look again: who came in between was turned away
 *
 * The FIFO is opened before the database is looked at, so a job that was committed before its
 * sender was turned away is always seen.
 */
#include "base.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "buf.h"
#include "clock.h"
#include "conf.h"
#include "crew.h"
#include "db.h"
#include "endpoint.h"
#include "file.h"
#include "keyring.h"
#include "lane.h"
#include "log.h"
#include "maintenance.h"
#include "page.h"
#include "policy.h"
#include "privilege.h"
#include "settings.h"
#include "testpoint.h"
#include "upkeep.h"
#include "worker.h"

#define SUBSCRIPTIONS_PER_WORKER 2000
#define ROUNDS_MAX		 100 /* a bound for looking again, should "due" never end */
#define LOOKS_MAX		 5   /* at a database that cannot be used */
#define LOOK_AGAIN_MS		 1000

static const char usage_text[] =
    "usage: push-sender [--allow-root]\n"
    "\n"
    "Sends the notifications that are due and ends; safe to start at any time.  The configuration\n"
    "is the file named by ENV_FILE, else .env, else /etc/atstatus/env.\n"
    "--allow-root lets it run as root, for trying things out.\n"
    "Exit status: 0 done or another sender is at work, 1 failed, 2 usage.\n";

struct sender {
	struct conf conf;
	char database[FILE_PATH_MAX], lock[FILE_PATH_MAX], fifo[FILE_PATH_MAX];
	struct db *db; /* never open at a fork */
	struct endpoint_policy *policy;
	struct keyring keys;
	struct worker_settings worker;
	int64_t subscriptions;
	int lock_fd, fifo_fd, stop_fd;
};

/* ------------------------------------------------------------------ start-up */

static void refuse_arguments(int argc, char **argv)
{
	bool allow_root = argc == 2 && strcmp(argv[1], "--allow-root") == 0;

	if (argc == 1 || allow_root) {
		privilege_refuse_root(allow_root);
		return;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage_text, stdout);
		exit(0);
	}
	fprintf(stderr, "push-sender: unknown argument %s\n\n%s", argv[1], usage_text);
	exit(2);
}

/* Signals come by descriptor, so that no call is interrupted half-way; threads inherit the mask. */
static void take_signals(struct sender *s)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that must not grow is a disk that is full */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    (s->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		log_die("SENDER-01", "signals: %s", strerror(errno));
}

/* What is made of the configuration.  1 or -1. */
static int take_configuration(struct sender *s, const struct conf *conf)
{
	struct endpoint_policy *policy;

	if (policy_open(conf, &policy) < 0)
		return -1;
	endpoint_policy_close(s->policy);
	s->policy = policy;
	conf_path_database(conf, s->database, sizeof s->database);
	conf_path_sender_lock(conf, s->lock, sizeof s->lock);
	conf_path_sender_fifo(conf, s->fifo, sizeof s->fifo);
	return 1;
}

static void read_configuration(struct sender *s)
{
	struct buf error = BUF_INIT;

	if (conf_load(&s->conf, CONF_SENDER, &error) < 0)
		log_die("SENDER-02", "%s", error.data);
	buf_release(&error);
	if (take_configuration(s, &s->conf) < 0)
		log_die("SENDER-03", "PUSH_EXTRA_HOSTS or PUSH_CONNECT_TO cannot be read");
}

/* Before each round.  A file that is wrong by now ends nobody who works. */
static void follow_configuration(struct sender *s)
{
	struct buf error = BUF_INIT;
	struct conf fresh;
	int rc = conf_renew(&s->conf, CONF_SENDER, &fresh, &error);

	if (rc == 1 && (rc = take_configuration(s, &fresh)) < 0) {
		conf_release(&fresh);
	} else if (rc == 1) {
		conf_release(&s->conf);
		s->conf = fresh;
		db_close(&s->db);
	}
	if (rc < 0)
		log_error("SENDER-15",
		    "the configuration has changed and cannot be used; what it said before stays "
		    "in use%s%s",
		    error.len > 0 ? ": " : "", error.len > 0 ? error.data : "");
	buf_release(&error);
}

static bool is_outdated(void *user)
{
	const struct sender *s = user;

	return conf_has_changed(&s->conf);
}

/* ------------------------------------------------------------------ before and after the work */

static int store_verdict(struct db *db, const char *verdict)
{
	int rc = db_begin_write(db);

	if (rc != 1)
		return -1;
	if (settings_put(db, "vapid_verdict", verdict) < 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db);
}

static int open_database(struct sender *s)
{
	if (s->db != NULL && db_has_moved(s->db))
		db_close(&s->db);
	if (s->db != NULL || db_open(s->database, DB_SENDER, &s->db) == 1)
		return 1;
	log_error("SENDER-06", "no database at %s: run `atstatus init`", s->database);
	return -1;
}

/* Maintenances that are due begin and end here, and the page says so before anybody is told. */
static int run_maintenances(struct sender *s, struct db *db)
{
	int rc = maintenance_run_due(db, clock_now_ms());

	if (rc != 1)
		return rc;
	page_open();
	/* what fails here the timer mends */
	page_publish(&s->conf, db, PAGE_CHANGED);
	return 1;
}

/* The work that stands in the database is made ready for the workers. */
static int prepare_work(void *user, struct db *db)
{
	if (run_maintenances(user, db) < 0)
		log_error("SENDER-13",
		    "maintenances could not be looked after; the next sender tries again");
	if (upkeep_end_follows(db, clock_now_ms()) < 0)
		log_error("SENDER-14", "follows that are over stay until the next sender");
	return lane_spread(db, clock_now_ms());
}

static int look_at_database(struct sender *s, const char *verdict)
{
	if (store_verdict(s->db, verdict) < 0 || keyring_find(&s->keys, s->db) < 0 ||
	    db_one_int(db_stmt(s->db, SQL_SENDER_SUBSCRIPTIONS), &s->subscriptions) < 0)
		return -1;
	return prepare_work(s, s->db);
}

static bool told_to_stop(const struct sender *s, int wait_ms)
{
	struct pollfd stop = {s->stop_fd, POLLIN, 0};

	return poll(&stop, 1, wait_ms) > 0;
}

/* Whoever holds the database, or fills the disk, is mostly gone in a moment; the next sender may be a minute away. */
static int look_patiently(struct sender *s, const char *verdict)
{
	int rc = look_at_database(s, verdict);

	for (int i = 1; rc != 1 && i < LOOKS_MAX && !told_to_stop(s, LOOK_AGAIN_MS); i++)
		rc = look_at_database(s, verdict);
	return rc;
}

static int prepare(struct sender *s)
{
	const char *verdict = keyring_open(&s->keys, &s->conf);
	int rc = -1;

	s->worker.may_send = strcmp(verdict, "ok") == 0;
	if (!s->worker.may_send)
		log_error("SENDER-05", "nothing can be sent: %s", verdict);
	if (open_database(s) == 1)
		rc = look_patiently(s, verdict);
	keyring_close(&s->keys);
	return rc == 1 ? 1 : -1;
}

static void tidy_up(struct sender *s)
{
	if (open_database(s) != 1)
		return;
	upkeep_run(s->db, clock_now_ms());
	db_checkpoint(s->db);
}

static bool is_work_due(struct sender *s)
{
	int64_t next = INT64_MAX;

	if (!s->worker.may_send || open_database(s) != 1 || lane_next_work(s->db, &next) < 0)
		return false;
	return next <= clock_now_ms();
}

/* ------------------------------------------------------------------ the work */

static int run_worker(struct sender *s)
{
	struct worker_settings *w = &s->worker;
	int rc;

	keyring_open(&s->keys, &s->conf);
	/* a worker of a crew may have been started again because the file was replaced by another,
	 * whose rows have other ids */
	if (open_database(s) != 1 || keyring_find(&s->keys, s->db) < 0) {
		keyring_close(&s->keys);
		return -1;
	}
	db_close(&s->db);
	w->database = s->database;
	w->key_id = s->keys.key_id;
	w->previous_key_id = s->keys.previous_id;
	w->site_url = s->conf.site_url;
	w->outdated = is_outdated;
	w->user = s;
	w->courier = (struct courier_settings){
	    .policy = s->policy,
	    .ca_file = s->conf.push_ca_file,
	    .proxy = s->conf.push_proxy,
	    .key = s->keys.key,
	    .previous_key = s->keys.previous,
	    .subject = s->conf.vapid_subject,
	};
	rc = worker_run(w);
	keyring_close(&s->keys);
	return rc;
}

static int work_in_crew(void *user, int worker, int wake_fd)
{
	struct sender *s = user;

	s->worker.worker = worker;
	s->worker.wake_fd = wake_fd;
	s->worker.stop_fd = -1;
	return run_worker(s) < 0 ? 1 : 0;
}

static int work_alone(struct sender *s)
{
	s->worker.workers = 1;
	s->worker.worker = 0;
	s->worker.prepare = prepare_work;
	s->worker.wake_fd = s->fifo_fd;
	s->worker.stop_fd = s->stop_fd;
	return run_worker(s);
}

static int spread_for_crew(void *user)
{
	struct sender *s = user;
	int rc = open_database(s) == 1 ? prepare_work(s, s->db) : -1;

	db_close(&s->db);
	return rc == 1 ? 1 : -1;
}

static int work(struct sender *s)
{
	int64_t n = 1 + s->subscriptions / SUBSCRIPTIONS_PER_WORKER;
	struct crew_settings crew = {
	    .work = work_in_crew,
	    .woken = spread_for_crew,
	    .user = s,
	    .wake_fd = s->fifo_fd,
	    .stop_fd = s->stop_fd,
	};

	if (n > s->conf.push_workers)
		n = s->conf.push_workers;
	if (n <= 1)
		return work_alone(s);
	crew.workers = (int)n;
	s->worker.workers = (int)n;
	s->worker.prepare = NULL;
	db_close(&s->db);
	return crew_run(&crew);
}

/* ------------------------------------------------------------------ the lock and the FIFO */

static void open_fifo(struct sender *s)
{
	if (mkfifo(s->fifo, 0600) != 0 && errno != EEXIST)
		log_die("SENDER-07", "making the FIFO %s: %s", s->fifo, strerror(errno));
	/* open for writing too: so it never ends, also when nobody else has it open */
	s->fifo_fd = open(s->fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (s->fifo_fd < 0)
		log_die("SENDER-08", "opening the FIFO %s: %s", s->fifo, strerror(errno));
}

/* No reader means that the holder has not opened it yet, and will look, or has just let the lock
 * go, and will look again. */
static void tell_holder(const struct sender *s)
{
	int fd = open(s->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (write(fd, "w", 1) < 0 && errno != EAGAIN)
		log_errno("SENDER-09", "telling the other sender");
	close(fd);
}

/* Whoever must end the sender finds its pid in the lock. */
static void sign_lock(const struct sender *s)
{
	if (ftruncate(s->lock_fd, 0) != 0 || dprintf(s->lock_fd, "%ld\n", (long)getpid()) < 0)
		log_errno("SENDER-12", "writing %s", s->lock);
}

/* One round under the lock: 1 go on looking, 0 somebody else works or we were told to stop, -1. */
static int run_round(struct sender *s)
{
	follow_configuration(s);
	int rc = file_lock(s->lock, 0, &s->lock_fd);

	if (rc == 0)
		tell_holder(s);
	if (rc != 1)
		return rc;
	sign_lock(s);
	open_fifo(s);
	rc = prepare(s);
	if (rc == 1)
		rc = work(s);
	if (rc == 1)
		tidy_up(s);
	testpoint("before-unlock");
	file_close(&s->fifo_fd);
	file_close(&s->lock_fd);
	return rc;
}

int main(int argc, char **argv)
{
	static struct sender sender = {.lock_fd = -1, .fifo_fd = -1, .stop_fd = -1};
	int rc;

	log_open("push-sender");
	refuse_arguments(argc, argv);
	if (getenv("GATEWAY_INTERFACE") != NULL)
		log_die("SENDER-10", "this is no CGI program");
	prctl(PR_SET_DUMPABLE, 0); /* keys are in memory: no core file, no debugger */
	umask(077);
	read_configuration(&sender);
	take_signals(&sender);
	for (int i = 0; (rc = run_round(&sender)) == 1 && i < ROUNDS_MAX; i++)
		if (!is_outdated(&sender) && !is_work_due(&sender))
			break;
	db_close(&sender.db);
	endpoint_policy_close(sender.policy);
	conf_release(&sender.conf);
	return rc < 0 ? 1 : 0;
}
