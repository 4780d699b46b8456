/* Differences, found by a process that may read what belongs to subordinate IDs. */
#include "image/diff.h"
#include "lowers.h"
#include "base/err.h"
#include "store/layer.h"
#include "sys/fd.h"
#include "sys/spawn.h"
#include "tree/changes.h"
#include "tree/unpack.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHANGES_MAX ((size_t)256 << 20)

struct diffing {
	int upper, out;
	const int *lowers;
	size_t n_lowers;
};

static int diff_main(void *arg, struct err *err)
{
	const struct diffing *d = arg;
	AUTO_BUF struct buf out = BUF_INIT(CHANGES_MAX);
	int r = tree_confine(NULL, 0, err);

	if (r == 0)
		r = tree_changes(d->upper, d->lowers, d->n_lowers, &out, err);
	return r < 0 ? r : fd_write_all(d->out, buf_str(&out), out.len, "the changes", err);
}

static int take_lines(int fd, struct strv *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(CHANGES_MAX + 1);
	struct str rest, line;
	int r = 0;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a memory file");
	r = fd_read_all(fd, "the changes", &text, err);
	rest = (struct str){text.ptr, text.len};
	while (r == 0 && (line = str_cut(&rest, '\0')).ptr)
		r = line.len > 0 ? strv_addn(ret, line, err) : 0;
	return r;
}

int image_diff_upper(const struct image_ctx *ctx, int upper, const char *below, struct strv *ret,
		     struct err *err)
{
	AUTO_CLOSE int out = memfd_create("kist-changes", MFD_CLOEXEC);
	AUTO_LOWERS struct lowers l = {0};
	struct diffing d = {.upper = upper, .out = out};
	struct spawn role = {.name = "differ",
			     .flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
			     .main = diff_main,
			     .arg = &d};
	int r;

	if (out < 0)
		return err_sys(err, errno, "making a memory file");
	r = lowers_give(ctx->store, below, upper, out, &role, &l, err);
	if (r < 0)
		return r;
	d.lowers = l.fds;
	d.n_lowers = l.n;
	r = spawn_run(&role, err);
	return r < 0 ? r : take_lines(out, ret, err);
}

int image_diff(const struct image_ctx *ctx, const char *text, struct strv *ret, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STORE_LAYER struct store_layer layer = {0};
	AUTO_CLOSE int diff = -1;
	int r;

	r = image_get(ctx, text, &image, NULL, err);
	if (r < 0 || !image->layer)
		return r;
	r = store_layer_find(ctx->store, image->layer, &layer, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", image->layer);
	if (r > 0)
		r = store_layer_open_diff(ctx->store, image->layer, &diff, err);
	return r < 0 ? r : image_diff_upper(ctx, diff, layer.parent, ret, err);
}
