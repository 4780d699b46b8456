/*
 * archive.h - images in files: saved to and loaded from archives and directories in the formats of
 * docker save, the OCI image layout, and the "dir" of skopeo.
 */
#ifndef IMAGE_IMAGE_ARCHIVE_H
#define IMAGE_IMAGE_ARCHIVE_H

#include "image/image.h"

struct strv;

enum save_format { SAVE_DOCKER_ARCHIVE, SAVE_OCI_ARCHIVE, SAVE_OCI_DIR, SAVE_DOCKER_DIR };

static inline bool save_is_dir(enum save_format f)
{
	return f == SAVE_OCI_DIR || f == SAVE_DOCKER_DIR;
}

struct image_save {
	enum save_format format;
	/* Where to: a file open for writing, or a directory open for reading. Borrowed. */
	int fd;
	/* Names beyond the first are images of their own; else further names of the first. */
	bool multi;
	bool compress;	   /* docker-dir: layers compressed */
	bool uncompressed; /* OCI: layers as they are */
	/* The manifest of docker-dir and OCI. As it is: OCI's own for OCI, for docker-dir as in the
	 * store. */
	enum push_format manifest;
	/* Of layers that are compressed; level: as users count (compression_level). */
	enum push_compression compression;
	int level;
};

/*
 * Writes images by what the user typed. In a directory blobs come first and the index last; layers
 * that it has already, of their size, are not made again. Nothing is reached through links inside
 * of it (ERR_INVALID), and ERR_IN_USE says that another program keeps it for seconds. The images of
 * an OCI layout that are there stay; the one of docker-dir is replaced, and a directory of anything
 * else is ERR_EXISTS. What was written before an error is the caller's to remove.
 */
int image_save(const struct image_ctx *ctx, const struct strv *images, const struct image_save *o,
	       struct err *err);

/* One image under these names, written as they are; none: nameless. docker-archive adds the name
 * that it has here. ret_digest: of the manifest. */
int image_save_as(const struct image_ctx *ctx, const char *image, const struct strv *names,
		  const struct image_save *o, char ret_digest[80], struct err *err);

/* Is it the address of an archive on a server? */
bool archive_is_url(const char *path);
/* Fetches it into a nameless file of the store; a child does. The caller closes *ret_fd, which
 * stands at its beginning. ERR_NETWORK, ERR_NOT_FOUND, ERR_LIMIT name the address. */
int image_fetch_archive(struct store *s, const char *url, int *ret_fd, struct err *err);

/*
 * Loads all images of an archive or directory (fd: borrowed, read from its position; `what` is its
 * path). The format is found by content. ret_names: a line for each image, its name or
 * "sha256:<id>". Images and layers that were complete before an error stay.
 */
int image_load(const struct image_ctx *ctx, int fd, const char *what, struct strv *ret_names,
	       struct err *err);

/* Which image of an archive. */
struct image_pick {
	enum save_format format; /* it must be this */
	const char *name;	 /* that it has there; docker-archive: complete; NULL: any */
	int64_t index;		 /* its place, from 0; -1: any */
	const struct platform *platform; /* NULL: the host's */
};

/* As image_load, of one image; without name and place it must be the only one (ERR_INVALID). Of an
 * OCI directory it gets the name it was chosen by, or none, of docker-dir none. */
int image_load_one(const struct image_ctx *ctx, int fd, const char *what,
		   const struct image_pick *pick, struct strv *ret_names,
		   char ret_id[STORE_ID_LEN + 1], struct err *err);

#endif
