/* archive_scan.h - the members of a tar and where they are, found by a process without rights. */
#ifndef IMAGE_ARCHIVE_SCAN_H
#define IMAGE_ARCHIVE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

struct member {
	char *name;   /* cleaned */
	char *target; /* of a link: the name of another member; NULL: a regular file */
	uint64_t at, size;
};

struct members {
	struct member *v; /* by name */
	size_t n;
};

void members_fini(struct members *ms);
/* What the scanning process says, which may be anything. On failure, too, members_fini. */
int members_take(const struct buf *text, struct members *ms, struct err *err);
const struct member *members_find(const struct members *ms, const char *name);

/* Looks at the first bytes and goes back: for a regular file. */
bool scan_is_compressed(int fd);
/* Reads fd from its position to its end. spool: the plain tar is written there, and places are
 * those in it; -1: fd is a plain tar, places are those in the file. A name that is there twice is
 * refused. */
int scan_tar(int fd, int spool, struct members *ret, struct err *err);

#endif
