/* tar_header.h - the 512-byte block: its fields taken apart, and pax records. */
#ifndef TAR_HEADER_H
#define TAR_HEADER_H

#include "archive/tar.h"
#include "base/buf.h"

/* Offsets and lengths: POSIX.1-2017, pax, "ustar Interchange Format". */
enum {
	TAR_NAME = 0,
	TAR_NAME_LEN = 100,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_SIZE = 124,
	TAR_MTIME = 136,
	TAR_CHECKSUM = 148,
	TAR_TYPE = 156,
	TAR_LINKNAME = 157,
	TAR_MAGIC = 257,
	TAR_UNAME = 265,
	TAR_GNAME = 297,
	TAR_OWNER_LEN = 32,
	TAR_MAJOR = 329,
	TAR_MINOR = 337,
	TAR_PREFIX = 345,
	TAR_PREFIX_LEN = 155,
	/* Old GNU format: extents of sparse files, and a flag: blocks with more of them follow. */
	TAR_SPARSE = 386,
	TAR_SPARSE_N = 4,
	TAR_SPARSE_MORE = 482,
	TAR_REAL_SIZE = 483,
	TAR_NEXT_SPARSE_N = 21,
	TAR_NEXT_SPARSE_MORE = 504,
	TAR_SPARSE_LEN = 24,
};

/* prefix, slash, name, NUL */
#define TAR_NAME_MAX (TAR_PREFIX_LEN + 1 + TAR_NAME_LEN + 1)

/* What one block says. */
struct tar_block {
	int type; /* as in the block */
	char name[TAR_NAME_MAX];
	char link[TAR_NAME_LEN + 1];
	char uname[TAR_OWNER_LEN + 1], gname[TAR_OWNER_LEN + 1];
	uint64_t size, uid, gid;
	uint32_t mode, dev_major, dev_minor;
	int64_t mtime;
	bool gnu;
};

bool tar_block_is_zero(const uint8_t *b);
bool tar_block_checksum_ok(const uint8_t *b);
/* The checksum as the header wants it: the field itself counts as blanks. */
unsigned tar_block_sum(const uint8_t *b);
/* NULL, or the name of the field that is malformed. */
const char *tar_block_parse(const uint8_t *b, struct tar_block *ret);

/* Octal or base-256. */
bool tar_number(const uint8_t *field, size_t n, int64_t *ret);
/* The same, not negative. */
bool tar_natural(const uint8_t *field, size_t n, uint64_t *ret);

enum tar_sparse { TAR_NOT_SPARSE, TAR_SPARSE_MAP, TAR_SPARSE_FRONT };

/* What the pax header in front of an entry says. Pointers into `text`; NULL: nothing said. */
struct tar_pax {
	struct buf text;
	const char *path, *linkpath, *uname, *gname, *sparse_name;
	bool has_size, has_uid, has_gid, has_mtime, has_atime;
	uint64_t size, uid, gid;
	struct timespec mtime, atime;
	struct tar_xattr *xattrs;
	size_t n_xattrs, cap_xattrs;
	/* GNU sparse formats 0.0, 0.1 (the map is in records) and 1.0 (in front of the data) */
	const char *sparse_major, *sparse_minor;
	bool has_real_size, half_extent, has_map;
	uint64_t real_size;
	struct tar_extent *extents;
	size_t n_extents, cap_extents;
};

void tar_pax_fini(struct tar_pax *p);
/* Forgets what was parsed, keeps the memory. */
void tar_pax_reset(struct tar_pax *p);
/* Parses p->text in place. */
int tar_pax_parse(struct tar_pax *p, struct err *err);
enum tar_sparse tar_pax_sparse(const struct tar_pax *p);
int tar_pax_add_extent(struct tar_pax *p, uint64_t at, uint64_t len, struct err *err);
/* Decimal digits up to `end`, all of them; false when it is anything else or above 2^63-1. */
bool tar_decimal(const char *s, const char *end, uint64_t *ret);

#endif
