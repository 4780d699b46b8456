#include "pack_meta.h"
#include "path.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <errno.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define OVERRIDE_MAX 128

void pack_meta_fini(struct pack_meta *m)
{
	buf_fini(&m->names);
	buf_fini(&m->values);
	free(m->xattrs);
}

static int map_id(const struct tree_idmap *maps, size_t n, uint32_t id, uint64_t *ret)
{
	size_t i;

	*ret = id;
	for (i = 0; i < n; i++) {
		if (id < maps[i].host_id || id - maps[i].host_id >= maps[i].size)
			continue;
		*ret = maps[i].container_id + (id - maps[i].host_id);
		return 0;
	}
	return n > 0 ? -1 : 0;
}

/* Which of a file's attributes belong into a layer: 1 yes, 0 no. */
static int wanted(struct pack_meta *m, const struct tree_pack_options *o, const char *name,
		  const char *path, struct err *err)
{
	const char *rest = str_after(name, o->rootless ? "user.overlay." : "trusted.overlay.");

	if (rest && (streq(rest, "redirect") || streq(rest, "metacopy")))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s was written with the overlay feature %s: its content cannot be "
			       "packed from the directory",
			       path, rest);
	if (rest && streq(rest, "opaque"))
		m->opaque = true;
	if (streq(name, "security.capability") || streq(name, "security.ima"))
		return 1;
	if (streq(name, TREE_OVERRIDE_XATTR))
		return o->owner_xattr;
	return str_starts(name, "user.") && !str_starts(name, "user.overlay.") &&
	       !str_starts(name, "user.fuseoverlayfs.");
}

static int add(struct pack_meta *m, size_t n, const char *name, size_t at, size_t len,
	       struct err *err)
{
	struct tar_xattr *v;

	if (n >= TAR_XATTRS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d attributes", TAR_XATTRS_MAX);
	if (n >= m->cap) {
		v = reallocarray(m->xattrs, n * 2 + 8, sizeof(*v));
		if (!v)
			return err_nomem(err);
		m->xattrs = v;
		m->cap = n * 2 + 8;
	}
	m->xattrs[n] = (struct tar_xattr){.name = name, .len = len};
	/* an offset until all are read, because the buffer may move */
	m->xattrs[n].value = (const char *)(uintptr_t)at;
	return 0;
}

/* Reads the value behind what the buffer holds; -1 when it is gone. */
static ssize_t read_value(struct pack_meta *m, const char *file, const char *name)
{
	char *p = buf_space(&m->values, XATTR_SIZE_MAX);
	ssize_t n = p ? lgetxattr(file, name, p, XATTR_SIZE_MAX) : -1;

	if (n > 0)
		buf_grew(&m->values, (size_t)n);
	return n;
}

/* Cuts the next part of "a:b:c" off in place. */
static const char *next_part(char **rest)
{
	char *part = *rest, *colon = strchr(part, ':');

	if (colon)
		*colon = '\0';
	*rest = colon ? colon + 1 : part + strlen(part);
	return part;
}

/* "uid:gid:mode[:type]" of containers/storage. The mode is what it was when the file was unpacked,
 * and may have been changed since. */
static int apply_override(const char *text, size_t len, const char *path, struct tar_entry *e,
			  struct err *err)
{
	char copy[OVERRIDE_MAX], *rest = copy;
	struct err why = ERR_INIT;
	uint64_t uid, gid;
	const char *type;
	unsigned mode;

	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	if (parse_u64(next_part(&rest), "uid", 0, UINT32_MAX - 1, &uid, &why) < 0 ||
	    parse_u64(next_part(&rest), "gid", 0, UINT32_MAX - 1, &gid, &why) < 0 ||
	    parse_mode(next_part(&rest), "mode", &mode, &why) < 0)
		return err_set(err, ERR_INVALID, "%s: malformed attribute %s (%s)", path,
			       TREE_OVERRIDE_XATTR, why.text);
	type = next_part(&rest);
	if (*type && !streq(type, "file") && !streq(type, "dir"))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s stands for a file of type %s (%s), which cannot be packed", path,
			       type, TREE_OVERRIDE_XATTR);
	e->uid = uid;
	e->gid = gid;
	return 0;
}

static int read_names(struct pack_meta *m, const char *file, const char *path, struct err *err)
{
	ssize_t n;
	char *p;

	m->names.max = m->values.max = XATTR_LIST_MAX * 2;
	m->values.max = (size_t)TAR_META_MAX + XATTR_SIZE_MAX;
	buf_reset(&m->names);
	buf_reset(&m->values);
	p = buf_space(&m->names, XATTR_LIST_MAX);
	if (!p)
		return err_nomem(err);
	n = llistxattr(file, p, XATTR_LIST_MAX);
	if (n < 0 && errno != ENOTSUP)
		return err_sys(err, errno, "%s: reading attributes", path);
	buf_grew(&m->names, n > 0 ? (size_t)n : 0);
	return 0;
}

static int read_xattrs(struct pack_meta *m, const struct tree_pack_options *o, const char *file,
		       const char *path, struct tar_entry *e, struct err *err)
{
	const char *name, *end;
	size_t at, n = 0;
	ssize_t len;
	int r;

	r = read_names(m, file, path, err);
	if (r < 0)
		return r;
	end = m->names.ptr + m->names.len;
	for (name = m->names.ptr; name < end; name += strlen(name) + 1) {
		r = wanted(m, o, name, path, err);
		if (r < 0)
			return r;
		at = m->values.len;
		len = r > 0 ? read_value(m, file, name) : -1;
		if (!buf_ok(&m->values))
			return err_set(err, ERR_LIMIT, "%s: attributes larger than %d bytes", path,
				       TAR_META_MAX);
		if (len <= 0)
			continue;
		r = streq(name, TREE_OVERRIDE_XATTR)
			? apply_override(m->values.ptr + at, (size_t)len, path, e, err)
			: add(m, n++, name, at, (size_t)len, err);
		if (r < 0)
			return r;
	}
	for (at = 0; at < n; at++)
		m->xattrs[at].value = m->values.ptr + (uintptr_t)m->xattrs[at].value;
	e->xattrs = m->xattrs;
	e->n_xattrs = n;
	return 0;
}

int pack_meta_read(struct pack_meta *m, const struct tree_pack_options *o, int dir,
		   const char *name, const char *path, const struct stat *st, struct tar_entry *e,
		   struct err *err)
{
	char file[FD_PATH_MAX + NAME_MAX + 2], base[FD_PATH_MAX];
	int n;

	m->opaque = false;
	if (map_id(o->uids, o->n_uids, st->st_uid, &e->uid) < 0 ||
	    map_id(o->gids, o->n_gids, st->st_gid, &e->gid) < 0)
		return err_set(err, ERR_INVALID,
			       "%s: its owner %u:%u has no number in the container", path,
			       st->st_uid, st->st_gid);
	e->mode = st->st_mode & 07777;
	e->mtime = (struct timespec){.tv_sec = st->st_mtim.tv_sec};
	n = snprintf(file, sizeof(file), "%s/%s", fd_path(dir, base), name);
	if (n < 0 || (size_t)n >= sizeof(file))
		return err_set(err, ERR_LIMIT, "%s: name too long", path);
	return read_xattrs(m, o, file, path, e, err);
}
