/*
 * made.h - the layers that an operation has made so far. When the disk is full before the image
 * that is to have them is recorded, they go again: nobody would find them, and on a full disk space
 * matters more than what the next attempt could use. Going, too, takes a little room, which is set
 * aside.
 */
#ifndef IMAGE_MADE_H
#define IMAGE_MADE_H

#include "base/auto.h"
#include "base/strv.h"
#include "image/image.h"

struct made {
	struct strv ids; /* from the bottom up */
	int room;
};

#define MADE_INIT                                                                                  \
	{                                                                                          \
		.ids = STRV_INIT, .room = -1                                                       \
	}
#define AUTO_MADE __attribute__((cleanup(made_fini)))
void made_fini(struct made *m);

/* Before the first layer. */
int made_begin(const struct image_ctx *ctx, struct made *m, struct err *err);
int made_add(struct made *m, const char *id, struct err *err);
/* After a failure, before and after everything else is cleaned up. */
void made_release_room(struct made *m);
void made_give_back(const struct image_ctx *ctx, struct made *m, const struct err *why);
/* Is that the failure? */
bool made_disk_is_full(const struct err *why);

#endif
