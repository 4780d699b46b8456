/*
 * archive.h - what an image archive says about its images: manifest.json of docker's archives
 * (docker save; Docker image spec 1.2, "Combined Image JSON"), and the names that the index.json of
 * an OCI layout gives to its entries (OCI image spec 1.1, annotations.md).
 *
 * Paths in it are names of members of the archive, in their cleaned form, and mean nothing on disk.
 */
#ifndef SPEC_ARCHIVE_H
#define SPEC_ARCHIVE_H

#include "base/strv.h"
#include "spec/image.h"

struct buf;
struct err;

#define ARCHIVE_IMAGES_MAX 1000
#define ARCHIVE_NAME_MAX 4096

#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"

struct archive_image {
	char *config;
	struct strv repo_tags;
	struct strv layers; /* base first */
};

struct archive_index {
	struct archive_image *images;
	size_t n;
};

/* ERR_INVALID names the place; ERR_LIMIT. */
int archive_index_read(const char *text, size_t len, struct archive_index *ret, struct err *err);
int archive_index_write(const struct archive_index *x, struct buf *out, struct err *err);
void archive_index_fini(struct archive_index *x);
#define AUTO_ARCHIVE_INDEX __attribute__((cleanup(archive_index_fini)))

/* The name of a member without "./" and "//": relative to the directory of `from` when that is not
 * NULL (a link). NULL when it leads out of the archive, is too long, or memory is short. */
char *archive_path(const char *name, const char *from);

/* ERR_UNSUPPORTED for another version than 1.x. */
int oci_layout_check(const char *text, size_t len, struct err *err);
/* The name an entry has for its readers (containerd's annotation first); NULL: none. Borrowed. */
const char *index_entry_name(const struct index_entry *e);

#endif
