/* changes.h - instructions of a Dockerfile that change an image's configuration (--change). */
#ifndef IMAGE_CHANGES_H
#define IMAGE_CHANGES_H

#include "json/json.h"

#include <stdbool.h>

struct err;
struct strv;

/* Applies one to the "config" object of an image's configuration. "KEY VALUE" or "KEY=VALUE"; CMD
 * ENTRYPOINT ENV EXPOSE LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR. ERR_INVALID names it. */
int change_apply(struct json_doc *doc, struct json *config, const char *change, struct err *err);
/* Sets a member, also one that stands there in another case. */
int config_set(struct json_doc *doc, struct json *obj, const char *name, struct json *value,
	       struct err *err);
/* The member of that name, made when it is missing or of another kind; NULL with err. */
struct json *config_member(struct json_doc *doc, struct json *obj, const char *name,
			   enum json_kind kind, struct err *err);
/* Sets one variable, "NAME=value", in "Env". */
int config_set_env(struct json_doc *doc, struct json *config, const char *assignment,
		   struct err *err);
/* Is it a list of nothing but texts? */
bool config_is_texts(const struct json *v);
/* An object from a list of "key=value", or (values empty objects) from a list of keys. */
struct json *config_map(struct json_doc *doc, const struct strv *list, struct err *err);

#endif
