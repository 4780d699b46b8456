/*
 * A layer's directory is put on disk before the record that says it is there. The layer's files
 * were (store_sync), but what is written and renamed after that, while locks are held, was not; and
 * a file system may bring a name, and the record, to the disk long before what a file has in it.
 */
#include "priv.h"
#include "base/err.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int sync_file(int dir, const char *name, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fdatasync(fd) < 0)
		return err_sys(err, errno, "syncing %s", name);
	return 0;
}

int layer_dir_sync(struct store *s, const char *id, struct err *err)
{
	int where = layer_dir_where(s, id), r;
	AUTO_CLOSE int dir = -1;

	if (where < 0)
		return err_sys(err, errno, "looking for the directory of layer %.12s", id);
	r = dir_open(s->roots[where].overlay_fd, id, &dir, err);
	if (r == 0)
		r = sync_file(dir, "link", err);
	if (r == 0)
		r = sync_file(dir, "lower", err);
	return r < 0 ? r : dir_sync(dir, ".", err);
}

int layer_names_sync(struct store *s, size_t where, struct err *err)
{
	int area, r;

	r = dir_sync(s->roots[where].overlay_fd, ".", err);
	if (r == 0)
		r = dir_sync(s->roots[where].overlay_fd, "l", err);
	if (r == 0)
		r = store_area_fd(s, 0, AREA_LAYERS, &area, err);
	return r < 0 ? r : dir_sync(area, ".", err);
}
