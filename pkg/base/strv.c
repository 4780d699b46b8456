#include "base/strv.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void strv_fini(struct strv *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	s->v = NULL;
	s->n = 0;
}

/* Room for one more besides the closing NULL; capacity is the next power of two. */
static int strv_grow(struct strv *s, struct err *err)
{
	size_t need = s->n + 2, cap = 4;
	char **v;

	if (s->v && (s->n + 1 < 4 || ((s->n + 1) & s->n) != 0))
		return 0;
	while (cap < need)
		cap *= 2;
	v = reallocarray(s->v, cap, sizeof(*v));
	if (!v)
		return err_nomem(err);
	s->v = v;
	return 0;
}

int strv_take(struct strv *s, char *value, struct err *err)
{
	int r;

	if (!value)
		return err_nomem(err);
	r = strv_grow(s, err);
	if (r < 0) {
		free(value);
		return r;
	}
	s->v[s->n++] = value;
	s->v[s->n] = NULL;
	return 0;
}

int strv_add(struct strv *s, const char *value, struct err *err)
{
	return strv_take(s, strdup(value), err);
}

int strv_addn(struct strv *s, struct str value, struct err *err)
{
	return strv_take(s, str_dup(value), err);
}

int strv_addf(struct strv *s, struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	return strv_take(s, n < 0 ? NULL : p, err);
}

int strv_copy(struct strv *dst, const struct strv *src, struct err *err)
{
	struct strv fresh = STRV_INIT;
	size_t i;
	int r;

	for (i = 0; i < src->n; i++) {
		r = strv_add(&fresh, src->v[i], err);
		if (r < 0) {
			strv_fini(&fresh);
			return r;
		}
	}
	strv_fini(dst);
	*dst = fresh;
	return 0;
}

int strv_insert(struct strv *s, size_t at, const char *value, struct err *err)
{
	char *added;
	int r;

	r = strv_add(s, value, err);
	if (r < 0)
		return r;
	added = s->v[s->n - 1];
	memmove(&s->v[at + 1], &s->v[at], (s->n - 1 - at) * sizeof(*s->v));
	s->v[at] = added;
	return 0;
}

void strv_remove(struct strv *s, size_t at)
{
	free(s->v[at]);
	memmove(&s->v[at], &s->v[at + 1], (s->n - at) * sizeof(*s->v));
	s->n--;
}

long strv_find(const struct strv *s, const char *value)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (streq(s->v[i], value))
			return (long)i;
	return -1;
}

static long env_find(const struct strv *s, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strncmp(s->v[i], name, len) == 0 && s->v[i][len] == '=')
			return (long)i;
	return -1;
}

const char *strv_env_get(const struct strv *s, const char *name)
{
	long at = env_find(s, name, strlen(name));

	return at < 0 ? NULL : s->v[at] + strlen(name) + 1;
}

int strv_env_set(struct strv *s, const char *assignment, struct err *err)
{
	size_t len = strcspn(assignment, "=");
	long at = env_find(s, assignment, len);

	if (at < 0)
		return strv_add(s, assignment, err);
	return str_set(&s->v[at], assignment, err);
}
