/* The memory of one execution, and values made in it. */
#include "tmpl_run.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MEM_MAX (256U << 20)
#define BLOCK_SIZE 8192
#define ALIGN 16

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

struct tmpl_mem {
	struct block *blocks;
	size_t total;
};

struct tmpl_mem *tmpl_mem_new(struct err *err)
{
	struct tmpl_mem *m = calloc(1, sizeof(*m));

	if (!m)
		(void)err_nomem(err);
	return m;
}

void tmpl_mem_free(struct tmpl_mem *m)
{
	struct block *b, *next;

	if (!m)
		return;
	for (b = m->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(m);
}

static struct block *add_block(struct tmpl_mem *m, size_t n, struct err *err)
{
	size_t size = n > BLOCK_SIZE / 4 ? n : BLOCK_SIZE;
	struct block *b;

	if (size > MEM_MAX - m->total) {
		(void)err_set(err, ERR_LIMIT, "the template needs more than %u bytes of memory",
			      MEM_MAX);
		return NULL;
	}
	b = calloc(1, sizeof(*b) + size);
	if (!b) {
		(void)err_nomem(err);
		return NULL;
	}
	m->total += size;
	b->size = size;
	b->next = m->blocks;
	m->blocks = b;
	return b;
}

void *tmpl_alloc(struct tmpl_mem *m, size_t n, struct err *err)
{
	struct block *b = m->blocks;
	void *p;

	if (n > MEM_MAX)
		n = MEM_MAX + 1;
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (!b || b->size - b->used < n)
		b = add_block(m, n, err);
	if (!b)
		return NULL;
	p = b->data + b->used;
	b->used += n;
	return p;
}

int tmpl_keep(struct tmpl_mem *mem, const char *s, size_t n, struct tmpl_value *ret,
	      struct err *err)
{
	char *copy = tmpl_alloc(mem, n + 1, err);

	if (!copy)
		return -(int)err->code;
	if (n > 0)
		memcpy(copy, s, n);
	*ret = tmpl_string(copy);
	return 0;
}

int tmpl_keepf(struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err, const char *fmt, ...)
{
	AUTO_FREE char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		s = NULL;
		return err_nomem(err);
	}
	return tmpl_keep(mem, s, (size_t)n, ret, err);
}

struct kept_list {
	size_t n;
	struct tmpl_value v[];
};

static size_t kept_count(const void *obj)
{
	return ((const struct kept_list *)obj)->n;
}

static int kept_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		   struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)ret_key, (void)err;
	*ret = ((const struct kept_list *)obj)->v[i];
	return 0;
}

static const struct tmpl_ops kept_ops = {.count = kept_count, .at = kept_at};
static const struct tmpl_ops kept_string_ops = {
    .type = "[]string", .count = kept_count, .at = kept_at};

int tmpl_keep_list(struct tmpl_mem *mem, const struct tmpl_value *values, size_t n,
		   struct tmpl_value *ret, struct err *err)
{
	const struct tmpl_ops *ops = &kept_string_ops;
	struct kept_list *l;
	size_t i;

	if (n > MEM_MAX / sizeof(*values))
		n = MEM_MAX / sizeof(*values);
	l = tmpl_alloc(mem, sizeof(*l) + n * sizeof(*values), err);
	if (!l)
		return -(int)err->code;
	for (i = 0; i < n; i++) {
		l->v[i] = values[i];
		if (values[i].kind != TMPL_STRING)
			ops = &kept_ops;
	}
	l->n = n;
	*ret = tmpl_list(ops, l);
	return 0;
}

static size_t strv_count(const void *obj)
{
	return ((const struct strv *)obj)->n;
}

static int strv_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		   struct tmpl_value *ret, struct err *err)
{
	(void)mem, (void)ret_key, (void)err;
	*ret = tmpl_string(((const struct strv *)obj)->v[i]);
	return 0;
}

struct tmpl_value tmpl_strv(const struct strv *list)
{
	static const struct tmpl_ops ops = {.type = "[]string", .count = strv_count, .at = strv_at};

	return tmpl_list(&ops, list);
}

struct pair {
	const char *key, *value;
};

struct pairs {
	size_t n;
	struct pair v[];
};

static size_t pairs_count(const void *obj)
{
	return ((const struct pairs *)obj)->n;
}

static int pairs_at(const void *obj, size_t i, struct tmpl_mem *mem, const char **ret_key,
		    struct tmpl_value *ret, struct err *err)
{
	const struct pairs *p = obj;

	(void)mem, (void)err;
	*ret_key = p->v[i].key;
	*ret = tmpl_string(p->v[i].value);
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

int tmpl_env(struct tmpl_mem *mem, const struct strv *list, struct tmpl_value *ret, struct err *err)
{
	static const struct tmpl_ops ops = {
	    .type = "map[string]string", .count = pairs_count, .at = pairs_at};
	struct pairs *p = tmpl_alloc(mem, sizeof(*p) + list->n * sizeof(struct pair), err);
	struct tmpl_value key = {0};
	size_t i, len;
	int r;

	if (!p)
		return -(int)err->code;
	for (i = 0; i < list->n; i++) {
		len = strcspn(list->v[i], "=");
		r = tmpl_keep(mem, list->v[i], len, &key, err);
		if (r < 0)
			return r;
		p->v[i].key = key.s;
		p->v[i].value = list->v[i] + len + (list->v[i][len] == '=');
	}
	p->n = list->n;
	qsort(p->v, p->n, sizeof(struct pair), compare_pairs);
	*ret = tmpl_map(&ops, p);
	return 0;
}
