/* pack_meta.h - owner, mode, time and attributes of a file on disk as a tar entry has them. */
#ifndef TREE_PACK_META_H
#define TREE_PACK_META_H

#include "archive/tar.h"
#include "base/buf.h"
#include "tree/pack.h"

#include <sys/stat.h>

/* Memory for one file's attributes, used again for the next. */
struct pack_meta {
	struct buf names, values;
	struct tar_xattr *xattrs;
	size_t cap;
	bool opaque; /* the directory just read is marked so */
};

void pack_meta_fini(struct pack_meta *m);
/* Fills uid, gid, mode, mtime and xattrs of *e (borrowed from m until the next call). path names
 * it in errors. */
int pack_meta_read(struct pack_meta *m, const struct tree_pack_options *o, int dir,
		   const char *name, const char *path, const struct stat *st, struct tar_entry *e,
		   struct err *err);

#endif
