/* desk_account.c - who one is here, and changing one's own password. */
#include "base.h"
#include "desk_parts.h"

#include "desk_sign.h"
#include "guard.h"
#include "text.h"

enum { A_CSRF, A_OLD, A_NEW, A_AGAIN, A__MAX };

static const struct form_field fields[A__MAX] = {
    [A_CSRF] = DESK_CSRF_FIELD,
    [A_OLD] = {"current_password", "Your password", FORM_SECRET, .required = true, .min = 1,
	.max = PASSWORD_MAX},
    [A_NEW] = {"new_password", "The new password", FORM_SECRET, .required = true, .min = 1,
	.max = PASSWORD_MAX},
    [A_AGAIN] = {"new_password_again", "The new password", FORM_SECRET, .required = true, .min = 1,
	.max = PASSWORD_MAX},
};

static void draw(struct desk *d, int status, const struct form *form)
{
	static const char *const can[] = {
	    [ADMIN_VIEWER] =
		"You may look at everything here and change nothing but your password.",
	    [ADMIN_EDITOR] = "You may post incidents and set the status of components.",
	    [ADMIN_OWNER] = "You may do everything here.",
	};
	static_assert(nelem(can) == ADMIN_ROLE__MAX, "a sentence for each");
	struct tv *t = tv_new(d->arena);

	desk_say_errors(d, form);
	desk_add_tabs(d, t, DESK_ACCOUNT);
	desk_set_form(d, t, DESK_PASSWORD_SAVE, NULL);
	tv_set(t, "user", d->user.name);
	tv_set(t, "role", admin_role_word(d->user.role));
	tv_set(t, "can", can[d->user.role]);
	desk_set_state(t, form, "current_password", false);
	desk_set_state(t, form, "new_password", true);
	desk_set_state(t, form, "new_password_again", false);
	desk_draw(d, status, DESK_NAV_SETTINGS, "Account", DESK_ACCOUNT_PAGE, t);
}

void desk_show_account(struct desk *d)
{
	draw(d, 200, NULL);
}

static void check_new(struct desk *d, struct form *form)
{
	const struct form_value *new = &form->values[A_NEW], *again = &form->values[A_AGAIN];

	if (new->ok && text_length(new->text, new->len) < PASSWORD_MIN)
		form_add_error(d->arena, form, "new_password",
		    "The new password must have at least %d characters.", PASSWORD_MIN);
	if (new->ok && again->ok &&
	    (new->len != again->len || memcmp(new->text, again->text, new->len) != 0))
		form_add_error(
		    d->arena, form, "new_password_again", "This is not the same as above.");
}

/* Every session of this user ends, this browser gets a new one. */
static void store(struct desk *d, const char *hash)
{
	char token[GUARD_TOKEN_LEN + 1];
	uint8_t session[DIGEST_SIZE];

	guard_new_token(token, session);
	if (!desk_begin(d))
		return;
	if (admin_set_password(d->db, d->user.name, hash, NULL) != 1 ||
	    admin_open_session(d->db, d->user.id, session) < 0 ||
	    settings_audit(d->db, d->user.name, "password", NULL, NULL) < 0) {
		desk_refuse(d, -1, NULL);
		return;
	}
	if (!desk_commit(d))
		return;
	d->app->wake_sender = false;
	web_redirect(d->web, 303, desk_path_done(d, DESK_ACCOUNT, NULL, "password"));
	guard_set_cookie(d->web, &d->app->conf, token);
	desk_set_known(d, hash);
}

void desk_save_password(struct desk *d)
{
	struct admin_user user;
	char hash[PASSWORD_HASH_MAX];
	struct form form;

	if (!desk_read_form(d, fields, A__MAX, draw, &form))
		return;
	check_new(d, &form);
	if (form.error_count > 0) {
		draw(d, 422, &form);
		return;
	}
	if (admin_find_user(d->db, d->arena, d->user.name, &user) != 1) {
		desk_broken(d);
		return;
	}
	if (!desk_enter(d, user.name, user.password_hash)) {
		draw(d, 429, &form);
		return;
	}
	int rc = desk_check_password(
	    d, user.password_hash, &form.values[A_OLD], &form.values[A_NEW], hash);
	if (rc == 0) {
		form_add_error(d->arena, &form, "current_password", "This is not your password.");
		draw(d, 422, &form);
	} else if (rc == 1) {
		desk_forgive(d, user.name, user.password_hash);
		store(d, hash);
	}
	digest_cleanse(hash, sizeof hash);
}
