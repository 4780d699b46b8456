/* Big data of images: files in overlay-images/<id>/, named by their key (4.2 of the format). */
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define MAKING_SECONDS 30

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_plain(const char *key)
{
	for (; *key; key++)
		if (!(*key >= 'a' && *key <= 'z') && !(*key >= '0' && *key <= '9') && *key != '.')
			return false;
	return true;
}

static void add_base64(struct buf *out, const unsigned char *p, size_t n)
{
	unsigned v;
	size_t i;

	for (i = 0; i < n; i += 3) {
		v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
		    (i + 2 < n ? p[i + 2] : 0);
		buf_addc(out, alphabet[v >> 18]);
		buf_addc(out, alphabet[v >> 12 & 63]);
		buf_addc(out, i + 1 < n ? alphabet[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? alphabet[v & 63] : '=');
	}
}

char *data_file_name(const char *key)
{
	AUTO_BUF struct buf out = BUF_INIT(NAME_MAX);

	/* "." and ".." are plain by the rule, but no file names. */
	if (str_empty(key) || streq(key, ".") || streq(key, ".."))
		return NULL;
	if (is_plain(key)) {
		buf_adds(&out, key);
	} else {
		buf_addc(&out, '=');
		add_base64(&out, (const unsigned char *)key, strlen(key));
	}
	if (!buf_ok(&out) || strchr(out.ptr, '/'))
		return NULL;
	return buf_take(&out);
}

/* podman 4 names an image of an additional store by a record without data of its own: every store
 * that has the image is asked, beginning with the record's. */
static int read_data(struct store *s, const struct store_image *image, const char *path,
		     struct buf *out, struct err *err)
{
	size_t i, where;
	int r;

	r = file_read(s->roots[image->where].fd, path, out, err);
	for (i = 0; r == 0 && i < s->n_roots; i++) {
		where = image_place(s, i);
		if (where != (size_t)image->where)
			r = file_read(s->roots[where].fd, path, out, err);
	}
	return r;
}

int store_image_data(struct store *s, const struct store_image *image, const char *key,
		     struct buf *out, struct err *err)
{
	AUTO_FREE char *name = NULL, *path = NULL;
	int r;

	r = id_check(image->id, "image ID", err);
	if (r < 0)
		return r;
	name = data_file_name(key);
	if (!name)
		return err_set(err, ERR_INVALID, "image %.12s: no data can have the key '%s'",
			       image->id, key);
	path = str_fmt("overlay-images/%s/%s", image->id, name);
	if (!path)
		return err_nomem(err);
	r = read_data(s, image, path, out, err);
	return r < 0 ? err_wrap(err, "image %.12s: %s", image->id, key) : r;
}

bool store_image_is_being_made(struct store *s, const struct store_image *image)
{
	const struct root *root = &s->roots[image->where];
	char path[STORE_ID_LEN + 32];
	struct timespec now;
	struct stat st;

	if (image->names.n > 0 || image->names_history.n > 0 || !id_is_good(image->id))
		return false;
	(void)snprintf(path, sizeof(path), "overlay-images/%s", image->id);
	/* Before its data there is nothing but the record. */
	if (fstatat(root->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    fstatat(root->fd, "overlay-images/images.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return st.st_mtim.tv_sec + MAKING_SECONDS >= now.tv_sec;
}
