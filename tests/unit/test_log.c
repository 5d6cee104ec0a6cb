/* test_log.c - the shape of a line, and that no value can forge one. */
#include "base.h"
#include "log.h"

#include <sys/wait.h>

#include "capture.h"
#include "clock.h"
#include "t.h"

/* The part of a line behind "program[pid] "; checks what stands before. */
static const char *behind_head(const char *line)
{
	char head[64];
	int64_t when;

	t_ok(strlen(line) > CLOCK_ISO_LEN && clock_parse_iso(line, CLOCK_ISO_LEN, &when));
	snprintf(head, sizeof head, " test-log[%ld] ", (long)getpid());
	if (strncmp(line + CLOCK_ISO_LEN, head, strlen(head)) != 0) {
		t_str(line, head);
		return line;
	}
	return line + CLOCK_ISO_LEN + strlen(head);
}

static void check_shape(void)
{
	t_case("a line has time, program, process, level, id, text and one line feed");
	capture_start();
	log_error("TEST-01", "origin %d: %s", 4, "refused");
	t_str(behind_head(capture_end()), "error TEST-01 origin 4: refused\n");
	capture_start();
	log_warn("TEST-02", "careful");
	t_str(behind_head(capture_end()), "warning TEST-02 careful\n");
	capture_start();
	log_info("TEST-03", "started");
	t_str(behind_head(capture_end()), "info TEST-03 started\n");
	t_case("log_errno appends what errno says, the others do not, and none changes it");
	capture_start();
	errno = ENOENT;
	log_errno("TEST-04", "opening %s", "x");
	t_int(errno, ENOENT);
	t_str(behind_head(capture_end()), "error TEST-04 opening x: No such file or directory\n");
	capture_start();
	errno = ENOENT;
	log_error("TEST-05", "plain");
	t_int(errno, ENOENT);
	t_str(behind_head(capture_end()), "error TEST-05 plain\n");
	t_case("a log that cannot be written changes nothing");
	capture_start();
	close(STDERR_FILENO);
	errno = EDOM;
	log_error("TEST-06", "lost");
	t_int(errno, EDOM);
	t_str(capture_end(), "");
}

static void check_escape(void)
{
	static const struct {
		const char *value, *want;
	} table[] = {
	    {"plain ~", "plain ~"},
	    {"a\nb\r", "a\\x0ab\\x0d"},
	    {"\x1b[31m", "\\x1b[31m"},
	    {"\t\x01\x7f", "\\x09\\x01\\x7f"},
	    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
	    /* bytes that are no UTF-8: alone, overlong, a surrogate, cut off */
	    {"\xff", "\\xff"},
	    {"a\x80z", "a\\x80z"},
	    {"\xc0\x8a", "\\xc0\\x8a"},
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	    {"\xe2\x82", "\\xe2\\x82"},
	    {"\xe2\x82z", "\\xe2\\x82z"},
	    /* C1 controls, which terminals obey like their ASCII forms */
	    {"\xc2\x9b"
	     "31m",
		"\\xc2\\x9b31m"},
	    {"\xc2\x85", "\\xc2\\x85"},
	    {"\xc2\x80\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9f\xc2\xa0"},
	};

	t_case("controls and bytes that are no UTF-8 are written as \\xNN, all else as it is");
	for (size_t i = 0; i < nelem(table); i++) {
		char want[128];
		snprintf(want, sizeof want, "error TEST-07 <%s>\n", table[i].want);
		capture_start();
		log_error("TEST-07", "<%s>", table[i].value);
		t_str(behind_head(capture_end()), want);
	}
}

static size_t count(const char *s, char c)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == c;
	return n;
}

static void check_long(void)
{
	static char value[10000];

	t_case("a text of any length and any bytes gives one line of at most 4096 bytes");
	memset(value, 'x', sizeof value - 1);
	capture_start();
	errno = ENOENT;
	log_errno("TEST-08", "%s", value);
	const char *line = capture_end();
	t_ok(strlen(line) <= 4096 && strlen(line) > 1000);
	t_int(count(line, '\n'), 1);
	t_ok(strstr(line, "x: No such file or directory\n") != NULL);
	memset(value, '\n', sizeof value - 1);
	capture_start();
	log_errno("TEST-08", "%s", value);
	line = capture_end();
	t_ok(strlen(line) <= 4096 && strlen(line) > 1000);
	t_int(count(line, '\n'), 1);
	t_int(line[strlen(line) - 1], '\n');
}

static void check_die(void)
{
	int status;

	t_case("log_die logs an error and ends the process with status 1");
	capture_start();
	pid_t child = fork();
	if (child == 0)
		log_die("TEST-09", "cannot go on: %d", 7);
	t_ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1);
	t_ok(strstr(capture_end(), " error TEST-09 cannot go on: 7\n") != NULL);
}

int main(void)
{
	log_open("test-log");
	check_shape();
	check_escape();
	check_long();
	check_die();
	return t_end();
}
