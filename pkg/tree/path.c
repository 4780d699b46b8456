#include "path.h"
#include "base/err.h"
#include "base/str.h"

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static bool is(const char *s, size_t n, const char *want)
{
	return n == strlen(want) && memcmp(s, want, n) == 0;
}

/* Cuts the last component off; false when there is none. */
static bool go_up(struct tree_path *p)
{
	if (p->len == 0)
		return false;
	while (p->len > 0 && p->text[p->len - 1] != '/')
		p->len--;
	if (p->len > 0)
		p->len--;
	return true;
}

static bool add(struct tree_path *p, const char *s, size_t n)
{
	if (p->len + 1 + n >= sizeof(p->text))
		return false;
	if (p->len > 0)
		p->text[p->len++] = '/';
	memcpy(p->text + p->len, s, n);
	p->len += n;
	return true;
}

int tree_path_clean(const char *name, const char *what, struct tree_path *ret, struct err *err)
{
	const char *s = name;
	size_t n;

	ret->len = 0;
	for (; *s; s += n + (s[n] == '/')) {
		n = (size_t)(strchrnul(s, '/') - s);
		if (n == 0 || is(s, n, "."))
			continue;
		if (is(s, n, "..")) {
			if (!go_up(ret))
				return err_set(err, ERR_INVALID,
					       "%s \"%.200s\": the path leads out of the layer",
					       what, name);
		} else if (!add(ret, s, n)) {
			return err_set(err, ERR_LIMIT,
				       "%s \"%.200s...\": path longer than %d bytes", what, name,
				       PATH_MAX - 1);
		}
	}
	ret->text[ret->len] = '\0';
	s = strrchr(ret->text, '/');
	ret->parent_len = s ? (size_t)(s - ret->text) : 0;
	ret->name = s ? s + 1 : ret->text;
	return 0;
}

uint64_t tree_path_hash(const struct tree_path *p)
{
	uint64_t h = FNV_BASIS;
	size_t i;

	for (i = 0; i < p->len; i++)
		h = (h ^ (uint8_t)p->text[i]) * FNV_PRIME;
	return h;
}

bool tree_path_below_whiteout(const struct tree_path *p)
{
	const char *s = p->text;

	for (; s < p->name; s = strchr(s, '/') + 1)
		if (str_starts(s, WHITEOUT_PREFIX))
			return true;
	return false;
}
