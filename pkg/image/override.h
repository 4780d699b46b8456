/* override.h - configuration that is laid over an image's (commit --config). */
#ifndef IMAGE_OVERRIDE_H
#define IMAGE_OVERRIDE_H

#include "base/str.h"

struct err;
struct json;
struct json_doc;

/*
 * text: the "config" object of docker's image format (Schema2Config of containers/image), as JSON.
 * What it leaves out or leaves empty stays as it is in config; Env, ExposedPorts, Labels and
 * Volumes are added to. Members that images do not have are ignored, as podman does. ERR_INVALID
 * names a member of the wrong kind.
 */
int override_apply(struct json_doc *doc, struct json *config, struct str text, struct err *err);

#endif
