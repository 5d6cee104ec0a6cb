/* desk_notifications.c - settings: what subscribers are told of, and whether everything is in order
 * for it. */
#include "base.h"
#include "desk_parts.h"
#include "subscription.h"

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

#define KEY_SHOWN 12 /* enough of a public key to tell it from another one */

static void check_keys(struct desk *d, struct tv *t)
{
	const char *problem = d->app->conf.vapid_problem, *verdict = d->settings.vapid_verdict;

	if (problem == NULL && d->app->conf.vapid_public_key == NULL)
		problem = "VAPID_PUBLIC_KEY is not set.";
	if (problem != NULL)
		add_check(t, bad, "Keys", problem,
		    "Run “atstatus keys”, which makes a pair where there is none.");
	else if (strcmp(verdict, "ok") == 0)
		add_check(t, good, "Keys",
		    arena_printf(d->arena,
			"The pair of keys is complete and fits together; in use is %.*s….",
			KEY_SHOWN, d->app->conf.vapid_public_key),
		    NULL);
	else if (*verdict == '\0')
		add_check(t, look, "Keys",
		    "The keys look right; the sender has not checked them yet.",
		    "It does so when it first runs: publish something, or wait for its timer.");
	else
		add_check(t, bad, "Keys", verdict,
		    "Until this is mended in the configuration file, no notification leaves.");
}

/* "3 of 120 browsers have" */
static const char *browsers_have(struct desk *d, int64_t n, int64_t all)
{
	return arena_printf(d->arena, "%s of %s %s", desk_number(d->arena, n),
	    desk_count(d->arena, all, "browser", "browsers"), n == 1 ? "has" : "have");
}

/* The keys of before, while anybody needs them. */
static int check_older_keys(struct desk *d, struct tv *t, int64_t all)
{
	const char *previous = d->app->conf.vapid_previous_public_key;
	struct subscription_keys keys;
	struct subscription_key_counts n;

	subscription_keys_take(&d->app->conf, &keys);
	if (subscription_count_keys(d->db, &keys, &n) < 0)
		return -1;
	if (previous != NULL && n.previous > 0)
		add_check(t, good, "Keys before",
		    arena_printf(d->arena,
			"%s the pair before, %.*s…; each changes over by itself when it visits the "
			"page.",
			browsers_have(d, n.previous, all), KEY_SHOWN, previous),
		    NULL);
	else if (previous != NULL)
		add_check(t, look, "Keys before", "No browser has the pair before any more.",
		    "“atstatus keys --retire” removes it from the configuration.");
	if (n.others > 0)
		add_check(t, look, "Keys before",
		    arena_printf(d->arena,
			"%s keys that are not in the configuration, and cannot be told anything.",
			browsers_have(d, n.others, all)),
		    "Each changes over when it visits the page. If the keys were changed by "
		    "mistake, name the old "
		    "pair as VAPID_PREVIOUS_PUBLIC_KEY and VAPID_PREVIOUS_PRIVATE_KEY.");
	return 1;
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
	"With every update that is published, also when an incident is opened again, and of a "
	"maintenance."},
    [TRIGGER_INCIDENT_RESOLVED] = {"Incident resolved", "When an incident ends."},
    [TRIGGER_COMPONENT_DOWN] = {"Component down",
	"When a component goes into partial or major outage; once per outage."},
    [TRIGGER_COMPONENT_RECOVERED] = {"Component recovered",
	"When a component is operational again after an outage."},
    [TRIGGER_MAINTENANCE_STARTING] = {"Maintenance starting",
	"When a scheduled maintenance begins; once."},
    [TRIGGER_MAINTENANCE_SCHEDULED] = {"Maintenance scheduled",
	"When a maintenance is planned and published."},
    [TRIGGER_MAINTENANCE_REMINDER] = {"Maintenance reminder",
	"Before a maintenance begins, at the times that were chosen for it."},
    [TRIGGER_MAINTENANCE_OVERRUN] = {"Maintenance takes longer",
	"When a maintenance is not finished at its planned end; once."},
    [TRIGGER_MAINTENANCE_COMPLETED] = {"Maintenance completed", "When a maintenance is finished."},
    [TRIGGER_MAINTENANCE_RESCHEDULED] = {"Maintenance rescheduled",
	"When the beginning or the end of a maintenance is moved."},
    [TRIGGER_MAINTENANCE_CANCELLED] = {"Maintenance cancelled",
	"When a maintenance is called off."},
};
static_assert(nelem(trigger_text) == TRIGGER__MAX, "a text for each");

enum { N_CSRF, N_ENABLED, N_TRIGGERS, N__MAX = N_TRIGGERS + TRIGGER__MAX };

/* Named as the settings are: push_enabled, and the triggers by their words. */
#define TRIGGER_FIELD(trigger, word)                                                               \
	[N_TRIGGERS + (trigger)] = {word, "The tick", FORM_BOOL, .required = false}
static const struct form_field notification_fields[] = {
    [N_CSRF] = DESK_CSRF_FIELD,
    [N_ENABLED] = {"push_enabled", "Notifications", FORM_BOOL, .required = false},
    TRIGGER_FIELD(TRIGGER_INCIDENT_NEW, "incident_new"),
    TRIGGER_FIELD(TRIGGER_INCIDENT_UPDATE, "incident_update"),
    TRIGGER_FIELD(TRIGGER_INCIDENT_RESOLVED, "incident_resolved"),
    TRIGGER_FIELD(TRIGGER_COMPONENT_DOWN, "component_down"),
    TRIGGER_FIELD(TRIGGER_COMPONENT_RECOVERED, "component_recovered"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_STARTING, "maintenance_starting"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_SCHEDULED, "maintenance_scheduled"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_REMINDER, "maintenance_reminder"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_OVERRUN, "maintenance_overrun"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_COMPLETED, "maintenance_completed"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_RESCHEDULED, "maintenance_rescheduled"),
    TRIGGER_FIELD(TRIGGER_MAINTENANCE_CANCELLED, "maintenance_cancelled"),
};
static_assert(nelem(notification_fields) == N__MAX, "a field for each");

static const char *const subject_word[] = {"Incidents", "Components", "Maintenance"};

static int subject_of(enum trigger trigger)
{
	if (trigger <= TRIGGER_INCIDENT_RESOLVED)
		return 0;
	return trigger <= TRIGGER_COMPONENT_RECOVERED ? 1 : 2;
}

static void add_trigger(struct tv *t, const struct settings *s, enum trigger trigger)
{
	struct tv *x = tv_add(t, "trigger");

	tv_set(x, "word", trigger_word(trigger));
	tv_set(x, "label", trigger_text[trigger].label);
	tv_printf(x, "meaning", "%s %s", trigger_text[trigger].meaning,
	    settings_trigger_default(trigger) ? "On unless you change it."
					      : "Off unless you change it.");
	desk_set_flag(x, "checked", " checked", s->trigger[trigger]);
}

static void add_triggers(struct tv *t, const struct settings *s)
{
	for (size_t k = 0; k < nelem(subject_word); k++) {
		struct tv *subject = tv_add(t, "subject");
		tv_set(subject, "name", subject_word[k]);
		for (int i = 0; i < TRIGGER__MAX; i++)
			if (subject_of((enum trigger)i) == (int)k)
				add_trigger(subject, s, (enum trigger)i);
	}
}

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
	if (check_older_keys(d, t, n) < 0) {
		desk_broken(d);
		return;
	}
	check_subject(d, t);
	check_https(d, t);
	check_hosts(d, t);
	tv_printf(t, "subscribers", "%s subscribed.",
	    n == 1 ? "1 browser is"
		   : arena_printf(d->arena, "%s browsers are", desk_number(d->arena, n)));
	desk_set_form(d, t, DESK_NOTIFICATIONS_SAVE, NULL);
	desk_set_flag(t, "enabled", " checked", s->push_enabled);
	desk_set_flag(t, "locked", " disabled", !may);
	add_triggers(t, s);
	if (may)
		tv_add(t, "save");
	desk_draw(d, status, DESK_NAV_SETTINGS, "Notifications", DESK_NOTIFICATIONS_PAGE, t);
}

void desk_show_notifications(struct desk *d)
{
	draw_notifications(d, 200, &d->settings);
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
	desk_save_settings(d, &s, DESK_NOTIFICATIONS);
}
