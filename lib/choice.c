/* choice.c - see choice.h. */
#include "base.h"
#include "choice.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "arena.h"

#define ZONES	      "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 64

const struct choice choice_default = {.min_impact = IMPACT_NONE, .lang = "en"};
const struct choice choice_follow = {.components = "", .min_impact = IMPACT_NONE, .lang = "en"};

void choice_merge(struct choice *choice, const struct choice_wish *wish)
{
	if (wish->components)
		choice->components = wish->value.components;
	if (wish->events)
		choice->events = wish->value.events;
	if (wish->min_impact)
		choice->min_impact = wish->value.min_impact;
	if (wish->lang)
		choice->lang = wish->value.lang;
	if (wish->quiet)
		choice->quiet = wish->value.quiet;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool choice_equal(const struct choice *a, const struct choice *b)
{
	return same(a->components, b->components) && same(a->events, b->events) &&
	       a->min_impact == b->min_impact && same(a->lang, b->lang) &&
	       same(a->quiet.from, b->quiet.from) && same(a->quiet.to, b->quiet.to) &&
	       same(a->quiet.tz, b->quiet.tz) && a->quiet.critical == b->quiet.critical;
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; *p != '\0';) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, word, len) == 0)
			return true;
		p += n + (p[n] == ' ');
	}
	return false;
}

const char *choice_add_word(struct arena *a, const char *words, const char *word)
{
	if (words == NULL || *words == '\0')
		return arena_strdup(a, word);
	if (has_word(words, word))
		return words;
	return arena_printf(a, "%s %s", words, word);
}

bool choice_event_valid(const char *word)
{
	int t = trigger_from_word(word);

	return t >= 0 && t < TRIGGER__MAX;
}

static bool letter(char c, char first)
{
	return c >= first && c <= first + 25;
}

bool choice_lang_valid(const char *lang)
{
	if (!letter(lang[0], 'a') || !letter(lang[1], 'a'))
		return false;
	if (lang[2] == '\0')
		return true;
	return lang[2] == '-' && letter(lang[3], 'A') && letter(lang[4], 'A') && lang[5] == '\0';
}

static bool digit(char c, char last)
{
	return c >= '0' && c <= last;
}

bool choice_time_valid(const char *t)
{
	return strlen(t) == 5 && digit(t[0], '2') && digit(t[1], t[0] == '2' ? '3' : '9') &&
	       t[2] == ':' && digit(t[3], '5') && digit(t[4], '9');
}

/* "Area/Place": no dot is a character of it, so a name can never leave its folder; the lower-case
 * names there are no zones but other forms of the same data. */
static bool zone_form_valid(const char *zone)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_+-/";
	size_t len = strlen(zone);

	return len > 0 && len <= ZONE_NAME_MAX && strspn(zone, set) == len &&
	       letter(zone[0], 'A') && zone[len - 1] != '/' && strstr(zone, "//") == NULL;
}

bool choice_zone_valid(const char *zone)
{
	static const char magic[4] = "TZif"; /* RFC 8536 §3.1 */
	char path[sizeof ZONES + 1 + ZONE_NAME_MAX], head[sizeof magic];
	struct stat st;

	if (!zone_form_valid(zone))
		return false;
	if (stat(ZONES, &st) != 0)
		return true;
	snprintf(path, sizeof path, "%s/%s", ZONES, zone);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool ok = read(fd, head, sizeof head) == (ssize_t)sizeof head &&
		  memcmp(head, magic, sizeof magic) == 0;
	close(fd);
	return ok;
}
