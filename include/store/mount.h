/*
 * mount.h - images mounted on the host: an overlay mount of the image's layers, read-only, at
 * <graphroot>/overlay/<layer>/merged, counted in <runroot>/overlay-layers/mountpoints.json
 * together with the other tools (5.4 of the format).
 *
 * Needs the right to mount: ERR_DENIED otherwise.
 */
#ifndef STORE_MOUNT_H
#define STORE_MOUNT_H

#include "base/strv.h"
#include "store/store.h"

#include <stdint.h>

struct store_mount {
	char *layer, *path;
	int64_t count; /* how often it was mounted */
};

struct store_mount_list {
	struct store_mount *v;
	size_t n;
};

void store_mount_list_fini(struct store_mount_list *l);
#define AUTO_STORE_MOUNT_LIST __attribute__((cleanup(store_mount_list_fini)))

/* What is counted as mounted and is mounted in our mount namespace; containers' layers, too. */
int store_mount_list(struct store *s, struct store_mount_list *ret, struct err *err);
/* Mounts a layer with all below it, or counts one more. Caller frees *ret_path. */
int store_mount_layer(struct store *s, const char *layer_id, char **ret_path, struct err *err);
/* Counts one less (force: to 0) and unmounts at 0: 1 unmounted, 0 still mounted by others or not
 * mounted at all. */
int store_unmount_layer(struct store *s, const char *layer_id, bool force, struct err *err);

#endif
