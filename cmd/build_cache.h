/* build_cache.h - what RUN --mount=type=cache of podman and buildah keeps from one build to the
 * next. */
#ifndef CMD_BUILD_CACHE_H
#define CMD_BUILD_CACHE_H

#include "app.h"

struct build_cache {
	struct strv paths; /* of the directories of this user that there are */
	uint64_t bytes;	   /* of disk, all together */
};

void build_cache_fini(struct build_cache *c);
#define AUTO_BUILD_CACHE __attribute__((cleanup(build_cache_fini)))
/* Looks for them below $TMPDIR, or /var/tmp; what belongs to somebody else is left out. *ret must
 * be empty ({0}). */
int build_cache_find(struct app *app, struct build_cache *ret, struct err *err);
/* Removes what was found. */
int build_cache_remove(struct app *app, const struct build_cache *c, struct err *err);

#endif
