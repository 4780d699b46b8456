#include "sys/idmap.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define SUBID_FILE_MAX (4 * 1024 * 1024)

int idmap_add(struct idmap *m, uint32_t inside, uint32_t outside, uint32_t count, struct err *err)
{
	if (m->n == IDMAP_RANGES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d ranges of IDs", IDMAP_RANGES_MAX);
	if (count == 0 || inside > UINT32_MAX - count || outside > UINT32_MAX - count)
		return err_set(err, ERR_INVALID, "range of IDs %u:%u:%u is empty or too long",
			       inside, outside, count);
	m->range[m->n++] = (struct idmap_range){inside, outside, count};
	return 0;
}

int idmap_to_outside(const struct idmap *m, uint32_t inside, uint32_t *ret)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (inside >= m->range[i].inside &&
		    inside - m->range[i].inside < m->range[i].count) {
			*ret = m->range[i].outside + (inside - m->range[i].inside);
			return 1;
		}
	return 0;
}

int idmap_to_inside(const struct idmap *m, uint32_t outside, uint32_t *ret)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (outside >= m->range[i].outside &&
		    outside - m->range[i].outside < m->range[i].count) {
			*ret = m->range[i].inside + (outside - m->range[i].outside);
			return 1;
		}
	return 0;
}

static bool is_owner(struct str owner, const char *name, uid_t uid)
{
	uint32_t number;

	return (name && str_eq(owner, name)) || (str_u32(owner, &number) && number == uid);
}

int idmap_parse_subid(const char *text, size_t len, const char *name, uid_t uid, uint32_t next,
		      struct idmap *m, struct err *err)
{
	struct str rest = {text, len}, line, owner, first;
	uint32_t start, count;
	int added = 0, r;

	while ((line = str_cut(&rest, '\n')).ptr) {
		owner = str_cut(&line, ':');
		if (!line.ptr || !is_owner(owner, name, uid))
			continue;
		first = str_cut(&line, ':');
		if (!line.ptr || !str_u32(first, &start) || !str_u32(str_trim(line), &count))
			continue;
		/* An empty range is one that an administrator switched off. */
		if (count == 0 || start > UINT32_MAX - count || next > UINT32_MAX - count)
			continue;
		r = idmap_add(m, next, start, count, err);
		if (r < 0)
			return r;
		next += count;
		added++;
	}
	return added;
}

/* Ranges of one file; a missing file has none. */
static int load_file(const char *path, const char *name, uid_t uid, struct idmap *m,
		     struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(SUBID_FILE_MAX);
	int r;

	r = file_read(AT_FDCWD, path, &text, err);
	if (r <= 0)
		return r;
	r = idmap_parse_subid(buf_str(&text), text.len, name, uid, 1, m, err);
	if (r < 0)
		return err_wrap(err, "%s", path);
	return r;
}

void idmap_single(uid_t uid, gid_t gid, struct idmaps *ret)
{
	*ret = (struct idmaps){.single = true};
	ret->uids.range[0] = (struct idmap_range){0, uid, 1};
	ret->gids.range[0] = (struct idmap_range){0, gid, 1};
	ret->uids.n = ret->gids.n = 1;
}

/* The name in /etc/passwd. Read here, since getpwuid(3) loads NSS modules; an account of a
 * directory service still has its ranges listed by uid, or through $USER. */
static char *name_of(uid_t uid)
{
	AUTO_FCLOSE FILE *f = fopen("/etc/passwd", "re");
	const char *env;
	struct passwd *pw;

	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid)
			return str_dup(str_of(pw->pw_name));
	env = getenv("USER");
	return env ? str_dup(str_of(env)) : NULL;
}

int idmap_load(uid_t uid, gid_t gid, struct idmaps *ret, struct err *err)
{
	AUTO_FREE char *name = name_of(uid);
	struct idmaps maps;
	int n_uids, n_gids;

	idmap_single(uid, gid, &maps);
	n_uids = load_file("/etc/subuid", name, uid, &maps.uids, err);
	if (n_uids < 0)
		return n_uids;
	n_gids = load_file("/etc/subgid", name, uid, &maps.gids, err);
	if (n_gids < 0)
		return n_gids;
	if (n_uids == 0 || n_gids == 0) {
		idmap_single(uid, gid, ret);
		return 0;
	}
	maps.single = false;
	*ret = maps;
	return 1;
}
