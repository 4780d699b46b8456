/*
 * hold.h - holder records: one container record per image that kist containers use, so that podman
 * and buildah keep the image (docs/decisions/0007-holder-records.md).
 *
 * A new kist container first makes itself visible to the `users` callback (its directory in
 * creating/ names the image), then calls store_hold_image. Release looks in the opposite order, so
 * that one of the two always sees the other.
 */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "store/image.h"
#include "store/store.h"

/* ID of the holder of this image: 64 hex digits, derived from the image's ID. */
int store_holder_id(const char *image_id, char ret_id[STORE_ID_LEN + 1], struct err *err);

/*
 * One fstatat when the holder is there. Else it is registered under the locks, after a check that
 * image and layers are still in the store: ERR_NOT_FOUND when they are not. An image that is only
 * in an additional store needs none: nobody deletes it through ours.
 */
int store_hold_image(struct store *s, const char *image_id, struct err *err);

/* 1 with the ID of the holder's own layer, when that has, on top of the image's layers, the files
 * that containers have something mounted on: containers mount it as their topmost image layer. */
int store_holder_layer(struct store *s, const char *image_id, char ret_id[STORE_ID_LEN + 1],
		       struct err *err);

/* Removes the holder unless kist containers use the image: 1 removed, 0 in use or no holder. */
int store_release_image(struct store *s, const char *image_id, store_users_fn *users, void *arg,
			struct err *err);
/* Image IDs that have a holder (what prune may offer to release). */
int store_holder_list(struct store *s, struct strv *ret, struct err *err);

#endif
