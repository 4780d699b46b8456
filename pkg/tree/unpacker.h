/* unpacker.h - the state of one unpacking, shared by its parts. */
#ifndef TREE_UNPACKER_H
#define TREE_UNPACKER_H

#include "archive/tar.h"
#include "archive/tarsplit.h"
#include "dirs.h"
#include "seen.h"
#include "tree/unpack.h"

struct source;

struct unpacker {
	int root;
	struct tree_unpack_options o; /* limits filled in */
	struct source *source;
	struct dirs *dirs;
	struct tar_reader *tar;
	struct tarsplit_writer *split; /* NULL: none is made */
	struct seen seen;
	struct ids uids, gids;
	uint64_t disk_bytes;
	struct tree_layer layer; /* what is known so far; arrays stay in uids and gids */
};

/* What is made of one entry. */
struct target {
	const struct tar_entry *e;
	struct tree_path path;
	int parent; /* O_PATH descriptor of its directory, borrowed */
	uint64_t hash;
};

/* make.c: one entry becomes one file of its kind, with owner, mode, times, attributes. Files: see
 * unpacker_file. */
int make_entry(struct unpacker *u, struct target *t, struct err *err);
/* Opens a new file for writing; what is in its way is removed. */
int make_file(struct unpacker *u, struct target *t, int *ret_fd, struct err *err);
int make_whiteout(struct unpacker *u, struct target *t, struct err *err);

/* meta.c: owner, attributes, mode, times, in this order; fd may be of any kind but O_PATH. */
int meta_of_fd(struct unpacker *u, const struct target *t, int fd, struct err *err);
/* The same by name, for links, symlinks, devices and fifos. */
int meta_of_name(struct unpacker *u, const struct target *t, struct err *err);
/* Owner only. */
int meta_owner_of_name(struct unpacker *u, const struct target *t, struct err *err);
/* ERR_INVALID for attributes that an image may not bring. */
int meta_check(const struct tar_entry *e, struct err *err);
void meta_times(const struct tar_entry *e, struct timespec times[2]);
int meta_set_opaque(struct unpacker *u, const struct target *t, struct err *err);

#endif
