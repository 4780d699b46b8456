/*
 * The documents of an image and its record are written one after the other. Who dies between the
 * two leaves documents that the record does not name, and maybe a "manifest" that is not the one it
 * means: that one is also there under its digest.
 */
#include "priv.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "digest/digest.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DOCUMENT_MAX ((size_t)64 << 20)
#define DOCUMENT_MODE 0600
#define KEY_MAX 96
static const char manifest[] = "manifest";

static int known_files(const struct store_image *image, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < image->data_names.n; i++) {
		AUTO_FREE char *name = data_file_name(image->data_names.v[i]);

		if (name)
			r = strv_take(ret, TAKE(name), err);
	}
	return r;
}

static int remove_others(int dir, const struct strv *known, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (strv_find(known, names.v[i]) < 0 && unlinkat(dir, names.v[i], 0) < 0 &&
		    errno != ENOENT)
			r = err_sys(err, errno, "removing %s", names.v[i]);
	return r;
}

/* 1 when the file has this digest. */
static int has_digest(int dir, const char *name, const char *digest, struct buf *text,
		      struct err *err)
{
	char got[SHA256_TEXT_MAX];
	uint8_t sum[SHA256_LEN];
	int r;

	r = file_read(dir, name, text, err);
	if (r > 0)
		r = sha256_once(buf_str(text), text->len, sum, err) < 0 ? -(int)err->code : 1;
	return r <= 0 ? r : streq(sha256_text(sum, got), digest);
}

static int restore_manifest(int dir, const char *digest, struct err *err)
{
	AUTO_BUF struct buf now = BUF_INIT(DOCUMENT_MAX), meant = BUF_INIT(DOCUMENT_MAX);
	AUTO_FREE char *name = NULL;
	char key[KEY_MAX];
	int r;

	r = has_digest(dir, manifest, digest, &now, err);
	if (r != 0)
		return r < 0 ? r : 0;
	(void)snprintf(key, sizeof(key), "manifest-%s", digest);
	name = data_file_name(key);
	if (!name)
		return 0;
	r = has_digest(dir, name, digest, &meant, err);
	/* When it is not there, nothing can be done, and a check will say so. */
	if (r > 0)
		r = file_replace(dir, manifest, DOCUMENT_MODE, buf_str(&meant), meant.len,
				 FILE_SYNC, err);
	return r < 0 ? r : 0;
}

int image_data_restore(struct store *s, size_t where, const struct rec *rec, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STRV struct strv known = STRV_INIT;
	AUTO_FREE char *digest = NULL;
	AUTO_CLOSE int dir = -1;
	struct str text;
	int area, r;

	r = image_from_rec(s, rec, where, &image, err);
	if (r == 0)
		r = store_area_fd(s, where, AREA_IMAGES, &area, err);
	/* Without a directory there is nothing to be restored; a check will say so. */
	if (r == 0 && faccessat(area, image->id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (r == 0)
		r = dir_open(area, image->id, &dir, err);
	if (r == 0)
		r = known_files(image, &known, err);
	if (r == 0)
		r = remove_others(dir, &known, err);
	if (r < 0)
		return err_wrap(err, "image %.12s", image ? image->id : "?");
	if (!slice_text(slice_get(slice_get(rec->text, "big-data-digests"), manifest), &text))
		return 0;
	digest = str_dup(text);
	if (!digest)
		return err_nomem(err);
	r = restore_manifest(dir, digest, err);
	return r < 0 ? err_wrap(err, "image %.12s", image->id) : 0;
}
