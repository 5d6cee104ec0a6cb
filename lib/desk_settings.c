/* desk_settings.c - settings: the way between their pages, and the page's name and time zone. */
#include "base.h"
#include "desk_parts.h"

#include "clock.h"
#include "zone.h"

#define SITE_NAME_MAX 80
#define ZONE_NAME_MAX 64

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

/* ------------------------------------------------------------------ name and time zone */

enum { P_CSRF, P_NAME, P_ZONE, P__MAX };

static const struct form_field site_fields[P__MAX] = {
    [P_CSRF] = DESK_CSRF_FIELD,
    [P_NAME] = {"site_name", "The name", FORM_TEXT, .required = true, .min = 1,
	.max = SITE_NAME_MAX},
    [P_ZONE] = {"time_zone", "The time zone", FORM_TEXT, .required = true, .min = 1,
	.max = ZONE_NAME_MAX},
};

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
	if (form.error_count > 0) {
		draw_site(d, 422, &form);
		return;
	}
	s.site_name = arena_strdup(d->arena, form.values[P_NAME].text);
	s.time_zone = arena_strdup(d->arena, form.values[P_ZONE].text);
	desk_save_settings(d, &s, DESK_SITE);
}
