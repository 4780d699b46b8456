/*
 * The directory of a layer below overlay/, and its link. Everything is named relative to the one
 * descriptor of overlay/: other tools may at any time mount overlay/ over itself, and a rename
 * between the two would fail.
 */
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_MODE 0700
#define BASE_DIFF_MODE 0555
#define FILE_MODE 0644
#define LINK_TRIES 8
#define LOWER_MAX ((size_t)64 << 10)

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void random_link(char out[LINK_LEN + 1])
{
	unsigned char raw[LINK_LEN];
	int i;

	rand_bytes(raw, sizeof(raw));
	for (i = 0; i < LINK_LEN; i++)
		out[i] = base32[raw[i] % 32];
	out[LINK_LEN] = '\0';
}

static int point_link(int overlay, const char *link, const char *id, struct err *err)
{
	char target[STORE_ID_LEN + 16], path[LINK_LEN + 3];

	(void)snprintf(target, sizeof(target), "../%s/diff", id);
	(void)snprintf(path, sizeof(path), "l/%s", link);
	if (symlinkat(target, overlay, path) < 0)
		return err_sys(err, errno, "making link %s", path);
	return 0;
}

/* The file before the link: whoever removes the half-made layer finds the link by the file. */
static int make_link(int overlay, int dir, const char *id, struct err *err)
{
	struct err e = ERR_INIT;
	char link[LINK_LEN + 1];
	int tries, r = -1;

	for (tries = 0; r < 0 && tries < LINK_TRIES; tries++) {
		random_link(link);
		r = file_replace(dir, "link", FILE_MODE, link, LINK_LEN, 0, err);
		if (r < 0)
			return r;
		err_clear(&e);
		r = point_link(overlay, link, id, &e);
		if (r < 0 && err_is_errno(&e, ENOENT))
			(void)mkdirat(overlay, "l", 0755); /* tried again at once */
		else if (r < 0 && !err_is_errno(&e, EEXIST))
			break;
	}
	if (r < 0)
		*err = e;
	return r;
}

static int make_dir(int dir, const char *name, mode_t mode, struct err *err)
{
	if (mkdirat(dir, name, DIR_MODE) < 0 || fchmodat(dir, name, mode, 0) < 0)
		return err_sys(err, errno, "making directory %s", name);
	return 0;
}

int layer_dir_make(struct store *s, size_t where, const char *id, const char *parent,
		   struct err *err)
{
	int overlay = s->roots[where].overlay_fd;
	AUTO_CLOSE int dir = -1;
	int r;

	r = store_remove_layer_tree(s, id, err); /* a stale one without a record */
	if (r == 0)
		r = make_dir(overlay, id, DIR_MODE, err);
	if (r == 0)
		r = dir_open(overlay, id, &dir, err);
	if (r == 0)
		r = make_dir(dir, "diff", BASE_DIFF_MODE, err);
	if (r == 0)
		r = make_link(overlay, dir, id, err);
	if (r == 0)
		r = make_dir(dir, "work", DIR_MODE, err);
	if (r == 0)
		r = make_dir(dir, "merged", DIR_MODE, err);
	if (r == 0 && !parent)
		r = make_dir(dir, "empty", DIR_MODE, err);
	if (r == 0 && parent)
		r = layer_dir_set_parent(s, id, parent, err);
	return r < 0 ? err_wrap(err, "layer %.12s", id) : 0;
}

/* The parent's directory may be in another root. */
static int find_parent(const struct store *s, const char *parent, char link[LINK_LEN + 1],
		       int *ret_root, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < s->n_roots; i++) {
		r = link_read(s->roots[i].overlay_fd, parent, link, err);
		if (r == 0)
			continue;
		*ret_root = s->roots[i].overlay_fd;
		return r < 0 ? r : 0;
	}
	return err_set(err, ERR_CORRUPT, "the directory of parent layer %.12s is missing", parent);
}

static int write_lower(int overlay, const char *id, int parent_overlay, const char *parent,
		       const char *link, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(LOWER_MAX);
	AUTO_CLOSE int dir = -1;
	char path[STORE_ID_LEN + 16];
	size_t own_len;
	int r;

	buf_addf(&text, "l/%s:", link);
	own_len = text.len;
	(void)snprintf(path, sizeof(path), "%s/lower", parent);
	r = file_read_line(parent_overlay, path, &text, err);
	if (r < 0)
		return r;
	if (text.len == own_len)
		buf_truncate(&text, own_len - 1);
	r = buf_check(&text, "lower", err);
	if (r == 0)
		r = dir_open(overlay, id, &dir, err);
	if (r == 0)
		r = file_replace(dir, "lower", FILE_MODE, text.ptr, text.len, 0, err);
	if (r == 0 && unlinkat(dir, "empty", AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "removing empty");
	return r;
}

static int copy_mode(int overlay, const char *id, int parent_overlay, const char *parent,
		     struct err *err)
{
	AUTO_CLOSE int diff = -1;
	char path[STORE_ID_LEN + 16];
	struct stat st, now;

	(void)snprintf(path, sizeof(path), "%s/diff", parent);
	if (fstatat(parent_overlay, path, &st, 0) < 0)
		return err_sys(err, errno, "looking at %s", path);
	(void)snprintf(path, sizeof(path), "%s/diff", id);
	diff = openat(overlay, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (diff < 0 || fstat(diff, &now) < 0)
		return err_sys(err, errno, "opening %s", path);
	if ((st.st_uid != now.st_uid || st.st_gid != now.st_gid) &&
	    fchown(diff, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return err_sys(err, errno, "setting the owner of %s", path);
	if (fchmod(diff, st.st_mode & 07777) < 0)
		return err_sys(err, errno, "setting the mode of %s", path);
	return 0;
}

/* errno is of layer_dir_where. */
static int no_dir(const char *id, struct err *err)
{
	if (errno != ENOENT)
		return err_sys(err, errno, "looking for the directory of layer %.12s", id);
	return err_set(err, ERR_CORRUPT, "the directory of layer %.12s is gone", id);
}

int layer_dir_set_parent(struct store *s, const char *id, const char *parent, struct err *err)
{
	int where = layer_dir_where(s, id), overlay, from = -1, r;
	char link[LINK_LEN + 1];
	struct layer_place place;
	struct rec *rec;

	if (where < 0)
		return no_dir(id, err);
	overlay = s->roots[where].overlay_fd;
	r = find_parent(s, parent, link, &from, err);
	if (r == 0)
		r = write_lower(overlay, id, from, parent, link, err);
	if (r < 0)
		return r;
	r = layer_find_own(s, str_of(id), &place, &rec, err);
	/* The directory of one with id maps belongs to another user. */
	if (r < 0 || (r > 0 && rec_is_shifted(rec)))
		return r < 0 ? r : 0;
	return copy_mode(overlay, id, from, parent, err);
}

int layer_dir_tidy(struct store *s, const char *id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	int where = layer_dir_where(s, id);
	AUTO_CLOSE int dir = -1;
	size_t i;
	int r;

	if (where < 0)
		return 0;
	r = dir_open(s->roots[where].overlay_fd, id, &dir, err);
	if (r == 0)
		r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (str_starts(names.v[i], FILE_TMP_PREFIX) && unlinkat(dir, names.v[i], 0) < 0 &&
		    errno != ENOENT)
			r = err_sys(err, errno, "removing %s", names.v[i]);
	return r;
}

static int rename_tarsplit(struct store *s, const char *from, const char *to, struct err *err)
{
	char a[STORE_ID_LEN + 32], b[STORE_ID_LEN + 32];
	int dir, r;

	r = store_area_fd(s, 0, AREA_LAYERS, &dir, err);
	if (r < 0)
		return r;
	(void)snprintf(a, sizeof(a), "%s.tar-split.gz", from);
	(void)snprintf(b, sizeof(b), "%s.tar-split.gz", to);
	if (renameat(dir, a, dir, b) < 0)
		return err_sys(err, errno, "renaming %s", a);
	store_step(s, "tar-split renamed");
	return 0;
}

int link_exchange(int overlay, const char *id, const char *old, const char *link, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	char path[LINK_LEN + 3];
	int r;

	/* The link first: what a command killed in between leaves is found by the file. */
	(void)snprintf(path, sizeof(path), "l/%s", old);
	if (unlinkat(overlay, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", path);
	r = dir_open(overlay, id, &dir, err);
	return r < 0 ? r : file_replace(dir, "link", FILE_MODE, link, LINK_LEN, 0, err);
}

int layer_dir_rename(struct store *s, const char *from, const char *to, struct err *err)
{
	int where = layer_dir_where(s, from), overlay = -1, r = 0;
	char link[LINK_LEN + 1], old[LINK_LEN + 1] = "", path[LINK_LEN + 3];
	struct err ignored = ERR_INIT;

	if (where < 0)
		return no_dir(from, err);
	overlay = s->roots[where].overlay_fd;
	r = link_read(overlay, from, link, err);
	if (r == 0)
		return err_set(err, ERR_CORRUPT, "the link of layer %.12s is gone", from);
	if (r > 0 && s->img > 0)
		(void)link_read(overlay, to, old, &ignored); /* mostly there is none */
	if (r > 0)
		r = store_remove_layer_tree(s, to, err); /* a stale one without a record */
	if (r < 0)
		return r;
	if (renameat(overlay, from, overlay, to) < 0)
		return err_sys(err, errno, "renaming layer directory %.12s", from);
	store_step(s, "layer directory renamed");
	/* A directory that no record of ours knows may belong to another graphroot with the same
	 * image store. It made place for the same content, and its link is kept: layers of that
	 * graphroot name it. */
	if (old[0]) {
		r = link_exchange(overlay, to, link, old, err);
		memcpy(link, old, sizeof(link));
	}
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "l/%s", link);
	if (unlinkat(overlay, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", path);
	r = point_link(overlay, link, to, err);
	if (r < 0)
		return r;
	store_step(s, "link moved");
	return rename_tarsplit(s, from, to, err);
}
