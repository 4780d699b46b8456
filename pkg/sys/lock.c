#include "sys/lock.h"
#include "base/auto.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Each further try means that somebody removed the file in between. */
#define NAMED_TRIES 16
/* Five seconds in all. */
#define DIR_TRIES 1000
#define DIR_PAUSE_NS 5000000

static struct flock whole_file(enum lock_kind kind)
{
	return (struct flock){
	    .l_type = kind == LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK,
	    .l_whence = SEEK_SET,
	};
}

int lock_fd(int fd, enum lock_kind kind, bool wait, struct err *err)
{
	struct flock fl = whole_file(kind);
	int r;

	do
		r = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &fl);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return 1;
	if (!wait && (errno == EAGAIN || errno == EACCES))
		return 0;
	return err_sys(err, errno, "locking");
}

static int open_and_lock(int dir, const char *path, enum lock_kind kind, bool wait, int *ret_fd,
			 struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	fd = openat(dir, path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, errno, "opening lock file %s", path);
	r = lock_fd(fd, kind, wait, err);
	if (r < 0)
		return err_wrap(err, "%s", path);
	if (r > 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int lock_open(int dir, const char *path, enum lock_kind kind, int *ret_fd, struct err *err)
{
	int r = open_and_lock(dir, path, kind, true, ret_fd, err);

	return r < 0 ? r : 0;
}

int lock_try_open(int dir, const char *path, enum lock_kind kind, int *ret_fd, struct err *err)
{
	return open_and_lock(dir, path, kind, false, ret_fd, err);
}

/* 1, or 0 when nothing or something else has the name. */
static int has_name(int fd, int dir, const char *path, struct err *err)
{
	struct stat mine, named;

	if (fstat(fd, &mine) < 0)
		return err_sys(err, errno, "looking at %s", path);
	if (fstatat(dir, path, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "looking at %s", path);
	return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

int lock_try_named(int dir, const char *path, int *ret_fd, struct err *err)
{
	int i, r;

	for (i = 0; i < NAMED_TRIES; i++) {
		AUTO_CLOSE int fd = -1;

		r = lock_try_open(dir, path, LOCK_EXCLUSIVE, &fd, err);
		if (r <= 0)
			return r;
		r = has_name(fd, dir, path, err);
		if (r > 0)
			*ret_fd = TAKE_FD(fd);
		if (r != 0)
			return r;
	}
	return 0;
}

int lock_try_dir(int dir, const char *path, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_sys(err, errno, "locking %s", path);
	r = has_name(fd, dir, path, err);
	if (r > 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int lock_dir(int dir_fd, struct err *err)
{
	const struct timespec pause = {0, DIR_PAUSE_NS};
	int i;

	for (i = 0; i < DIR_TRIES; i++) {
		if (flock(dir_fd, LOCK_EX | LOCK_NB) == 0)
			return 1;
		if (errno == EBADF || errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "locking the directory");
		(void)nanosleep(&pause, NULL);
	}
	return err_set(err, ERR_IN_USE, "the directory is kept by another program: try again");
}

int lock_is_held(int dir, const char *path, struct err *err)
{
	struct flock fl = whole_file(LOCK_SHARED);
	AUTO_CLOSE int fd = -1;

	fd = openat(dir, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "opening lock file %s", path);
	if (fcntl(fd, F_OFD_GETLK, &fl) < 0)
		return err_sys(err, errno, "asking for the lock of %s", path);
	return fl.l_type != F_UNLCK;
}
