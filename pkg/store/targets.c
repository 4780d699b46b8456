/*
 * Files that every container has something mounted on. Where the image has the directory but not
 * the file, the layer of the image's holder (hold.c) gets an empty one, and containers mount that
 * layer, too: otherwise each would make them anew in its own writable layer, and copy the directory
 * up for it.
 */
#include "priv.h"
#include "base/err.h"
#include "store/layer.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DIR_NAME "etc"
#define FILE_MODE 0644
#define XATTR_SELINUX "security.selinux"
/* A list of layers that comes near to what one mount takes is not made longer. */
#define LOWERS_MAX 100

static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
#define ALL_FILES ((1U << ARRAY_LEN(files)) - 1)

/* The directory as an overlay of the layers shows it. */
struct merged {
	struct stat st;
	bool found, ends;     /* ends: nothing below it counts */
	bool strange;	      /* it has attributes that ours would not have */
	unsigned there, gone; /* bits of files */
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static void look_for_files(int dir, struct merged *m)
{
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++) {
		if ((m->there | m->gone) & 1U << i ||
		    fstatat(dir, files[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_whiteout(&st))
			m->gone |= 1U << i;
		else
			m->there |= 1U << i;
	}
}

/* Labels of SELinux are the host's; an opaque directory has another one. */
static bool has_odd_xattrs(int dir)
{
	char names[sizeof(XATTR_SELINUX)];
	ssize_t n = flistxattr(dir, names, sizeof(names));

	return n < 0 || (n > 0 && ((size_t)n != sizeof(names) ||
				   memcmp(names, XATTR_SELINUX, sizeof(names)) != 0));
}

static void look_in(const struct store_lower *l, struct merged *m)
{
	AUTO_CLOSE int diff = openat(l->overlay_fd, l->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int dir = -1;

	if (diff >= 0)
		dir = openat(diff, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (diff >= 0 && dir < 0 && errno == ENOENT)
		return;
	/* A file, a link, a whiteout: what is below is hidden. */
	if (dir < 0 && diff >= 0 && (errno == ENOTDIR || errno == ELOOP)) {
		m->ends = true;
		return;
	}
	if (dir < 0 || has_odd_xattrs(dir) || (!m->found && fstat(dir, &m->st) < 0)) {
		m->strange = true;
		return;
	}
	m->found = true;
	look_for_files(dir, m);
}

static int make_files(int dir, unsigned which, const struct stat *like)
{
	const struct timespec times[2] = {like->st_atim, like->st_mtim};
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++) {
		AUTO_CLOSE int fd = -1;

		if (!(which & 1U << i))
			continue;
		fd = openat(dir, files[i], O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    FILE_MODE);
		if (fd < 0 || fchmod(fd, FILE_MODE) < 0)
			return -1;
	}
	/* The directory of the topmost layer is the one that is shown. */
	if (fchown(dir, like->st_uid, like->st_gid) < 0 || fchmod(dir, like->st_mode & 07777) < 0)
		return -1;
	return futimens(dir, times);
}

static int make_dir(int diff, unsigned which, const struct stat *like)
{
	AUTO_CLOSE int dir = -1;

	if (mkdirat(diff, DIR_NAME, 0700) < 0)
		return -1;
	dir = openat(diff, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? -1 : make_files(dir, which, like);
}

/* All of it or nothing. Without the right to write there, as a user, the mode is lifted. */
static int fill(int diff, unsigned which, const struct stat *like, struct err *err)
{
	struct err ignored = ERR_INIT;
	struct stat st;

	if (fstat(diff, &st) < 0 || fchmod(diff, (st.st_mode & 07777) | 0700) < 0)
		return 0;
	if (make_dir(diff, which, like) < 0)
		(void)tree_remove(diff, DIR_NAME, &ignored);
	if (fchmod(diff, st.st_mode & 07777) < 0)
		return err_sys(err, errno, "setting the mode of a layer");
	return 0;
}

int targets_make(struct store *s, const char *layer, const char *image_layer, struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers lowers = {0};
	struct err ignored = ERR_INIT;
	char path[STORE_ID_LEN + 16];
	AUTO_CLOSE int diff = -1;
	struct merged m = {0};
	size_t i;

	if (store_layer_lowers(s, image_layer, &lowers, &ignored) < 0 || lowers.n >= LOWERS_MAX)
		return 0;
	for (i = 0; i < lowers.n && !m.ends && !m.strange; i++)
		look_in(&lowers.v[i], &m);
	if (m.strange || !m.found || m.there == ALL_FILES)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/diff", layer);
	diff = openat(own(s)->overlay_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return diff < 0 ? 0 : fill(diff, ALL_FILES & ~m.there, &m.st, err);
}

bool targets_are_there(struct store *s, const char *layer)
{
	char path[STORE_ID_LEN + 32];

	(void)snprintf(path, sizeof(path), "%s/diff/" DIR_NAME, layer);
	return faccessat(own(s)->overlay_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
