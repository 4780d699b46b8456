/*
 * pull_child.h - pulling from within run and create: in a child, so that this process stays free of
 * libcurl and its threads and can fork the container.
 */
#ifndef CMD_PULL_CHILD_H
#define CMD_PULL_CHILD_H

#include "app.h"

struct pull_request {
	const char *text, *authfile, *platform;
	bool quiet;
	struct image_remote remote;
};

/* Pulls here, with progress on stderr; *ret_id is the image's ID. */
int pull_here(struct app *app, const struct pull_request *rq, char ret_id[STORE_ID_LEN + 1],
	      struct err *err);
int pull_in_child(struct app *app, const struct pull_request *rq, struct err *err);

#endif
