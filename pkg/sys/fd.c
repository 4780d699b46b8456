#include "sys/fd.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK 8192
#define TMP_RANDOM 8

int fd_read_all(int fd, const char *what, struct buf *out, struct err *err)
{
	size_t room;
	ssize_t n;
	char *p;
	char probe;

	for (;;) {
		room = out->max - out->len;
		if (room > READ_CHUNK)
			room = READ_CHUNK;
		p = room > 0 ? buf_space(out, room) : &probe;
		if (!p)
			return buf_check(out, what, err);
		n = read(fd, p, room > 0 ? room : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading %s", what);
		if (n == 0)
			return 0;
		if (room == 0)
			return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", what,
				       out->max);
		buf_grew(out, (size_t)n);
	}
}

int fd_write_all(int fd, const void *data, size_t len, const char *what, struct err *err)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "writing %s", what);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_read(int dir, const char *path, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "opening %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "looking at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	/* One allocation of the right size; a file that grows meanwhile is still read to its end.
	 */
	if (st.st_size > 0 && (size_t)st.st_size < out->max - out->len)
		(void)buf_space(out, (size_t)st.st_size + 1 <= out->max - out->len
					 ? (size_t)st.st_size + 1
					 : (size_t)st.st_size);
	r = fd_read_all(fd, path, out, err);
	return r < 0 ? r : 1;
}

int file_read_line(int dir, const char *path, struct buf *out, struct err *err)
{
	int r;

	r = file_read(dir, path, out, err);
	while (r > 0 && out->len > 0 && strchr(" \t\r\n", out->ptr[out->len - 1]))
		buf_truncate(out, out->len - 1);
	return r;
}

int file_create(int dir, const char *path, mode_t mode, const void *data, size_t len,
		struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(err, errno, "creating %s", path);
	r = fd_write_all(fd, data, len, path, err);
	if (r < 0)
		(void)unlinkat(dir, path, 0); /* the error that counts is the write's */
	return r;
}

int file_create_whole(int dir, const char *path, mode_t mode, const void *data, size_t len,
		      struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	char link[FD_PATH_MAX];
	int r;

	/* Not every file system can do that. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return file_replace(dir, path, mode, data, len, 0, err);
	if (fd < 0)
		return err_sys(err, errno, "creating %s", path);
	r = fd_write_all(fd, data, len, path, err);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = err_sys(err, errno, "setting the mode of %s", path);
	if (r == 0 && linkat(AT_FDCWD, fd_path(fd, link), dir, path, AT_SYMLINK_FOLLOW) < 0 &&
	    errno != EEXIST)
		r = err_sys(err, errno, "creating %s", path);
	return r;
}

/* Writes the temporary file; on failure it is gone again. */
static int write_temporary(int dir, const char *tmp, mode_t mode, const void *data, size_t len,
			   int flags, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(err, errno, "creating %s", tmp);
	r = fd_write_all(fd, data, len, tmp, err);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = err_sys(err, errno, "setting the mode of %s", tmp);
	if (r == 0 && (flags & FILE_SYNC) && fdatasync(fd) < 0)
		r = err_sys(err, errno, "syncing %s", tmp);
	if (r < 0)
		(void)unlinkat(dir, tmp, 0); /* the error that counts is the earlier one */
	return r;
}

static int temporary_name(const char *path, const char *random, char ret[NAME_MAX + 1],
			  struct err *err)
{
	if (snprintf(ret, NAME_MAX + 1, FILE_TMP_PREFIX "%s%s", path, random) > NAME_MAX)
		return err_set(err, ERR_INVALID, "%s: file name too long", path);
	return 0;
}

int file_temporary(const char *path, char ret[NAME_MAX + 1], struct err *err)
{
	char random[TMP_RANDOM * 2 + 1];
	unsigned char raw[TMP_RANDOM];

	rand_bytes(raw, sizeof(raw));
	hex_encode(raw, sizeof(raw), random);
	return temporary_name(path, random, ret, err);
}

bool file_is_temporary(const char *name)
{
	size_t len = strlen(name), rest = TMP_RANDOM * 2;

	return str_starts(name, FILE_TMP_PREFIX) && len > strlen(FILE_TMP_PREFIX) + rest &&
	       str_is_hex(name + len - rest, rest);
}

int file_replace(int dir, const char *path, mode_t mode, const void *data, size_t len, int flags,
		 struct err *err)
{
	char tmp[NAME_MAX + 1];
	int r;

	r = flags & FILE_HELD ? temporary_name(path, "", tmp, err) : file_temporary(path, tmp, err);
	if (r < 0)
		return r;
	if (flags & FILE_HELD)
		(void)unlinkat(dir, tmp, 0);
	r = write_temporary(dir, tmp, mode, data, len, flags, err);
	if (r < 0)
		return err_wrap(err, "%s", path);
	if (renameat(dir, tmp, dir, path) < 0) {
		r = err_sys(err, errno, "replacing %s", path);
		(void)unlinkat(dir, tmp, 0);
		return r;
	}
	return 0;
}

int dir_sync(int dir, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: there is nothing to do */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return err_sys(err, errno, "syncing directory %s", path);
	return 0;
}

int dir_open(int dir, const char *path, int *ret_fd, struct err *err)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "opening directory %s", path);
	*ret_fd = fd;
	return 0;
}

int dir_make(int dir, const char *path, mode_t mode, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path), i;

	if (len >= sizeof(part))
		return err_set(err, ERR_INVALID, "%s: path too long", path);
	if (mkdirat(dir, path, mode) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "creating directory %s", path);
	memcpy(part, path, len + 1);
	for (i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdirat(dir, part, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "creating directory %s", part);
		part[i] = path[i];
	}
	return 0;
}

int dir_ensure(int dir, const char *path, mode_t mode, int *ret_fd, struct err *err)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	r = dir_make(dir, path, mode, err);
	return r < 0 ? r : dir_open(dir, path, ret_fd, err);
}

int dir_list(int dir, const char *path, struct strv *ret, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	AUTO_CLOSE int fd = -1;
	struct dirent *e;
	int r;

	r = dir_open(dir, path, &fd, err);
	if (r < 0)
		return r;
	d = fdopendir(fd);
	if (!d)
		return err_sys(err, errno, "listing %s", path);
	fd = -1;
	while ((errno = 0, e = readdir(d))) {
		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		r = strv_add(ret, e->d_name, err);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(err, errno, "listing %s", path) : 0;
}

int fd_pipe(int ret[2], struct err *err)
{
	if (pipe2(ret, O_CLOEXEC) < 0)
		return err_sys(err, errno, "making a pipe");
	return 0;
}

int fd_socketpair(int type, int ret[2], struct err *err)
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret) < 0)
		return err_sys(err, errno, "making a socket pair");
	return 0;
}

static int set_flag(int fd, int get, int set, int flag, bool on, struct err *err)
{
	int flags = fcntl(fd, get);

	if (flags < 0 || fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return err_sys(err, errno, "setting flags of descriptor %d", fd);
	return 0;
}

int fd_set_cloexec(int fd, bool on, struct err *err)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on, err);
}

int fd_set_nonblock(int fd, bool on, struct err *err)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on, err);
}

const char *fd_path(int fd, char out[FD_PATH_MAX])
{
	(void)snprintf(out, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return out;
}
