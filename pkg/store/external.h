/* external.h - working containers of buildah on their way out; private to pkg/store. */
#ifndef PKG_STORE_EXTERNAL_H
#define PKG_STORE_EXTERNAL_H

#include "deletion.h"
#include "store/external.h"

struct external {
	char id[STORE_ID_LEN + 1], layer[STORE_ID_LEN + 1]; /* layer: "" when it has none */
	char name[STORE_ID_LEN + 1];			    /* as far as it fits */
	struct live data, drop;
};

struct externals {
	struct external *v;
	size_t n;
};

void externals_fini(struct externals *e);
/* After a failure: the lock files stay for store_gc. */
void externals_leave(struct externals *e);

/* 1 there is what buildah keeps of a working container, 0 there is not. */
int external_is_buildah(struct store *s, const char *id, struct err *err);
/* FREE or MOUNTED; mounts: mountpoints.json. */
enum store_external external_state(struct store *s, struct str layer, const struct index *mounts);

/*
 * All locks are held. Adds the working containers on this image, and to others the names of all
 * other containers on it but kist's holder.
 */
int externals_of_image(struct store *s, const char *image_id, struct externals *e,
		       struct strv *others, struct err *err);
/* ERR_IN_USE that names the one that is mounted. */
int externals_check_mounts(struct store *s, const struct externals *e, const struct index *mounts,
			   struct err *err);
/* Takes the records out, then their data; their layers go to d->drop. */
int externals_take_out(struct deletion *d, struct externals *e, struct err *err);

#endif
