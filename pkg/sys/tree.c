/* Whole directory trees: removal and disk use; declared in sys/fd.h. */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper trees than this are refused rather than walked: each level holds a descriptor. */
#define TREE_DEPTH_MAX 512

static int open_dir_nofollow(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_dot(const char *name)
{
	return streq(name, ".") || streq(name, "..");
}

static int remove_entry(int dir, const char *name, unsigned char type, int depth, struct err *err);

/* Empties the directory behind fd, which is taken over. */
static int remove_children(int take_fd, const char *name, int depth, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = fdopendir(take_fd);
	struct dirent *e;
	int r;

	if (!d) {
		(void)close(take_fd);
		return err_sys(err, errno, "listing %s", name);
	}
	while ((errno = 0, e = readdir(d))) {
		if (is_dot(e->d_name))
			continue;
		r = remove_entry(dirfd(d), e->d_name, e->d_type, depth + 1, err);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(err, errno, "listing %s", name) : 0;
}

/* Opens a directory to empty it; an unprivileged owner may have to grant itself access first. */
static int open_writable(int dir, const char *name)
{
	AUTO_CLOSE int path = -1;
	char proc[FD_PATH_MAX];

	path = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (path < 0)
		return -1;
	if (faccessat(path, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0 && errno == EACCES &&
	    chmod(fd_path(path, proc), 0700) < 0)
		return -1;
	return open_dir_nofollow(dir, name);
}

static int remove_dir(int dir, const char *name, int depth, struct err *err)
{
	int fd, r;

	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "removing %s: more than %d levels deep", name,
			       TREE_DEPTH_MAX);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(err, errno, "removing %s", name);
	fd = open_writable(dir, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", name);
	r = remove_children(fd, name, depth, err);
	if (r < 0)
		return r;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", name);
	return 0;
}

static int remove_entry(int dir, const char *name, unsigned char type, int depth, struct err *err)
{
	if (type == DT_DIR)
		return remove_dir(dir, name, depth, err);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR)
		return remove_dir(dir, name, depth, err);
	return err_sys(err, errno, "removing %s", name);
}

int tree_remove(int dir, const char *path, struct err *err)
{
	return remove_entry(dir, path, DT_UNKNOWN, 0, err);
}

struct usage {
	unsigned long long bytes, inodes;
	dev_t dev;  /* of the top: what is mounted below it is not counted */
	void *seen; /* tree of struct inode *, hard-linked ones only */
};

struct inode {
	dev_t dev;
	ino_t ino;
};

static int inode_cmp(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* 1 when this inode was not counted before. */
static int is_new(struct usage *u, const struct stat *st, struct err *err)
{
	struct inode *key, **slot;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 1;
	key = malloc(sizeof(*key));
	if (!key)
		return err_nomem(err);
	*key = (struct inode){st->st_dev, st->st_ino};
	slot = tsearch(key, &u->seen, inode_cmp);
	if (!slot) {
		free(key);
		return err_nomem(err);
	}
	if (*slot == key)
		return 1;
	free(key);
	return 0;
}

static int count_entry(int dir, const char *name, int depth, struct usage *u, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct dirent *e;
	struct stat st;
	int fd, r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "looking at %s", name);
	if (depth == 0)
		u->dev = st.st_dev;
	r = st.st_dev == u->dev ? is_new(u, &st, err) : 0;
	if (r <= 0)
		return r;
	u->bytes += (unsigned long long)st.st_blocks * 512;
	u->inodes++;
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth > TREE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d levels deep", name,
			       TREE_DEPTH_MAX);
	fd = open_dir_nofollow(dir, name);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", name);
	d = fdopendir(fd);
	while (d && (e = readdir(d))) {
		r = is_dot(e->d_name) ? 0 : count_entry(dirfd(d), e->d_name, depth + 1, u, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int tree_usage(int dir, const char *path, unsigned long long *ret_bytes,
	       unsigned long long *ret_inodes, struct err *err)
{
	struct usage u = {0};
	int r = count_entry(dir, path, 0, &u, err);

	tdestroy(u.seen, free);
	if (r < 0)
		return r;
	*ret_bytes = u.bytes;
	*ret_inodes = u.inodes;
	return 0;
}
