/* Nodes of a parsed file: making, freeing, naming. */
#include "toml_node.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Bounds memory and time; the largest files in use (short-name aliases) hold some hundred keys. */
#define NODES_MAX 65536
/* Tables within tables; bounds the recursion of everything that walks the tree. */
#define DEPTH_MAX 64
#define PLACE_MAX 768

static uint32_t hash_of(const char *s, size_t len)
{
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619U;
	return h;
}

static int list_room(struct toml_value *parent, struct err *err)
{
	size_t cap = parent->list.cap ? parent->list.cap * 2 : 4;
	struct toml_value **v;

	if (parent->list.n < parent->list.cap)
		return 0;
	v = reallocarray(parent->list.v, cap, sizeof(struct toml_value *));
	if (!v)
		return err_nomem(err);
	parent->list.v = v;
	parent->list.cap = cap;
	return 0;
}

int toml_node_new(struct toml_value *parent, const char *key, unsigned line,
		  struct toml_value **ret, struct err *err)
{
	struct toml *doc = parent->doc;
	struct toml_value *v;
	int r;

	if (doc->n_nodes >= NODES_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u: more than %d values", doc->name, line,
			       NODES_MAX);
	if (parent->depth >= DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "%s:%u: nested deeper than %d", doc->name, line,
			       DEPTH_MAX);
	r = list_room(parent, err);
	if (r < 0)
		return r;
	v = calloc(1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	v->key = key ? strdup(key) : NULL;
	if (key && !v->key) {
		free(v);
		return err_nomem(err);
	}
	v->hash = key ? hash_of(key, strlen(key)) : 0;
	v->kind = TOML_BOOL;
	v->line = line;
	v->depth = parent->depth + 1;
	v->doc = doc;
	v->parent = parent;
	parent->list.v[parent->list.n++] = v;
	doc->n_nodes++;
	*ret = v;
	return 0;
}

int toml_node_root(struct toml *doc, struct err *err)
{
	doc->root = calloc(1, sizeof(*doc->root));
	if (!doc->root)
		return err_nomem(err);
	doc->root->kind = TOML_TABLE;
	doc->root->origin = TOML_HEADER;
	doc->root->used = true;
	doc->root->line = 1;
	doc->root->doc = doc;
	return 0;
}

void toml_node_free(struct toml_value *v)
{
	size_t i;

	if (!v)
		return;
	if (v->kind == TOML_STRING || v->kind == TOML_TIME)
		free(v->s);
	if (v->kind == TOML_ARRAY || v->kind == TOML_TABLE) {
		for (i = 0; i < v->list.n; i++)
			toml_node_free(v->list.v[i]);
		free(v->list.v);
	}
	free(v->key);
	free(v);
}

struct toml_value *toml_node_child(const struct toml_value *table, const char *key, size_t len)
{
	uint32_t hash = hash_of(key, len);
	struct toml_value *v;
	size_t i;

	for (i = 0; i < table->list.n; i++) {
		v = table->list.v[i];
		if (v->hash == hash && str_eq((struct str){key, len}, v->key))
			return v;
	}
	return NULL;
}

static bool is_bare(const char *key)
{
	return *key && key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_-")] == '\0';
}

/* A quoted key may hold anything; a terminal should not see it. */
static void add_key(struct buf *b, const char *key)
{
	if (is_bare(key)) {
		buf_adds(b, key);
		return;
	}
	buf_addc(b, '"');
	for (; *key; key++)
		buf_addc(b, toml_is_control(*key) || *key == '\n' || *key == '\r' ? '?' : *key);
	buf_addc(b, '"');
}

void toml_node_place(const struct toml_value *v, unsigned line, char *out, size_t max)
{
	AUTO_BUF struct buf b = BUF_INIT(1U << 20);
	const struct toml_value *path[DEPTH_MAX + 1];
	size_t n = 0, start;

	buf_addf(&b, "%s:%u", v->doc->name, line ? line : v->line);
	start = b.len;
	for (; v; v = v->parent)
		if (v->key)
			path[n++] = v;
	while (n-- > 0) {
		buf_adds(&b, b.len == start ? ": " : ".");
		add_key(&b, path[n]->key);
	}
	(void)snprintf(out, max, "%s", buf_str(&b));
}

int toml_error_at(const struct toml_value *v, unsigned line, struct err *err, const char *text)
{
	char place[PLACE_MAX];

	toml_node_place(v, line, place, sizeof(place));
	return err_set(err, ERR_INVALID, "%s: %s", place, text);
}

int toml_error(const struct toml_value *v, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return toml_error_at(v, 0, err, text);
}

int toml_syntax(const struct toml_in *in, struct err *err, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return toml_error_at(in->at ? in->at : in->doc->root, in->line, err, text);
}
