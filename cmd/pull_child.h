/*
 * pull_child.h - pulling from within run and create: in a child, so that this process stays free of
 * libcurl and its threads and can fork the container.
 */
#ifndef CMD_PULL_CHILD_H
#define CMD_PULL_CHILD_H

#include "app.h"

struct platform_args;
struct retry_args;

struct pull_request {
	const char *text, *authfile;
	const struct platform_args *platform;
	const struct retry_args *retry;
	/* "always", "missing", "never"; "newer": as always, but a local image will do when the
	 * registry cannot give one. */
	const char *policy;
	bool quiet;
	struct image_remote remote;
};

/* Pulls here, as the policy says, with progress on stderr; *ret_id is the image's ID. A place that
 * is no registry (spec/transport.h) is always read; ret_names (may be NULL) are then place.h's. */
int pull_here(struct app *app, const struct pull_request *rq, struct strv *ret_names,
	      char ret_id[STORE_ID_LEN + 1], struct err *err);
int pull_in_child(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
		  struct err *err);

#endif
