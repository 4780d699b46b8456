/*
 * Lock files that say that their maker is alive. The maker removes its file before it gives up the
 * lock, so a lock may be obtained on a file that is no longer there: then it is taken again.
 */
#include "priv.h"
#include "base/err.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIVE_TRIES 1000

/* Is the file behind fd still the one of this name? */
static bool still_there(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int take_in(int dir, const char *name, bool wait, int *ret_fd, struct err *err)
{
	int tries, r;

	for (tries = 0; tries < LIVE_TRIES; tries++) {
		AUTO_CLOSE int fd = -1;

		r = wait ? lock_open(dir, name, LOCK_EXCLUSIVE, &fd, err)
			 : lock_try_open(dir, name, LOCK_EXCLUSIVE, &fd, err);
		if (r < 0 || fd < 0)
			return r;
		if (still_there(dir, name, fd)) {
			*ret_fd = TAKE_FD(fd);
			return 1;
		}
	}
	return err_set(err, ERR_BUG, "%s: the lock file is gone again and again", name);
}

int live_take(struct store *s, const char *name, bool wait, struct live *ret, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int fd = -1, r;

	if (strlen(name) >= sizeof(ret->name))
		return err_set(err, ERR_BUG, "%s: name too long", name);
	r = store_private_dir(s, "staging", &dir, err);
	if (r == 0)
		r = take_in(dir, name, wait, &fd, err);
	if (r <= 0)
		return r;
	ret->dir = TAKE_FD(dir);
	ret->fd = fd;
	memcpy(ret->name, name, strlen(name) + 1);
	return 1;
}

/* None at all when the disk is full. */
static int take_to_remove(struct store *s, const char *name, struct live *ret, struct err *err)
{
	int r = live_take(s, name, false, ret, err);

	if (r < 0 && (err_is_errno(err, ENOSPC) || err_is_errno(err, EDQUOT))) {
		err_clear(err);
		r = 0;
	}
	return r < 0 ? r : 0;
}

int live_take_drop(struct store *s, const char *layer, struct live *ret, struct err *err)
{
	char name[STORE_ID_LEN + 32];

	(void)snprintf(name, sizeof(name), "drop-%.64s.lock", layer);
	return take_to_remove(s, name, ret, err);
}

int live_take_container(struct store *s, const char *id, struct live *ret, struct err *err)
{
	char name[STORE_ID_LEN + 32];

	(void)snprintf(name, sizeof(name), "container-%.64s.lock", id);
	return take_to_remove(s, name, ret, err);
}

int live_take_image(struct store *s, const char *id, struct live *ret, struct err *err)
{
	char name[STORE_ID_LEN + 32];
	int r;

	(void)snprintf(name, sizeof(name), "image-%.64s.lock", id);
	r = live_take(s, name, false, ret, err);
	return r < 0 ? r : 0;
}

void live_drop(struct live *l)
{
	/* When this fails an empty file stays that store_gc removes. */
	if (l->fd >= 0)
		(void)unlinkat(l->dir, l->name, 0);
	live_leave(l);
}

void live_leave(struct live *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	if (l->dir >= 0)
		(void)close(l->dir);
	l->dir = l->fd = -1;
}
