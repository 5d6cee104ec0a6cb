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
	const char *id;	    /* of the path, NULL without one */
	const char *filter; /* a word that stands for the id: a list by itself; NULL without */
	const char *sub;    /* what stands behind the id, NULL without */
	const char *sub_id; /* and behind that */
};

/* What a call may send: the object stands in the member `wrapper`.  The ignored members, ended by
 * NULL, are those of Statuspage that mean nothing here, and those of our own answers that nobody can
 * set: an existing client sends them, and an answer may be changed and sent back.  The list of whole
 * components that an answer holds is one of them. */
struct api_shape {
	const char *wrapper;
	const struct form_field *fields;
	size_t count;
	const char *const *ignored;
};

/* What a resource does; `show` answers one object and is false where it could only answer an error,
 * `remove` answers the object as it was. */
struct api_verbs {
	enum admin_scope scope;
	/* where the scope depends on what is called for; NULL: `scope` is asked.  False: answered */
	bool (*allowed)(struct api_call *c);
	void (*list)(struct api_call *c);
	void (*create)(struct api_call *c);
	bool (*show)(struct api_call *c, int status, const char *id);
	void (*change)(struct api_call *c);
	int (*remove)(struct api_call *c); /* in a transaction; 1, 0 not there, -1 */
	const char *absent;		   /* the sentence for an id that is unknown */
};

/* Calls the verb of the method; 404, 403 and 405 are answered. */
void api_dispatch(struct api_call *c, const struct api_verbs *verbs);

/* Loads all components for an answer.  False: answered with 500. */
bool api_load_page(struct api_call *c, struct statuspage *page);

/* Reads the body, takes the member that wraps the object, and checks its fields.  False: answered.
 */
bool api_read_object(struct api_call *c, const struct api_shape *shape, struct form *form);

/* True if the token has the scope, or for reading also `read`.  False: answered with 403. */
bool api_allowed(struct api_call *c, enum admin_scope scope);

void api_not_found(struct api_call *c);

/* ---- api_posting.c: what a caller says of an incident or maintenance */

/* Reads the body into *p, whose strings live as long as the request.  False: answered. */
bool api_read_posting(struct api_call *c, bool is_new, struct incident_posting *p);

/* ---- api_incident_updates.c: .../incidents/{id}/incident_updates/{update_id} */
void api_incident_update(struct api_call *c);

/* The scope that writing to an incident or a maintenance needs. */
enum admin_scope api_scope_of(bool is_maintenance);

/* Answers one incident or maintenance.  False: answered with an error. */
bool api_answer_incident(struct api_call *c, int status, const char *id);

/* The handlers, one per resource. */
void api_components(struct api_call *c);
void api_incidents(struct api_call *c);
void api_notifications(struct api_call *c);

#endif
