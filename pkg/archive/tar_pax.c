/* Records "<length> <key>=<value>\n" in front of an entry (POSIX.1-2017, pax Header Block). */
#include "base/err.h"
#include "base/str.h"
#include "tar_header.h"

#include <string.h>

#define NSEC_DIGITS 9
/* A map of more extents than its text could hold within TAR_META_MAX is never made. */
#define FIRST_CAP 8

void tar_pax_fini(struct tar_pax *p)
{
	buf_fini(&p->text);
	free(p->xattrs);
	free(p->extents);
}

void tar_pax_reset(struct tar_pax *p)
{
	struct tar_pax old = *p;

	*p = (struct tar_pax){
	    .text = old.text,
	    .xattrs = old.xattrs,
	    .cap_xattrs = old.cap_xattrs,
	    .extents = old.extents,
	    .cap_extents = old.cap_extents,
	};
	buf_reset(&p->text);
}

bool tar_decimal(const char *s, const char *end, uint64_t *ret)
{
	uint64_t v = 0;

	if (s == end)
		return false;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9' || v > (uint64_t)(INT64_MAX - (*s - '0')) / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return true;
}

/* "[-]seconds[.fraction]"; digits behind the ninth are dropped. */
static bool parse_time(const char *s, struct timespec *ret)
{
	bool negative = *s == '-';
	const char *dot, *end;
	uint64_t sec, nsec = 0;
	int i;

	s += negative;
	end = s + strlen(s);
	dot = strchr(s, '.');
	if (!tar_decimal(s, dot ? dot : end, &sec))
		return false;
	for (i = 0, dot = dot ? dot + 1 : end; i < NSEC_DIGITS; i++) {
		if (dot < end && (*dot < '0' || *dot > '9'))
			return false;
		nsec = nsec * 10 + (dot < end ? (uint64_t)(*dot++ - '0') : 0);
	}
	ret->tv_sec = negative ? -(time_t)sec : (time_t)sec;
	ret->tv_nsec = (long)nsec;
	if (negative && nsec > 0) {
		ret->tv_sec--;
		ret->tv_nsec = 1000000000L - (long)nsec;
	}
	return true;
}

static bool grow(void **array, size_t n, size_t *cap, size_t item)
{
	size_t want = *cap ? *cap * 2 : FIRST_CAP;
	void *p;

	if (n < *cap)
		return true;
	p = reallocarray(*array, want, item);
	if (!p)
		return false;
	*array = p;
	*cap = want;
	return true;
}

static int add_xattr(struct tar_pax *p, const char *name, const char *value, size_t len,
		     struct err *err)
{
	size_t i;

	for (i = 0; i < p->n_xattrs && !streq(p->xattrs[i].name, name); i++)
		;
	if (i >= TAR_XATTRS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d extended attributes", TAR_XATTRS_MAX);
	if (!grow((void **)&p->xattrs, i, &p->cap_xattrs, sizeof(*p->xattrs)))
		return err_nomem(err);
	p->xattrs[i] = (struct tar_xattr){name, value, len};
	if (i == p->n_xattrs)
		p->n_xattrs++;
	return 0;
}

int tar_pax_add_extent(struct tar_pax *p, uint64_t at, uint64_t len, struct err *err)
{
	if (p->n_extents >= TAR_META_MAX / 4)
		return err_set(err, ERR_LIMIT, "sparse map with more than %d extents",
			       TAR_META_MAX / 4);
	if (!grow((void **)&p->extents, p->n_extents, &p->cap_extents, sizeof(*p->extents)))
		return err_nomem(err);
	p->extents[p->n_extents++] = (struct tar_extent){at, len};
	return 0;
}

static int bad(const char *key, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "pax header: malformed value of \"%.100s\"", key);
}

/* Format 0.1: "at,len,at,len,..." */
static int parse_map(struct tar_pax *p, const char *value, struct err *err)
{
	struct str rest = str_of(value), part;
	uint64_t v, at = 0;
	bool have_at = false;
	int r;

	p->n_extents = 0;
	p->has_map = true;
	while (rest.ptr) {
		part = str_cut(&rest, ',');
		if (!tar_decimal(part.ptr, part.ptr + part.len, &v))
			return bad("GNU.sparse.map", err);
		if (have_at) {
			r = tar_pax_add_extent(p, at, v, err);
			if (r < 0)
				return r;
		}
		at = v;
		have_at = !have_at;
	}
	return have_at ? bad("GNU.sparse.map", err) : 0;
}

/* Format 0.0: offset and numbytes records in turn. */
static int parse_pair(struct tar_pax *p, bool is_offset, uint64_t v, struct err *err)
{
	if (p->half_extent == is_offset)
		return bad(is_offset ? "GNU.sparse.offset" : "GNU.sparse.numbytes", err);
	p->half_extent = is_offset;
	p->has_map = true;
	if (is_offset)
		return tar_pax_add_extent(p, v, 0, err);
	p->extents[p->n_extents - 1].len = v;
	return 0;
}

static int sparse_record(struct tar_pax *p, const char *key, const char *value, struct err *err)
{
	uint64_t v = 0;

	if (streq(key, "name"))
		p->sparse_name = value;
	else if (streq(key, "major"))
		p->sparse_major = value;
	else if (streq(key, "minor"))
		p->sparse_minor = value;
	else if (streq(key, "map"))
		return parse_map(p, value, err);
	else if (!tar_decimal(value, value + strlen(value), &v))
		return bad(key, err);
	else if (streq(key, "size") || streq(key, "realsize"))
		p->real_size = v, p->has_real_size = true;
	else if (streq(key, "offset") || streq(key, "numbytes"))
		return parse_pair(p, key[0] == 'o', v, err);
	return 0;
}

static int number_record(const char *key, const char *value, uint64_t *ret, bool *has,
			 struct err *err)
{
	if (!tar_decimal(value, value + strlen(value), ret))
		return bad(key, err);
	*has = true;
	return 0;
}

static int time_record(const char *key, const char *value, struct timespec *ret, bool *has,
		       struct err *err)
{
	if (!parse_time(value, ret))
		return bad(key, err);
	*has = true;
	return 0;
}

/* An empty value takes back what the header says: for us, says nothing. But attributes can be
 * empty, and tar programs say so in this way. */
static int record(struct tar_pax *p, const char *key, const char *value, size_t len,
		  struct err *err)
{
	const char *rest;

	rest = str_after(key, "SCHILY.xattr.");
	if (rest && *rest)
		return add_xattr(p, rest, value, len, err);
	if (len == 0)
		return 0;
	rest = str_after(key, "GNU.sparse.");
	if (strlen(value) != len && (rest || streq(key, "path") || streq(key, "linkpath") ||
				     streq(key, "uname") || streq(key, "gname")))
		return bad(key, err);
	if (rest)
		return sparse_record(p, rest, value, err);
	if (streq(key, "path"))
		p->path = value;
	else if (streq(key, "linkpath"))
		p->linkpath = value;
	else if (streq(key, "uname"))
		p->uname = value;
	else if (streq(key, "gname"))
		p->gname = value;
	else if (streq(key, "size"))
		return number_record(key, value, &p->size, &p->has_size, err);
	else if (streq(key, "uid"))
		return number_record(key, value, &p->uid, &p->has_uid, err);
	else if (streq(key, "gid"))
		return number_record(key, value, &p->gid, &p->has_gid, err);
	else if (streq(key, "mtime"))
		return time_record(key, value, &p->mtime, &p->has_mtime, err);
	else if (streq(key, "atime"))
		return time_record(key, value, &p->atime, &p->has_atime, err);
	return 0;
}

/* One record at *at; ends key and value with NUL in place. */
static int next_record(struct tar_pax *p, size_t *at, struct err *err)
{
	char *s = p->text.ptr + *at, *space, *equals;
	size_t left = p->text.len - *at;
	uint64_t len;

	space = memchr(s, ' ', left < 20 ? left : 20);
	if (!space || !tar_decimal(s, space, &len) || len > left || len < (size_t)(space - s) + 3 ||
	    s[len - 1] != '\n')
		return err_set(err, ERR_CORRUPT, "pax header: malformed record");
	s[len - 1] = '\0';
	equals = memchr(space + 1, '=', len - (size_t)(space + 1 - s));
	if (!equals || equals == space + 1 || memchr(space, '\0', (size_t)(equals - space)))
		return err_set(err, ERR_CORRUPT, "pax header: record without a key");
	*equals = '\0';
	*at += len;
	return record(p, space + 1, equals + 1, (size_t)(s + len - 1 - (equals + 1)), err);
}

int tar_pax_parse(struct tar_pax *p, struct err *err)
{
	size_t at = 0;
	int r = 0;

	while (at < p->text.len && r == 0)
		r = next_record(p, &at, err);
	if (r < 0)
		return r;
	return p->half_extent ? bad("GNU.sparse.offset", err) : 0;
}

enum tar_sparse tar_pax_sparse(const struct tar_pax *p)
{
	const char *dot_major = p->sparse_major ? p->sparse_major : "";
	const char *dot_minor = p->sparse_minor ? p->sparse_minor : "";

	if (streq(dot_major, "1") && streq(dot_minor, "0"))
		return TAR_SPARSE_FRONT;
	if (streq(dot_major, "0") && (streq(dot_minor, "0") || streq(dot_minor, "1")))
		return TAR_SPARSE_MAP;
	if (!*dot_major && !*dot_minor && p->has_map)
		return TAR_SPARSE_MAP;
	return TAR_NOT_SPARSE;
}
