/*
 * archive_in.h - an image archive opened for reading: a tar (plain or compressed, also from a pipe)
 * or a directory. Members are found by their cleaned names (archive_path).
 *
 * A tar is indexed by a process without rights. One that is compressed, or cannot be read at any
 * place, is copied to a nameless file of the store first, in the same pass.
 */
#ifndef IMAGE_ARCHIVE_IN_H
#define IMAGE_ARCHIVE_IN_H

#include "base/auto.h"
#include "layers.h"

struct archive;
struct buf;
struct err;
struct store;

#define ARCHIVE_MEMBERS_MAX 100000
/* Of a decompressed archive. */
#define ARCHIVE_BYTES_MAX ((uint64_t)1 << 40)

/* fd is borrowed, and read from its position. `what` names it in errors. */
int archive_open(struct store *s, int fd, const char *what, struct archive **ret, struct err *err);
void archive_close(struct archive *a);
DEFINE_AUTO(struct archive, archive_close)
bool archive_is_dir(const struct archive *a);

/* A regular file, or a link to one within the archive: 1, or 0 when there is none. The caller
 * closes ret->fd. */
int archive_find(const struct archive *a, const char *name, struct blob_at *ret, struct err *err);
bool archive_has(const struct archive *a, const char *name);
/* A whole member, at most out's ceiling: 1, or 0 when there is none. */
int archive_read(const struct archive *a, const char *name, struct buf *out, struct err *err);
/* As archive_read, of a member that must be there and have this digest ("sha256:..."; NULL: any).
 */
int archive_get(const struct archive *a, const char *name, const char *digest, struct buf *out,
		struct err *err);

/* A nameless file below the store, for what is on its way. */
int spool_open(struct store *s, int *ret_fd, struct err *err);

#endif
