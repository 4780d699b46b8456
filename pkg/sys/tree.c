/* Whole directory trees: removal and disk use; declared in sys/fd.h. */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each level holds a descriptor and a buffer down to here. */
#define LEVELS_MAX 128
#define MOVED_NAME_MAX 32
/* Of directories moved up with a name that is taken. */
#define MOVES_MAX 1000

static int open_dir_nofollow(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_dot(const char *name)
{
	return streq(name, ".") || streq(name, "..");
}

/* A tree on its way out. What is deeper than LEVELS_MAX is moved to its top and has its turn there:
 * a container may make trees of any depth. */
struct removal {
	int top; /* -1: the tree is no directory, or not opened yet */
	unsigned moved;
};

static int remove_entry(struct removal *rm, int dir, const char *name, unsigned char type,
			int depth, struct err *err);

/* Empties the directory behind fd, which is taken over. */
static int remove_children(struct removal *rm, int take_fd, const char *name, int depth,
			   struct err *err)
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
		r = remove_entry(rm, dirfd(d), e->d_name, e->d_type, depth + 1, err);
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

static int move_up(struct removal *rm, int dir, const char *name, struct err *err)
{
	AUTO_CLOSE int writable = open_writable(dir, name); /* its ".." changes */
	char to[MOVED_NAME_MAX];
	int i;

	for (i = 0; writable >= 0 && i < MOVES_MAX; i++) {
		(void)snprintf(to, sizeof(to), ".kist-moved-%u", rm->moved++);
		if (renameat2(dir, name, rm->top, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return errno == ENOENT ? 0 : err_sys(err, errno, "moving %s up to remove it", name);
}

static int remove_dir(struct removal *rm, int dir, const char *name, int depth, struct err *err)
{
	unsigned moved;
	int fd, r;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(err, errno, "removing %s", name);
	if (depth > LEVELS_MAX)
		return move_up(rm, dir, name, err);
	do {
		fd = open_writable(dir, name);
		if (fd < 0)
			return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", name);
		if (depth == 0)
			rm->top = fd;
		moved = rm->moved;
		r = remove_children(rm, fd, name, depth, err);
		if (r < 0)
			return r;
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
	} while (depth == 0 && rm->moved > moved);
	return err_sys(err, errno, "removing %s", name);
}

static int remove_entry(struct removal *rm, int dir, const char *name, unsigned char type,
			int depth, struct err *err)
{
	if (type == DT_DIR)
		return remove_dir(rm, dir, name, depth, err);
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR)
		return remove_dir(rm, dir, name, depth, err);
	return err_sys(err, errno, "removing %s", name);
}

int tree_remove(int dir, const char *path, struct err *err)
{
	struct removal rm = {.top = -1};

	return remove_entry(&rm, dir, path, DT_UNKNOWN, 0, err);
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

/* One file: 1 when it is a directory to be looked into. */
static int count_one(int dir, const char *name, struct usage *u, struct err *err)
{
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "looking at %s", name);
	if (u->inodes == 0)
		u->dev = st.st_dev;
	r = st.st_dev == u->dev ? is_new(u, &st, err) : 0;
	if (r <= 0)
		return r;
	u->bytes += (unsigned long long)st.st_blocks * 512;
	u->inodes++;
	return S_ISDIR(st.st_mode);
}

/* Far down only the names that are still to come are kept, and the way back is "..". */
struct level {
	struct strv names;
	size_t next;
	struct inode dir;
	struct level *above;
};

static void drop_level(struct level **top)
{
	struct level *l = *top;

	*top = l->above;
	strv_fini(&l->names);
	free(l);
}

static int enter(struct level **top, int fd, struct err *err)
{
	struct level *l = calloc(1, sizeof(*l));
	struct stat st;

	if (!l)
		return err_nomem(err);
	l->above = *top;
	*top = l;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "looking at a directory");
	l->dir = (struct inode){st.st_dev, st.st_ino};
	return dir_list(fd, ".", &l->names, err);
}

/* *fd becomes the directory above, if it still is that. */
static int go_back(struct level **top, int *fd, struct err *err)
{
	int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	(void)close(*fd);
	*fd = up;
	drop_level(top);
	if (up < 0 || fstat(up, &st) < 0)
		return err_sys(err, errno, "going back to the directory above");
	if (st.st_dev != (*top)->dir.dev || st.st_ino != (*top)->dir.ino)
		return err_set(err, ERR_IN_USE, "a directory was moved while it was counted");
	return 0;
}

static int go_down(struct level **top, int *fd, const char *name, struct err *err)
{
	int down = open_dir_nofollow(*fd, name);

	if (down < 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? 0
			   : err_sys(err, errno, "opening %s", name);
	(void)close(*fd);
	*fd = down;
	return enter(top, down, err);
}

/* All below the directory behind fd, of any depth, with one descriptor. */
static int count_deep(int take_fd, struct usage *u, struct err *err)
{
	AUTO_CLOSE int fd = take_fd;
	struct level *top = NULL;
	int r = enter(&top, fd, err);

	while (r == 0) {
		if (top->next == top->names.n) {
			if (!top->above)
				break;
			r = go_back(&top, &fd, err);
			continue;
		}
		r = count_one(fd, top->names.v[top->next], u, err);
		if (r > 0)
			r = go_down(&top, &fd, top->names.v[top->next++], err);
		else
			top->next++;
	}
	while (top)
		drop_level(&top);
	return r;
}

static int count_entry(int dir, const char *name, int depth, struct usage *u, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct dirent *e;
	int fd, r;

	r = count_one(dir, name, u, err);
	if (r <= 0)
		return r;
	fd = open_dir_nofollow(dir, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", name);
	if (depth > LEVELS_MAX)
		return count_deep(fd, u, err);
	d = fdopendir(fd);
	if (!d) {
		(void)close(fd);
		return err_sys(err, errno, "listing %s", name);
	}
	while ((e = readdir(d))) {
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
