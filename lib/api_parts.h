/* api_parts.h - what the files of the write API share; nobody else includes it. */
#ifndef API_PARTS_H
#define API_PARTS_H

#include "base.h"
#include "admin.h"
#include "app.h"
#include "form.h"
#include "json.h"
#include "settings.h"
#include "statuspage.h"

/* One call on its way. */
struct api_call {
	struct app *app;
	struct web *web;
	struct arena *arena;
	struct admin_token token;
	const char *actor; /* "token NAME", for the audit */
	struct settings settings;
	const char *id;	 /* of the path, NULL without one */
	const char *sub; /* what stands behind the id, NULL without */
};

/* Loads all components for an answer. */
bool api_load_page(struct api_call *c, struct statuspage *page);

/* Reads the body, takes the member that wraps the object, and checks its fields.  False: answered.
 */
bool api_read_object(struct api_call *c, const char *wrapper, const struct form_field *fields,
    size_t count, struct form *form);

/* True if the token has the scope, or for reading also `read`.  False: answered with 403. */
bool api_allowed(struct api_call *c, enum admin_scope scope);

void api_not_found(struct api_call *c);

/* The handlers, one per resource. */
void api_components(struct api_call *c);
void api_incidents(struct api_call *c);
void api_notifications(struct api_call *c);

#endif
