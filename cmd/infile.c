#include "infile.h"
#include "base/err.h"
#include "image/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int open_stdin(struct err *err)
{
	int fd;

	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_INVALID,
			       "cannot read from terminal, use command-line redirection or name a "
			       "file");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(err, errno, "opening standard input") : fd;
}

int infile_open(struct store *store, const char *path, struct err *err)
{
	int fd, r;

	if (!path)
		return open_stdin(err);
	if (archive_is_url(path)) {
		r = image_fetch_archive(store, path, &fd, err);
		return r < 0 ? r : fd;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "opening %s", path) : fd;
}
