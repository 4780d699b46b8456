/*
 * make.h - images made here: from a tar (import), or from what a container changed (commit).
 */
#ifndef IMAGE_MAKE_H
#define IMAGE_MAKE_H

#include "image/image.h"

struct image_process;
struct strv;

struct image_make {
	const char *name;			   /* as typed; NULL: none */
	bool docker;				   /* docker's manifest instead of OCI's */
	const char *author, *comment, *created_by; /* of the history; NULL: none */
	const struct strv *changes;		   /* "CMD ...", as in a Dockerfile */
	const struct platform *platform;	   /* import: NULL: the host's */
	/* Commit: the image the container was made from, its ID, and what the container runs. */
	const char *parent;
	const struct image_process *process;
};

/* fd: a tar, plain or compressed, read from its position to its end. */
int image_import(const struct image_ctx *ctx, int fd, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err);
/* upper: the container's writable directory, open for reading. */
int image_commit(const struct image_ctx *ctx, int upper, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err);

#endif
