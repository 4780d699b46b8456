/* The chain of directories to mount, from link and lower files. */
#include "priv.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel takes 500 lower directories (2.3 of the format). */
#define LOWERS_MAX 500
#define LOWER_FILE_MAX ((size_t)(LOWERS_MAX + 1) * (LINK_LEN + 3))
/* On the directory of every layer that was unpacked with force_mask (7.5 of the format). */
#define MASKED_XATTR "user.containers.override_stat"
/* "../<id>/diff" */
#define TARGET_LEN (3 + STORE_ID_LEN + 5)

bool link_is_good(struct str s)
{
	size_t i;

	if (s.len != LINK_LEN)
		return false;
	for (i = 0; i < s.len; i++)
		if (!(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') && !(s.ptr[i] >= '2' && s.ptr[i] <= '7'))
			return false;
	return true;
}

int link_read(int overlay_fd, const char *id, char ret[LINK_LEN + 1], struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(LINK_LEN + 2);
	char path[STORE_ID_LEN + 16];
	int r;

	(void)snprintf(path, sizeof(path), "%s/link", id);
	r = file_read_line(overlay_fd, path, &b, err);
	if (r <= 0)
		return r;
	if (!link_is_good((struct str){b.ptr, b.len}))
		return err_set(err, ERR_CORRUPT, "overlay/%s does not hold a link name", path);
	memcpy(ret, b.ptr, LINK_LEN);
	ret[LINK_LEN] = '\0';
	return 1;
}

bool link_leads_to(int overlay_fd, const char *link, const char *id)
{
	char want[TARGET_LEN + 1], have[TARGET_LEN + 1], path[LINK_LEN + 3];
	ssize_t n;

	(void)snprintf(want, sizeof(want), "../%s/diff", id);
	(void)snprintf(path, sizeof(path), "l/%s", link);
	n = readlinkat(overlay_fd, path, have, sizeof(have));
	return n == (ssize_t)strlen(want) && memcmp(have, want, (size_t)n) == 0;
}

int lower_each(struct str text, int (*each)(void *arg, struct str link, struct err *err), void *arg,
	       struct err *err)
{
	struct str rest = text, part;
	int r = 0, n = 0;

	while (r == 0 && (part = str_cut(&rest, ':')).ptr) {
		if (part.len != LINK_LEN + 2 || memcmp(part.ptr, "l/", 2) != 0 ||
		    !link_is_good((struct str){part.ptr + 2, LINK_LEN}))
			return err_set(err, ERR_CORRUPT, "the lower file has a malformed entry");
		if (++n > LOWERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d layers", LOWERS_MAX);
		r = each(arg, part, err);
	}
	return r;
}

void store_lowers_fini(struct store_lowers *l)
{
	free(l->v);
	*l = (struct store_lowers){0};
}

struct adding {
	struct store *s;
	struct store_lowers *list;
	size_t cap;
	size_t n_checked; /* stores 0..n_checked) may be mounted */
};

static int push(struct adding *a, const struct store_lower *one, struct err *err)
{
	size_t cap = a->cap ? a->cap * 2 : 16;
	struct store_lower *v;

	if (a->list->n == a->cap) {
		v = realloc(a->list->v, cap * sizeof(*v));
		if (!v)
			return err_nomem(err);
		a->list->v = v;
		a->cap = cap;
	}
	a->list->v[a->list->n++] = *one;
	return 0;
}

/* Checks where the link leads; out gets the layer's ID. 1, or 0 when this store has no such link.
 */
static int follow(const struct root *root, const char *path, char id[STORE_ID_LEN + 1],
		  struct err *err)
{
	char target[TARGET_LEN + 1];
	ssize_t n = readlinkat(root->overlay_fd, path, target, sizeof(target));

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return err_sys(err, errno, "reading %s/%s", root->overlay_path, path);
	if (n != TARGET_LEN || memcmp(target, "../", 3) != 0 ||
	    memcmp(target + 3 + STORE_ID_LEN, "/diff", 5) != 0 ||
	    !id_slice_is_good((struct str){target + 3, STORE_ID_LEN}))
		return err_set(err, ERR_CORRUPT, "%s/%s does not lead to a layer",
			       root->overlay_path, path);
	id_copy((struct str){target + 3, STORE_ID_LEN}, id);
	return 1;
}

/* Trees written for a mount program mark whiteouts in a way the kernel's overlay does not see. Once
 * for each store of the chain; the graphroot speaks for the image store, too. */
static int check_root(struct adding *a, size_t where, struct err *err)
{
	const struct root *root;
	int r = 0;

	for (; r == 0 && a->n_checked <= where; a->n_checked++) {
		root = &a->s->roots[a->n_checked];
		r = root_has_mount_program(root, err);
		if (r > 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "%s was written for a mount program (fuse-overlayfs), which "
				       "kist does not use: choose another --root",
				       root->overlay_path);
	}
	return r;
}

/* What the kernel's overlay cannot present as it is meant. */
static int check_layer(const struct root *root, const char *id, struct err *err)
{
	char blob[STORE_ID_LEN + 64], diff[FD_PATH_MAX + STORE_ID_LEN + 16], dir[FD_PATH_MAX];

	(void)snprintf(blob, sizeof(blob), "%s/composefs-data/composefs.blob", id);
	if (faccessat(root->overlay_fd, blob, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(
		    err, ERR_UNSUPPORTED,
		    "layer %.12s is a composefs layer, which kist cannot mount: pull the "
		    "image without use_composefs into another --root",
		    id);
	(void)snprintf(diff, sizeof(diff), "%s/%s/diff", fd_path(root->overlay_fd, dir), id);
	if (lgetxattr(diff, MASKED_XATTR, NULL, 0) >= 0)
		return err_set(
		    err, ERR_UNSUPPORTED,
		    "layer %.12s was written with force_mask, which only a mount program "
		    "(fuse-overlayfs) presents: pull the image without force_mask into "
		    "another --root",
		    id);
	return 0;
}

static int add_link(void *arg, struct str link, struct err *err)
{
	struct adding *a = arg;
	struct store_lower one = {0};
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r;

	memcpy(one.path, link.ptr, link.len);
	for (i = 0; i < a->s->n_roots; i++) {
		r = follow(&a->s->roots[i], one.path, id, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		r = check_root(a, i, err);
		if (r == 0)
			r = check_layer(&a->s->roots[i], id, err);
		if (r < 0)
			return r;
		one.overlay_fd = a->s->roots[i].overlay_fd;
		one.where = (int)i;
		return push(a, &one, err);
	}
	return err_set(err, ERR_CORRUPT, "the link %s is missing in %s", one.path,
		       own(a->s)->overlay_path);
}

static int chain_in(struct adding *a, const struct root *root, const char *top_id, const char *link,
		    struct err *err)
{
	AUTO_BUF struct buf lower = BUF_INIT(LOWER_FILE_MAX);
	char path[STORE_ID_LEN + 16], first[LINK_LEN + 3];
	int r;

	(void)snprintf(first, sizeof(first), "l/%s", link);
	r = add_link(a, str_of(first), err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/lower", top_id);
	r = file_read_line(root->overlay_fd, path, &lower, err);
	if (r <= 0 || lower.len == 0)
		return r < 0 ? r : 0;
	return lower_each((struct str){lower.ptr, lower.len}, add_link, a, err);
}

/* The root that has most of them. */
static int home_of(const struct store_lowers *l, size_t n_roots)
{
	size_t where, i, n, most = 0;
	int home = 0;

	for (where = 0; where < n_roots; where++) {
		for (n = i = 0; i < l->n; i++)
			n += l->v[i].where == (int)where;
		if (n <= most)
			continue;
		most = n;
		home = (int)where;
	}
	return home;
}

int store_lowers_dir(const struct store *s, const struct store_lowers *l)
{
	return s->roots[l->home].overlay_fd;
}

void store_lower_name(const struct store *s, const struct store_lowers *l, size_t i,
		      struct buf *out)
{
	const struct store_lower *one = &l->v[i];
	const char *p = s->roots[one->where].overlay_path;

	for (; one->where != l->home && *p; p++) {
		if (strchr("\\:,", *p))
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	if (one->where != l->home)
		buf_addc(out, '/');
	buf_adds(out, one->path);
}

int store_layer_lowers(struct store *s, const char *top_id, struct store_lowers *ret,
		       struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers list = {0};
	struct adding a = {.s = s, .list = &list};
	char link[LINK_LEN + 1];
	size_t i;
	int r;

	r = id_check(top_id, "layer ID", err);
	if (r < 0)
		return r;
	for (i = 0; i < s->n_roots; i++) {
		r = link_read(s->roots[i].overlay_fd, top_id, link, err);
		if (r == 0)
			continue;
		if (r > 0)
			r = chain_in(&a, &s->roots[i], top_id, link, err);
		if (r < 0)
			return err_wrap(err, "layer %.12s", top_id);
		list.home = home_of(&list, s->n_roots);
		*ret = list;
		list = (struct store_lowers){0};
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "layer %.12s is not in the store", top_id);
}
