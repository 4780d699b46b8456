#include "sys/confined.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel answers EAGAIN when the tree was renamed under a ".." walk: try again, not for ever.
 */
#define OPENAT2_TRIES 64

static int open_in_root(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
	    .flags = (unsigned)(flags | O_CLOEXEC),
	    .mode = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? mode : 0,
	    .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	int i;

	for (i = 0; i < OPENAT2_TRIES; i++) {
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

static int explain(const char *path, struct err *err)
{
	int e = errno;

	if (e == ENOSYS)
		return err_set(
		    err, ERR_UNSUPPORTED,
		    "opening %s: this kernel has no openat2: kist needs Linux 5.6 or newer", path);
	return err_sys(err, e, "opening %s", path);
}

int confined_open(int root, const char *path, int flags, mode_t mode, int *ret_fd, struct err *err)
{
	int fd = open_in_root(root, path, flags, mode);

	if (fd < 0)
		return explain(path, err);
	*ret_fd = fd;
	return 0;
}

int confined_find(int root, const char *path, int flags, int *ret_fd, struct err *err)
{
	int fd = open_in_root(root, path, flags, 0);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return explain(path, err);
	*ret_fd = fd;
	return 1;
}

/* One more component below dir, which is below root: ".." and links resolve against root, so the
 * path from root is what is opened, not the component. */
static int make_prefix(int root, const char *prefix, mode_t mode, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int parent = -1, fd = -1;
	const char *name;
	int r;

	fd = open_in_root(root, prefix, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 && errno != ENOENT)
		return explain(prefix, err);
	if (fd < 0) {
		r = confined_parent(root, prefix, &parent, &name, err);
		if (r < 0)
			return r;
		if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "creating directory %s", prefix);
		r = confined_open(root, prefix, O_PATH | O_DIRECTORY, 0, &fd, err);
		if (r < 0)
			return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int confined_mkdirs(int root, const char *path, mode_t mode, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char prefix[PATH_MAX];
	size_t len = strlen(path), i;
	int r;

	if (len >= sizeof(prefix))
		return err_set(err, ERR_INVALID, "path longer than %d bytes", PATH_MAX - 1);
	fd = open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
	for (i = 1; fd < 0 && i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';
		r = make_prefix(root, prefix, mode, &fd, err);
		if (r < 0)
			return r;
		if (path[i] != '\0') {
			(void)close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		return explain(path, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int confined_parent(int root, const char *path, int *ret_fd, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char parent[PATH_MAX];
	size_t len = slash ? (size_t)(slash - path) : 0;
	int r;

	if (!*name || streq(name, ".") || streq(name, ".."))
		return err_set(err, ERR_INVALID, "\"%s\" does not end in a name", path);
	if (len >= sizeof(parent))
		return err_set(err, ERR_INVALID, "path longer than %d bytes", PATH_MAX - 1);
	memcpy(parent, path, len);
	parent[len] = '\0';
	r = confined_open(root, len ? parent : "/", O_PATH | O_DIRECTORY, 0, ret_fd, err);
	if (r < 0)
		return r;
	*ret_name = name;
	return 0;
}
