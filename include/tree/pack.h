/*
 * pack.h - files become a tar again: byte by byte as it was, with tar-split (push, save), or anew
 * from a directory (commit, export, diff).
 */
#ifndef TREE_PACK_H
#define TREE_PACK_H

#include "archive/stream.h"
#include "digest/digest.h"

#include <stdbool.h>

struct tree_pack_result {
	uint8_t diff_id[SHA256_LEN];
	uint64_t size;
};

/*
 * Writes the tar that tarsplit (the .tar-split.gz, read from its position) describes to `to`. Each
 * file's content comes from the first of diffs[0..n) that has it (normally n is 1), is reached
 * inside that directory without following a link in the last component, and must be a regular file
 * of the right length and CRC: else ERR_CORRUPT names it. Compare diff_id before trusting the
 * result: bytes were passed on before they could be judged.
 */
int tree_pack_split(int tarsplit, const int *diffs, size_t n, const struct sink *to,
		    struct tree_pack_result *ret, struct err *err);

/* An owner as seen on disk is written as the one inside the container. */
struct tree_idmap {
	uint32_t container_id, host_id, size;
};

struct tree_pack_options {
	bool rootless; /* the opaque mark is user.overlay.opaque */
	/* Directories below, topmost first: an opaque directory is marked in the tar only when one
	 * of them has it. */
	const int *lowers;
	size_t n_lowers;
	/* No whiteouts: devices 0/0 are devices, opaque marks are ignored (export of a mounted root
	 * file system). */
	bool plain;
	/* Stores of one ID: user.containers.override_stat says who a file belongs to (its mode is
	 * its own). Elsewhere any user of a container can write it, and it counts for nothing. */
	bool owner_xattr;
	const struct tree_idmap *uids, *gids; /* identity when there are none */
	size_t n_uids, n_gids;
};

/* Packs the directory diff (open for reading): names sorted in each directory, times cut to
 * seconds, hard links by inode, sockets left out, xattrs security.capability, security.ima and
 * user.* but for the store's own. */
int tree_pack_dir(int diff, const struct tree_pack_options *options, const struct sink *to,
		  struct tree_pack_result *ret, struct err *err);

#endif
