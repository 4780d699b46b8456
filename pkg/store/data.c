/* Big data of images: files in overlay-images/<id>/, named by their key (4.2 of the format). */
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <limits.h>
#include <stdlib.h>

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
	r = file_read(s->roots[image->where].fd, path, out, err);
	return r < 0 ? err_wrap(err, "image %.12s: %s", image->id, key) : r;
}
