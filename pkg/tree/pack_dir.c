#include "archive/tar.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "inodes.h"
#include "pack_meta.h"
#include "pack_out.h"
#include "path.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

/* Each level holds a descriptor. */
#define DEPTH_MAX 512

struct packer {
	const struct tree_pack_options *o;
	struct pack_out out;
	struct tar_writer *tar;
	struct inodes links;
	struct pack_meta meta;
	int depth;
	struct tree_path path; /* of what is being packed; only text and len are kept up */
};

static void packer_fini(struct packer *p)
{
	tar_writer_free(p->tar);
	inodes_fini(&p->links);
	pack_meta_fini(&p->meta);
	pack_out_fini(&p->out);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int sorted_names(const struct packer *p, int dir, struct strv *ret, struct err *err)
{
	int r = dir_list(dir, ".", ret, err);

	if (r < 0)
		return err_wrap(err, "%s", p->path.text);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

/* Appends "/name"; the length before is returned for leave(). */
static int64_t enter(struct packer *p, const char *name, struct err *err)
{
	size_t before = p->path.len, n = strlen(name);

	if (before + n + 2 >= sizeof(p->path.text))
		return err_set(err, ERR_LIMIT, "%s/%s: path longer than %d bytes", p->path.text,
			       name, PATH_MAX - 1);
	if (before > 0)
		p->path.text[p->path.len++] = '/';
	memcpy(p->path.text + p->path.len, name, n + 1);
	p->path.len += n;
	return (int64_t)before;
}

static void leave(struct packer *p, int64_t before)
{
	p->path.len = (size_t)before;
	p->path.text[before] = '\0';
}

static int put_content(struct packer *p, int fd, uint64_t size, struct err *err)
{
	ssize_t n;
	int r;

	while (size > 0) {
		n = read(fd, p->out.buffer, size < PACK_BUFFER ? (size_t)size : PACK_BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading %s", p->path.text);
		if (n == 0)
			return err_set(err, ERR_IN_USE, "%s became shorter while it was read",
				       p->path.text);
		r = tar_write_data(p->tar, p->out.buffer, (size_t)n, err);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

/* A container that runs may put a device in its place, which does things when it is opened: what is
 * opened is what was looked at. */
static int put_file(struct packer *p, int dir, const char *name, struct tar_entry *e,
		    struct err *err)
{
	AUTO_CLOSE int found = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	char path[FD_PATH_MAX];
	struct stat st;
	int r;

	if (found < 0 || fstat(found, &st) < 0)
		return err_sys(err, errno, "opening %s", p->path.text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IN_USE, "%s was replaced while it was read", p->path.text);
	fd = open(fd_path(found, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "opening %s", p->path.text);
	e->size = (uint64_t)st.st_size;
	r = tar_write_entry(p->tar, e, err);
	return r < 0 ? r : put_content(p, fd, e->size, err);
}

/* ".wh.NAME" beside what was packed so far. */
static int put_whiteout(struct packer *p, const char *name, struct tar_entry *e, struct err *err)
{
	AUTO_FREE char *path = NULL;

	path = str_fmt("%.*s" WHITEOUT_PREFIX "%s", (int)(p->path.len - strlen(name)), p->path.text,
		       name);
	if (!path)
		return err_nomem(err);
	e->type = TAR_FILE;
	e->name = path;
	e->mode = 0;
	return tar_write_entry(p->tar, e, err);
}

/* Is there, or on the way there, a whiteout? */
static int hidden_in(int lower, const char *path, struct err *err)
{
	AUTO_FREE char *part = str_fmt("%s", path);
	char *slash;
	int r = 0;

	if (!part)
		return err_nomem(err);
	for (;;) {
		AUTO_CLOSE int fd = -1;
		struct stat st;

		r = confined_find(lower, part, O_PATH | O_NOFOLLOW, &fd, err);
		if (r < 0)
			return r;
		if (r > 0 && fstat(fd, &st) == 0)
			return is_whiteout(&st);
		slash = strrchr(part, '/');
		if (!slash)
			return 0;
		*slash = '\0';
	}
}

/* An opaque directory needs its mark only when a lower layer has something to hide. */
static int lowers_have(const struct packer *p, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < p->o->n_lowers; i++) {
		AUTO_CLOSE int fd = -1;

		r = hidden_in(p->o->lowers[i], p->path.text, err);
		if (r != 0)
			return r < 0 ? r : 0;
		r = confined_find(p->o->lowers[i], p->path.text, O_PATH | O_NOFOLLOW, &fd, err);
		if (r != 0)
			return r;
	}
	return 0;
}

static int put_opaque(struct packer *p, const struct tar_entry *dir, struct err *err)
{
	struct tar_entry e = {
	    .type = TAR_FILE, .mode = dir->mode & 0777, .uid = dir->uid, .gid = dir->gid};
	AUTO_FREE char *path = NULL;
	int r;

	r = lowers_have(p, err);
	if (r <= 0)
		return r;
	path = str_fmt("%s/" WHITEOUT_OPAQUE, p->path.text);
	if (!path)
		return err_nomem(err);
	e.name = path;
	return tar_write_entry(p->tar, &e, err);
}

static int put_tree(struct packer *p, int dir, struct err *err);

static int put_dir(struct packer *p, int dir, const char *name, struct tar_entry *e,
		   struct err *err)
{
	AUTO_FREE char *path = str_fmt("%s/", p->path.text);
	bool opaque = p->meta.opaque;
	AUTO_CLOSE int fd = -1;
	int r;

	if (!path)
		return err_nomem(err);
	e->name = path;
	r = tar_write_entry(p->tar, e, err);
	if (r == 0 && opaque && !p->o->plain)
		r = put_opaque(p, e, err);
	if (r < 0)
		return r;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", p->path.text);
	return put_tree(p, fd, err);
}

static int put_symlink(struct packer *p, int dir, const char *name, struct tar_entry *e,
		       struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, errno, "reading the link %s", p->path.text);
	target[n] = '\0';
	e->link = target;
	n = tar_write_entry(p->tar, e, err);
	e->link = NULL;
	return (int)n;
}

static int put_kind(struct packer *p, int dir, const char *name, const struct stat *st,
		    struct tar_entry *e, struct err *err)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		e->type = TAR_FILE;
		return put_file(p, dir, name, e, err);
	case S_IFDIR:
		e->type = TAR_DIR;
		return put_dir(p, dir, name, e, err);
	case S_IFLNK:
		e->type = TAR_SYMLINK;
		return put_symlink(p, dir, name, e, err);
	case S_IFIFO:
		e->type = TAR_FIFO;
		break;
	default:
		e->type = S_ISCHR(st->st_mode) ? TAR_CHAR : TAR_BLOCK_DEV;
		e->dev_major = major(st->st_rdev);
		e->dev_minor = minor(st->st_rdev);
	}
	return tar_write_entry(p->tar, e, err);
}

static int put_one(struct packer *p, int dir, const char *name, struct err *err)
{
	struct tar_entry e = {.name = p->path.text};
	const char *first = NULL;
	struct stat st;
	int r;

	if (!p->o->plain && str_starts(name, WHITEOUT_PREFIX))
		return err_set(err, ERR_INVALID,
			       "%s: in a layer this name would stand for a removed file",
			       p->path.text);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "%s", p->path.text);
	if (S_ISSOCK(st.st_mode))
		return 0;
	r = pack_meta_read(&p->meta, p->o, dir, name, p->path.text, &st, &e, err);
	if (r < 0)
		return r;
	if (is_whiteout(&st) && !p->o->plain)
		return put_whiteout(p, name, &e, err);
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
		r = inodes_note(&p->links, &st, p->path.text, &first, err);
		if (r < 0)
			return r;
	}
	if (!first)
		return put_kind(p, dir, name, &st, &e, err);
	e.type = TAR_LINK;
	e.link = first;
	e.n_xattrs = 0;
	return tar_write_entry(p->tar, &e, err);
}

static int put_tree(struct packer *p, int dir, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	int64_t before;
	size_t i;
	int r;

	if (p->depth >= DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d directories deep", p->path.text,
			       DEPTH_MAX);
	r = sorted_names(p, dir, &names, err);
	p->depth++;
	for (i = 0; r == 0 && i < names.n; i++) {
		before = enter(p, names.v[i], err);
		if (before < 0)
			return (int)before;
		r = put_one(p, dir, names.v[i], err);
		leave(p, before);
	}
	p->depth--;
	return r;
}

int tree_pack_dir(int diff, const struct tree_pack_options *options, const struct sink *to,
		  struct tree_pack_result *ret, struct err *err)
{
	AUTO(packer_fini) struct packer p = {.o = options};
	struct sink out;
	int r;

	r = pack_out_init(&p.out, to, err);
	if (r < 0)
		return r;
	out = pack_out_sink(&p.out);
	r = tar_writer_new(&out, &p.tar, err);
	if (r == 0)
		r = put_tree(&p, diff, err);
	if (r == 0)
		r = tar_write_end(p.tar, err);
	return r < 0 ? r : pack_out_result(&p.out, ret, err);
}
