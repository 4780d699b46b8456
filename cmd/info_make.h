/* info_make.h - what info prints, as a JSON value. */
#ifndef CMD_INFO_MAKE_H
#define CMD_INFO_MAKE_H

#include "app.h"
#include "obj.h"
#include "shape.h"

extern const struct shape info_shape, version_part_shape;

int info_make(struct app *app, struct json_doc *doc, struct json **ret, struct err *err);
/* What `version` says of this program: its members are added to o. */
void version_make(struct obj *o);

#endif
