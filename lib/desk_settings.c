/* desk_settings.c - settings: notifications with their triggers and health, and the page's name. */
#include "base.h"
#include "desk_parts.h"

#define SITE_NAME_MAX 80

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

/* ------------------------------------------------------------------ is everything in order? */

static void add_check(
    struct tv *t, const char *state, const char *what, const char *sentence, const char *mend)
{
	struct tv *c = tv_add(t, "check");

	tv_set(c, "state", state);
	tv_set(c, "what", what);
	tv_set(c, "sentence", sentence);
	if (mend != NULL)
		tv_set(tv_add(c, "mend"), "text", mend);
}

static const char good[] = "operational", look[] = "degraded_performance", bad[] = "major_outage";

static void check_keys(struct desk *d, struct tv *t)
{
	const char *problem = d->app->conf.vapid_problem, *verdict = d->settings.vapid_verdict;

	if (problem == NULL && d->app->conf.vapid_public_key == NULL)
		problem = "VAPID_PUBLIC_KEY is not set.";
	if (problem != NULL)
		add_check(t, bad, "Keys", problem,
		    "Run “atstatus keys”, which makes a pair where there is none, and start the "
		    "programs again.");
	else if (strcmp(verdict, "ok") == 0)
		add_check(t, good, "Keys", "The pair of keys is complete and fits together.", NULL);
	else if (*verdict == '\0')
		add_check(t, look, "Keys",
		    "The keys look right; the sender has not checked them yet.",
		    "It does so when it first runs: publish something, or wait for its timer.");
	else
		add_check(t, bad, "Keys", verdict,
		    "Until this is mended in the configuration file, no notification leaves.");
}

static void check_subject(struct desk *d, struct tv *t)
{
	if (d->app->conf.vapid_subject_is_placeholder)
		add_check(t, look, "Contact",
		    "Push services are given a placeholder as the address of whoever runs this "
		    "page.",
		    "Set VAPID_SUBJECT=mailto:you@your-domain in the configuration file: some "
		    "services refuse a placeholder, and none can warn you.");
	else
		add_check(t, good, "Contact",
		    arena_printf(d->arena, "Push services can reach you at %s.",
			d->app->conf.vapid_subject == NULL ? "" : d->app->conf.vapid_subject),
		    NULL);
}

static void check_https(struct desk *d, struct tv *t)
{
	const struct conf *conf = &d->app->conf;

	if (conf->site_is_https)
		add_check(t, good, "HTTPS", "The page is served over HTTPS.", NULL);
	else if (conf_is_secure(conf))
		add_check(t, look, "HTTPS",
		    arena_printf(d->arena,
			"The page is at %s: notifications work in browsers on this very machine.",
			conf->site_url),
		    "For everybody else, put it behind HTTPS and set SITE_URL to that address.");
	else
		add_check(t, bad, "HTTPS",
		    arena_printf(d->arena, "The page is at %s, without HTTPS.",
			conf->site_url == NULL ? "an unknown address" : conf->site_url),
		    "Browsers offer notifications on secure pages only: put it behind HTTPS and "
		    "set "
		    "SITE_URL to that address.");
}

static void check_hosts(struct desk *d, struct tv *t)
{
	const struct conf *conf = &d->app->conf;
	char *hosts = arena_strdup(d->arena, "");

	for (size_t i = 0; i < conf->push_extra_hosts_count; i++)
		hosts = arena_printf(d->arena, "%s%s%s:%u", hosts, i == 0 ? "" : ", ",
		    conf->push_extra_hosts[i].host, (unsigned)conf->push_extra_hosts[i].port);
	if (conf->push_any_host)
		add_check(t, look, "Push services",
		    "PUSH_EXTRA_HOSTS has “*”: this server sends to any public host that a visitor "
		    "names.",
		    "Remove it unless you mean it; the services of all common browsers are built "
		    "in.");
	if (conf->push_extra_hosts_count > 0)
		add_check(t, look, "Push services",
		    arena_printf(
			d->arena, "PUSH_EXTRA_HOSTS allows, without any other rule: %s.", hosts),
		    "Keep only what is a push service of yours.");
	for (size_t i = 0; i < conf->push_connect_to_count; i++)
		add_check(t, look, "Push services",
		    arena_printf(d->arena, "PUSH_CONNECT_TO leads notifications elsewhere: %s.",
			conf->push_connect_to[i].text),
		    "It is meant for trying things out; remove it unless you mean it.");
}

/* ------------------------------------------------------------------ notifications */

static const struct {
	const char *label, *meaning;
} trigger_text[] = {
    [TRIGGER_INCIDENT_NEW] = {"New incident", "When an incident is opened."},
    [TRIGGER_INCIDENT_UPDATE] = {"Incident update",
	"With every update that is published, also when an incident is opened again."},
    [TRIGGER_INCIDENT_RESOLVED] = {"Incident resolved", "When an incident ends."},
    [TRIGGER_COMPONENT_DOWN] = {"Component down",
	"When a component goes into partial or major outage; once per outage."},
    [TRIGGER_COMPONENT_RECOVERED] = {"Component recovered",
	"When a component is operational again after an outage."},
    [TRIGGER_MAINTENANCE_STARTING] = {"Maintenance starting",
	"When a scheduled maintenance begins; once."},
};
static_assert(nelem(trigger_text) == TRIGGER__MAX, "a text for each");

enum { N_CSRF, N_ENABLED, N_TRIGGERS, N__MAX = N_TRIGGERS + TRIGGER__MAX };

/* Named as the settings are: push_enabled, and the triggers by their words. */
static const struct form_field notification_fields[N__MAX] = {
    [N_CSRF] = DESK_CSRF_FIELD,
    [N_ENABLED] = {"push_enabled", "Notifications", FORM_BOOL, .required = false},
    [N_TRIGGERS +
	TRIGGER_INCIDENT_NEW] = {"incident_new", "New incident", FORM_BOOL, .required = false},
    [N_TRIGGERS + TRIGGER_INCIDENT_UPDATE] = {"incident_update", "Incident update", FORM_BOOL,
	.required = false},
    [N_TRIGGERS + TRIGGER_INCIDENT_RESOLVED] = {"incident_resolved", "Resolved", FORM_BOOL,
	.required = false},
    [N_TRIGGERS + TRIGGER_COMPONENT_DOWN] = {"component_down", "Component down", FORM_BOOL,
	.required = false},
    [N_TRIGGERS + TRIGGER_COMPONENT_RECOVERED] = {"component_recovered", "Recovered", FORM_BOOL,
	.required = false},
    [N_TRIGGERS + TRIGGER_MAINTENANCE_STARTING] = {"maintenance_starting", "Maintenance", FORM_BOOL,
	.required = false},
};

static void draw_notifications(struct desk *d, int status, const struct settings *s)
{
	struct tv *t = tv_new(d->arena);
	bool may = desk_may(d, DESK_NOTIFICATIONS_SAVE);
	int64_t n;

	if (desk_count_browsers(d, &n) != 1) {
		desk_broken(d);
		return;
	}
	desk_add_tabs(d, t, DESK_NOTIFICATIONS);
	check_keys(d, t);
	check_subject(d, t);
	check_https(d, t);
	check_hosts(d, t);
	tv_printf(t, "subscribers", "%s subscribed.",
	    n == 1 ? "1 browser is"
		   : arena_printf(d->arena, "%s browsers are", desk_number(d->arena, n)));
	desk_set_form(d, t, DESK_NOTIFICATIONS_SAVE, NULL);
	desk_set_flag(t, "enabled", " checked", s->push_enabled);
	desk_set_flag(t, "locked", " disabled", !may);
	for (int i = 0; i < TRIGGER__MAX; i++) {
		struct tv *x = tv_add(t, "trigger");
		tv_set(x, "word", trigger_word((enum trigger)i));
		tv_set(x, "label", trigger_text[i].label);
		tv_printf(x, "meaning", "%s %s", trigger_text[i].meaning,
		    settings_trigger_default((enum trigger)i) ? "On unless you change it."
							      : "Off unless you change it.");
		desk_set_flag(x, "checked", " checked", s->trigger[i]);
	}
	if (may)
		tv_add(t, "save");
	desk_draw(d, status, DESK_NAV_SETTINGS, "Notifications", DESK_NOTIFICATIONS_PAGE, t);
}

void desk_show_notifications(struct desk *d)
{
	draw_notifications(d, 200, &d->settings);
}

/* Stores the settings and goes back to their page. */
static void save(struct desk *d, const struct settings *s, enum desk_route page)
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

static void take_notifications(const struct form *form, struct settings *s)
{
	s->push_enabled = form->values[N_ENABLED].truth;
	for (int i = 0; i < TRIGGER__MAX; i++)
		s->trigger[i] = form->values[N_TRIGGERS + i].truth;
}

static void redraw_notifications(struct desk *d, int status, const struct form *form)
{
	struct settings s = d->settings;

	take_notifications(form, &s);
	desk_say_errors(d, form);
	draw_notifications(d, status, &s);
}

void desk_save_notifications(struct desk *d)
{
	struct settings s = d->settings;
	struct form form;

	if (!desk_read_form(d, notification_fields, N__MAX, redraw_notifications, &form))
		return;
	if (form.error_count > 0) {
		redraw_notifications(d, 422, &form);
		return;
	}
	take_notifications(&form, &s);
	save(d, &s, DESK_NOTIFICATIONS);
}

/* ------------------------------------------------------------------ the page's name */

enum { P_CSRF, P_NAME, P__MAX };

static const struct form_field site_fields[P__MAX] = {
    [P_CSRF] = DESK_CSRF_FIELD,
    [P_NAME] = {"site_name", "The name", FORM_TEXT, .required = true, .min = 1,
	.max = SITE_NAME_MAX},
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
	if (form.error_count > 0) {
		draw_site(d, 422, &form);
		return;
	}
	s.site_name = arena_strdup(d->arena, form.values[P_NAME].text);
	save(d, &s, DESK_SITE);
}
