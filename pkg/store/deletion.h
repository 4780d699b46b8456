/*
 * deletion.h - which layers may go, in one place: what all indexes say about them, while all locks
 * are held; private to pkg/store.
 */
#ifndef PKG_STORE_DELETION_H
#define PKG_STORE_DELETION_H

#include "priv.h"
#include "base/strv.h"

struct deletion {
	struct store *s;
	struct index *layers[LAYER_PLACES_MAX];
	size_t n_layers;
	struct index *images[OWN_MAX]; /* by root */
	struct index *containers, *volatile_containers;
	struct index *transient_layers, *transient_containers;
	struct index mounts;		/* mountpoints.json of the runroot */
	struct strv drop;		/* layers to be removed, topmost first */
	const struct store_image *seen; /* whose names the image must have, or NULL */
};

/* mountpoints.json as it is now; *ret is to be empty ({0}). */
int mounts_index(int runroot, struct index *ret, struct err *err);

/* Takes all locks (*locked is for AUTO_UNLOCK; try: 0 or LK_TRY) and looks. */
int deletion_begin(struct deletion *d, struct store *s, unsigned try, struct store **locked,
		   struct err *err);
/* Looks only: what it says may change at any time, unless the caller has all locks. */
int deletion_init(struct deletion *d, struct store *s, struct err *err);
void deletion_fini(struct deletion *d);
/* Of one of our roots; NULL when there is none. */
struct rec *deletion_find_layer(const struct deletion *d, struct str id);
/* No image, no container and no layer that stays has it. */
bool deletion_is_free(const struct deletion *d, struct str id);
/* Adds id and its parents to drop, as far as nobody else needs them. */
int deletion_drop_chain(struct deletion *d, struct str id, struct err *err);

#endif
