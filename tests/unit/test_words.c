/* test_words.c - the texts of each language: found by name, filled, counted, and dates in them. */
#include "base.h"
#include "t.h"

#include <sys/wait.h>

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "words_time.h"

static struct arena arena = ARENA_INIT;

static const struct words *in(const char *tag)
{
	return words_find(tag);
}

static void test_languages(void)
{
	static const char *const tags[] = {"de", "en", "es", "fr", "ja"};

	t_case("there are five languages, in the order of their tags");
	t_int(words_languages(), nelem(tags));
	for (size_t i = 0; i < nelem(tags) && i < words_languages(); i++)
		t_str(words_tag(words_at(i)), tags[i]);

	t_case("a language is known by its tag, and by a longer one");
	t_str(words_own_name(in("de")), "Deutsch");
	t_ok(in("de-AT") == in("de"));
	t_ok(in("FR-ca") == in("fr"));
	t_ok(in("d") == NULL && in("deu") == NULL && in("") == NULL && in("it") == NULL);

	t_case("where there is none, English is spoken");
	t_ok(words_for("ja-JP") == in("ja"));
	t_ok(words_for("it") == in("en"));
	t_ok(words_for(NULL) == in("en"));
}

/* The exit status of a program that asks for something. */
static int status_after(void (*ask)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		ask();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void ask_nothing(void)
{
	words_say(in("en"), "page.under_a_minute");
}

static void ask_absent(void)
{
	words_say(in("de"), "page.there_is_none");
}

static void ask_without_value(void)
{
	words_fill(in("en"), &arena, "page.minute.one", NULL);
}

static void ask_without_bar(void)
{
	words_part(in("en"), &arena, "page.under_a_minute", 0);
}

static void test_texts(void)
{
	const struct words_value both[] = {
	    {"less", "{more} & |"}, {"other", "-"}, {"more", "A"}, {NULL, NULL}};

	t_case("values are put in by name, whatever their order, and are not read again");
	t_str(words_fill(in("en"), &arena, "page.two_units", both), "A {more} & |");
	t_str(words_fill(in("ja"), &arena, "page.two_units", both), "A{more} & |");

	t_case("what stands before and behind the bar");
	t_str(words_part(in("en"), &arena, "page.began", 0), "began ");
	t_str(words_part(in("en"), &arena, "page.began", 1), "");
	t_str(words_part(in("ja"), &arena, "page.began", 0), "");
	t_str(words_part(in("ja"), &arena, "page.began", 1), "に開始");

	t_case("a text, a value or a bar that is not there ends the program");
	t_int(status_after(ask_nothing), 0);
	t_int(status_after(ask_absent), 1);
	t_int(status_after(ask_without_value), 1);
	t_int(status_after(ask_without_bar), 1);
}

static void test_plural(void)
{
	static const struct {
		const char *tag;
		int64_t n;
		const char *text;
	} of[] = {
	    {"en", 0, "0 minutes"},
	    {"en", 1, "1 minute"},
	    {"en", 2, "2 minutes"},
	    {"de", 0, "0 Minuten"},
	    {"de", 1, "1 Minute"},
	    {"es", 0, "0 minutos"},
	    {"es", 1, "1 minuto"},
	    {"es", 21, "21 minutos"},
	    {"fr", 0, "0\u00a0minute"},
	    {"fr", 1, "1\u00a0minute"},
	    {"fr", 2, "2\u00a0minutes"},
	    {"ja", 1, "1分"},
	    {"ja", 2, "2分"},
	};

	t_case("a number takes the form that the language's rule asks for");
	for (size_t i = 0; i < nelem(of); i++)
		t_str(words_count(in(of[i].tag), &arena, "page.minute", of[i].n, NULL), of[i].text);
}

static void test_times(void)
{
	const struct clock_date d = {2026, 11, 1, 9, 5, 0, 0};
	const int64_t long_ms = 3 * CLOCK_HOUR + 5 * CLOCK_MINUTE + 59 * CLOCK_SECOND;

	t_case("a duration is its two largest units");
	t_str(words_duration(in("en"), &arena, 0), "less than a minute");
	t_str(words_duration(in("en"), &arena, long_ms), "3 hours 5 minutes");
	t_str(words_duration(in("en"), &arena, CLOCK_DAY + 5 * CLOCK_MINUTE), "1 day");
	t_str(words_duration(in("de"), &arena, long_ms), "3 Stunden 5 Minuten");
	t_str(words_duration(in("fr"), &arena, long_ms), "3\u00a0heures 5\u00a0minutes");
	t_str(words_duration(in("es"), &arena, long_ms), "3 horas y 5 minutos");
	t_str(words_duration(in("ja"), &arena, long_ms), "3時間5分");

	t_case("a moment in the order of each language");
	t_str(words_moment(in("en"), &arena, &d), "1 Nov 2026, 09:05");
	t_str(words_moment(in("de"), &arena, &d), "1. Nov. 2026, 09:05");
	t_str(words_moment(in("fr"), &arena, &d), "1er nov. 2026, 09:05");
	t_str(words_moment(in("es"), &arena, &d), "1 nov 2026, 09:05");
	t_str(words_moment(in("ja"), &arena, &d), "2026年11月1日 09:05");
}

static void test_patterns(void)
{
	static const struct {
		const char *tag, *pattern, *text;
	} of[] = {
	    {"en", "page.date_day", "1 November"},
	    {"de", "page.date_day", "1. November"},
	    {"fr", "page.date_day", "1er novembre"},
	    {"es", "page.date_day", "1 de noviembre"},
	    {"ja", "page.date_day", "11月1日"},
	    {"en", "page.date_heading", "Sunday, 1 November"},
	    {"de", "page.date_heading", "Sonntag, 1. November"},
	    {"fr", "page.date_heading", "dimanche 1er novembre"},
	    {"es", "page.date_heading", "domingo, 1 de noviembre"},
	    {"ja", "page.date_heading", "11月1日（日）"},
	    {"en", "page.date_month", "November 2026"},
	    {"es", "page.date_month", "noviembre de 2026"},
	    {"ja", "page.date_month", "2026年11月"},
	    {"en", "page.date_window", "Sun 1 Nov 09:05"},
	    {"de", "page.date_window", "So 1. Nov. 09:05"},
	    {"fr", "page.date_window", "dim. 1er nov. 09:05"},
	    {"ja", "page.date_window", "11月1日(日) 09:05"},
	};
	const struct clock_date d = {2026, 11, 1, 9, 5, 0, 0};

	t_case("days, months and windows in the order and with the names of each language");
	for (size_t i = 0; i < nelem(of); i++)
		t_str(words_date(in(of[i].tag), &arena, of[i].pattern, &d), of[i].text);
}

static void test_section(void)
{
	struct buf out = BUF_INIT;
	const struct json *doc;
	const char *error = "";

	t_case("a section is handed out whole, as JSON");
	words_section(in("de"), "page", &out);
	t_ok(json_parse(&arena, out.data, out.len, 1, &doc, &error));
	t_str(error, "");
	t_str(json_string(json_get(doc, "hour.one"), NULL), "{n} Stunde");
	t_ok(json_count(doc) > 10);
	buf_release(&out);
}

int main(void)
{
	test_languages();
	test_texts();
	test_plural();
	test_times();
	test_patterns();
	test_section();
	arena_release(&arena);
	return t_end();
}
