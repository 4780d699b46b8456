/* What a name without registry may mean. */
#include "base/auto.h"
#include "base/err.h"
#include "registries_data.h"

#include <stdlib.h>

void short_names_fini(struct short_names *s)
{
	strv_fini(&s->names);
}

/* Adds host/path of a short name, normalised, with its tag and digest; once only. */
static int add(struct strv *list, const char *host, const char *path, const struct ref *r,
	       struct err *err)
{
	AUTO_REF struct ref full = REF_INIT;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *text = NULL;
	int n;

	name = str_fmt("%s%s%s", host, path ? "/" : "", path ? path : "");
	if (!name)
		return err_nomem(err);
	n = ref_parse(name, &full, err);
	if (n < 0)
		return n;
	if (str_set(&full.tag, r->tag, err) < 0 || str_set(&full.digest, r->digest, err) < 0)
		return -(int)err->code;
	text = ref_string(&full);
	if (!text)
		return err_nomem(err);
	return strv_find(list, text) >= 0 ? 0 : strv_add(list, text, err);
}

static int parse_short(const char *name, struct ref *ret, struct err *err)
{
	int n = ref_parse_given(name, ret, err);

	if (n < 0)
		return n;
	if (ret->domain)
		return err_set(err, ERR_BUG, "%s is not a short name", name);
	return 0;
}

/* The alias of a path, NULL for none (also when it was deleted by ""). */
static const char *find_alias(const struct registries *r, const char *path)
{
	const char *value = strv_env_get(&r->cached, path);

	if (str_empty(value))
		value = strv_env_get(&r->aliases, path);
	return str_empty(value) ? NULL : value;
}

int registries_short_pull(const struct registries *r, const char *name, struct short_names *ret,
			  struct err *err)
{
	AUTO_SHORT_NAMES struct short_names s = {.mode = r->mode};
	AUTO_REF struct ref ref = REF_INIT;
	const char *alias;
	size_t i;
	int n;

	n = parse_short(name, &ref, err);
	if (n < 0)
		return n;
	alias = find_alias(r, ref.path);
	if (alias)
		n = add(&s.names, alias, NULL, &ref, err);
	for (i = 0; !alias && n == 0 && i < r->search.n; i++)
		n = add(&s.names, r->search.v[i], ref.path, &ref, err);
	if (n < 0)
		return n;
	if (s.names.n == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "short-name \"%s\" did not resolve to an alias and no "
			       "unqualified-search registries are defined in \"%s\"",
			       name, r->path);
	s.from_alias = alias != NULL;
	s.ask = s.names.n > 1 && r->mode != SHORT_DISABLED;
	*ret = s;
	s = (struct short_names){0};
	return 0;
}

int registries_short_local(const struct registries *r, const char *name, struct strv *ret,
			   struct err *err)
{
	AUTO_STRV struct strv list = STRV_INIT;
	AUTO_REF struct ref ref = REF_INIT;
	const char *alias;
	size_t i;
	int n;

	n = parse_short(name, &ref, err);
	if (n < 0)
		return n;
	alias = find_alias(r, ref.path);
	if (alias)
		n = add(&list, alias, NULL, &ref, err);
	if (n == 0)
		n = add(&list, "localhost", ref.path, &ref, err);
	for (i = 0; n == 0 && i < r->search.n; i++)
		n = add(&list, r->search.v[i], ref.path, &ref, err);
	if (n == 0)
		n = add(&list, REF_DEFAULT_DOMAIN, ref.path, &ref, err);
	if (n < 0)
		return n;
	strv_fini(ret);
	*ret = list;
	list = (struct strv)STRV_INIT;
	return 0;
}
