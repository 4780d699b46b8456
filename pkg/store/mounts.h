/* mounts.h - the file mountpoints.json; private to pkg/store. */
#ifndef PKG_STORE_MOUNTS_H
#define PKG_STORE_MOUNTS_H

#include "store/mount.h"

struct store;

/* What the file says: layer, path, count. */
int mounts_parse(const char *text, size_t len, struct store_mount_list *ret, struct err *err);
/* Reads it without a lock; no file is an empty list. */
int mounts_look(struct store *s, struct store_mount_list *ret, struct err *err);
/* Reads it to change it: layers.lock is held, and mountpoints.lock is taken. id: for errors. */
int mounts_open(struct store *s, const char *id, int *ret_dir, int *ret_lock,
		struct store_mount_list *list, struct err *err);
/* Writes those that have a count. */
int mounts_write(int dir, int lock, const struct store_mount_list *list, struct err *err);

/* Borrowed; NULL when the layer has no entry. */
struct store_mount *mounts_entry(const struct store_mount_list *list, const char *layer);
/* The entry of a layer, made when there is none. */
int mounts_entry_ensure(struct store_mount_list *list, const char *layer, const char *path,
			struct store_mount **ret, struct err *err);
/* Whether any has a count. */
bool mounts_any(const struct store_mount_list *list);
/* Keeps the first n. */
void mounts_cut(struct store_mount_list *list, size_t n);

#endif
