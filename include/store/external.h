/*
 * external.h - containers of other tools in the same store, and removing those that are positively
 * buildah's working containers: <graphroot>/overlay-containers/<id>/userdata/buildah.json is what
 * buildah keeps of each. Nothing else that is not ours is ever removed.
 */
#ifndef STORE_EXTERNAL_H
#define STORE_EXTERNAL_H

#include "store/store.h"

/* A record of containers.json, as far as it may go. */
enum store_external {
	STORE_NOT_EXTERNAL,	/* ours, podman's, CRI-O's, or nobody knows whose */
	STORE_EXTERNAL_FREE,	/* buildah's */
	STORE_EXTERNAL_MOUNTED, /* buildah's, and somebody works in it */
};

/*
 * Removes a working container of buildah with its layer: 1, or 0 when there is none of this ID any
 * more. ERR_IN_USE while it is mounted, as by `buildah mount` and for as long as `buildah run` and
 * a step of a build take; ERR_DENIED when it is not buildah's.
 */
int store_external_remove(struct store *s, const char *id, struct err *err);

#endif
