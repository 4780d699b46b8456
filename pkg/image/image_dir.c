#include "image_dir.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/digest.h"
#include "sys/fd.h"

#include <errno.h>
#include <unistd.h>

#define VERSION_MAX 4096
#define HEX_LEN 64

/* Who was killed before anything else was there left no more than that. */
static bool is_fresh(const struct strv *names)
{
	size_t i;

	for (i = 0; i < names->n && file_is_temporary(names->v[i]); i++)
		;
	return i == names->n;
}

int image_dir_check(int dir, struct err *err)
{
	AUTO_BUF struct buf version = BUF_INIT(VERSION_MAX);
	AUTO_STRV struct strv names = STRV_INIT;
	int r;

	r = dir_list(dir, ".", &names, err);
	if (r < 0 || is_fresh(&names))
		return r;
	r = file_read(dir, "version", &version, err);
	if (r > 0 && streq(buf_str(&version), IMAGE_DIR_VERSION))
		return 0;
	return r < 0 ? r
		     : err_set(err, ERR_EXISTS,
			       "not a container image directory: nothing in it is overwritten");
}

static bool is_of(const struct manifest *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_layers; i++)
		if (streq(digest_hex(m->layers[i].digest), name))
			return true;
	return streq(digest_hex(m->config.digest), name);
}

/* "signature-1": of the image that was there before. */
static bool is_signature(const char *name)
{
	const char *n = str_after(name, "signature-");

	return n && *n && strspn(n, "0123456789") == strlen(n);
}

static bool is_blob(const char *name)
{
	return strlen(name) == HEX_LEN && str_is_hex(name, HEX_LEN);
}

int image_dir_sweep(int dir, const struct manifest *m, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++) {
		if (!is_signature(names.v[i]) && (!is_blob(names.v[i]) || is_of(m, names.v[i])))
			continue;
		if (unlinkat(dir, names.v[i], 0) < 0 && errno != ENOENT && errno != EISDIR)
			return err_sys(err, errno, "removing %s", names.v[i]);
	}
	return r;
}
