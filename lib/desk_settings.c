/* desk_settings.c - settings: the way between their pages, and the page's name, time zone and language. */
#include "base.h"
#include "desk_parts.h"

#include "clock.h"
#include "words.h"
#include "zone.h"

#define SITE_NAME_MAX 80
#define ZONE_NAME_MAX 64
#define TAG_MAX	      8

/* ------------------------------------------------------------------ the three pages */

static const struct {
	const char *word;
	enum desk_route route;
} tabs[] = {
    {"Notifications", DESK_NOTIFICATIONS},
    {"Page", DESK_SITE},
    {"Account", DESK_ACCOUNT},
};

void desk_add_tabs(struct desk *d, struct tv *t, enum desk_route here)
{
	for (size_t i = 0; i < nelem(tabs); i++) {
		struct tv *tab = tv_add(t, "tab");
		tv_set(tab, "url", desk_path(d->arena, tabs[i].route, NULL));
		tv_set(tab, "word", tabs[i].word);
		desk_set_flag(tab, "current", " aria-current=\"page\"", tabs[i].route == here);
	}
}

void desk_show_settings(struct desk *d)
{
	web_redirect(d->web, 303, desk_path(d->arena, DESK_NOTIFICATIONS, NULL));
}

void desk_save_settings(struct desk *d, const struct settings *s, enum desk_route page)
{
	int rc;

	if (!desk_begin(d))
		return;
	rc = settings_save(d->db, d->arena, s, d->user.name);
	if (rc < 0) {
		desk_refuse(d, rc, NULL);
		return;
	}
	d->app->content_changed = rc == 1;
	desk_done(d, desk_path_done(d, page, NULL, "saved"));
}

/* ------------------------------------------------------------------ name, time zone, language */

enum { P_CSRF, P_NAME, P_ZONE, P_LANG, P__MAX };

static const struct form_field site_fields[P__MAX] = {
    [P_CSRF] = DESK_CSRF_FIELD,
    [P_NAME] = {"site_name", "The name", FORM_TEXT, .required = true, .min = 1,
	.max = SITE_NAME_MAX},
    [P_ZONE] = {"time_zone", "The time zone", FORM_TEXT, .required = true, .min = 1,
	.max = ZONE_NAME_MAX},
    [P_LANG] = {"page_lang", "The language", FORM_TEXT, .max = TAG_MAX},
};

static void add_languages(struct tv *t, const char *chosen)
{
	for (size_t i = 0; i < words_languages(); i++) {
		const char *tag = words_tag(words_at(i));
		struct tv *option = tv_add(t, "language");
		tv_set(option, "tag", tag);
		tv_set(option, "own_name", words_own_name(words_at(i)));
		desk_set_flag(option, "selected", " selected", strcmp(tag, chosen) == 0);
	}
}

static void draw_site(struct desk *d, int status, const struct form *form)
{
	struct tv *t = tv_new(d->arena);

	desk_say_errors(d, form);
	desk_add_tabs(d, t, DESK_SITE);
	desk_set_form(d, t, DESK_SITE_SAVE, NULL);
	tv_set(t, "address", d->app->conf.site_url == NULL ? "" : d->app->conf.site_url);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[P_NAME], "site_name",
	    d->settings.site_name, true);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[P_ZONE], "time_zone",
	    d->settings.time_zone, true);
	desk_set_field(t, form, form == NULL ? NULL : &form->values[P_LANG], "page_lang",
	    d->settings.page_lang, true);
	add_languages(t, d->settings.page_lang);
	tv_set(t, "now", desk_time_text_short(d, clock_now_ms()));
	desk_set_flag(t, "locked", " disabled", !desk_may(d, DESK_SITE_SAVE));
	if (desk_may(d, DESK_SITE_SAVE))
		tv_add(t, "save");
	desk_draw(d, status, DESK_NAV_SETTINGS, "Page", DESK_SITE_PAGE, t);
}

void desk_show_site(struct desk *d)
{
	draw_site(d, 200, NULL);
}

/* A form that leaves the language out changes nothing of it. */
static bool has_lang(const struct form *form)
{
	return form->values[P_LANG].ok && form->values[P_LANG].text != NULL &&
	       *form->values[P_LANG].text != '\0';
}

void desk_save_site(struct desk *d)
{
	struct settings s = d->settings;
	struct form form;

	if (!desk_read_form(d, site_fields, P__MAX, draw_site, &form))
		return;
	if (form.values[P_ZONE].ok && !zone_is_known(form.values[P_ZONE].text))
		form_add_error(d->arena, &form, "time_zone",
		    "There is no time zone of this name: choose one of the list, such as "
		    "Europe/Berlin or America/New_York.");
	if (has_lang(&form) && words_find(form.values[P_LANG].text) == NULL)
		form_add_error(d->arena, &form, "page_lang",
		    "The page is not written in this language: choose one of the list.");
	if (form.error_count > 0) {
		draw_site(d, 422, &form);
		return;
	}
	if (has_lang(&form))
		s.page_lang =
		    arena_strdup(d->arena, words_tag(words_find(form.values[P_LANG].text)));
	s.site_name = arena_strdup(d->arena, form.values[P_NAME].text);
	s.time_zone = arena_strdup(d->arena, form.values[P_ZONE].text);
	desk_save_settings(d, &s, DESK_SITE);
}
