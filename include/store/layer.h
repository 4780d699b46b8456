/*
 * layer.h - looking at layers: their records, the chain to mount, their files and tar-split.
 */
#ifndef STORE_LAYER_H
#define STORE_LAYER_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/strv.h"
#include "store/store.h"

#include <stdint.h>

/* A record of layers.json. Strings are NULL when the member is absent. Sizes in bytes, -1 when
 * unknown; created in ns since 1970. */
struct store_layer {
	char *id, *parent;
	char *diff_digest;	 /* DiffID: digest of the uncompressed tar */
	char *compressed_digest; /* of the blob as it was pulled */
	char *toc_digest;
	int64_t diff_size, compressed_size;
	int64_t compression; /* enum compression; others may appear */
	int64_t created;
	struct strv names;
	bool shifted;	/* uidmap or gidmap: its files have the owners of a user namespace */
	bool read_only; /* in an additional store */
	int where;	/* in which root its record is */
};

void store_layer_fini(struct store_layer *l);
#define AUTO_STORE_LAYER __attribute__((cleanup(store_layer_fini)))

/* ID of the layer with this DiffID ("sha256:<hex>") on top of parent (NULL or "": base layer). Not
 * the OCI ChainID. */
int store_layer_id(const char *parent, const char *diff_id, char ret_id[STORE_ID_LEN + 1],
		   struct err *err);

/* 1 found, 0 not there. Incomplete records are not there. *ret must be empty ({0}) before. */
int store_layer_find(struct store *s, const char *id, struct store_layer *ret, struct err *err);
/* 1 when the layer is registered, complete, and its directory exists. */
int store_layer_exists(struct store *s, const char *id, struct err *err);

/* 1 when its files have the owners of a user namespace, so that only containers with these very
 * maps can use them. Reads no index where the owner of its directory is the store's. */
int store_layer_is_shifted(struct store *s, const char *id, struct err *err);

/* One directory of the chain: "l/<26 characters>" below overlay_fd (borrowed from the store). */
struct store_lower {
	char path[32];
	int overlay_fd;
	int where; /* in which root */
};

struct store_lowers {
	struct store_lower *v; /* topmost first */
	size_t n;
	int home; /* the root that has most of them: see store_lower_name */
};

void store_lowers_fini(struct store_lowers *l);
#define AUTO_STORE_LOWERS __attribute__((cleanup(store_lowers_fini)))

/*
 * What to mount, topmost first, beginning with the layer itself, from the link and lower files only
 * (no index is read). ERR_NOT_FOUND when there is no such layer, ERR_CORRUPT when a link is missing
 * or malformed, ERR_UNSUPPORTED for composefs layers and for trees written for a mount program
 * (their whiteouts are plain files).
 */
int store_layer_lowers(struct store *s, const char *top_id, struct store_lowers *ret,
		       struct err *err);
/*
 * A mount's options are one page: lowers are named relative to a working directory, which is the
 * overlay directory of the root that has most of them (borrowed descriptor). Appends "l/X", or for
 * one of another root its path, in which what separates options is escaped.
 */
int store_lowers_dir(const struct store *s, const struct store_lowers *l);
void store_lower_name(const struct store *s, const struct store_lowers *l, size_t i,
		      struct buf *out);
/* <root>/overlay of root `where`, as configured; borrowed. */
const char *store_overlay_path(const struct store *s, int where);

/* The layer's own files, opened for reading. The caller closes. */
int store_layer_open_diff(struct store *s, const char *id, int *ret_fd, struct err *err);
/* <id>.tar-split.gz opened for reading: 1, or 0 when the layer has none. The caller closes. */
int store_layer_open_tarsplit(struct store *s, const char *id, int *ret_fd, struct err *err);

#endif
