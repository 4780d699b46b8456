/*
 * downloads.h - blobs on their way: files in <graphroot>/kist/downloads, named by digest, which a
 * pull that was broken off leaves for the next one to continue.
 */
#ifndef IMAGE_DOWNLOADS_H
#define IMAGE_DOWNLOADS_H

struct err;
struct store;

struct download {
	int dir, fd;
	char name[80]; /* "" when the file has no name: another pull holds the named one */
};

#define DOWNLOAD_INIT                                                                              \
	{                                                                                          \
		.dir = -1, .fd = -1                                                                \
	}

/* Opens the blob's file, with what an earlier pull left in it. While another process downloads the
 * same blob, this one gets a nameless file of its own. */
int download_open(struct store *s, const char *digest, struct download *ret, struct err *err);
/* Closes; the file stays for the next pull. */
void download_close(struct download *d);
/* Closes and removes. */
void download_discard(struct download *d);
/* Removes what an earlier pull left of a blob that is not needed any more, unless somebody is
 * loading it. Best effort. */
void download_forget(struct store *s, const char *digest);
/* Removes files that nobody has written to for DOWNLOAD_KEEP_SECONDS. */
#define DOWNLOAD_KEEP_SECONDS (24L * 3600)
int downloads_gc(struct store *s, struct err *err);

#endif
