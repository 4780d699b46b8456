#include "place.h"
#include "outfile.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/archive.h"
#include "spec/transport.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Not for TRANSPORT_STORAGE. */
static enum save_format format_of(enum transport t)
{
	static const enum save_format of[] = {
	    [TRANSPORT_DIR] = SAVE_DOCKER_DIR,
	    [TRANSPORT_OCI] = SAVE_OCI_DIR,
	    [TRANSPORT_OCI_ARCHIVE] = SAVE_OCI_ARCHIVE,
	    [TRANSPORT_DOCKER_ARCHIVE] = SAVE_DOCKER_ARCHIVE,
	};

	return of[t];
}

/* ---- pull ---- */

/* From the store into the store: it is there, or is not. */
static int pull_stored(const struct image_ctx *ctx, const struct image_place *from,
		       struct strv *ret_names, char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	int r;

	r = image_get(ctx, from->name, &image, NULL, err);
	if (r < 0)
		return r;
	(void)snprintf(ret_id, STORE_ID_LEN + 1, "%s", image->id);
	return strv_add(ret_names, from->name, err);
}

int place_pull(const struct image_ctx *ctx, const struct image_place *from,
	       const struct platform *platform, struct strv *ret_names,
	       char ret_id[STORE_ID_LEN + 1], struct err *err)
{
	struct image_pick pick = {.name = from->name, .index = from->index, .platform = platform};
	AUTO_CLOSE int fd = -1;

	if (from->transport == TRANSPORT_STORAGE)
		return pull_stored(ctx, from, ret_names, ret_id, err);
	pick.format = format_of(from->transport);
	fd = open(from->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", from->path);
	return image_load_one(ctx, fd, from->path, &pick, ret_names, ret_id, err);
}

/* ---- push ---- */

static int check(const struct image_place *to, const struct image_push *push, struct err *err)
{
	bool docker = to->transport == TRANSPORT_DOCKER_ARCHIVE;
	struct stat st;

	if (to->index >= 0)
		return err_set(err, ERR_INVALID,
			       "an image is pushed under a name, its place is where it is added");
	if (docker && push->format == PUSH_OCI)
		return err_set(err, ERR_INVALID,
			       "--format oci: an archive of docker's holds no such manifests");
	if (docker && push->compression == PUSH_ZSTD)
		return err_set(err, ERR_INVALID,
			       "--compression-format zstd: layers in an archive of docker's are "
			       "not compressed");
	if (docker && stat(to->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		return err_set(err, ERR_EXISTS,
			       "%s: docker-archive doesn't support modifying existing images",
			       to->path);
	return 0;
}

static int push_stored(const struct image_ctx *ctx, const struct store_image *image,
		       const struct image_place *to, char ret_digest[80], struct err *err)
{
	AUTO_FREE char *digest = image_own_digest(ctx, image);

	(void)snprintf(ret_digest, 80, "%s", digest ? digest : "");
	return image_tag(ctx, image->id, to->name, err);
}

static int push_to_dir(const struct image_ctx *ctx, const char *image, const struct strv *names,
		       const char *path, struct image_save *o, char ret_digest[80], struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int r = dir_ensure(AT_FDCWD, path, 0755, &dir, err);

	o->fd = dir;
	r = r < 0 ? r : image_save_as(ctx, image, names, o, ret_digest, err);
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

static int push_to_file(const struct image_ctx *ctx, const char *image, const struct strv *names,
			const char *path, struct image_save *o, char ret_digest[80],
			struct err *err)
{
	AUTO_OUTFILE struct outfile f = OUTFILE_INIT;
	int r = outfile_open(path, &f, err);

	o->fd = f.fd;
	r = r < 0 ? r : image_save_as(ctx, image, names, o, ret_digest, err);
	return r < 0 ? r : outfile_commit(&f, err);
}

int place_push(const struct image_ctx *ctx, const char *image, const struct image_place *to,
	       const struct image_push *push, bool compress, char ret_digest[80], struct err *err)
{
	AUTO(store_image_free_p) struct store_image *found = NULL;
	AUTO_STRV struct strv names = STRV_INIT;
	struct image_save o = {
	    .compress = compress,
	    .manifest = push->format,
	    .compression = push->compression,
	    .level = push->level,
	};
	int r;

	r = check(to, push, err);
	/* Before anything is made for it. */
	if (r == 0)
		r = image_get(ctx, image, &found, NULL, err);
	if (r == 0 && to->transport == TRANSPORT_STORAGE)
		return push_stored(ctx, found, to, ret_digest, err);
	if (r == 0 && to->name)
		r = strv_add(&names, to->name, err);
	if (r < 0)
		return r;
	o.format = format_of(to->transport);
	return save_is_dir(o.format)
		   ? push_to_dir(ctx, image, &names, to->path, &o, ret_digest, err)
		   : push_to_file(ctx, image, &names, to->path, &o, ret_digest, err);
}
