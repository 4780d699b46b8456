/* The mounts of a runtime_spec. Declared in rspec.h. */
#include "rspec.h"
#include "base/buf.h"
#include "base/err.h"
#include "netfiles.h"

#include <stdlib.h>
#include <sys/mount.h>

static struct runtime_mount *add_mount(struct rspec *rs, const char *target, const char *source)
{
	struct runtime_mount *m;
	size_t cap;

	if (rs->n_mounts == rs->cap_mounts) {
		cap = rs->cap_mounts ? rs->cap_mounts * 2 : 8;
		m = reallocarray(rs->mounts, cap, sizeof(*m));
		if (!m)
			return NULL;
		rs->mounts = m;
		rs->cap_mounts = cap;
	}
	m = &rs->mounts[rs->n_mounts++];
	*m = (struct runtime_mount){
	    .kind = RUNTIME_BIND, .target = target, .source = source, .source_fd = -1};
	return m;
}

static void bind_option(struct runtime_mount *m, const char *o)
{
	static const struct {
		const char *name;
		uint64_t propagation;
	} kinds[] = {{"private", 0},	   {"rprivate", 0},	  {"slave", MS_SLAVE},
		     {"rslave", MS_SLAVE}, {"shared", MS_SHARED}, {"rshared", MS_SHARED}};
	size_t i;

	if (streq(o, "ro"))
		m->ro = true;
	else if (streq(o, "bind"))
		m->recursive = false;
	else if (streq(o, "nosuid"))
		m->nosuid = true;
	else if (streq(o, "dev"))
		m->allow_dev = true;
	else if (streq(o, "noexec"))
		m->noexec = true;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (streq(o, kinds[i].name))
			m->propagation = kinds[i].propagation;
}

static int add_tmpfs(struct rspec *rs, const struct container_mount *cm, struct err *err)
{
	struct runtime_mount *m = add_mount(rs, cm->destination, NULL);
	AUTO_BUF struct buf opts = BUF_INIT(SMALL_FILE_MAX);
	size_t i;
	int r;

	if (!m)
		return err_nomem(err);
	*m = (struct runtime_mount){.kind = RUNTIME_TMPFS,
				    .target = cm->destination,
				    .source_fd = -1,
				    .nosuid = true,
				    .nodev = true,
				    .noexec = strv_find(&cm->options, "exec") < 0};
	for (i = 0; i < cm->options.n; i++) {
		const char *o = cm->options.v[i];

		if (streq(o, "ro"))
			m->ro = true;
		else if (str_starts(o, "size=") || str_starts(o, "mode=") ||
			 str_starts(o, "uid=") || str_starts(o, "gid=") ||
			 str_starts(o, "nr_inodes="))
			buf_addf(&opts, "%s%s", opts.len ? "," : "", o);
		else if (!streq(o, "rw") && !streq(o, "exec") && !streq(o, "noexec") &&
			 !streq(o, "nosuid") && !streq(o, "nodev"))
			return err_set(err, ERR_UNSUPPORTED,
				       "--tmpfs %s: the option %s is not built", cm->destination,
				       o);
	}
	if (!strstr(buf_str(&opts), "mode="))
		buf_addf(&opts, "%smode=1777", opts.len ? "," : "");
	r = strv_add(&rs->texts, buf_str(&opts), err);
	if (r == 0)
		m->options = rs->texts.v[rs->texts.n - 1];
	return r;
}

static int add_bind(struct rspec *rs, const struct container_mount *cm, struct err *err)
{
	struct runtime_mount *m = add_mount(rs, cm->destination, cm->source);
	size_t i;

	if (!m)
		return err_nomem(err);
	m->recursive = true;
	for (i = 0; i < cm->options.n; i++)
		bind_option(m, cm->options.v[i]);
	return 0;
}

/* --read-only leaves the places writable that programs expect to be. */
static int add_read_only_tmpfs(struct container *c, struct rspec *rs, struct err *err)
{
	static const char *const places[] = {"/run", "/tmp", "/var/tmp"};
	struct runtime_mount *m;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(places); i++) {
		for (j = 0; j < c->def.n_mounts; j++)
			if (streq(c->def.mounts[j].destination, places[i]))
				break;
		if (j < c->def.n_mounts)
			continue;
		m = add_mount(rs, places[i], NULL);
		if (!m)
			return err_nomem(err);
		*m = (struct runtime_mount){.kind = RUNTIME_TMPFS,
					    .target = places[i],
					    .source_fd = -1,
					    .options = "mode=1777",
					    .nosuid = true,
					    .nodev = true};
	}
	return 0;
}

static bool has_mount(const struct container *c, const char *target)
{
	size_t i;

	for (i = 0; i < c->def.n_mounts; i++)
		if (streq(c->def.mounts[i].destination, target))
			return true;
	return false;
}

/* /etc/hosts and the like come from the run directory unless the user mounts their own. */
static int add_net_files(struct container *c, int run, struct rspec *rs, struct err *err)
{
	static const struct {
		const char *file, *target;
	} files[] = {{"hosts", "/etc/hosts"},
		     {"hostname", "/etc/hostname"},
		     {"resolv.conf", "/etc/resolv.conf"}};
	size_t i;
	int r;

	r = netfiles_write(c, run, rs->hostname, err);
	for (i = 0; r == 0 && i < ARRAY_LEN(files); i++) {
		struct runtime_mount *m;

		if (has_mount(c, files[i].target))
			continue;
		r = strv_addf(&rs->texts, err, "%s/kist/containers/%s/%s", c->owner->runroot,
			      c->def.id, files[i].file);
		if (r < 0)
			return r;
		m = add_mount(rs, files[i].target, rs->texts.v[rs->texts.n - 1]);
		if (!m)
			return err_nomem(err);
		m->nosuid = m->nodev = m->noexec = true;
	}
	return r;
}

int rspec_mounts(struct container *c, int run, struct rspec *rs, struct err *err)
{
	size_t i;
	int r;

	r = add_net_files(c, run, rs, err);
	if (r == 0 && c->def.read_only)
		r = add_read_only_tmpfs(c, rs, err);
	for (i = 0; r == 0 && i < c->def.n_mounts; i++)
		r = streq(c->def.mounts[i].type, "tmpfs") ? add_tmpfs(rs, &c->def.mounts[i], err)
							  : add_bind(rs, &c->def.mounts[i], err);
	rs->spec.mounts = rs->mounts;
	rs->spec.n_mounts = rs->n_mounts;
	return r;
}
