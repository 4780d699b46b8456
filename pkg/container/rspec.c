#include "rspec.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/containers.h"
#include "store/hold.h"
#include "store/store.h"
#include "sys/fd.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void rspec_fini(struct rspec *rs)
{
	store_lowers_fini(&rs->lowers);
	strv_fini(&rs->lower_paths);
	strv_fini(&rs->texts);
	free(rs->mounts);
	if (rs->upper >= 0)
		(void)close(rs->upper);
	if (rs->work >= 0)
		(void)close(rs->work);
	if (rs->seccomp_cache >= 0)
		(void)close(rs->seccomp_cache);
}

/* It is missing when the command that made the container was killed, or when podman was told to
 * remove what others hold. The container runs without it: on a full disk it has to. */
static void hold_again(struct store *store, const struct container_image *image)
{
	struct err ignored = ERR_INIT;

	if (!str_empty(image->id))
		(void)store_hold_image(store, image->id, &ignored);
}

/* From the holder's layer down, if it has what is mounted on; else the image's layers. */
static int find_lowers(struct store *store, const struct container_image *image,
		       struct store_lowers *ret, struct err *err)
{
	char layer[STORE_ID_LEN + 1];
	int r;

	hold_again(store, image);
	r = str_empty(image->id) ? 0 : store_holder_layer(store, image->id, layer, err);
	if (r > 0)
		r = store_layer_lowers(store, layer, ret, err);
	else if (r == 0)
		r = -ERR_NOT_FOUND;
	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	return store_layer_lowers(store, image->top_layer, ret, err);
}

static int build_lowers(struct container *c, struct rspec *rs, struct err *err)
{
	struct store *store = c->owner->store;
	size_t i;
	int r;

	r = find_lowers(store, &c->def.image, &rs->lowers, err);
	for (i = 0; r == 0 && i < rs->lowers.n; i++) {
		AUTO_BUF struct buf name = BUF_INIT(PATH_MAX);

		store_lower_name(store, &rs->lowers, i, &name);
		r = buf_check(&name, "the path of a layer", err);
		if (r == 0)
			r = strv_add(&rs->lower_paths, buf_str(&name), err);
	}
	return r;
}

static int build_rootfs(struct container *c, struct rspec *rs, struct err *err)
{
	struct runtime_rootfs *root = &rs->spec.rootfs;
	int r;

	if (str_empty(c->def.image.top_layer))
		return err_set(err, ERR_UNSUPPORTED, "the image of container %s has no layers",
			       c->def.name);
	r = build_lowers(c, rs, err);
	if (r == 0)
		r = dir_open(c->dir, UPPER_DIR, &rs->upper, err);
	if (r == 0)
		r = dir_open(c->dir, WORK_DIR, &rs->work, err);
	if (r < 0)
		return r;
	root->overlay_dir = store_lowers_dir(c->owner->store, &rs->lowers);
	root->overlay_path = store_overlay_path(c->owner->store, rs->lowers.home);
	root->lower = (const char *const *)rs->lower_paths.v;
	root->upper = rs->upper;
	root->work = rs->work;
	root->userxattr = c->owner->rootless;
	root->is_volatile = c->def.auto_remove && !c->owner->no_volatile;
	return 0;
}

static int build_namespaces(struct container *c, struct rspec *rs, struct err *err)
{
	int r;

	if (streq(c->def.network, "host"))
		rs->spec.ns[RUNTIME_NET].mode = RUNTIME_NS_HOST;
	if (!c->owner->rootless)
		return 0;
	r = idmap_load(getuid(), getgid(), &rs->maps, err);
	if (r < 0)
		return r;
	rs->spec.ns[RUNTIME_USER].mode = RUNTIME_NS_NEW;
	rs->spec.maps = &rs->maps;
	return 0;
}

static void build_limits(struct container *c, struct rspec *rs)
{
	const struct container_resources *res = &c->def.resources;
	const struct containers_conf *conf = c->owner->conf;

	rs->limits = (struct cgroup_limits){
	    .memory = res->memory,
	    .memory_swap = res->memory_swap,
	    .pids = res->pids_limit,
	    .cpu_quota = res->cpu_quota,
	    .cpu_period = (int64_t)res->cpu_period,
	    .cpu_shares = res->cpu_shares,
	    .cpuset_cpus = res->cpuset_cpus,
	    .cpuset_mems = res->cpuset_mems,
	};
	if (rs->limits.pids == 0 && conf->pids_limit > 0) {
		rs->limits.pids = conf->pids_limit;
		rs->limits.pids_is_default = true;
	}
	rs->spec.limits = &rs->limits;
}

const char *container_hostname(const struct container_def *def, char out[CONTAINER_HOSTNAME_MAX])
{
	if (def->hostname)
		(void)snprintf(out, CONTAINER_HOSTNAME_MAX, "%s", def->hostname);
	else if (!streq(def->network, "host") || gethostname(out, CONTAINER_HOSTNAME_MAX - 1) < 0)
		(void)snprintf(out, CONTAINER_HOSTNAME_MAX, "%.*s", SHORT_ID_LEN, def->id);
	out[CONTAINER_HOSTNAME_MAX - 1] = '\0';
	return out;
}

int rspec_build(struct container *c, int run, struct rspec *rs, struct err *err)
{
	const struct containers_conf *conf = c->owner->conf;
	const struct container_def *def = &c->def;
	int r;

	*rs =
	    (struct rspec){.spec = RUNTIME_SPEC_INIT, .upper = -1, .work = -1, .seccomp_cache = -1};
	rs->spec.hostname = container_hostname(def, rs->hostname);
	rs->spec.id = def->id;
	rs->spec.readonly = def->read_only;
	rs->spec.privileged = def->process.privileged;
	rs->spec.masked = def->process.privileged ? NULL : runtime_masked;
	rs->spec.readonly_paths = def->process.privileged ? NULL : runtime_readonly;
	rs->spec.shm_size = conf->shm_size;
	rs->spec.init = def->process.init;
	rs->spec.cgroup_record = run;
	if (rs->spec.ns[RUNTIME_NET].mode == RUNTIME_NS_NEW && !streq(def->network, "host"))
		rs->spec.sysctls = (const char *const *)conf->default_sysctls.v;
	build_limits(c, rs);
	r = build_rootfs(c, rs, err);
	if (r == 0)
		r = rspec_mounts(c, run, rs, err);
	if (r == 0)
		r = build_namespaces(c, rs, err);
	if (r == 0)
		r = rspec_process(c, def->process.privileged, rs, &rs->spec.process, err);
	return r;
}
