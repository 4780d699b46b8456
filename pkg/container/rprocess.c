/* The process part of a runtime_spec: capabilities, filters, limits. Declared in rspec.h. */
#include "rspec.h"
#include "base/err.h"
#include "config/containers.h"
#include "plan.h"
#include "sys/fd.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static bool is_all(const char *s)
{
	return streq(s, "ALL") || streq(s, "CAP_ALL") || streq(s, "all");
}

int plan_capabilities(const struct strv *given, const char *what, struct strv *ret, struct err *err)
{
	uint64_t mask;
	size_t i;
	int r = 0, bit;

	for (i = 0; r == 0 && given && i < given->n; i++) {
		r = caps_parse(given->v[i], &mask, err);
		if (r < 0)
			return err_wrap(err, "%s %s", what, given->v[i]);
		if (is_all(given->v[i])) {
			r = strv_add(ret, "ALL", err);
			continue;
		}
		bit = __builtin_ctzll(mask);
		r = strv_add(ret, caps_name((unsigned)bit), err);
	}
	return r;
}

static int mask_of(const struct strv *names, uint64_t *ret, struct err *err)
{
	uint64_t mask, all = 0;
	size_t i;
	int r;

	for (i = 0; i < names->n; i++) {
		r = caps_parse(names->v[i], &mask, err);
		if (r < 0)
			return r;
		all |= mask;
	}
	*ret = all;
	return 0;
}

/* podman's rule: --cap-drop ALL with --cap-add X leaves X; --cap-add ALL with --cap-drop X leaves
 * all but X. */
static int choose_caps(struct container *c, bool privileged, struct runtime_process *p,
		       struct err *err)
{
	const struct container_process *def = &c->def.process;
	uint64_t base = 0, add = 0, drop = 0;
	bool drop_all = false;
	size_t i;
	int r;

	for (i = 0; i < def->cap_drop.n; i++)
		drop_all = drop_all || is_all(def->cap_drop.v[i]);
	r = mask_of(&c->owner->conf->default_capabilities, &base, err);
	if (r == 0)
		r = mask_of(&def->cap_add, &add, err);
	if (r == 0)
		r = mask_of(&def->cap_drop, &drop, err);
	if (r < 0)
		return r;
	if (privileged)
		base = caps_all();
	p->caps = drop_all ? add : (base | add) & ~drop;
	p->caps_added = privileged ? 0 : p->caps & add;
	return 0;
}

static int sorted_names(uint64_t caps, struct strv *ret, struct err *err)
{
	const char *name;
	unsigned bit;
	size_t at;
	int r = 0;

	for (bit = 0; r == 0 && bit < 64; bit++) {
		name = caps & CAPS_BIT(bit) ? caps_name(bit) : NULL;
		for (at = 0; name && at < ret->n && strcmp(ret->v[at], name) < 0; at++)
			;
		if (name)
			r = strv_insert(ret, at, name, err);
	}
	return r;
}

int container_capabilities(struct container *c, struct strv *ret_bounding,
			   struct strv *ret_effective, struct err *err)
{
	const char *user = c->def.process.user ? c->def.process.user : "";
	struct runtime_process p = {0};
	struct caps_sets sets;
	bool is_root;
	int r;

	is_root = !*user || streq(user, "0") || streq(user, "root") || str_starts(user, "0:") ||
		  str_starts(user, "root:");
	r = choose_caps(c, c->def.process.privileged, &p, err);
	if (r < 0)
		return r;
	sets = caps_for_user(p.caps, p.caps_added, is_root);
	r = sorted_names(sets.bounding, ret_bounding, err);
	return r < 0 ? r : sorted_names(sets.effective, ret_effective, err);
}

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
    {"as", RLIMIT_AS},		 {"core", RLIMIT_CORE},		{"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},	 {"fsize", RLIMIT_FSIZE},	{"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},	 {"nproc", RLIMIT_NPROC},	{"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},	 {"rttime", RLIMIT_RTTIME},	{"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
};

static int parse_limit(struct str text, const char *whole, uint64_t *ret, struct err *err)
{
	AUTO_FREE char *s = str_dup(text);

	if (!s)
		return err_nomem(err);
	if (streq(s, "-1") || streq(s, "unlimited")) {
		*ret = RLIM64_INFINITY;
		return 0;
	}
	return parse_u64(s, whole, 0, UINT64_MAX, ret, err);
}

/* "nofile=1024:2048" */
static int parse_rlimit(const char *text, struct runtime_rlimit *ret, struct err *err)
{
	struct str rest = str_of(text), name = str_cut(&rest, '='), soft;
	uint64_t lo = 0, hi;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(rlimit_names); i++)
		if (str_eq(name, rlimit_names[i].name))
			break;
	if (i == ARRAY_LEN(rlimit_names) || !rest.ptr)
		return err_set(err, ERR_INVALID, "ulimit \"%s\": want NAME=SOFT[:HARD]", text);
	soft = str_cut(&rest, ':');
	r = parse_limit(soft, text, &lo, err);
	hi = lo;
	if (r == 0 && rest.ptr)
		r = parse_limit(rest, text, &hi, err);
	if (r < 0)
		return r;
	*ret = (struct runtime_rlimit){rlimit_names[i].resource, {lo, hi}};
	return 0;
}

static int choose_rlimits(struct container *c, struct rspec *rs, struct runtime_process *p,
			  struct err *err)
{
	const struct strv *given = &c->owner->conf->default_ulimits;
	size_t i;
	int r;

	if (given->n > RSPEC_RLIMITS_MAX)
		return err_set(err, ERR_LIMIT, "containers.conf: more than %d default_ulimits",
			       RSPEC_RLIMITS_MAX);
	for (i = 0; i < given->n; i++) {
		r = parse_rlimit(given->v[i], &rs->rlimits[i], err);
		if (r < 0)
			return err_wrap(err, "containers.conf: default_ulimits");
	}
	p->rlimits = rs->rlimits;
	p->n_rlimits = given->n;
	return 0;
}

static void choose_seccomp(struct container *c, bool privileged, struct runtime_process *p)
{
	const char *profile = c->def.process.seccomp;

	if (privileged || (profile && streq(profile, "unconfined")))
		p->seccomp = RUNTIME_SECCOMP_NONE;
	else if (!str_empty(profile)) {
		p->seccomp = RUNTIME_SECCOMP_FILE;
		p->seccomp_file = profile;
	}
}

int rspec_process(struct container *c, bool privileged, struct rspec *rs, struct runtime_process *p,
		  struct err *err)
{
	const struct container_process *def = &c->def.process;
	int r;

	r = dir_ensure(c->owner->state.run, "seccomp", 0700, &rs->seccomp_cache, err);
	if (r == 0)
		r = choose_caps(c, privileged, p, err);
	if (r == 0)
		r = choose_rlimits(c, rs, p, err);
	if (r < 0)
		return r;
	choose_seccomp(c, privileged, p);
	p->argv = (const char *const *)def->args.v;
	p->env = (const char *const *)def->env.v;
	p->cwd = def->cwd;
	p->user = str_empty(def->user) ? NULL : def->user;
	p->terminal = def->terminal;
	p->no_new_privs = def->no_new_privileges;
	p->seccomp_cache = rs->seccomp_cache;
	p->umask = c->owner->conf->umask;
	return 0;
}
