/* Room for what has to be written when the disk is full. */
#include "priv.h"
#include "base/err.h"
#include "store/layer_new.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new list of layers beside the old one, and small things. */
#define ROOM_MIN ((off_t)64 << 10)

int store_reserve(struct store *s, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st = {0};
	int r;

	*ret_fd = -1;
	r = store_private_dir(s, "staging", &dir, err);
	if (r < 0)
		return r;
	fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT ? err_sys(err, errno, "making room") : 0;
	if (fstatat(s->roots[layer_home(s)].fd, "overlay-layers/layers.json", &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		st.st_size = 0;
	if (fallocate(fd, 0, 0, st.st_size + ROOM_MIN) == 0)
		*ret_fd = TAKE_FD(fd);
	else if (errno == ENOSPC || errno == EDQUOT)
		return err_sys(err, errno, "making room in %s", own(s)->path);
	return 0;
}

void store_unreserve(int fd)
{
	if (fd < 0)
		return;
	/* At once, whoever else may have the descriptor; else when the last one closes it. */
	(void)!ftruncate(fd, 0);
	(void)close(fd);
}
