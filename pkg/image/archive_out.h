/* archive_out.h - an image archive being written: a tar, or a directory of files. */
#ifndef IMAGE_ARCHIVE_OUT_H
#define IMAGE_ARCHIVE_OUT_H

#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

struct archive_out {
	bool is_dir;
	int fd;		  /* borrowed */
	struct strv have; /* names written by us */
	struct store *store;
};

void archive_out_fini(struct archive_out *o);

/* Did we write it? (Small members of directories are not noted: they are compared.) */
bool archive_out_wrote(const struct archive_out *o, const char *name);
/* Is it there already? In a directory also from earlier, when it has this size. */
bool archive_out_has(const struct archive_out *o, const char *name, uint64_t size);
/* A nameless file for content whose length or name is not known yet. The caller closes. */
int archive_out_spool(struct archive_out *o, int *ret_fd, struct err *err);
/* A spooled file becomes a member. */
int archive_out_place(struct archive_out *o, const char *name, int spool, struct err *err);
/* A small member. In a directory it replaces what was there. */
int archive_out_text(struct archive_out *o, const char *name, const void *data, size_t n,
		     struct err *err);
/* Tar: the header of a member, whose bytes the caller writes to fd; then archive_out_end_member. */
int archive_out_begin_member(struct archive_out *o, const char *name, uint64_t size,
			     struct err *err);
int archive_out_end_member(struct archive_out *o, uint64_t size, struct err *err);
/* Tar: the end marker. */
int archive_out_finish(struct archive_out *o, struct err *err);

#endif
