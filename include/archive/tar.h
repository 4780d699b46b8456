/*
 * tar.h - tar archives (POSIX ustar and pax; GNU long names, numbers, sparse files), read from a
 * stream and written to a sink, without touching files.
 *
 * What is read is hostile: every number is checked, and what describes one entry (pax records,
 * long names, sparse maps) is held below TAR_META_MAX bytes.
 *
 *	while ((r = tar_next(t, &e, err)) > 0)
 *		while ((r = tar_data(t, &p, &n, err)) > 0)
 *			...
 *	then tar_finish: everything behind the end marker.
 */
#ifndef ARCHIVE_TAR_H
#define ARCHIVE_TAR_H

#include "archive/stream.h"

#include <stdbool.h>
#include <time.h>

#define TAR_BLOCK 512
/* Bytes of pax headers and long names before one entry, and of a sparse map. */
#define TAR_META_MAX (1024 * 1024)
#define TAR_XATTRS_MAX 1024

enum tar_type {
	TAR_FILE = '0',
	TAR_LINK = '1', /* hard link */
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEV = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
	TAR_GLOBAL = 'g', /* pax global header: no file; its records are not applied */
};

struct tar_xattr {
	const char *name;  /* "user.x", without "SCHILY.xattr." */
	const char *value; /* any bytes */
	size_t len;
};

struct tar_extent {
	uint64_t at, len; /* ascending, not overlapping, below real_size */
};

/* Borrowed from the reader until the next tar_next. Strings are as in the archive (not cleaned, any
 * bytes except NUL). */
struct tar_entry {
	int type; /* enum tar_type */
	const char *name;
	const char *link; /* target of links, else "" */
	const char *uname, *gname;
	uint64_t size; /* of the data that tar_data yields; 0 for all but files */
	uint32_t mode; /* permission bits, 07777 */
	uint64_t uid, gid;
	struct timespec mtime, atime; /* atime is mtime when the archive has none */
	uint32_t dev_major, dev_minor;
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	bool sparse;	    /* sparse file: the data are these extents one after the other */
	uint64_t real_size; /* size of the file on disk */
	const struct tar_extent *extents;
	size_t n_extents;
};

struct tar_reader;

/* Sees, in order, every byte of the archive that tar_data does not yield: headers, pax records,
 * long names, sparse maps, padding, the end marker and all behind it. */
typedef int tar_raw_fn(void *arg, const void *data, size_t n, struct err *err);

/* `from` stays the caller's. raw may be NULL. */
int tar_reader_new(struct stream *from, tar_raw_fn *raw, void *arg, struct tar_reader **ret,
		   struct err *err);
void tar_reader_free(struct tar_reader *t);
DEFINE_AUTO(struct tar_reader, tar_reader_free)

/* The next entry: 1, or 0 at the end marker or the end of the stream. Data that was not asked for
 * is skipped. Types of other kinds (sockets, multi-volume) are ERR_UNSUPPORTED, a malformed
 * archive is ERR_CORRUPT; both name the entry or the offset. */
int tar_next(struct tar_reader *t, const struct tar_entry **ret, struct err *err);
/* The next piece of the entry's data, borrowed until the next call: 1, or 0 at its end. */
int tar_data(struct tar_reader *t, const void **ret_data, size_t *ret_n, struct err *err);
/* After tar_next returned 0: reads to the end of the stream, everything goes to raw. */
int tar_finish(struct tar_reader *t, struct err *err);

/*
 * Writes: ustar headers where they can say it, else a pax header in front. Bytes depend on the
 * entry only.
 */
struct tar_writer;

int tar_writer_new(const struct sink *to, struct tar_writer **ret, struct err *err);
void tar_writer_free(struct tar_writer *w);
DEFINE_AUTO(struct tar_writer, tar_writer_free)
/* Writes the header (and the padding of the entry before). name, link, uname and gname may be NULL
 * for "". Sparse entries are not written. atime is not written. */
int tar_write_entry(struct tar_writer *w, const struct tar_entry *e, struct err *err);
/* Exactly e->size bytes in all. */
int tar_write_data(struct tar_writer *w, const void *data, size_t n, struct err *err);
/* The end marker: two zero blocks. */
int tar_write_end(struct tar_writer *w, struct err *err);

#endif
