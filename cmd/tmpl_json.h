/* tmpl_json.h - JSON values as values of templates. */
#ifndef CMD_TMPL_JSON_H
#define CMD_TMPL_JSON_H

#include "json/json.h"
#include "text/tmpl.h"

/* Borrowed from v. Objects have a fixed set of fields: their members. */
struct tmpl_value tmpl_of_json(const struct json *v);

#endif
