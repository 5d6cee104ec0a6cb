#include "sink-fail.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 8 };

static struct sink_fail rules[RULES_MAX];
static unsigned count;

static bool parse_kind(const char *word, struct sink_fail *rule)
{
	char *end;

	rule->status = (unsigned)strtoul(word, &end, 10);
	rule->is_lasting = rule->status / 100 == 4 && rule->status != 408 && rule->status != 413 &&
			   rule->status != 425 && rule->status != 429;
	if (*end == '\0' && rule->status >= 300 && rule->status <= 599)
		return true;
	if (strcmp(word, "reset") == 0)
		rule->kind = SINK_FAIL_RESET;
	else if (strcmp(word, "refuse") == 0)
		rule->kind = SINK_FAIL_REFUSE;
	else if (strcmp(word, "kill") == 0)
		rule->kind = SINK_FAIL_KILL;
	return rule->kind != SINK_FAIL_STATUS;
}

static bool parse_rule(const char *text, size_t length)
{
	struct sink_fail rule = {.kind = SINK_FAIL_STATUS};
	const char *slash = memchr(text, '/', length);
	char *end;

	if (count == RULES_MAX || !slash || (size_t)(slash - text) >= sizeof rule.name)
		return false;
	memcpy(rule.name, text, (size_t)(slash - text));
	rule.one_in = (uint32_t)strtoul(slash + 1, &end, 10);
	if (end != text + length || rule.one_in == 0 || !parse_kind(rule.name, &rule))
		return false;
	rules[count++] = rule;
	return true;
}

bool sink_fail_parse(const char *list)
{
	for (;;) {
		size_t length = strcspn(list, ",");

		if (!parse_rule(list, length))
			return false;
		if (list[length] == '\0')
			return true;
		list += length + 1;
	}
}

/* Each rule looks at other bits, so that the rules choose independently. */
const struct sink_fail *sink_fail_meet(uint64_t hash, bool is_first)
{
	for (unsigned i = 0; i < count; i++) {
		struct sink_fail *rule = &rules[i];

		if ((hash >> (4 * i)) % rule->one_in != 0)
			continue;
		if (is_first)
			rule->paths++;
		return is_first || rule->is_lasting ? rule : NULL;
	}
	return NULL;
}

void sink_fail_write(FILE *file)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(
		    file, "failed-%s %llu\n", rules[i].name, (unsigned long long)rules[i].paths);
}
