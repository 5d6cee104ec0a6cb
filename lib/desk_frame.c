/* desk_frame.c - drawing: templates, the frame around a page, messages, fields. */
#include "base.h"
#include "desk_parts.h"

#include "alarm.h"
#include "asset.h"
#include "buf.h"
#include "clock.h"
#include "log.h"
#include "view.h"
#include "zone.h"

static const char *const template_file[] = {
    [DESK_FRAME] = "admin_frame.html.in",
    [DESK_ALONE] = "admin_alone.html.in",
    [DESK_SHAPES] = "shapes.html.in",
    [DESK_ERROR_PAGE] = "admin_error.html.in",
    [DESK_SIGN_IN_PAGE] = "admin_sign_in.html.in",
    [DESK_OVERVIEW_PAGE] = "admin_overview.html.in",
    [DESK_INCIDENT_FORM_PAGE] = "admin_incident_new.html.in",
    [DESK_INCIDENT_PAGE] = "admin_incident.html.in",
    [DESK_UPDATE_PAGE] = "admin_update.html.in",
    [DESK_MAINTENANCES_PAGE] = "admin_maintenances.html.in",
    [DESK_MAINTENANCE_FORM_PAGE] = "admin_maintenance_new.html.in",
    [DESK_MAINTENANCE_PAGE] = "admin_maintenance.html.in",
    [DESK_WINDOW_PART] = "admin_window.html.in",
    [DESK_PLANNING_PART] = "admin_planning.html.in",
    [DESK_STATUSES_PART] = "admin_statuses.html.in",
    [DESK_LEDGER_PART] = "admin_ledger.html.in",
    [DESK_PREVIEW_PART] = "admin_preview.html.in",
    [DESK_DELETE_PAGE] = "admin_delete.html.in",
    [DESK_COMPONENTS_PAGE] = "admin_components.html.in",
    [DESK_COMPONENT_PAGE] = "admin_component.html.in",
    [DESK_NOTIFICATIONS_PAGE] = "admin_notifications.html.in",
    [DESK_SITE_PAGE] = "admin_site.html.in",
    [DESK_ACCOUNT_PAGE] = "admin_account.html.in",
};
static_assert(nelem(template_file) == DESK_TEMPLATE__MAX, "a file for each");

static struct template *templates[DESK_TEMPLATE__MAX];

void desk_open_templates(void)
{
	struct buf error = BUF_INIT;

	for (int i = 0; i < DESK_TEMPLATE__MAX; i++) {
		const struct asset *asset = asset_get(template_file[i]);
		if (asset == NULL)
			log_die("DESK-02", "the template %s is not built in", template_file[i]);
		templates[i] =
		    template_parse(asset->name, (const char *)asset->data, asset->len, &error);
		if (templates[i] == NULL)
			log_die("DESK-03", "%s", error.data);
	}
}

int desk_render(enum desk_template which, const struct tv *values, struct buf *out)
{
	return template_render(templates[which], values, out);
}

int desk_set_part(
    struct tv *values, const char *name, enum desk_template which, const struct tv *part)
{
	struct buf html = BUF_INIT;
	int rc = desk_render(which, part, &html);

	tv_set_html(values, name, html.data, html.len);
	buf_release(&html);
	return rc;
}

/* ------------------------------------------------------------------ values */

void desk_set_flag(struct tv *t, const char *name, const char *attribute, bool on)
{
	tv_set_html(t, name, attribute, on ? strlen(attribute) : 0);
}

void desk_set_state(struct tv *t, const struct form *form, const char *field, bool hint)
{
	const char *sentence = form == NULL ? NULL : form_error_of(form, field);
	char attributes[200], name[64];

	attributes[0] = '\0';
	if (sentence != NULL)
		snprintf(attributes, sizeof attributes,
		    " aria-invalid=\"true\" aria-describedby=\"%s%s%s-wrong\"", hint ? field : "",
		    hint ? "-hint " : "", field);
	else if (hint)
		snprintf(attributes, sizeof attributes, " aria-describedby=\"%s-hint\"", field);
	snprintf(name, sizeof name, "%s_state", field);
	/* field names are constants of ours */
	tv_set_html(t, name, attributes, strlen(attributes));
	if (sentence == NULL)
		return;
	snprintf(name, sizeof name, "%s_wrong", field);
	tv_set(tv_add(t, name), "sentence", sentence);
}

void desk_set_field(struct tv *t, const struct form *form, const struct form_value *v,
    const char *field, const char *value, bool hint)
{
	tv_set(t, field, form != NULL && v != NULL ? v->text : value);
	desk_set_state(t, form, field, hint);
}

char *desk_time_text(struct desk *d, int64_t ms)
{
	char zone[ZONE_SHORT_SIZE];
	struct clock_date at;

	zone_split(d->settings.time_zone, ms, &at, zone);
	return arena_printf(d->arena, "%d %s %d, %02d:%02d %s", at.day,
	    clock_month_short[at.month - 1], at.year, at.hour, at.minute, zone);
}

char *desk_time_text_short(struct desk *d, int64_t ms)
{
	char zone[ZONE_SHORT_SIZE];
	struct clock_date at, now;

	zone_split(d->settings.time_zone, clock_now_ms(), &now, zone);
	zone_split(d->settings.time_zone, ms, &at, zone);
	if (at.year != now.year || at.month != now.month || at.day != now.day)
		return desk_time_text(d, ms);
	return arena_printf(d->arena, "%02d:%02d %s", at.hour, at.minute, zone);
}

void desk_set_time(struct desk *d, struct tv *t, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_LEN + 1];

	clock_format_iso(ms, iso);
	tv_set(t, name, iso);
	tv_set(t, arena_printf(d->arena, "%s_text", name), desk_time_text(d, ms));
}

char *desk_number(struct arena *a, int64_t n)
{
	char *out = arena_printf(a, "%" PRId64, n % 1000);

	for (n /= 1000; n > 0; n /= 1000) {
		char *padded = arena_printf(a, "000%s", out);
		size_t digits = strcspn(out, ",");
		out = arena_printf(a, "%" PRId64 ",%s", n % 1000, padded + digits);
	}
	return out;
}

char *desk_count(struct arena *a, int64_t n, const char *one, const char *many)
{
	return arena_printf(a, "%s %s", desk_number(a, n), n == 1 ? one : many);
}

int desk_count_browsers(struct desk *d, int64_t *out)
{
	return db_one_int(db_stmt(d->db, SQL_SUBSCRIPTION_COUNT_ALIVE), out);
}

/* ------------------------------------------------------------------ messages */

/* What a 303 led to says by ?done=WORD; the words are ours, the sentences stand here.  publishes: it
 * could have told people of something. */
static const struct {
	const char *word, *sentence;
	bool publishes;
} done_sentences[] = {
    {"published", "The incident is on the page.", true},
    {"updated", "The update is on the page.", true},
    {"resolved", "The incident is resolved.", true},
    {"reopened", "The incident is open again.", true},
    {"postmortem", "The postmortem is on the page.", true},
    {"edited", "Changed, without telling anybody.", false},
    {"scheduled", "The maintenance is planned and on the page.", true},
    {"started", "The maintenance has begun.", true},
    {"completed", "The maintenance is completed.", true},
    {"cancelled", "The maintenance is cancelled.", true},
    {"rescheduled", "The new times are on the page.", true},
    {"update_edited", "The update is changed, and the page says that it was. Nobody was told.",
	false},
    {"maintenance_deleted", "The maintenance and its page are gone.", false},
    {"incident_deleted", "The incident and its page are gone.", false},
    {"stopped", "No further notification of this one is sent.", false},
    {"retried", "It is sent again to those whom it had missed.", false},
    {"added", "Added to the page.", false},
    {"saved", "Saved.", false},
    {"status", "The status is set and on the page.", false},
    {"moved", "The order is changed.", false},
    {"component_deleted", "Deleted.", false},
    {"password", "Your password is changed, and you are signed out everywhere else.", false},
};

void desk_say(struct desk *d, const char *state, const char *sentence)
{
	d->say_state = state;
	d->say_sentence = sentence;
}

static const char *done_word(const struct desk *d)
{
	return d->web->method == WEB_POST ? NULL : web_query(d->web, "done");
}

bool desk_has_published(const struct desk *d)
{
	const char *done = done_word(d);

	for (size_t i = 0; done != NULL && i < nelem(done_sentences); i++)
		if (strcmp(done_sentences[i].word, done) == 0)
			return done_sentences[i].publishes;
	return false;
}

void desk_say_errors(struct desk *d, const struct form *form)
{
	if (d->say_state != NULL || form == NULL || form->error_count == 0)
		return;
	desk_say(d, "major_outage", "This is not stored yet.");
	d->say_more = form->errors[0].sentence;
}

/* The drafts that are no longer needed once this is said; see admin.js. */
static const char *draft_to_clear(struct desk *d, const char *done)
{
	if (strcmp(done, "published") == 0)
		return "incident-new";
	if (strcmp(done, "scheduled") == 0)
		return "maintenance-new";
	if (strcmp(done, "update_edited") == 0) {
		const char *update = web_query(d->web, "update");
		return update == NULL ? "" : arena_printf(d->arena, "update-%s", update);
	}
	if (d->id == NULL)
		return "";
	if (strcmp(done, "reopened") == 0)
		return arena_printf(d->arena, "reopen-%s", d->id);
	if (strcmp(done, "updated") == 0 || strcmp(done, "resolved") == 0 ||
	    strcmp(done, "postmortem") == 0)
		return arena_printf(d->arena, "incident-%s", d->id);
	return "";
}

static void add_message(struct desk *d, struct tv *t)
{
	const char *done = done_word(d);
	const char *clear = "";

	for (size_t i = 0; d->say_state == NULL && done != NULL && i < nelem(done_sentences); i++) {
		if (strcmp(done_sentences[i].word, done) != 0)
			continue;
		desk_say(d, d->nobody_told ? "degraded_performance" : "operational",
		    done_sentences[i].sentence);
		clear = draft_to_clear(d, done);
	}
	if (d->say_state == NULL)
		return;
	struct tv *m = tv_add(t, "message");
	tv_set(m, "state", d->say_state);
	tv_set(m, "role", strcmp(d->say_state, "major_outage") == 0 ? "alert" : "status");
	tv_set(m, "sentence", d->say_sentence);
	tv_set(m, "clear", clear);
	if (d->say_more != NULL)
		tv_set(tv_add(m, "more"), "text", d->say_more);
}

/* Why people are not told, or soon will not be: on every page, until it is mended. */
static int add_alarms(struct desk *d, struct tv *t)
{
	struct alarm list[ALARM__MAX];
	struct tv *alarms;
	size_t n;

	if (!d->signed_in)
		return 1;
	if (alarm_list(d->db, d->arena, &d->app->conf, &d->settings, list, &n) < 0)
		return -1;
	alarms = n == 0 ? NULL : tv_add(t, "alarms");
	for (size_t i = 0; i < n; i++) {
		struct tv *one = tv_add(alarms, "alarm");
		tv_set(one, "name", alarm_word(list[i].kind));
		tv_set(one, "state",
		    alarm_is_grave(list[i].kind) ? "major_outage" : "degraded_performance");
		tv_set(one, "sentence", list[i].sentence);
		tv_set(one, "text", list[i].more);
	}
	return 1;
}

/* ------------------------------------------------------------------ pages */

static const struct {
	const char *word;
	enum desk_route route;
} nav_items[] = {
    [DESK_NAV_INCIDENTS] = {"Incidents", DESK_OVERVIEW},
    [DESK_NAV_COMPONENTS] = {"Components", DESK_COMPONENTS},
    [DESK_NAV_MAINTENANCE] = {"Maintenance", DESK_MAINTENANCES},
    [DESK_NAV_SETTINGS] = {"Settings", DESK_SETTINGS},
};
static_assert(nelem(nav_items) == DESK_NAV__MAX, "an item for each");

static void add_nav(struct desk *d, struct tv *t, enum desk_nav here)
{
	for (int i = 0; i < DESK_NAV__MAX; i++) {
		struct tv *item = tv_add(t, "nav");
		tv_set(item, "url", desk_path(d->arena, nav_items[i].route, NULL));
		tv_set(item, "word", nav_items[i].word);
		desk_set_flag(item, "current", " aria-current=\"page\"", i == (int)here);
	}
}

/* The current state of the page, as its visitors read it. */
static int set_headline(struct desk *d, struct tv *t)
{
	struct view v = {.settings = d->settings};
	struct incident *open;
	const char *state;
	size_t n_open;

	if (component_list(d->db, d->arena, &v.components, &v.n_components) < 0 ||
	    incident_list_open(d->db, d->arena, &open, &n_open) < 0)
		return -1;
	v.trouble_since = arena_array(d->arena, v.n_components, sizeof *v.trouble_since);
	v.incidents = arena_array(d->arena, n_open, sizeof *v.incidents);
	v.n_incidents = n_open;
	for (size_t i = 0; i < n_open; i++)
		v.incidents[i].row = open[i];
	tv_set(t, "headline", view_headline(&v, d->arena, &state));
	tv_set(t, "headline_state", state);
	return 1;
}

static void finish(struct desk *d, int status, int rc, const struct buf *page)
{
	if (rc < 0) {
		web_error(d->web, 500, "This page could not be drawn; the log says why.");
		return;
	}
	web_answer(d->web, status, WEB_HTML);
	desk_set_retry(d);
	buf_add(web_body(d->web), page->data, page->len);
}

static int set_shapes(struct desk *d, struct tv *t)
{
	return desk_set_part(t, "shapes", DESK_SHAPES, tv_new(d->arena));
}

void desk_draw(struct desk *d, int status, enum desk_nav nav, const char *title,
    enum desk_template which, struct tv *values)
{
	struct tv *t = tv_new(d->arena);
	struct buf page = BUF_INIT;

	tv_set(t, "title", title);
	tv_set(t, "site_name", d->settings.site_name);
	add_message(d, t);
	add_nav(d, t, nav);
	desk_set_form(d, t, DESK_SIGN_OUT, NULL);
	int rc = set_headline(d, t);
	if (rc == 1)
		rc = add_alarms(d, t);
	if (rc == 1)
		rc = set_shapes(d, t);
	if (rc == 1)
		rc = desk_set_part(t, "main", which, values);
	if (rc == 1)
		rc = desk_render(DESK_FRAME, t, &page);
	finish(d, status, rc, &page);
	buf_release(&page);
}

void desk_draw_alone(
    struct desk *d, int status, const char *title, enum desk_template which, struct tv *values)
{
	struct tv *t = tv_new(d->arena);
	struct buf page = BUF_INIT;

	tv_set(t, "title", title);
	tv_set(t, "site_name", d->settings.site_name);
	add_message(d, values);
	int rc = set_shapes(d, t);
	if (rc == 1)
		rc = desk_set_part(t, "main", which, values);
	if (rc == 1)
		rc = desk_render(DESK_ALONE, t, &page);
	finish(d, status, rc, &page);
	buf_release(&page);
}

/* ------------------------------------------------------------------ errors */

static const char *error_title(int status)
{
	switch (status) {
	case 403:
		return "Not allowed";
	case 404:
		return "Not found";
	case 405:
		return "Not possible here";
	case 409:
		return "Not possible now";
	case 413:
		return "Too long";
	case 503:
		return "Busy";
	default:
		return status < 500 ? "Not understood" : "Something is broken";
	}
}

/* Without the database: it may be what is broken. */
void desk_draw_error(struct web *web, int status, const char *sentence, struct buf *out)
{
	struct tv *t = tv_new(web->arena), *main = tv_new(web->arena);

	tv_set(t, "title", error_title(status));
	tv_set(t, "site_name", "Status page");
	tv_set(main, "sentence", sentence);
	tv_set(main, "title", error_title(status));
	tv_set(main, "start", desk_path(web->arena, DESK_START, NULL));
	tv_set(main, "start_word", "Go to the admin pages");
	if (desk_set_part(t, "shapes", DESK_SHAPES, tv_new(web->arena)) < 0 ||
	    desk_set_part(t, "main", DESK_ERROR_PAGE, main) < 0 ||
	    desk_render(DESK_ALONE, t, out) < 0)
		buf_printf(out, "%d %s\n", status, web_reason(status));
}
