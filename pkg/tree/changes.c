#include "tree/changes.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Each level holds a descriptor. */
#define DEPTH_MAX 512

struct walk {
	const int *lowers;
	size_t n_lowers;
	struct buf *out;
	struct buf path; /* "/a/b"; "" at the top */
	int depth;
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void tell(struct walk *w, char letter, const char *path)
{
	buf_addf(w->out, "%c %s", letter, path);
	buf_addc(w->out, '\0');
}

/* 1 with *st as the lower layers have it, 0 when they do not. A link in between hides what is
 * below, as do files and whiteouts: then the kernel does not find the path. */
static int find_below(const struct walk *w, const char *path, struct stat *st, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < w->n_lowers; i++) {
		AUTO_CLOSE int fd = -1;

		r = confined_find(w->lowers[i], path, O_PATH | O_NOFOLLOW, &fd, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (fstat(fd, st) < 0)
			return err_sys(err, errno, "%s", path);
		return !is_whiteout(st);
	}
	return 0;
}

static bool same_dir(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec;
}

static int visit_dir(struct walk *w, int dir, bool *changed, struct err *err);

/* What is told about a directory depends on what is in it, but comes before it. */
static int visit_subdir(struct walk *w, int dir, const char *name, char letter, struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_BUF struct buf inner = BUF_INIT(w->out->max);
	struct buf *outer = w->out;
	bool changed = false;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "opening %s", buf_str(&w->path));
	w->out = &inner;
	r = visit_dir(w, fd, &changed, err);
	w->out = outer;
	if (r < 0)
		return r;
	if (letter || changed)
		tell(w, letter ? letter : 'C', buf_str(&w->path));
	buf_add(outer, buf_str(&inner), inner.len);
	return buf_check(outer, "the list of changes", err);
}

static int visit(struct walk *w, int dir, const char *name, bool *parent_changed, struct err *err)
{
	struct stat st, below;
	bool is_dir;
	char letter;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		/* A running container may remove it at any time. */
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", buf_str(&w->path));
	r = find_below(w, buf_str(&w->path), &below, err);
	if (r < 0)
		return r;
	is_dir = S_ISDIR(st.st_mode);
	if (is_whiteout(&st))
		letter = r > 0 ? 'D' : 0;
	else if (r == 0)
		letter = 'A';
	else
		letter = is_dir && S_ISDIR(below.st_mode) && same_dir(&st, &below) ? 0 : 'C';
	*parent_changed = *parent_changed || letter == 'A' || letter == 'D';
	if (is_dir)
		return visit_subdir(w, dir, name, letter, err);
	if (letter)
		tell(w, letter, buf_str(&w->path));
	return buf_check(w->out, "the list of changes", err);
}

static int visit_dir(struct walk *w, int dir, bool *changed, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i, before = w->path.len;
	int r;

	if (w->depth >= DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d directories deep",
			       buf_str(&w->path), DEPTH_MAX);
	r = dir_list(dir, ".", &names, err);
	if (names.n > 1)
		qsort(names.v, names.n, sizeof(*names.v), compare);
	w->depth++;
	for (i = 0; r == 0 && i < names.n; i++) {
		buf_addf(&w->path, "/%s", names.v[i]);
		r = buf_check(&w->path, "a path", err);
		if (r == 0)
			r = visit(w, dir, names.v[i], changed, err);
		buf_truncate(&w->path, before);
	}
	w->depth--;
	return r;
}

int tree_changes(int diff, const int *lowers, size_t n_lowers, struct buf *out, struct err *err)
{
	struct walk w = {
	    .lowers = lowers, .n_lowers = n_lowers, .out = out, .path = BUF_INIT(PATH_MAX)};
	bool ignored = false;
	int r = visit_dir(&w, diff, &ignored, err);

	buf_fini(&w.path);
	return r;
}
