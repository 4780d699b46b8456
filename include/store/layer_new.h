/*
 * layer_new.h - adding a layer: claimed, unpacked outside all shared locks, committed under
 * layers.lock.
 *
 *	r = store_layer_claim(s, id, true, &claim, err);   waits for another pull of the same layer
 *	if (r == STORE_LAYER_PRESENT) ...                  it is there: nothing to do
 *	r = store_layer_begin(s, &n, err);                 a registered staging layer
 *	... unpack into store_layer_new_diff(n), tar-split into store_layer_new_tarsplit(n) ...
 *	r = store_layer_commit(&n, &info, err);
 *	store_claim_close(claim);
 *
 * Several layers of a chain may be unpacked at the same time; they are committed from the bottom
 * up. Claims too must be taken from the bottom up, so that two pulls never wait for each other.
 * No claim or staging layer survives its process: whoever comes next finds the lock free and cleans
 * up (store_gc).
 */
#ifndef STORE_LAYER_NEW_H
#define STORE_LAYER_NEW_H

#include "archive/compress.h"
#include "base/auto.h"
#include "store/layer.h"

#include <stdbool.h>
#include <stdint.h>

struct store_claim;
struct store_layer_new;

enum store_claim_result {
	STORE_LAYER_BUSY,    /* another process works on it (only without wait) */
	STORE_LAYER_CLAIMED, /* *ret is set: make the layer */
	STORE_LAYER_PRESENT, /* the layer is in the store */
};

/* Returns enum store_claim_result or a negative error. wait: until the other process ends or gives
 * its claim back. */
int store_layer_claim(struct store *s, const char *layer_id, bool wait, struct store_claim **ret,
		      struct err *err);
void store_claim_close(struct store_claim *c);
DEFINE_AUTO(struct store_claim, store_claim_close)

/* Registers an empty layer with an ID of its own, invisible to `images` and never mounted. */
int store_layer_begin(struct store *s, struct store_layer_new **ret, struct err *err);
/* n of them with one save of the list: all, or none (and v is all NULL) after an error. */
int store_layers_begin(struct store *s, struct store_layer_new **v, size_t n, struct err *err);
/* The empty directory to unpack into (mode 0555), open for reading; borrowed. */
int store_layer_new_diff(const struct store_layer_new *n);
/* The tar-split file, open for writing, empty; borrowed. */
int store_layer_new_tarsplit(const struct store_layer_new *n);
/* Drops the staging layer and its files. Errors are ignored: store_gc repeats it. NULL is fine. */
void store_layer_abort(struct store_layer_new *n);
DEFINE_AUTO(struct store_layer_new, store_layer_abort)

struct store_layer_info {
	const char *parent;	       /* layer ID, NULL for a base layer; must be in the store */
	const char *diff_digest;       /* "sha256:<hex>", verified by the caller */
	int64_t diff_size;	       /* length of the whole uncompressed tar */
	const char *compressed_digest; /* of the bytes fed in; NULL: not recorded */
	int64_t compressed_size;
	enum compression compression;
	const uint32_t *uids, *gids; /* owners in the tar's headers: sorted, without whiteouts */
	size_t n_uids, n_gids;
};

/*
 * Makes the staging layer the final one; *n is gone after success (and NULL), and kept after an
 * error. When the layer is there meanwhile, ours is dropped (success). ERR_NOT_FOUND when the
 * parent is not in the store any more. Contents are on disk before the record says complete: the
 * file system is synced first. ret_id receives the final ID (store_layer_id).
 */
int store_layer_commit(struct store_layer_new **n, const struct store_layer_info *info,
		       char ret_id[STORE_ID_LEN + 1], struct err *err);

struct store_layer_done {
	struct store_layer_new *fresh;
	struct store_layer_info info; /* parent: set for all but v[0] */
	char id[STORE_ID_LEN + 1];    /* set: the final ID */
	bool present;		      /* set: somebody else was first */
};
/*
 * The same for a chain of layers, from the bottom up, each the child of the one before: all of
 * them or none. The caller has called store_sync since everything was written.
 */
int store_layers_commit(struct store *s, struct store_layer_done *v, size_t n, struct err *err);

/* Room for what has to be written when things go wrong on a full disk: a nameless file, or -1 where
 * there is no such thing (success). ENOSPC when the disk is full already. */
int store_reserve(struct store *s, int *ret_fd, struct err *err);
/* Gives it back; -1 is fine. */
void store_unreserve(int fd);
/* After a failure for want of space: removes these layers, given from the top down, and those below
 * them, as far as no image, no container and no other layer has them. */
int store_layers_give_back(struct store *s, const struct strv *ids, struct err *err);

#endif
