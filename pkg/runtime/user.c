#include "user.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (8 * 1024 * 1024)
/* What Go's runtimes take; -1 means "no change" to the kernel. */
#define ID_MAX 0x7fffffffU
#define PASSWD_FIELDS 7
#define GROUP_FIELDS 4

static bool take_id(struct str s, uint32_t *ret)
{
	return str_u32(s, ret) && *ret <= ID_MAX;
}

static bool same(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Cuts the next line of *rest into n fields; the last takes what is left, and those that the line
 * does not have are empty. False at the end of the text. */
static bool next_entry(struct str *rest, struct str *field, size_t n)
{
	struct str line;
	size_t i;

	while ((line = str_cut(rest, '\n')).ptr) {
		for (i = 0; i < n; i++) {
			field[i] = i < n - 1 ? str_cut(&line, ':') : line;
			if (!field[i].ptr)
				field[i] = str_of("");
		}
		if (field[0].len > 0 && field[0].ptr[0] != '#')
			return true;
	}
	return false;
}

/* A name before a number: an account may be called "1000". */
static bool matches(struct str want, bool by_name, struct str name, uint32_t id)
{
	uint32_t number;

	return by_name ? same(want, name) : take_id(want, &number) && number == id;
}

struct account {
	struct str name, home;
};

/* True when the text has the account; fills in uid, gid. */
static bool find_account(struct str want, struct str text, struct user *u, struct account *a)
{
	struct str f[PASSWD_FIELDS], rest;
	uint32_t uid, gid;
	int by_name;

	for (by_name = 1; by_name >= 0; by_name--)
		for (rest = text; next_entry(&rest, f, PASSWD_FIELDS);) {
			if (!take_id(f[2], &uid) || !take_id(f[3], &gid) ||
			    !matches(want, by_name, f[0], uid))
				continue;
			u->uid = uid;
			u->gid = gid;
			*a = (struct account){f[0], f[5]};
			return true;
		}
	return false;
}

static int find_group(struct str want, struct str text, gid_t *ret, struct err *err)
{
	struct str f[GROUP_FIELDS], rest;
	uint32_t gid;
	int by_name;

	for (by_name = 1; by_name >= 0; by_name--)
		for (rest = text; next_entry(&rest, f, GROUP_FIELDS);)
			if (take_id(f[2], &gid) && matches(want, by_name, f[0], gid)) {
				*ret = gid;
				return 0;
			}
	if (take_id(want, &gid)) {
		*ret = gid;
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
		       "unable to find group %.*s: no matching entries in group file",
		       (int)want.len, want.ptr);
}

static int add_group(struct user *u, gid_t gid, struct err *err)
{
	size_t i;

	for (i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups == USER_GROUPS_MAX)
		return err_set(err, ERR_LIMIT, "the user is in more than %d groups",
			       USER_GROUPS_MAX);
	u->groups[u->n_groups++] = gid;
	return 0;
}

static bool is_member(struct str members, struct str name)
{
	struct str m;

	while ((m = str_cut(&members, ',')).ptr)
		if (same(str_trim(m), name))
			return true;
	return false;
}

static int add_memberships(struct user *u, struct str name, struct str text, struct err *err)
{
	struct str f[GROUP_FIELDS], rest;
	uint32_t gid;
	int r = 0;

	for (rest = text; r == 0 && next_entry(&rest, f, GROUP_FIELDS);)
		if (take_id(f[2], &gid) && is_member(f[3], name))
			r = add_group(u, gid, err);
	return r;
}

static void set_home(struct user *u, struct str home)
{
	if (home.len == 0 || home.len >= USER_HOME_MAX || memchr(home.ptr, '\0', home.len))
		home = str_of("/");
	memcpy(u->home, home.ptr, home.len);
	u->home[home.len] = '\0';
}

/* The user's part; *ret_name is empty when passwd has no entry. */
static int resolve_user(struct str want, struct str passwd, struct user *u, struct str *ret_name,
			struct err *err)
{
	struct account a = {{"", 0}, {"", 0}};
	uint32_t uid;

	if (want.len == 0)
		want = str_of("0");
	if (find_account(want, passwd, u, &a)) {
		set_home(u, a.home);
	} else if (take_id(want, &uid)) {
		u->uid = uid;
	} else if (!str_eq(want, "root")) {
		/* An image without passwd still has root. */
		return err_set(err, ERR_NOT_FOUND,
			       "unable to find user %.*s: no matching entries in passwd file",
			       (int)want.len, want.ptr);
	}
	*ret_name = a.name;
	return 0;
}

int user_resolve(const char *spec, const char *const *more, const char *passwd, size_t passwd_len,
		 const char *group, size_t group_len, struct user *ret, struct err *err)
{
	struct str rest = str_of(spec ? spec : ""), want = str_cut(&rest, ':');
	struct str name = {"", 0};
	struct str groups = {group, group_len};
	AUTO_FREE struct user *u = calloc(1, sizeof(*u));
	gid_t gid;
	int r;

	if (!u)
		return err_nomem(err);
	set_home(u, str_of("/"));
	r = resolve_user(want, (struct str){passwd, passwd_len}, u, &name, err);
	if (r < 0)
		return r;
	if (rest.ptr && rest.len > 0)
		r = find_group(rest, groups, &u->gid, err);
	else if (name.len > 0)
		r = add_memberships(u, name, groups, err);
	for (; r == 0 && more && *more; more++) {
		r = find_group(str_of(*more), groups, &gid, err);
		if (r == 0)
			r = add_group(u, gid, err);
	}
	if (r == 0)
		*ret = *u;
	return r;
}

/* A regular file's text; anything else there counts as none. */
static int read_text(int root, const char *path, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	/* Not blocking: the image may have a FIFO here. */
	r = confined_find(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, err);
	if (r <= 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	return S_ISREG(st.st_mode) ? fd_read_all(fd, path, out, err) : 0;
}

int user_lookup(int root, const char *spec, const char *const *more, struct user *ret,
		struct err *err)
{
	AUTO_BUF struct buf passwd = BUF_INIT(FILE_MAX), group = BUF_INIT(FILE_MAX);
	int r;

	r = read_text(root, "/etc/passwd", &passwd, err);
	if (r >= 0)
		r = read_text(root, "/etc/group", &group, err);
	if (r < 0)
		return err_wrap(err, "looking up the container's user");
	return user_resolve(spec, more, buf_str(&passwd), passwd.len, buf_str(&group), group.len,
			    ret, err);
}
