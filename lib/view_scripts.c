/* view_scripts.c - what scripts read: the manifest, the settings of notifications, their words. */
#include "base.h"
#include "view_parts.h"

#include "arena.h"
#include "buf.h"
#include "json.h"
#include "template.h"

int view_draw_manifest(const struct view *v, struct arena *a, struct buf *out)
{
	struct tv *values = tv_new(a);
	const char *name = v->settings.site_name;

	tv_set(values, "site_name", name);
	tv_set(values, "description",
	    words_fill(v->words, a, "page.site_description", WORDS_VALUES({"site", name})));
	tv_set(values, "lang", words_tag(v->words));
	return view_render(VIEW_MANIFEST, values, out);
}

/* ------------------------------------------------------------------ push.json */

static void put_components(struct json_writer *w, const struct view *v)
{
	json_begin_array(w, "components");
	for (size_t i = 0; i < v->n_components; i++) {
		const struct component *c = &v->components[i];
		const struct component *group = view_group_of(v, c);
		if (!view_is_public(v, c))
			continue;
		json_begin_object(w, NULL);
		json_put_string(w, "id", c->id);
		json_put_string(w, "name", c->name);
		if (group == NULL) {
			json_put_null(w, "group");
		} else {
			json_begin_object(w, "group");
			json_put_string(w, "id", group->id);
			json_put_string(w, "name", group->name);
			json_end_object(w);
		}
		json_end_object(w);
	}
	json_end_array(w);
}

static void put_events(struct json_writer *w, const struct view *v)
{
	json_begin_array(w, "events");
	for (int t = 0; t < TRIGGER__MAX; t++)
		if (v->settings.trigger[t])
			json_put_string(w, NULL, trigger_word((enum trigger)t));
	json_end_array(w);
}

static void put_languages(struct json_writer *w, const struct view *v)
{
	json_put_string(w, "lang", words_tag(v->words));
	json_begin_array(w, "languages");
	for (size_t i = 0; i < words_languages(); i++)
		json_put_string(w, NULL, words_tag(words_at(i)));
	json_end_array(w);
}

int view_draw_push_json(const struct view *v, struct arena *a, struct buf *out)
{
	struct json_writer w = JSON_WRITER(out);

	(void)a;
	json_begin_object(&w, NULL);
	json_put_bool(&w, "enabled", v->settings.push_enabled && v->public_key != NULL);
	json_put_string(&w, "publicKey", v->public_key);
	put_components(&w, v);
	put_events(&w, v);
	put_languages(&w, v);
	json_end_object(&w);
	buf_add_char(out, '\n');
	return 1;
}

/* ------------------------------------------------------------------ words */

int view_draw_words(const struct view *v, struct arena *a, struct buf *out)
{
	static const char *const section[] = {"script", "push"};
	struct tv *values = tv_new(a);
	struct buf json = BUF_INIT;
	int rc;

	for (size_t i = 0; i < nelem(section); i++) {
		buf_printf(&json, "%s\"%s\":", i == 0 ? "{" : ",", section[i]);
		words_section(v->words, section[i], &json);
	}
	buf_add_char(&json, '}');
	tv_set(values, "lang", words_tag(v->words));
	/* "<" is escaped in it */
	tv_set_html(values, "words", json.data, json.len);
	rc = view_render(VIEW_WORDS, values, out);
	buf_release(&json);
	return rc;
}

int view_draw_dialog_words(const struct view *v, struct arena *a, struct buf *out)
{
	(void)a;
	buf_add_str(out, "/* What the dialogs say: loaded when the first of them is opened. "
			 "*/\nself.say.add('dialog', ");
	words_section(v->words, "dialog", out);
	buf_add_str(out, ");\n");
	return 1;
}

int view_draw_worker_words(const struct view *v, struct arena *a, struct buf *out)
{
	(void)v;
	(void)a;
	buf_add_str(out, "/* What the worker says, by language. */\nself.workerWords = {");
	for (size_t i = 0; i < words_languages(); i++) {
		buf_printf(out, "%s\"%s\":", i == 0 ? "" : ",", words_tag(words_at(i)));
		words_section(words_at(i), "worker", out);
	}
	buf_add_str(out, "};\n");
	return 1;
}
