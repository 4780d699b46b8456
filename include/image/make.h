/*
 * make.h - images made here: from a tar (import), or from what a container changed (commit).
 */
#ifndef IMAGE_MAKE_H
#define IMAGE_MAKE_H

#include "base/str.h"
#include "image/image.h"

struct child;
struct image_process;
struct strv;

/* Starts a process that writes a tar to out; spawn_wait tells whether it is whole. */
typedef int image_tar_fn(void *arg, int out, struct child *ret, struct err *err);

struct image_make {
	const char *name;			   /* as typed; NULL: none */
	bool docker;				   /* docker's manifest instead of OCI's */
	const char *author, *comment, *created_by; /* of the history; NULL: none */
	const char *message;			   /* of docker's configuration; NULL: none */
	const struct strv *changes;		   /* "CMD ...", as in a Dockerfile */
	const struct platform *platform;	   /* import: NULL: the host's */
	/* Commit: the image the container was made from, its ID, and what the container runs. */
	const char *parent;
	const struct image_process *process;
	/* Commit: all files in one layer, without the parent's; NULL: what upper has on top. */
	image_tar_fn *whole;
	void *whole_arg;
	const struct strv *volumes; /* more of them, paths */
	/* More of the configuration: a JSON object of docker's names. */
	struct str override; /* ptr NULL: none */
};

/* fd: a tar, plain or compressed, read from its position to its end. */
int image_import(const struct image_ctx *ctx, int fd, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err);
/* upper: the container's writable directory, open for reading; -1 with `whole`. */
int image_commit(const struct image_ctx *ctx, int upper, const struct image_make *make,
		 char ret_id[STORE_ID_LEN + 1], struct err *err);

#endif
