/* test_audience.c - who is told of what, as a table; and the choices themselves. */
#include "base.h"
#include "t.h"

#include "arena.h"
#include "audience.h"
#include "choice.h"

#define API  "apiapiapiapi"
#define WEB  "webwebwebweb"
#define CORE "corecorecore" /* a group */
#define MAIL "mailmailmail"

#define NOT AUDIENCE_NOT_MUTED
#define RES AUDIENCE_MUTED_UNTIL_RESOLVED
#define END AUDIENCE_MUTED_UNTIL_END

#define NEW  TRIGGER_INCIDENT_NEW
#define UPD  TRIGGER_INCIDENT_UPDATE
#define OVER TRIGGER_INCIDENT_RESOLVED
#define DOWN TRIGGER_COMPONENT_DOWN
#define UP   TRIGGER_COMPONENT_RECOVERED
#define MNT  TRIGGER_MAINTENANCE_STARTING

struct line {
	const char *sentence;
	/* the choices: components, events, minimum, follows, mute */
	struct audience_choice choice;
	/* the notice: trigger, components, highest impact */
	struct audience_notice notice;
	bool told;
};

static const struct line table[] = {
    /* components */
    {"who chose all is told of one component", {NULL, NULL, IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, true},
    {"who chose all is told of an incident without components",
	{NULL, NULL, IMPACT_NONE, false, NOT}, {NEW, "", IMPACT_NONE}, true},
    {"who chose a component is told of it", {API, NULL, IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, true},
    {"who chose another component is not told", {WEB, NULL, IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, false},
    {"one of several chosen components is enough",
	{MAIL " " WEB " " API, NULL, IMPACT_NONE, false, NOT}, {NEW, API, IMPACT_MINOR}, true},
    {"one of several concerned components is enough", {WEB, NULL, IMPACT_NONE, false, NOT},
	{NEW, API " " MAIL " " WEB, IMPACT_MINOR}, true},
    {"lists that do not meet tell nobody", {MAIL " " WEB, NULL, IMPACT_NONE, false, NOT},
	{NEW, API " " CORE, IMPACT_MINOR}, false},
    {"who chose a group is told of its member", {CORE, NULL, IMPACT_NONE, false, NOT},
	{DOWN, API " " CORE, IMPACT_CRITICAL}, true},
    {"who chose a component of another group is not told", {MAIL, NULL, IMPACT_NONE, false, NOT},
	{DOWN, API " " CORE, IMPACT_CRITICAL}, false},
    {"who chose a component is told of an incident that concerns everyone",
	{API, NULL, IMPACT_NONE, false, NOT}, {NEW, "", IMPACT_MAJOR}, true},
    {"who chose nothing is not told of an incident that concerns everyone",
	{"", NULL, IMPACT_NONE, false, NOT}, {NEW, "", IMPACT_CRITICAL}, false},
    {"who chose nothing is not told of a component", {"", NULL, IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_CRITICAL}, false},
    {"the beginning of an id is not the id", {"apiapiapi", NULL, IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, false},
    {"an id that begins with a chosen one is not it", {API, NULL, IMPACT_NONE, false, NOT},
	{NEW, "apiapiapiapix", IMPACT_MINOR}, false},

    /* events */
    {"who chose all events is told of each: update", {NULL, NULL, IMPACT_NONE, false, NOT},
	{UPD, API, IMPACT_MINOR}, true},
    {"who chose all events is told of each: resolved", {NULL, NULL, IMPACT_NONE, false, NOT},
	{OVER, API, IMPACT_MINOR}, true},
    {"who chose all events is told of each: recovered", {NULL, NULL, IMPACT_NONE, false, NOT},
	{UP, API, IMPACT_NONE}, true},
    {"a chosen event is told", {NULL, "incident_new", IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, true},
    {"an event that was not chosen is not told", {NULL, "incident_new", IMPACT_NONE, false, NOT},
	{UPD, API, IMPACT_MINOR}, false},
    {"one of several chosen events is enough",
	{NULL, "incident_new component_down incident_resolved", IMPACT_NONE, false, NOT},
	{DOWN, API, IMPACT_CRITICAL}, true},
    {"the last of several chosen events counts",
	{NULL, "incident_new component_down incident_resolved", IMPACT_NONE, false, NOT},
	{OVER, API, IMPACT_MINOR}, true},
    {"an event beside the chosen ones is not told",
	{NULL, "incident_new component_down incident_resolved", IMPACT_NONE, false, NOT},
	{UP, API, IMPACT_NONE}, false},
    {"event and component must both be right", {WEB, "incident_new", IMPACT_NONE, false, NOT},
	{NEW, API, IMPACT_MINOR}, false},
    {"the right component does not mend the wrong event",
	{API, "incident_new", IMPACT_NONE, false, NOT}, {UPD, API, IMPACT_MINOR}, false},

    /* impact */
    {"an impact below the minimum is not told", {NULL, NULL, IMPACT_MAJOR, false, NOT},
	{NEW, API, IMPACT_MINOR}, false},
    {"the minimum itself is told", {NULL, NULL, IMPACT_MAJOR, false, NOT}, {NEW, API, IMPACT_MAJOR},
	true},
    {"above the minimum is told", {NULL, NULL, IMPACT_MAJOR, false, NOT},
	{NEW, API, IMPACT_CRITICAL}, true},
    {"only critical means only critical", {NULL, NULL, IMPACT_CRITICAL, false, NOT},
	{NEW, API, IMPACT_MAJOR}, false},
    {"who heard of the height hears of the end", {NULL, NULL, IMPACT_CRITICAL, false, NOT},
	{OVER, API, IMPACT_CRITICAL}, true},
    {"an incident without impact is told to who wants all", {NULL, NULL, IMPACT_NONE, false, NOT},
	{NEW, "", IMPACT_NONE}, true},
    {"an incident without impact is not told to who wants minor",
	{NULL, NULL, IMPACT_MINOR, false, NOT}, {NEW, "", IMPACT_NONE}, false},
    {"a maintenance passes every minimum", {NULL, NULL, IMPACT_CRITICAL, false, NOT},
	{MNT, API, IMPACT_MAINTENANCE}, true},
    {"a maintenance of another component does not", {WEB, NULL, IMPACT_CRITICAL, false, NOT},
	{MNT, API, IMPACT_MAINTENANCE}, false},

    /* follow */
    {"who follows only this incident is told of it", {"", NULL, IMPACT_NONE, true, NOT},
	{UPD, API, IMPACT_MINOR}, true},
    {"who follows it is told whatever components they chose", {WEB, NULL, IMPACT_NONE, true, NOT},
	{UPD, API, IMPACT_MINOR}, true},
    {"who follows it is told whatever events they chose",
	{WEB, "component_down", IMPACT_NONE, true, NOT}, {OVER, API, IMPACT_MINOR}, true},
    {"who follows it is told whatever minimum they chose", {NULL, NULL, IMPACT_CRITICAL, true, NOT},
	{UPD, API, IMPACT_MINOR}, true},

    /* mute */
    {"muted to the end: an update is not told", {NULL, NULL, IMPACT_NONE, false, END},
	{UPD, API, IMPACT_CRITICAL}, false},
    {"muted to the end: nor its resolution", {NULL, NULL, IMPACT_NONE, false, END},
	{OVER, API, IMPACT_CRITICAL}, false},
    {"muted until resolved: an update is not told", {NULL, NULL, IMPACT_NONE, false, RES},
	{UPD, API, IMPACT_CRITICAL}, false},
    {"muted until resolved: the resolution is told", {NULL, NULL, IMPACT_NONE, false, RES},
	{OVER, API, IMPACT_CRITICAL}, true},
    {"muted until resolved: the resolution only where the component is right",
	{WEB, NULL, IMPACT_NONE, false, RES}, {OVER, API, IMPACT_CRITICAL}, false},
    {"a maintenance muted until it is over: its steps are not told",
	{NULL, NULL, IMPACT_NONE, false, RES},
	{TRIGGER_MAINTENANCE_OVERRUN, API, IMPACT_MAINTENANCE}, false},
    {"a maintenance muted until it is over: that it is done is told",
	{NULL, NULL, IMPACT_NONE, false, RES},
	{TRIGGER_MAINTENANCE_COMPLETED, API, IMPACT_MAINTENANCE}, true},
    {"a maintenance muted until it is over: that it is called off is told",
	{NULL, NULL, IMPACT_NONE, false, RES},
	{TRIGGER_MAINTENANCE_CANCELLED, API, IMPACT_MAINTENANCE}, true},
    {"a maintenance muted to the end: not even that it is done",
	{NULL, NULL, IMPACT_NONE, false, END},
	{TRIGGER_MAINTENANCE_COMPLETED, API, IMPACT_MAINTENANCE}, false},
    {"a mute is stronger than a follow", {"", NULL, IMPACT_NONE, true, END},
	{UPD, API, IMPACT_CRITICAL}, false},
    {"a mute until resolved is stronger than a follow", {"", NULL, IMPACT_NONE, true, RES},
	{UPD, API, IMPACT_CRITICAL}, false},
    {"a follower who muted until resolved hears of the resolution",
	{"", NULL, IMPACT_NONE, true, RES}, {OVER, API, IMPACT_CRITICAL}, true},
};

static void test_table(void)
{
	for (size_t i = 0; i < nelem(table); i++) {
		t_case(table[i].sentence);
		t_int(audience_passes(&table[i].choice, &table[i].notice), table[i].told);
	}
}

/* Every event alone passes itself and no other: no row of the table above can hide a swapped word.
 */
static void test_each_event(void)
{
	for (int chosen = 0; chosen < TRIGGER__MAX; chosen++)
		for (int told = 0; told < TRIGGER__MAX; told++) {
			struct audience_choice c = {
			    NULL, trigger_word((enum trigger)chosen), IMPACT_NONE, false, NOT};
			struct audience_notice n = {(enum trigger)told, API, IMPACT_CRITICAL};
			t_case("an event passes itself and no other");
			t_int(audience_passes(&c, &n), chosen == told);
		}
}

/* Every minimum against every impact. */
static void test_each_impact(void)
{
	for (int min = 0; min <= IMPACT_CRITICAL; min++)
		for (int impact = 0; impact < IMPACT__MAX; impact++) {
			struct audience_choice c = {NULL, NULL, (enum impact)min, false, NOT};
			struct audience_notice n = {NEW, API, (enum impact)impact};
			t_case("an impact is told from the minimum on");
			t_int(audience_passes(&c, &n), impact >= min);
		}
}

static void test_words(void)
{
	t_case("two lists meet in any common word");
	t_ok(audience_words_meet("a b c", "x c"));
	t_ok(audience_words_meet("c", "c"));
	t_ok(!audience_words_meet("a b", "ab"));
	t_ok(!audience_words_meet("", "a"));
	t_ok(!audience_words_meet("a", ""));
}

/* ------------------------------------------------------------------ choices */

static void test_forms(void)
{
	static const struct {
		bool (*valid)(const char *);
		const char *text;
		bool ok;
	} forms[] = {
	    {choice_lang_valid, "en", true},
	    {choice_lang_valid, "pt-BR", true},
	    {choice_lang_valid, "", false},
	    {choice_lang_valid, "e", false},
	    {choice_lang_valid, "eng", false},
	    {choice_lang_valid, "EN", false},
	    {choice_lang_valid, "pt-br", false},
	    {choice_lang_valid, "pt_BR", false},
	    {choice_lang_valid, "pt-B", false},
	    {choice_lang_valid, "pt-BRA", false},
	    {choice_lang_valid, "en ", false},
	    {choice_time_valid, "00:00", true},
	    {choice_time_valid, "09:59", true},
	    {choice_time_valid, "19:30", true},
	    {choice_time_valid, "23:59", true},
	    {choice_time_valid, "24:00", false},
	    {choice_time_valid, "29:00", false},
	    {choice_time_valid, "7:00", false},
	    {choice_time_valid, "07:60", false},
	    {choice_time_valid, "07:00:00", false},
	    {choice_time_valid, "07-00", false},
	    {choice_time_valid, "", false},
	    {choice_zone_valid, "Europe/Berlin", true},
	    {choice_zone_valid, "America/Argentina/Buenos_Aires", true},
	    {choice_zone_valid, "Etc/GMT+5", true},
	    {choice_zone_valid, "UTC", true},
	    {choice_zone_valid, "", false},
	    {choice_zone_valid, "/Europe/Berlin", false},
	    {choice_zone_valid, "Europe//Berlin", false},
	    {choice_zone_valid, "Europe/", false},
	    {choice_zone_valid, "../../../etc/passwd", false},
	    {choice_zone_valid, "Europe/../Europe/Berlin", false},
	    {choice_zone_valid, "posix/Europe/Berlin", false},
	    {choice_zone_valid, "zone.tab", false},
	    {choice_zone_valid, "Europe/Berlin ", false},
	    {choice_zone_valid,
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	    {choice_event_valid, "incident_new", true},
	    {choice_event_valid, "maintenance_starting", true},
	    {choice_event_valid, "test", false},
	    {choice_event_valid, "incident", false},
	    {choice_event_valid, "", false},
	};

	for (size_t i = 0; i < nelem(forms); i++) {
		t_case(forms[i].text);
		t_int(forms[i].valid(forms[i].text), forms[i].ok);
	}
	if (access("/usr/share/zoneinfo", F_OK) == 0) {
		t_case("a zone must exist where the system knows zones, and be a file of one");
		t_ok(!choice_zone_valid("Europe/Atlantis"));
		t_ok(!choice_zone_valid("Europe"));
	}
}

static void test_merge(void)
{
	struct arena a = ARENA_INIT;
	struct choice c = {.components = API,
	    .events = "incident_new",
	    .min_impact = IMPACT_MAJOR,
	    .lang = "de",
	    .quiet = {"22:00", "07:00", "Europe/Berlin", true}};
	struct choice before = c;
	struct choice_wish nothing = {0}, all = {true, true, true, true, true, choice_default};

	t_case("a wish without members changes nothing");
	choice_merge(&c, &nothing);
	t_ok(choice_equal(&c, &before));
	t_case("a wish with all members changes all");
	choice_merge(&c, &all);
	t_ok(choice_equal(&c, &choice_default));
	t_case("every member makes a difference");
	for (int i = 0; i < 8; i++) {
		struct choice d = before;
		switch (i) {
		case 0:
			d.components = NULL;
			break;
		case 1:
			d.events = "incident_update";
			break;
		case 2:
			d.min_impact = IMPACT_MINOR;
			break;
		case 3:
			d.lang = "fr";
			break;
		case 4:
			d.quiet.from = "21:00";
			break;
		case 5:
			d.quiet.to = "06:00";
			break;
		case 6:
			d.quiet.tz = "UTC";
			break;
		default:
			d.quiet.critical = false;
		}
		t_ok(!choice_equal(&d, &before));
	}
	t_case("a word is in a list once");
	const char *words = choice_add_word(&a, NULL, API);
	words = choice_add_word(&a, words, WEB);
	words = choice_add_word(&a, words, API);
	t_str(words, API " " WEB);
	arena_release(&a);
}

int main(void)
{
	test_table();
	test_each_event();
	test_each_impact();
	test_words();
	test_forms();
	test_merge();
	return t_end();
}
