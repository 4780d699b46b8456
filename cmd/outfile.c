#include "outfile.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

int outfile_open(const char *path, struct outfile *ret, struct err *err)
{
	AUTO_OUTFILE struct outfile f = OUTFILE_INIT;
	struct stat st;
	int r = 0;

	if (!path)
		r = open_stdout(&f, err);
	else if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		r = open_temporary(&f, path, err);
	else if ((f.fd = open(path, O_WRONLY | O_CLOEXEC)) < 0)
		r = err_sys(err, errno, "opening %s", path);
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
