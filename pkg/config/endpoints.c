/* From an image's name to the places that may have it. */
#include "base/auto.h"
#include "base/err.h"
#include "registries_data.h"

#include <stdlib.h>

void endpoints_fini(struct endpoints *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		ref_fini(&e->v[i].ref);
	free(e->v);
	*e = (struct endpoints){0};
}

static bool ends_component(char c)
{
	return c == '\0' || c == '/' || c == ':' || c == '@';
}

/* How much of ref the prefix covers, 0 when it does not match. */
static size_t match_len(const char *ref, const char *prefix)
{
	const char *host_end = ref + strcspn(ref, "/@:");
	size_t n = strlen(prefix);

	if (!str_starts(prefix, "*."))
		return str_starts(ref, prefix) && ends_component(ref[n]) ? n : 0;
	/* ".example.com" has to end the host. */
	n--;
	if ((size_t)(host_end - ref) <= n || memcmp(host_end - n, prefix + 1, n) != 0)
		return 0;
	return (size_t)(host_end - ref);
}

const struct reg *registries_match(const struct registries *r, const char *ref, size_t *ret_len)
{
	const struct reg *best = NULL;
	size_t i, len, best_prefix = 0, prefix;

	for (i = 0; i < r->n_regs; i++) {
		len = match_len(ref, r->regs[i].prefix);
		prefix = strlen(r->regs[i].prefix);
		if (len > 0 && prefix > best_prefix) {
			best = &r->regs[i];
			best_prefix = prefix;
			*ret_len = len;
		}
	}
	return best;
}

/* Adds location + rest (or, without location, the name itself). */
static int add(struct endpoints *e, const char *location, const char *text, size_t covered,
	       const struct endpoint *how, struct err *err)
{
	AUTO_FREE char *full = NULL;
	struct endpoint made = *how, *all;
	int r;

	full = str_empty(location) ? strdup(text) : str_fmt("%s%s", location, text + covered);
	all = reallocarray(e->v, e->n + 1, sizeof(*all));
	if (all)
		e->v = all;
	if (!full || !all)
		return err_nomem(err);
	/* A location without a path must not turn the registry into a name on docker.io. */
	if (ref_is_short(full))
		return err_set(err, ERR_INVALID,
			       "registries.conf makes \"%s\" of %s, which names no repository",
			       full, text);
	r = ref_parse(full, &made.ref, err);
	if (r < 0)
		return err_wrap(err, "registries.conf makes \"%s\" of %s", full, text);
	e->v[e->n++] = made;
	return 0;
}

static bool mirror_serves(const struct reg *g, const struct mirror *m, bool by_digest)
{
	if (g->mirror_by_digest_only)
		return by_digest;
	return m->pull == MIRROR_ALL || (m->pull == MIRROR_DIGEST_ONLY) == by_digest;
}

static int blocked(const struct reg *g, const char *text, struct err *err)
{
	return err_set(err, ERR_DENIED, "registry %s is blocked in %s: %s cannot be used",
		       g->prefix, g->where, text);
}

static int add_mirrors(struct endpoints *e, const struct reg *g, const char *text, size_t covered,
		       bool by_digest, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < g->n_mirrors; i++) {
		const struct mirror *m = &g->mirrors[i];
		const struct endpoint how = {.insecure = m->insecure, .mirror = true};

		if (mirror_serves(g, m, by_digest))
			r = add(e, m->location, text, covered, &how, err);
	}
	return r;
}

static int find(const struct registries *r, const struct ref *ref, bool reading,
		struct endpoints *ret, struct err *err)
{
	AUTO_ENDPOINTS struct endpoints e = {0};
	AUTO_FREE char *text = ref_string(ref);
	struct endpoint own = {0};
	const struct reg *g;
	size_t covered = 0;
	int n = 0;

	if (!text)
		return err_nomem(err);
	g = registries_match(r, text, &covered);
	if (g && g->blocked)
		return blocked(g, text, err);
	own.insecure = g && g->insecure;
	if (g && reading)
		n = add_mirrors(&e, g, text, covered, ref->digest != NULL, err);
	if (n == 0)
		n = add(&e, g && reading ? g->location : NULL, text, covered, &own, err);
	if (n < 0)
		return n;
	*ret = e;
	e = (struct endpoints){0};
	return 0;
}

int registries_pull_endpoints(const struct registries *r, const struct ref *ref,
			      struct endpoints *ret, struct err *err)
{
	return find(r, ref, true, ret, err);
}

int registries_push_endpoint(const struct registries *r, const struct ref *ref,
			     struct endpoints *ret, struct err *err)
{
	return find(r, ref, false, ret, err);
}
