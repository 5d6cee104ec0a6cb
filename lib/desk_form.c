/* desk_form.c - the life of a posted form: its token, its one-time key, its transaction, and, where
 * it cannot be done, the same form again with all that was written. */
#include "base.h"
#include "desk_parts.h"

#include "buf.h"
#include "guard.h"
#include "post.h"

/* A text of INCIDENT_BODY_MAX characters of three octets each, every octet escaped, and the rest. */
#define FORM_MAX ((size_t)320 * 1024)

#define BUSY_RETRY_S   5
#define BROKEN_RETRY_S 30

static const char not_stored[] =
    "This could not be stored, and nothing was changed; the log says why. Is the disk full?";

/* ------------------------------------------------------------------ hidden fields */

void desk_set_token(struct desk *d, struct tv *t, const char *name, enum desk_route route)
{
	char csrf[GUARD_TOKEN_LEN + 1];

	guard_csrf(d->secret, sizeof d->secret, d->session, desk_route_name(route), csrf);
	tv_set(t, name, csrf);
}

void desk_set_form(struct desk *d, struct tv *t, enum desk_route route, const char *id)
{
	char post_id[13];

	digest_new_id(post_id);
	desk_set_token(d, t, "csrf", route);
	tv_set(t, "action", desk_path(d->arena, route, id));
	tv_set(t, "post_id", post_id);
}

static bool is_hidden(const struct form_field *f)
{
	return strcmp(f->name, "csrf") == 0 || strcmp(f->name, "post_id") == 0;
}

/* ------------------------------------------------------------------ what was sent */

/* The text of a field, NULL where it is not there or not right. */
static const char *text_of(
    const struct form *form, const struct form_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0 && form->values[i].ok)
			return form->values[i].text;
	return NULL;
}

static void add_text(struct buf *b, const char *s, size_t len)
{
	/* with its length, so that no two contents have the same bytes */
	buf_printf(b, "%zu:", len);
	buf_add(b, s, len);
}

/* What is sent, where to, and by whom: the same for a second click, another one for other words. */
static void make_digest(struct desk *d, const struct form_field *fields, size_t count)
{
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s/%s/%" PRId64 "\n", desk_route_name(d->route), d->id == NULL ? "" : d->id,
	    d->user.id);
	for (size_t i = 0; i < count; i++) {
		const struct form_value *v = &d->form->values[i];
		if (is_hidden(&fields[i]))
			continue;
		add_text(&b, fields[i].name, strlen(fields[i].name));
		add_text(&b, v->text, v->len);
		buf_printf(&b, "%zu;", v->count);
		for (size_t k = 0; k < v->count; k++) {
			const char *key = v->members[k].key == NULL ? "" : v->members[k].key;
			add_text(&b, key, strlen(key));
			add_text(&b, v->members[k].value, strlen(v->members[k].value));
		}
	}
	digest_sha256(b.data, b.len, d->digest);
	buf_release(&b);
}

bool desk_read_form(struct desk *d, const struct form_field *fields, size_t count,
    desk_redraw *redraw, struct form *form)
{
	if (form_read(d->web, FORM_MAX, fields, count, form) == 0)
		return false;
	d->checked = guard_csrf_ok(d->secret, sizeof d->secret, d->session,
	    desk_route_name(d->route), text_of(form, fields, count, "csrf"));
	if (!d->checked && d->route != DESK_SIGN_IN)
		web_error(d->web, 403,
		    "This form is out of date, and nothing was changed. Go back, load the page "
		    "again, and send it from there: what you wrote is kept in this browser.");
	d->form = form;
	d->redraw = redraw;
	d->post_id = text_of(form, fields, count, "post_id");
	make_digest(d, fields, count);
	/* the sign-in form says it on itself */
	return d->checked || d->route == DESK_SIGN_IN;
}

/* ------------------------------------------------------------------ what cannot be done */

void desk_set_retry(struct desk *d)
{
	if (d->retry_s > 0)
		web_header(d->web, "Retry-After", arena_printf(d->arena, "%" PRId64, d->retry_s));
}

/* The form again where it has a redraw, else a page that says it. */
static void refuse(struct desk *d, int status, const char *field, const char *sentence)
{
	db_rollback(d->db);
	if (d->redraw == NULL) {
		web_error(d->web, status, sentence);
		desk_set_retry(d);
		return;
	}
	form_add_error(d->arena, d->form, field, "%s", sentence);
	d->redraw(d, status, d->form);
}

static void refuse_for_now(struct desk *d, const char *sentence, int64_t retry_s)
{
	d->retry_s = retry_s;
	refuse(d, 503, "", sentence);
}

void desk_refuse(struct desk *d, int rc, const struct fault *f)
{
	if (rc < 0)
		refuse_for_now(d, not_stored, BROKEN_RETRY_S);
	else if (f->kind == FAULT_ABSENT || f->sentence == NULL)
		app_refuse(d->app, rc, f);
	else
		refuse(d, f->kind == FAULT_STEP ? 409 : 422, f->field == NULL ? "" : f->field,
		    f->sentence);
}

/* ------------------------------------------------------------------ the transaction */

/* True if the form's key was used: then it is answered. */
static bool was_sent(struct desk *d)
{
	static const char other[] =
	    "This form was already sent; what you changed since is not stored yet.";
	char *location;
	bool same;
	int rc = post_find(d->db, d->arena, d->post_id, d->digest, &location, &same);

	if (rc == 0)
		return false;
	db_rollback(d->db);
	if (rc < 0) {
		desk_broken(d);
	} else if (same) {
		web_redirect(d->web, 303, location);
	} else {
		desk_say(d, "major_outage", other);
		refuse(d, 409, "", other);
	}
	return true;
}

bool desk_begin(struct desk *d)
{
	/* a handler that forgot to read its form must not change anything */
	assert(d->checked);
	int rc = db_begin_write(d->db);
	if (rc == 0)
		refuse_for_now(d, "Another process is writing just now. Please send this again.",
		    BUSY_RETRY_S);
	else if (rc < 0)
		refuse_for_now(d, not_stored, BROKEN_RETRY_S);
	return rc == 1 && (d->post_id == NULL || !was_sent(d));
}

bool desk_commit(struct desk *d)
{
	if (app_commit(d->app))
		return true;
	/* in the place of the page that says it without the form */
	refuse_for_now(d, not_stored, BROKEN_RETRY_S);
	return false;
}

void desk_done(struct desk *d, const char *path)
{
	if (d->post_id != NULL && post_keep(d->db, d->post_id, d->digest, path) < 0)
		desk_refuse(d, -1, NULL);
	else if (desk_commit(d))
		web_redirect(d->web, 303, path);
}
