/* One registries.conf file into values. */
#include "base/auto.h"
#include "base/err.h"
#include "file.h"
#include "registries_data.h"
#include "text/toml.h"

#include <stdlib.h>

#define TABLES_MAX 10000

static void mirror_fini(struct mirror *m)
{
	free(m->location);
}

void reg_fini(struct reg *g)
{
	size_t i;

	for (i = 0; i < g->n_mirrors; i++)
		mirror_fini(&g->mirrors[i]);
	free(g->mirrors);
	free(g->prefix);
	free(g->location);
	free(g->where);
	*g = (struct reg){0};
}

/* Without trailing slashes; a scheme is an error. Empty stays empty. */
static int take_location(const struct toml_value *v, const char *text, char **slot, struct err *err)
{
	struct str s = str_of(text);
	char *copy;

	if (str_starts(text, "http://") || str_starts(text, "https://"))
		return toml_error(v, err, "\"%s\": a location has no http:// or https:// in front",
				  text);
	while (s.len > 0 && s.ptr[s.len - 1] == '/')
		s.len--;
	/* text may be what the slot holds */
	copy = str_dup(s);
	if (!copy)
		return err_nomem(err);
	free(*slot);
	*slot = copy;
	return 0;
}

static int read_location(struct toml_value *table, const char *key, char **slot, struct err *err)
{
	const char *text = "";
	int r = toml_get_string(table, key, &text, err);

	if (r < 0)
		return r;
	return take_location(r > 0 ? toml_find_key(table, key) : table, text, slot, err);
}

static bool is_wildcard(const char *prefix)
{
	return str_starts(prefix, "*.");
}

static int read_mirror(struct toml_value *table, bool by_digest_only, struct mirror *m,
		       struct err *err)
{
	const char *pull = "";
	struct toml_value *v;
	int r;

	r = read_location(table, "location", &m->location, err);
	if (r == 0)
		r = toml_get_bool(table, "insecure", &m->insecure, err);
	if (r >= 0)
		r = toml_get_string(table, "pull-from-mirror", &pull, err);
	if (r < 0)
		return r;
	if (!*m->location)
		return toml_error(table, err, "a mirror needs a location");
	v = toml_find_key(table, "pull-from-mirror");
	if (by_digest_only && *pull)
		return toml_error(v, err, "cannot be used together with mirror-by-digest-only");
	if (streq(pull, "digest-only"))
		m->pull = MIRROR_DIGEST_ONLY;
	else if (streq(pull, "tag-only"))
		m->pull = MIRROR_TAG_ONLY;
	else if (*pull && !streq(pull, "all"))
		return toml_error(v, err, "\"%s\" is not all, digest-only or tag-only", pull);
	return 0;
}

static int read_mirrors(struct toml_value *table, struct reg *g, struct err *err)
{
	struct toml_value *list;
	int r = toml_get_array(table, "mirror", &list, err);
	size_t i, n;

	if (r <= 0)
		return r;
	n = toml_count(list);
	if (n > TABLES_MAX)
		return toml_error(list, err, "more than %d mirrors", TABLES_MAX);
	g->mirrors = calloc(n + 1, sizeof(*g->mirrors));
	if (!g->mirrors)
		return err_nomem(err);
	for (i = 0; i < n; i++) {
		if (toml_kind(toml_at(list, i)) != TOML_TABLE)
			return toml_error(toml_at(list, i), err, "expected a table");
		g->n_mirrors++;
		r = read_mirror(toml_at(list, i), g->mirror_by_digest_only, &g->mirrors[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_prefix(struct toml_value *table, struct reg *g, struct err *err)
{
	if (!*g->location && !is_wildcard(g->prefix))
		return toml_error(table, err,
				  "a registry needs a location, or a prefix of the form "
				  "*.example.com");
	if (!*g->prefix)
		return str_set(&g->prefix, g->location, err);
	if (is_wildcard(g->prefix) && strpbrk(g->prefix, "/@:"))
		return toml_error(toml_find_key(table, "prefix"), err,
				  "a wildcard has no port, path, tag or digest");
	if (strchr(g->prefix + is_wildcard(g->prefix), '*'))
		return toml_error(toml_find_key(table, "prefix"), err,
				  "a wildcard stands at the beginning only (*.example.com)");
	return 0;
}

static int read_reg(struct toml *t, struct toml_value *table, struct reg *g, struct err *err)
{
	int r;

	if (toml_kind(table) != TOML_TABLE)
		return toml_error(table, err, "expected a table");
	g->where = str_fmt("%s:%u", toml_name(t), toml_line(table));
	if (!g->where)
		return err_nomem(err);
	r = read_location(table, "location", &g->location, err);
	if (r == 0)
		r = read_location(table, "prefix", &g->prefix, err);
	if (r == 0)
		r = check_prefix(table, g, err);
	if (r >= 0)
		r = toml_get_bool(table, "insecure", &g->insecure, err);
	if (r >= 0)
		r = toml_get_bool(table, "blocked", &g->blocked, err);
	if (r >= 0)
		r = toml_get_bool(table, "mirror-by-digest-only", &g->mirror_by_digest_only, err);
	if (r < 0)
		return r;
	if (toml_find_key(table, "pull-from-mirror"))
		return toml_error(toml_find_key(table, "pull-from-mirror"), err,
				  "belongs into [[registry.mirror]]");
	return read_mirrors(table, g, err);
}

static struct reg *find_prefix(struct registries *r, const char *prefix)
{
	size_t i;

	for (i = 0; i < r->n_regs; i++)
		if (streq(r->regs[i].prefix, prefix))
			return &r->regs[i];
	return NULL;
}

/* Takes g over, also on failure. */
static int put_reg(struct registries *r, struct reg *g, struct err *err)
{
	struct reg *old = find_prefix(r, g->prefix), *all;

	if (old) {
		reg_fini(old);
		*old = *g;
		return 0;
	}
	all = reallocarray(r->regs, r->n_regs + 1, sizeof(*all));
	if (!all) {
		reg_fini(g);
		return err_nomem(err);
	}
	r->regs = all;
	all[r->n_regs++] = *g;
	return 0;
}

/* Two tables of a file for one location must agree. */
static int check_twin(const struct toml_value *v, const struct reg *a, const struct reg *b,
		      struct err *err)
{
	if (!*a->location || !streq(a->location, b->location) ||
	    (a->insecure == b->insecure && a->blocked == b->blocked))
		return 0;
	return toml_error(v, err, "location %s has another `insecure` or `blocked` at %s",
			  b->location, a->where);
}

static int merge_tables(struct registries *r, struct toml *t, struct toml_value *list,
			struct err *err)
{
	struct registries own = {0};
	struct reg g;
	size_t i, j;
	int n = 0;

	if (toml_count(list) > TABLES_MAX)
		return toml_error(list, err, "more than %d registries", TABLES_MAX);
	for (i = 0; n == 0 && i < toml_count(list); i++) {
		g = (struct reg){0};
		n = read_reg(t, toml_at(list, i), &g, err);
		for (j = 0; n == 0 && g.prefix && j < own.n_regs; j++)
			n = check_twin(toml_at(list, i), &own.regs[j], &g, err);
		/* The first of a file's tables for one prefix counts. */
		if (n < 0 || !g.prefix || find_prefix(&own, g.prefix))
			reg_fini(&g);
		else
			n = put_reg(&own, &g, err);
	}
	for (i = 0; i < own.n_regs; i++) {
		if (n < 0)
			reg_fini(&own.regs[i]);
		else
			n = put_reg(r, &own.regs[i], err);
	}
	free(own.regs);
	return n;
}

/* Neither side of an alias has a tag or digest. */
static int check_alias(const struct toml_value *v, const char *name, const char *value,
		       struct err *err)
{
	AUTO_REF struct ref short_ref = REF_INIT, full = REF_INIT;
	struct err why = ERR_INIT;

	if (ref_parse_given(name, &short_ref, &why) < 0 || short_ref.domain || short_ref.tag ||
	    short_ref.digest)
		return toml_error(v, err, "\"%s\" is not a short name", name);
	if (!*value)
		return 0;
	if (ref_parse_given(value, &full, &why) < 0 || !full.domain || full.tag || full.digest)
		return toml_error(v, err, "\"%s\" is not a full name without tag and digest",
				  value);
	return 0;
}

static int merge_aliases(struct strv *aliases, struct toml_value *root, struct err *err)
{
	AUTO_FREE char *entry = NULL;
	struct toml_value *table, *v;
	size_t i;
	int r;

	r = toml_get_table(root, "aliases", &table, err);
	if (r <= 0)
		return r;
	toml_use_all(table);
	for (i = 0; i < toml_count(table); i++) {
		v = toml_at(table, i);
		if (toml_kind(v) != TOML_STRING)
			return toml_error(v, err, "expected a string");
		r = check_alias(v, toml_key(v), toml_str(v), err);
		if (r < 0)
			return r;
		free(entry);
		entry = str_fmt("%s=%s", toml_key(v), toml_str(v));
		if (!entry)
			return err_nomem(err);
		r = strv_env_set(aliases, entry, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int merge_mode(struct registries *r, struct toml_value *root, struct err *err)
{
	const char *mode = "";
	int n = toml_get_string(root, "short-name-mode", &mode, err);

	if (n <= 0 || !*mode)
		return n;
	if (streq(mode, "enforcing"))
		r->mode = SHORT_ENFORCING;
	else if (streq(mode, "permissive"))
		r->mode = SHORT_PERMISSIVE;
	else if (streq(mode, "disabled"))
		r->mode = SHORT_DISABLED;
	else
		return toml_error(toml_find_key(root, "short-name-mode"), err,
				  "\"%s\" is not enforcing, permissive or disabled", mode);
	return 0;
}

static int check_search(const struct toml_value *v, struct strv *list, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < list->n; i++) {
		r = take_location(v, list->v[i], &list->v[i], err);
		if (r < 0)
			return r;
		if (!*list->v[i])
			return toml_error(v, err, "a registry's name is empty");
	}
	return 0;
}

static int merge_v2(struct registries *r, struct toml *t, struct err *err)
{
	static const char search[] = "unqualified-search-registries";
	struct toml_value *root = toml_root(t), *list;
	int n;

	n = toml_get_strings(root, search, &r->search, err);
	if (n > 0)
		n = check_search(toml_find_key(root, search), &r->search, err);
	if (n >= 0)
		n = merge_mode(r, root, err);
	if (n >= 0)
		n = toml_get_strings(root, "credential-helpers", &r->helpers, err);
	if (n >= 0)
		n = merge_aliases(&r->aliases, root, err);
	if (n < 0)
		return n;
	n = toml_get_array(root, "registry", &list, err);
	return n <= 0 ? n : merge_tables(r, t, list, err);
}

/* One of version 1's lists. */
static int read_v1(struct toml_value *root, const char *key, struct strv *ret, struct err *err)
{
	struct toml_value *v;
	int r = toml_get_strings(root, key, ret, err);

	if (r <= 0)
		return r;
	r = toml_find(root, key, &v, err);
	return r < 0 ? r : check_search(v, ret, err);
}

/* The table for a location in version 1's lists. */
static int mark_v1(struct registries *r, const char *name, const char *location, bool block,
		   struct err *err)
{
	struct reg *g = find_prefix(r, location);
	struct reg made = {0};
	int n;

	if (!g) {
		made.where = strdup(name);
		made.prefix = strdup(location);
		made.location = strdup(location);
		if (!made.where || !made.prefix || !made.location) {
			reg_fini(&made);
			return err_nomem(err);
		}
		n = put_reg(r, &made, err);
		if (n < 0)
			return n;
		g = find_prefix(r, location);
	}
	*(block ? &g->blocked : &g->insecure) = true;
	return 0;
}

static int merge_v1(struct registries *r, struct toml *t, struct err *err)
{
	AUTO_STRV struct strv insecure = STRV_INIT, block = STRV_INIT;
	struct toml_value *root = toml_root(t);
	size_t i;
	int n;

	n = read_v1(root, "registries.search.registries", &r->search, err);
	if (n == 0)
		n = read_v1(root, "registries.insecure.registries", &insecure, err);
	if (n == 0)
		n = read_v1(root, "registries.block.registries", &block, err);
	for (i = 0; n == 0 && i < insecure.n; i++)
		n = mark_v1(r, toml_name(t), insecure.v[i], false, err);
	for (i = 0; n == 0 && i < block.n; i++)
		n = mark_v1(r, toml_name(t), block.v[i], true, err);
	return n;
}

int registries_merge(struct registries *r, struct toml *t, bool is_main, struct err *err)
{
	struct toml_value *root = toml_root(t), *v1 = toml_find_key(root, "registries");
	int n;

	if (v1 && !is_main)
		return toml_error(v1, err, "version 1 is not accepted in a drop-in file");
	if (v1 && (toml_find_key(root, "registry") ||
		   toml_find_key(root, "unqualified-search-registries")))
		return toml_error(v1, err, "versions 1 and 2 cannot be mixed in one file");
	n = v1 ? merge_v1(r, t, err) : merge_v2(r, t, err);
	if (n < 0)
		return n;
	config_log_unused(t);
	return 0;
}

int registries_read_cache(struct registries *r, struct toml *t, struct err *err)
{
	return merge_aliases(&r->cached, toml_root(t), err);
}
