#include "out_dir.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIR_MODE 0755
#define FILE_MODE 0644
#define OLD_SECONDS (24 * 60 * 60)

/* path: from the top, for errors; its last component is what is opened below dir. */
static int enter(int dir, const char *path, bool make, int *ret_fd, struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int fd;

	if (make && mkdirat(dir, name, DIR_MODE) < 0 && errno != EEXIST)
		return err_sys(err, errno, "creating directory %s", path);
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return err_set(err, ERR_INVALID,
			       "%s is not a directory (links are not followed there)", path);
	if (fd < 0)
		return err_sys(err, errno, "opening directory %s", path);
	*ret_fd = fd;
	return 0;
}

/* The directory that name lies in: step by step, because each could be a link to elsewhere. */
static int reach(int top, const char *name, bool make, int *ret_fd, const char **ret_last,
		 struct err *err)
{
	AUTO_CLOSE int dir = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *slash = name;
	char path[PATH_MAX];
	int r, next = -1;

	if (dir < 0)
		return err_sys(err, errno, "opening the directory");
	*ret_last = name;
	while ((slash = strchr(slash, '/'))) {
		(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
		r = enter(dir, path, make, &next, err);
		if (r < 0)
			return r;
		(void)close(dir);
		dir = next;
		*ret_last = ++slash;
	}
	*ret_fd = TAKE_FD(dir);
	return 0;
}

bool out_dir_has(int top, const char *name, uint64_t size)
{
	struct err ignored = ERR_INIT;
	AUTO_CLOSE int dir = -1;
	const char *last;
	struct stat st;

	return reach(top, name, false, &dir, &last, &ignored) == 0 &&
	       fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

int out_dir_spool(int top, int *ret_fd, struct err *err)
{
	int fd = openat(top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return err_sys(err, errno, "creating a file in the archive's directory");
	*ret_fd = fd;
	return 0;
}

/* What has the name is damaged, or another save was faster: in both cases this one is whole. */
static int replace(int dir, const char *last, const char *spool, const char *name, struct err *err)
{
	char tmp[NAME_MAX + 1];
	int r = file_temporary(last, tmp, err);

	if (r < 0)
		return r;
	if (linkat(AT_FDCWD, spool, dir, tmp, AT_SYMLINK_FOLLOW) < 0)
		return err_sys(err, errno, "naming %s", name);
	if (renameat(dir, tmp, dir, last) < 0) {
		r = err_sys(err, errno, "replacing %s", name);
		(void)unlinkat(dir, tmp, 0); /* the error that counts is the earlier one */
	}
	return r;
}

int out_dir_place(int top, const char *name, int spool, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	char path[FD_PATH_MAX];
	const char *last;
	int r = reach(top, name, true, &dir, &last, err);

	if (r < 0)
		return r;
	if (linkat(AT_FDCWD, fd_path(spool, path), dir, last, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return errno == EEXIST ? replace(dir, last, path, name, err)
			       : err_sys(err, errno, "naming %s", name);
}

/* Has it these very bytes? */
static bool holds(int top, const char *name, const void *data, size_t n)
{
	AUTO_BUF struct buf text = BUF_INIT(n + 1);
	struct err ignored = ERR_INIT;
	AUTO_CLOSE int dir = -1;
	const char *last;

	return reach(top, name, false, &dir, &last, &ignored) == 0 &&
	       file_read(dir, last, &text, &ignored) > 0 && text.len == n &&
	       memcmp(buf_str(&text), data, n) == 0;
}

int out_dir_text(int top, const char *name, const void *data, size_t n, struct err *err)
{
	AUTO_CLOSE int spool = -1;
	int r;

	if (!strchr(name, '/'))
		return file_replace(top, name, FILE_MODE, data, n, 0, err);
	if (holds(top, name, data, n))
		return 0;
	r = out_dir_spool(top, &spool, err);
	if (r == 0)
		r = fd_write_all(spool, data, n, name, err);
	return r < 0 ? r : out_dir_place(top, name, spool, err);
}

static bool is_old(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtim.tv_sec > OLD_SECONDS;
}

int out_dir_sweep(int top, const char *name, bool alone, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	const char *last;
	size_t i;
	int r = reach(top, name, false, &dir, &last, err);

	if (r == 0)
		r = dir_list(dir, ".", &names, err);
	/* What is somebody else's in a directory of several users stays. */
	for (i = 0; r == 0 && i < names.n; i++)
		if (file_is_temporary(names.v[i]) && (alone || is_old(dir, names.v[i])))
			(void)unlinkat(dir, names.v[i], 0);
	return r;
}
