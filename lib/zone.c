/* zone.c - see zone.h. */
#include "base.h"
#include "zone.h"

#include <time.h>

#include "log.h"
#include "text.h"

#define FOLDER	     "/usr/share/zoneinfo/"
#define NAME_MAX_LEN 64

/* Letters, digits, "_", "+", "-" and single slashes between them: never a way out of the folder. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN || name[0] == '/' || name[len - 1] == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
		if (!letter && !other && (c != '/' || name[i + 1] == '/'))
			return false;
	}
	return true;
}

/* Files of the folder that are no zones of a place: they count leap seconds, or mean this machine. */
static bool is_of_no_place(const char *name)
{
	static const char *const words[] = {"localtime", "posixrules", "Factory"};

	for (size_t i = 0; i < nelem(words); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return strncmp(name, "right/", 6) == 0 || strncmp(name, "posix/", 6) == 0;
}

bool zone_is_known(const char *name)
{
	char path[sizeof FOLDER + NAME_MAX_LEN], magic[4];
	FILE *f;
	bool ok;

	if (!is_name(name) || is_of_no_place(name))
		return false;
	snprintf(path, sizeof path, FOLDER "%s", name);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	ok = fread(magic, 1, sizeof magic, f) == sizeof magic &&
	     memcmp(magic, "TZif", sizeof magic) == 0;
	fclose(f);
	return ok;
}

/* The process's zone while a question is asked. */
struct visit {
	char *before; /* TZ as it was, or NULL */
};

static void enter(struct visit *v, const char *name)
{
	const char *tz = getenv("TZ");

	v->before = tz == NULL ? NULL : strdup(tz);
	setenv("TZ", zone_is_known(name) ? name : "UTC0", 1);
	tzset();
}

static void leave(struct visit *v)
{
	if (v->before == NULL)
		unsetenv("TZ");
	else
		setenv("TZ", v->before, 1);
	free(v->before);
	tzset();
}

void zone_prepare_threads(void)
{
	if (setenv("TZ", "UTC0", 0) != 0)
		log_die("ZONE-01", "out of memory");
}

void zone_split(const char *name, int64_t ms, struct clock_date *out, char called[ZONE_SHORT_SIZE])
{
	time_t seconds = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
	struct visit visit;
	struct tm tm = {0};

	enter(&visit, name);
	localtime_r(&seconds, &tm);
	snprintf(called, ZONE_SHORT_SIZE, "%s", tm.tm_zone == NULL ? "UTC" : tm.tm_zone);
	leave(&visit);
	/* zones without letters of their own have an offset for a name: "+03" */
	if (called[0] == '+' || called[0] == '-') {
		char offset[ZONE_SHORT_SIZE];
		snprintf(offset, sizeof offset, "UTC%.*s", ZONE_SHORT_SIZE - 4, called);
		memcpy(called, offset, sizeof offset);
	}
	*out = (struct clock_date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, tm.tm_wday};
}

static bool read_number(const char *s, size_t len, int *out)
{
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (s[i] - '0');
	}
	*out = n;
	return true;
}

static bool read_local(const char *s, size_t len, struct tm *tm)
{
	int year, month;

	if (len != ZONE_LOCAL_LEN || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':')
		return false;
	if (!read_number(s, 4, &year) || !read_number(s + 5, 2, &month) ||
	    !read_number(s + 8, 2, &tm->tm_mday) || !read_number(s + 11, 2, &tm->tm_hour) ||
	    !read_number(s + 14, 2, &tm->tm_min))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	return year >= 1970 && year <= 9998 && month >= 1 && month <= 12 && tm->tm_mday >= 1 &&
	       tm->tm_hour <= 23 && tm->tm_min <= 59;
}

static bool same_moment(const struct tm *x, const struct tm *y)
{
	return x->tm_year == y->tm_year && x->tm_mon == y->tm_mon && x->tm_mday == y->tm_mday &&
	       x->tm_hour == y->tm_hour && x->tm_min == y->tm_min;
}

/* Of a time that there is twice, the first.  Which of both mktime takes for summer time depends on
 * the zone (Dublin's winter is its exception), so both are read and looked at again; one that does
 * not come out as it was written does not exist. */
static bool first_of(const struct tm *asked, time_t *out)
{
	bool found = false;

	for (int dst = 0; dst <= 1; dst++) {
		struct tm try = *asked, again = {0};
		time_t seconds;
		try.tm_isdst = dst;
		seconds = mktime(&try);
		if (seconds == (time_t)-1 || localtime_r(&seconds, &again) == NULL ||
		    !same_moment(&again, asked) || (found && seconds >= *out))
			continue;
		*out = seconds;
		found = true;
	}
	return found;
}

bool zone_parse_local(const char *name, const char *text, size_t len, int64_t *ms)
{
	struct tm asked = {0};
	struct visit visit;
	time_t seconds = 0;
	bool found;

	if (!read_local(text, len, &asked))
		return false;
	enter(&visit, name);
	found = first_of(&asked, &seconds);
	leave(&visit);
	if (found)
		*ms = (int64_t)seconds * 1000;
	return found;
}

void zone_format_local(const char *name, int64_t ms, char out[ZONE_LOCAL_LEN + 1])
{
	char called[ZONE_SHORT_SIZE], text[64];
	struct clock_date d;

	zone_split(name, ms, &d, called);
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d", d.year, d.month, d.day, d.hour,
	    d.minute);
	memcpy(out, text, ZONE_LOCAL_LEN);
	out[ZONE_LOCAL_LEN] = '\0';
}
