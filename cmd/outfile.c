#include "outfile.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_stdout(struct outfile *f, struct err *err)
{
	if (isatty(STDOUT_FILENO))
		return err_set(err, ERR_INVALID,
			       "refusing to write an archive to a terminal: use -o FILE or "
			       "redirect standard output");
	f->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return f->fd < 0 ? err_sys(err, errno, "standard output") : 0;
}

static int open_temporary(struct outfile *f, const char *path, struct err *err)
{
	unsigned char raw[8];
	char text[2 * sizeof(raw) + 1];

	rand_bytes(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), text);
	f->path = strdup(path);
	f->temporary = str_fmt("%s.%s.tmp", path, text);
	if (!f->path || !f->temporary)
		return err_nomem(err);
	f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return f->fd < 0 ? err_sys(err, errno, "creating %s", path) : 0;
}

/* The regular file that a link leads to, NULL when it is something else. The kernel follows the
 * link, so that its rules about links of others hold; the path is that of what it found. */
static int follow(const char *link, char **ret, struct err *err)
{
	AUTO_CLOSE int fd = open(link, O_PATH | O_CLOEXEC);
	AUTO_FREE char *path = NULL;
	char self[FD_PATH_MAX];
	struct stat found, named;

	if (fd < 0)
		return err_sys(err, errno, "opening %s", link);
	if (fstat(fd, &found) < 0)
		return err_sys(err, errno, "looking at %s", link);
	if (!S_ISREG(found.st_mode))
		return 0;
	path = realpath(fd_path(fd, self), NULL);
	if (!path)
		return err_sys(err, errno, "resolving %s", link);
	if (lstat(path, &named) < 0 || named.st_dev != found.st_dev || named.st_ino != found.st_ino)
		return err_set(err, ERR_CHANGED, "%s leads to another file now", link);
	*ret = TAKE(path);
	return 0;
}

static int open_other(struct outfile *f, const char *path, struct err *err)
{
	f->fd = open(path, O_WRONLY | O_CLOEXEC);
	return f->fd < 0 ? err_sys(err, errno, "opening %s", path) : 0;
}

/* /dev/stdout, /proc/self/fd/1: who gave us that descriptor reads what it is open on. */
static bool is_descriptor(const char *path)
{
	return str_starts(path, "/dev/") || str_starts(path, "/proc/");
}

static int open_path(struct outfile *f, const char *path, struct err *err)
{
	AUTO_FREE char *target = NULL;
	struct stat st;
	int r = 0;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return open_temporary(f, path, err);
	if (S_ISLNK(st.st_mode) && !is_descriptor(path))
		r = follow(path, &target, err);
	if (r < 0)
		return r;
	return target ? open_temporary(f, target, err) : open_other(f, path, err);
}

int outfile_open(const char *path, struct outfile *ret, struct err *err)
{
	AUTO_OUTFILE struct outfile f = OUTFILE_INIT;
	int r = path ? open_path(&f, path, err) : open_stdout(&f, err);

	if (r < 0)
		return r;
	*ret = f;
	f = (struct outfile)OUTFILE_INIT;
	return 0;
}

int outfile_commit(struct outfile *f, struct err *err)
{
	int fd = TAKE_FD(f->fd);

	if (close(fd) < 0)
		return err_sys(err, errno, "writing %s", f->path ? f->path : "the archive");
	if (!f->temporary)
		return 0;
	if (rename(f->temporary, f->path) < 0)
		return err_sys(err, errno, "naming %s", f->path);
	free(TAKE(f->temporary));
	return 0;
}

void outfile_close(struct outfile *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->temporary)
		(void)unlink(f->temporary);
	free(f->temporary);
	free(f->path);
	*f = (struct outfile)OUTFILE_INIT;
}
