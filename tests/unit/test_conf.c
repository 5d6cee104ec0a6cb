/* test_conf.c - the configuration file, the environment over it, and every refusal. */
#include "base.h"
#include "t.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "arena.h"
#include "buf.h"
#include "conf.h"
#include "file.h"

#define PUBLIC                                                                                     \
	"BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define PRIVATE "8oVN9S5o_7iB-REkXZBhbOaqrRVZ-5MTJhtrGQOB2XM"

static char folder[] = "/tmp/atstatus-conf-XXXXXX";
static struct buf text = BUF_INIT, error = BUF_INIT;
static struct conf conf;

static const char *const keys[] = {"VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY",
    "VAPID_PREVIOUS_PUBLIC_KEY", "VAPID_PREVIOUS_PRIVATE_KEY", "VAPID_SUBJECT", "SITE_URL",
    "STATE_DIR", "PUSH_EXTRA_HOSTS", "PUSH_CA_FILE", "PUSH_CONNECT_TO", "PUSH_PROXY",
    "PUSH_WORKERS", "SUBSCRIBE_RATE", "SUBSCRIBE_MAX", "TRUSTED_PROXIES"};

static const char *path_of(const char *name)
{
	static char path[FILE_PATH_MAX];

	file_join(path, sizeof path, folder, name);
	return path;
}

static void write_file(const void *bytes, size_t len, mode_t mode)
{
	t_ok(file_publish(folder, "env", bytes, len, mode) >= 0);
	t_ok(chmod(path_of("env"), mode) == 0);
}

static int load_bytes(const void *bytes, size_t len, enum conf_role role, mode_t mode)
{
	write_file(bytes, len, mode);
	conf_release(&conf);
	buf_clear(&error);
	return conf_load(&conf, role, &error);
}

/* Loads SITE_URL and these lines; what is wrong starts in line 2. */
static int load(const char *lines, enum conf_role role)
{
	buf_clear(&text);
	buf_printf(&text, "SITE_URL=https://status.example.com\n%s", lines);
	return load_bytes(text.data, text.len, role, 0600);
}

static bool says(const char *part)
{
	bool found = strstr(error.data, part) != NULL;

	if (!found)
		printf("error is \"%s\"\n", error.data);
	return found;
}

static void test_defaults(void)
{
	t_case("the defaults are those of the contract");
	t_int(load("", CONF_WEB), 1);
	t_str(conf.site_url, "https://status.example.com");
	t_ok(conf.site_secure && conf.site_is_https && conf_is_secure(&conf));
	t_int(conf.subscribe_rate, 60);
	t_int(conf.subscribe_max, 5000000);
	t_ok(conf.push_workers >= 1);
	t_str(conf.vapid_subject, "https://status.example.com");
	t_ok(!conf.vapid_subject_is_placeholder && !conf.push_any_host);
	t_ok(conf.trusted_proxies == NULL && conf.push_proxy == NULL);
	t_str(conf.vapid_problem, "VAPID_PUBLIC_KEY is not set.");

	t_case("paths count from the file's folder");
	char want[2 * FILE_PATH_MAX], got[FILE_PATH_MAX];
	snprintf(want, sizeof want, "%s/var", folder);
	t_str(conf.state_dir, want);
	conf_path_database(&conf, got, sizeof got);
	snprintf(want, sizeof want, "%s/var/data/atstatus.db", folder);
	t_str(got, want);
	conf_public_dir(&conf, got, sizeof got);
	snprintf(want, sizeof want, "%s/var/public", folder);
	t_str(got, want);
	load("STATE_DIR=../x/\nPUSH_CA_FILE=/etc/ca.pem\n", CONF_WEB);
	snprintf(want, sizeof want, "%s/../x", folder);
	t_str(conf.state_dir, want);
	t_str(conf.push_ca_file, "/etc/ca.pem");
}

static void test_lines(void)
{
	static const struct {
		const char *lines, *error;
	} bad[] = {
	    {"# fine\n\nFOO=1\n", ":4: unknown key FOO"},
	    {"SITE_URL=https://b.example\n", ":2: this key stands twice: SITE_URL"},
	    {"export SITE_URL=x\n", ":2: unknown key (not shown)"},
	    {" VAPID_SUBJECT=x\n", ":2: unknown key (not shown)"},
	    {"VAPID_SUBJECT\n", ":2: a line must be KEY=VALUE"},
	    {"VAPID_SUBJECT=mailto:a@b.example\r\n", ":2: a control character"},
	    {"VAPID_SUBJECT=a\tb\n", ":2: a control character"},
	    {"\nVAPID_SUBJECT=\xff\n", ":3: a control character"},
	    {"ENV_FILE=/x\n", ":2: unknown key ENV_FILE"},
	};

	t_case("a line that is not understood is named by its number");
	for (size_t i = 0; i < nelem(bad); i++) {
		t_int(load(bad[i].lines, CONF_WEB), -1);
		t_ok(says(bad[i].error));
	}

	t_case("values are literal: no quotes, no expansion, nothing is run");
	t_int(load("STATE_DIR=/tmp/$(touch x)\"${HOME}'\n", CONF_WEB), 1);
	t_str(conf.state_dir, "/tmp/$(touch x)\"${HOME}'");
	t_int(load("STATE_DIR=/a=b # c\n", CONF_WEB), 1);
	t_str(conf.state_dir, "/a=b # c");

	t_case("a NUL, and a file of more than 64 KiB, are refused");
	static const char with_nul[] = "SITE_URL=https://a.example\0\n";
	t_int(load_bytes(with_nul, sizeof with_nul - 1, CONF_WEB, 0600), -1);
	buf_clear(&text);
	for (int i = 0; i < 7000; i++)
		buf_add_str(&text, "# comment\n");
	t_int(load_bytes(text.data, text.len, CONF_WEB, 0600), -1);
	t_ok(says("longer than 65536 bytes"));

	t_case("an empty value is as good as none, and the last line needs no line feed");
	t_int(load("PUSH_PROXY=\nSUBSCRIBE_RATE=0", CONF_WEB), 1);
	t_ok(conf.push_proxy == NULL && conf.subscribe_rate == 0);
}

static void test_site_url(void)
{
	static const struct {
		const char *text, *origin;
		bool secure;
	} good[] = {
	    {"https://Status.Example.COM/", "https://status.example.com", true},
	    {"https://a.example:443", "https://a.example", true},
	    {"HTTPS://a.example:8443", "https://a.example:8443", true},
	    {"http://localhost:8080", "http://localhost:8080", true},
	    {"http://localhost:80/", "http://localhost", true},
	    {"http://127.0.0.1:1", "http://127.0.0.1:1", true},
	    {"http://[::1]:8080", "http://[::1]:8080", true},
	    {"http://status.example.com", "http://status.example.com", false},
	};
	static const char *const bad[] = {"status.example.com", "ftp://a.example", "https://",
	    "https://a.example/x", "https://a.example?x", "https://u@a.example",
	    "https://a.example:0", "https://a.example:65536",
	    "https://a.example:", "https://a b.example", "https://a.example//", "https:///",
	    "https://[::1", "https://[xyz]"};

	t_case("SITE_URL is brought into the form of an Origin header");
	for (size_t i = 0; i < nelem(good); i++) {
		buf_clear(&text);
		buf_printf(&text, "SITE_URL=%s\n", good[i].text);
		t_int(load_bytes(text.data, text.len, CONF_WEB, 0600), 1);
		t_str(conf.site_url, good[i].origin);
		t_check(conf.site_secure == good[i].secure, good[i].text, __FILE__, __LINE__);
	}

	t_case("anything but an origin is refused as SITE_URL, and so is its absence");
	for (size_t i = 0; i < nelem(bad); i++) {
		buf_clear(&text);
		buf_printf(&text, "SITE_URL=%s\n", bad[i]);
		t_int(load_bytes(text.data, text.len, CONF_WEB, 0600), -1);
		t_ok(says(":1: SITE_URL must be the origin"));
	}
	t_int(load_bytes("", 0, CONF_WEB, 0600), -1);
	t_ok(says("SITE_URL is not set"));
	t_int(load_bytes("", 0, CONF_TOOL, 0600), 1);
	t_ok(conf.site_url == NULL);
}

static void test_lists(void)
{
	t_case("lists of hosts, connections and proxies are taken apart");
	t_int(load("PUSH_EXTRA_HOSTS=Push.example, localhost:8443 ,[::1]:9,*\n"
		   "PUSH_CONNECT_TO=fcm.googleapis.com:443:127.0.0.1:8443,::x:1\n"
		   "TRUSTED_PROXIES=10.0.0.1, ::ffff:10.0.0.2, 2001:DB8::1\n",
		  CONF_SENDER),
	    1);
	t_int(conf.push_extra_hosts_count, 3);
	t_str(conf.push_extra_hosts[0].host, "push.example");
	t_int(conf.push_extra_hosts[0].port, 443);
	t_int(conf.push_extra_hosts[1].port, 8443);
	t_str(conf.push_extra_hosts[2].host, "::1");
	t_ok(conf.push_any_host);
	t_int(conf.push_connect_to_count, 2);
	t_str(conf.push_connect_to[0].host, "fcm.googleapis.com");
	t_int(conf.push_connect_to[0].port, 443);
	t_str(conf.push_connect_to[0].connect_host, "127.0.0.1");
	t_int(conf.push_connect_to[0].connect_port, 8443);
	t_ok(conf.push_connect_to[1].host == NULL && conf.push_connect_to[1].port == 0);
	t_str(conf.push_connect_to[1].text, "::x:1");
	t_str(conf.trusted_proxies[0], "10.0.0.1");
	t_str(conf.trusted_proxies[1], "10.0.0.2");
	t_str(conf.trusted_proxies[2], "2001:db8::1");
	t_ok(conf.trusted_proxies[3] == NULL);
}

static void test_ranges(void)
{
	static const char *const bad[] = {"PUSH_WORKERS=0", "PUSH_WORKERS=257", "PUSH_WORKERS=two",
	    "SUBSCRIBE_RATE=-1", "SUBSCRIBE_RATE=1e3", "SUBSCRIBE_MAX=0", "SUBSCRIBE_MAX= 5",
	    "PUSH_EXTRA_HOSTS=a,,b", "PUSH_EXTRA_HOSTS=a:0", "PUSH_EXTRA_HOSTS=*.example.com",
	    "PUSH_EXTRA_HOSTS=https://a", "PUSH_CONNECT_TO=a:443", "PUSH_CONNECT_TO=a:443:b:99999",
	    "PUSH_CONNECT_TO=a:443:b:1:c", "TRUSTED_PROXIES=10.0.0.0/8",
	    "TRUSTED_PROXIES=proxy.example", "PUSH_PROXY=proxy.example:3128",
	    "PUSH_PROXY=http://proxy.example", "PUSH_PROXY=socks5://p.example:1"};

	t_case("values outside of their range are refused with key and line");
	for (size_t i = 0; i < nelem(bad); i++) {
		char name[40], want[60];
		t_check(load(bad[i], CONF_SENDER) == -1, bad[i], __FILE__, __LINE__);
		snprintf(name, sizeof name, "%.*s", (int)strcspn(bad[i], "="), bad[i]);
		snprintf(want, sizeof want, ":2: %s must ", name);
		t_ok(says(want));
	}
	t_int(load("PUSH_PROXY=http://proxy.example:3128/\nPUSH_WORKERS=256\n", CONF_SENDER), 1);
	t_str(conf.push_proxy, "http://proxy.example:3128");
	t_int(conf.push_workers, 256);
}

static void test_vapid(void)
{
	t_case("the sender gets both keys, a web program never the private one");
	t_int(load("VAPID_PUBLIC_KEY=" PUBLIC "\nVAPID_PRIVATE_KEY=" PRIVATE "\n", CONF_SENDER), 1);
	t_str(conf.vapid_public_key, PUBLIC);
	t_str(conf.vapid_private_key, PRIVATE);
	t_ok(conf.vapid_problem == NULL);
	t_int(load("VAPID_PUBLIC_KEY=" PUBLIC "\nVAPID_PRIVATE_KEY=" PRIVATE "\n", CONF_WEB), 1);
	t_ok(conf.vapid_private_key == NULL && conf.vapid_problem == NULL);

	t_case("bad keys and subjects do not stop a program: they are told");
	t_int(load("VAPID_PUBLIC_KEY=" PUBLIC "x\n", CONF_WEB), 1);
	t_ok(conf.vapid_public_key == NULL);
	t_ok(conf.vapid_problem != NULL && strstr(conf.vapid_problem, "not a public key") != NULL);
	/* the right length, but another form of a point than the uncompressed one */
	static const char other_form[] = "A" PUBLIC;
	buf_clear(&text);
	buf_printf(&text, "SITE_URL=https://a.example\nVAPID_PUBLIC_KEY=A%s\n", other_form + 2);
	t_int(load_bytes(text.data, text.len, CONF_WEB, 0600), 1);
	t_ok(conf.vapid_public_key == NULL && conf.vapid_problem != NULL);
	load("VAPID_PUBLIC_KEY=" PUBLIC "\nVAPID_PRIVATE_KEY=short\n", CONF_SENDER);
	t_ok(conf.vapid_problem != NULL && strstr(conf.vapid_problem, "not a private key") != NULL);
	t_ok(strstr(conf.vapid_problem, "short") == NULL);
	load("VAPID_PUBLIC_KEY=" PUBLIC "\n", CONF_SENDER);
	t_str(conf.vapid_problem, "VAPID_PRIVATE_KEY is not set.");
	load("VAPID_PUBLIC_KEY=" PUBLIC "\nVAPID_PRIVATE_KEY=" PRIVATE
	     "\nVAPID_PREVIOUS_PUBLIC_KEY=" PUBLIC "\n",
	    CONF_SENDER);
	t_ok(conf.vapid_problem != NULL && strstr(conf.vapid_problem, "set together") != NULL);

	t_case("the private key in a file that others can read is told too");
	t_int(load_bytes(text.data, text.len, CONF_WEB, 0644), 1);
	buf_clear(&text);
	buf_add_str(&text, "SITE_URL=https://a.example\nVAPID_PUBLIC_KEY=" PUBLIC
			   "\nVAPID_PRIVATE_KEY=" PRIVATE "\n");
	load_bytes(text.data, text.len, CONF_SENDER, 0644);
	t_ok(conf.vapid_problem != NULL && strstr(conf.vapid_problem, "others can read") != NULL);
	load_bytes(text.data, text.len, CONF_SENDER, 0640);
	t_ok(conf.vapid_problem == NULL);
}

static void test_subject(void)
{
	static const char *const bad[] = {"you@example.com", "mailto:", "mailto:@example.com",
	    "mailto:a@localhost", "mailto:a b@example.com", "mailto:<a@example.com>",
	    "mailto:mailto:a@example.com", "http://example.com", "https://",
	    "\"mailto:a@example.com\""};

	t_case("the subject is a contact that push services take");
	t_int(load("VAPID_SUBJECT=mailto:ops@example.com\n", CONF_WEB), 1);
	t_str(conf.vapid_subject, "mailto:ops@example.com");
	for (size_t i = 0; i < nelem(bad); i++) {
		buf_clear(&text);
		buf_printf(&text,
		    "SITE_URL=https://a.example\nVAPID_PUBLIC_KEY=%s\nVAPID_SUBJECT=%s\n", PUBLIC,
		    bad[i]);
		t_int(load_bytes(text.data, text.len, CONF_WEB, 0600), 1);
		t_check(conf.vapid_problem != NULL &&
			    strncmp(conf.vapid_problem, "VAPID_SUBJECT", 13) == 0,
		    bad[i], __FILE__, __LINE__);
		t_str(conf.vapid_subject, "https://a.example");
	}
	static const char local[] = "SITE_URL=http://localhost:8080\n";
	t_int(load_bytes(local, sizeof local - 1, CONF_WEB, 0600), 1);
	t_ok(conf.vapid_subject_is_placeholder);
}

static bool passes_on(const char *pair)
{
	for (char *const *e = conf_environment(&conf); *e != NULL; e++)
		if (strcmp(*e, pair) == 0)
			return true;
	return false;
}

static void test_environment(void)
{
	char want[2 * FILE_PATH_MAX];

	t_case("a real variable wins, and an empty one unsets");
	setenv("SUBSCRIBE_RATE", "7", 1);
	setenv("PUSH_PROXY", "", 1);
	t_int(load("SUBSCRIBE_RATE=5\nSUBSCRIBE_MAX=9\nPUSH_PROXY=http://p.example:1\n", CONF_WEB),
	    1);
	t_int(conf.subscribe_rate, 7);
	t_int(conf.subscribe_max, 9);
	t_ok(conf.push_proxy == NULL);
	setenv("SUBSCRIBE_RATE", "many", 1);
	t_int(load("", CONF_WEB), -1);
	t_ok(says("environment: SUBSCRIBE_RATE must be"));

	t_case("the sender gets PATH, ENV_FILE and the keys that are set for real, nothing else");
	setenv("SUBSCRIBE_RATE", "7", 1);
	setenv("STATE_DIR", "rel", 1);
	setenv("VAPID_PRIVATE_KEY", PRIVATE, 1);
	setenv("UNRELATED_SECRET", "x", 1);
	t_int(load("SUBSCRIBE_MAX=9\n", CONF_WEB), 1);
	snprintf(want, sizeof want, "ENV_FILE=%s", path_of("env"));
	t_ok(passes_on(want));
	snprintf(want, sizeof want, "STATE_DIR=%s/rel", folder);
	t_ok(passes_on(want));
	t_ok(passes_on("SUBSCRIBE_RATE=7") && passes_on("VAPID_PRIVATE_KEY=" PRIVATE));
	t_ok(!passes_on("SUBSCRIBE_MAX=9") && !passes_on("UNRELATED_SECRET=x"));
	t_ok(conf.vapid_private_key == NULL);
	snprintf(want, sizeof want, "PATH=%s", getenv("PATH"));
	t_ok(passes_on(want));
	for (size_t i = 0; i < nelem(keys); i++)
		unsetenv(keys[i]);
}

static void test_finding(void)
{
	char *path, want[2 * FILE_PATH_MAX];

	t_case("ENV_FILE that is not there is an error; only the tool that makes it goes on");
	setenv("ENV_FILE", path_of("absent"), 1);
	conf_release(&conf);
	buf_clear(&error);
	t_int(conf_load(&conf, CONF_WEB, &error), -1);
	t_ok(says("ENV_FILE: there is no file"));
	t_int(conf_load(&conf, CONF_TOOL, &error), 0);
	snprintf(want, sizeof want, "%s/var", folder);
	t_str(conf.state_dir, want);
	conf_release(&conf);
	t_int(conf_find_file(&path), 0);
	t_str(path, path_of("absent"));
	free(path);

	t_case("without ENV_FILE the working directory's .env is taken, by its absolute name");
	unsetenv("ENV_FILE");
	t_ok(chdir(folder) == 0);
	static const char site[] = "SITE_URL=https://cwd.example\n";
	t_ok(file_publish(folder, ".env", site, sizeof site - 1, 0600) == 1);
	t_int(conf_load(&conf, CONF_WEB, &error), 1);
	t_str(conf.site_url, "https://cwd.example");
	t_str(conf.file, path_of(".env"));
	setenv("ENV_FILE", "env", 1);
	t_int(conf_find_file(&path), 1);
	t_str(path, path_of("env"));
	free(path);

	t_case("without any file the environment does");
	unsetenv("ENV_FILE");
	t_ok(unlink(".env") == 0);
	if (access("/etc/atstatus/env", F_OK) != 0) {
		setenv("SITE_URL", "https://only.example", 1);
		conf_release(&conf);
		t_int(conf_load(&conf, CONF_WEB, &error), 0);
		t_ok(conf.file == NULL);
		snprintf(want, sizeof want, "%s/var", folder);
		t_str(conf.state_dir, want);
		unsetenv("SITE_URL");
	}
}

static int renew(struct conf *fresh)
{
	buf_clear(&error);
	return conf_renew(&conf, CONF_WEB, fresh, &error);
}

static void write_site(const char *site)
{
	buf_clear(&text);
	buf_printf(&text, "SITE_URL=%s\n", site);
	write_file(text.data, text.len, 0600);
}

static void test_renew(void)
{
	struct conf fresh;
	struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};

	t_case("a file that is as it was, or only touched, is not read again");
	t_int(load("", CONF_WEB), 1);
	t_ok(!conf_has_changed(&conf));
	t_int(renew(&fresh), 0);
	t_ok(utimensat(AT_FDCWD, path_of("env"), now, 0) == 0);
	t_ok(!conf_has_changed(&conf));
	t_int(renew(&fresh), 0);

	t_case("one that was replaced is, and the old one stays in use until its owner lets it go");
	write_site("https://other.example");
	t_ok(conf_has_changed(&conf));
	t_int(renew(&fresh), 1);
	t_str(fresh.site_url, "https://other.example");
	t_str(conf.site_url, "https://status.example.com");
	t_ok(!conf_has_changed(&fresh) && !conf_has_changed(&conf));
	conf_release(&conf);
	conf = fresh;
	t_int(renew(&fresh), 0);

	t_case("one that was written over in place, with the same size, at the same moment, is "
	       "noticed");
	struct stat st;
	t_ok(stat(path_of("env"), &st) == 0);
	int fd = open(path_of("env"), O_WRONLY | O_CLOEXEC);
	t_ok(pwrite(fd, "SITE_URL=https://third.example\n", 31, 0) == 31);
	struct timespec same[2] = {st.st_atim, st.st_mtim};
	t_ok(futimens(fd, same) == 0);
	file_close(&fd);
	t_ok(conf_has_changed(&conf));
	t_int(renew(&fresh), 1);
	t_str(fresh.site_url, "https://third.example");
	conf_release(&conf);
	conf = fresh;

	t_case("a mistake is told once, and changes nothing");
	write_site("nonsense");
	t_int(renew(&fresh), -1);
	t_ok(says(":1: SITE_URL must be"));
	t_int(renew(&fresh), 0);
	t_int((int)error.len, 0);
	t_str(conf.site_url, "https://third.example");
	t_case("another mistake is told again, and so is a file that is gone");
	write_site("rubbish");
	t_int(renew(&fresh), -1);
	unlink(path_of("env"));
	t_int(renew(&fresh), -1);
	t_ok(says("there is no file"));
	t_int(renew(&fresh), 0);
	t_case("and what is right again is taken");
	write_site("https://fourth.example");
	t_int(renew(&fresh), 1);
	t_str(fresh.site_url, "https://fourth.example");
	conf_release(&fresh);

	t_case("one that was emptied just now is being written: it is waited for");
	t_int(load("", CONF_WEB), 1);
	write_file("", 0, 0600);
	t_ok(!conf_has_changed(&conf));
	t_int(renew(&fresh), 0);
	write_site("https://fifth.example");
	t_int(renew(&fresh), 1);
	t_str(fresh.site_url, "https://fifth.example");
	conf_release(&fresh);
	t_case("one that stays empty is taken");
	write_file("", 0, 0600);
	struct timespec before[2] = {{time(NULL) - 10, 0}, {time(NULL) - 10, 0}};
	t_ok(utimensat(AT_FDCWD, path_of("env"), before, 0) == 0);
	t_int(renew(&fresh), -1);
	t_ok(says("SITE_URL"));

	t_case("what could not be used is looked at again when it is asked for");
	write_site("https://sixth.example");
	t_int(renew(&fresh), 1);
	conf_release(&fresh);
	t_int(renew(&fresh), 0);
	conf_look_again(&conf);
	t_int(renew(&fresh), 1);
	conf_release(&fresh);

	t_case("a mode that lets others read the keys is news");
	t_int(load("VAPID_PUBLIC_KEY=" PUBLIC "\nVAPID_PRIVATE_KEY=" PRIVATE "\n", CONF_SENDER), 1);
	t_ok(conf.vapid_problem == NULL);
	t_ok(chmod(path_of("env"), 0644) == 0);
	t_int(conf_renew(&conf, CONF_SENDER, &fresh, &error), 1);
	t_ok(fresh.vapid_problem != NULL);
	conf_release(&fresh);
	write_site("https://status.example.com");
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	for (size_t i = 0; i < nelem(keys); i++)
		unsetenv(keys[i]);
	setenv("ENV_FILE", path_of("env"), 1);
	test_defaults();
	test_lines();
	test_site_url();
	test_lists();
	test_ranges();
	test_vapid();
	test_subject();
	test_environment();
	test_renew();
	test_finding();
	conf_release(&conf);
	buf_release(&text);
	buf_release(&error);
	unlink(path_of("env"));
	rmdir(folder);
	return t_end();
}
