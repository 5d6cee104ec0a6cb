/* atstatus.c - the operator's command: sets a status page up and looks after it.
 *
 * One verb a call; see usage below and atstatus(8).  Exit status: 0 done, 1 failed, 2 usage.
 *
 * Called by root, it first becomes the owner of STATE_DIR where that exists: files that root made
 * could not be written by the programs.
 */
#include "base.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "buf.h"
#include "conf.h"
#include "file.h"
#include "log.h"
#include "tool.h"

static const char usage_text[] =
    "usage: atstatus [--env FILE] VERB [...]\n"
    "\n"
    "  init                          creates what is missing: configuration with fresh VAPID keys, "
    "folders,\n"
    "                                database, the first admin (its password is printed once), the "
    "page\n"
    "  keys                          writes a fresh VAPID key pair into the configuration, if it "
    "has none\n"
    "  keys --print                  prints a fresh VAPID key pair and changes nothing\n"
    "  keys --list                   the public keys in use, and how many subscriptions each has\n"
    "  keys --rotate [--force]       exchanges the pair; the one before stays as VAPID_PREVIOUS_* "
    "for those who\n"
    "                                subscribed with it (--force: also if an earlier one is still "
    "needed)\n"
    "  keys --retire [--force]       removes the pair before, once nobody needs it (--force: gives "
    "them up)\n"
    "  admin add NAME                adds a person who may sign in\n"
    "  admin passwd NAME             sets a password and ends that person's sessions\n"
    "                                (the password is read from standard input; an empty line "
    "makes one)\n"
    "  token add NAME --scope SCOPE[,SCOPE]\n"
    "                                makes a token for the write API and prints it, alone, once;\n"
    "                                scopes: read components incidents maintenance admin\n"
    "  token revoke NAME             makes a token useless\n"
    "  publish                       writes all static pages anew and marks the page as alive\n"
    "  publish --due                 the same, but only pages that changed or are missing: for a "
    "timer\n"
    "  migrate                       brings the database to the version of this program\n"
    "\n"
    "--env FILE names the configuration (else ENV_FILE, .env, /etc/atstatus/env).\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

static int usage(const char *problem)
{
	fprintf(stderr, "atstatus: %s; `atstatus --help` lists the verbs\n", problem);
	return 2;
}

/* Takes "--env FILE" out of the arguments, wherever it stands.  False: it has no FILE. */
static bool take_env(int *argc, char **argv)
{
	int out = 0;

	for (int i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--env") != 0) {
			argv[out++] = argv[i];
			continue;
		}
		if (++i >= *argc || setenv("ENV_FILE", argv[i], 1) != 0)
			return false;
	}
	*argc = out;
	argv[out] = NULL;
	return true;
}

/* Root becomes the owner of STATE_DIR; each step is checked, because a failed one would go on as
 * root. */
static void drop_root(const struct conf *conf)
{
	struct stat st;

	if (geteuid() != 0 || stat(conf->state_dir, &st) != 0 || st.st_uid == 0)
		return;
	if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0)
		log_die("ATSTATUS-01", "cannot become the owner of %s", conf->state_dir);
}

struct verb {
	const char *name, *action; /* action: the second word, or NULL */
	bool makes_file;	   /* works without a configuration file, because it makes one */
	int (*run)(struct tool *tool, int argc, char **argv);
};

static int run_init(struct tool *tool, int argc, char **argv)
{
	(void)argv;
	return argc != 0 ? usage("init takes no further words") : tool_init(tool);
}

static int run_keys(struct tool *tool, int argc, char **argv)
{
	bool force = argc == 2 && strcmp(argv[1], "--force") == 0;
	const char *what = argc == 1 || force ? argv[0] : "";

	if (argc == 0)
		return tool_write_keys(tool);
	if (strcmp(what, "--rotate") == 0)
		return tool_rotate_keys(tool, force);
	if (strcmp(what, "--retire") == 0)
		return tool_retire_keys(tool, force);
	if (strcmp(what, "--list") == 0 && !force)
		return tool_list_keys(tool);
	if (strcmp(what, "--print") == 0 && !force)
		return tool_print_keys();
	return usage("keys takes nothing, --print, --list, --rotate or --retire");
}

static int run_admin_add(struct tool *tool, int argc, char **argv)
{
	return argc != 1 ? usage("admin add needs a NAME") : tool_add_admin(tool, argv[0]);
}

static int run_admin_passwd(struct tool *tool, int argc, char **argv)
{
	return argc != 1 ? usage("admin passwd needs a NAME") : tool_set_password(tool, argv[0]);
}

static int run_token_add(struct tool *tool, int argc, char **argv)
{
	const char *name = NULL, *scopes = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--scope") == 0 && i + 1 < argc)
			scopes = argv[++i];
		else if (name == NULL && argv[i][0] != '-')
			name = argv[i];
		else
			return usage("token add takes one NAME and --scope");
	}
	if (name == NULL || scopes == NULL)
		return usage("token add needs a NAME and --scope SCOPE[,SCOPE]");
	return tool_add_token(tool, name, scopes);
}

static int run_token_revoke(struct tool *tool, int argc, char **argv)
{
	return argc != 1 ? usage("token revoke needs a NAME") : tool_revoke_token(tool, argv[0]);
}

static int run_publish(struct tool *tool, int argc, char **argv)
{
	bool due = argc == 1 && strcmp(argv[0], "--due") == 0;

	if (argc != 0 && !due)
		return usage("publish takes --due or nothing");
	return tool_publish(tool, due);
}

static int run_migrate(struct tool *tool, int argc, char **argv)
{
	(void)argv;
	return argc != 0 ? usage("migrate takes no further words") : tool_migrate(tool);
}

static const struct verb verbs[] = {
    {"init", NULL, true, run_init},
    {"keys", NULL, true, run_keys},
    {"admin", "add", false, run_admin_add},
    {"admin", "passwd", false, run_admin_passwd},
    {"token", "add", false, run_token_add},
    {"token", "revoke", false, run_token_revoke},
    {"publish", NULL, false, run_publish},
    {"migrate", NULL, false, run_migrate},
};

static const struct verb *find_verb(int argc, char **argv)
{
	for (size_t i = 0; i < nelem(verbs); i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		if (verbs[i].action == NULL || (argc > 1 && strcmp(verbs[i].action, argv[1]) == 0))
			return &verbs[i];
	}
	return NULL;
}

static bool wants_help(int argc, char **argv)
{
	bool found = strcmp(argv[0], "help") == 0;

	for (int i = 0; i < argc; i++)
		found |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
	return found;
}

static int run(int argc, char **argv)
{
	struct tool tool = {.conf = {0}};
	struct buf error = BUF_INIT;
	const struct verb *verb = find_verb(argc, argv);
	int used, rc = 1;

	if (verb == NULL)
		return usage(argc > 1 ? "these words are no verb" : "this word is no verb");
	tool.has_file = conf_load(&tool.conf, CONF_TOOL, &error) == 1;
	if (error.len > 0) {
		fprintf(stderr, "atstatus: %s\n", error.data);
	} else if (!tool.has_file && !verb->makes_file && getenv("ENV_FILE") != NULL) {
		fprintf(stderr, "atstatus: there is no file %s\n", getenv("ENV_FILE"));
	} else {
		used = verb->action == NULL ? 1 : 2;
		drop_root(&tool.conf);
		rc = verb->run(&tool, argc - used, argv + used);
	}
	tool_close(&tool);
	buf_release(&error);
	return rc;
}

int main(int argc, char **argv)
{
	log_open("atstatus");
	umask(077);
	argc--;
	argv++;
	if (!take_env(&argc, argv))
		return usage("--env needs a FILE");
	if (argc == 0)
		return usage("a verb is missing");
	if (wants_help(argc, argv)) {
		fputs(usage_text, stdout);
		return 0;
	}
	return run(argc, argv);
}
