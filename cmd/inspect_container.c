/* A container as inspect shows it. */
#include "container_size.h"
#include "inspect_make.h"
#include "inspect_shapes.h"
#include "obj.h"
#include "base/auto.h"
#include "base/err.h"

#include <stdio.h>

#define LOWER_MAX ((size_t)2 << 20)
#define PATH_TEXT_MAX 8192
#define OCI_VERSION "1.1.0"

static void add_state(struct obj *o, const struct container_status *st)
{
	struct obj s = obj_new(o->doc, o->err);

	obj_str(&s, "OciVersion", OCI_VERSION);
	obj_str(&s, "Status", container_state_name(st->state));
	obj_bool(&s, "Running", st->state == CONTAINER_RUNNING);
	obj_bool(&s, "OOMKilled", st->oom_killed);
	obj_int(&s, "Pid", st->pid);
	obj_int(&s, "ExitCode", st->exit_code);
	obj_time(&s, "StartedAt", st->started_at);
	obj_time(&s, "FinishedAt", st->finished_at);
	obj_part(o, "State", &s);
}

static void add_config(struct obj *o, struct app *app, const struct container_def *def)
{
	const struct container_process *p = &def->process;
	struct obj c = obj_new(o->doc, o->err);
	char short_id[13], umask[8];

	(void)snprintf(short_id, sizeof(short_id), "%s", def->id);
	(void)snprintf(umask, sizeof(umask), "%04o", app->conf.umask);
	obj_str(&c, "Hostname", def->hostname ? def->hostname : short_id);
	obj_str(&c, "User", p->user);
	obj_bool(&c, "Tty", p->terminal);
	obj_bool(&c, "OpenStdin", p->stdin_open);
	obj_list(&c, "Env", &p->env);
	obj_list(&c, "Cmd", &p->cmd);
	obj_str(&c, "Image", def->image.name);
	obj_str(&c, "WorkingDir", p->cwd);
	if (p->entrypoint.n)
		obj_list(&c, "Entrypoint", &p->entrypoint);
	if (def->labels.n)
		obj_map(&c, "Labels", &def->labels);
	if (def->annotations.n)
		obj_map(&c, "Annotations", &def->annotations);
	obj_str(&c, "StopSignal", p->stop_signal);
	obj_str(&c, "Umask", umask);
	obj_int(&c, "StopTimeout", p->stop_timeout);
	obj_bool(&c, "Passwd", false);
	obj_part(o, "Config", &c);
}

static void add_log(struct obj *h, struct app *app, struct container *c)
{
	struct obj l = obj_new(h->doc, h->err);
	AUTO_FREE char *path = NULL;

	if (c->def.log_path || (c->def.log_driver && streq(c->def.log_driver, "none")))
		path = strdup(c->def.log_path ? c->def.log_path : "");
	else
		path = str_fmt("%s/kist/containers/%s/ctr.log", app->storage.graphroot, c->def.id);
	obj_str(&l, "Type", c->def.log_driver);
	obj_put(&l, "Path", path ? json_string(h->doc, path) : NULL);
	obj_str(&l, "Size", "0B");
	obj_part(h, "LogConfig", &l);
}

/* ---- mounts ---- */

static bool is_tmpfs(const struct container_mount *m)
{
	return streq(m->type, "tmpfs");
}

static bool is_read_only(const struct container_mount *m)
{
	return strv_find(&m->options, "ro") >= 0;
}

static const char *propagation_of(const struct container_mount *m)
{
	static const char *const kinds[] = {"private", "rprivate", "slave",
					    "rslave",  "shared",   "rshared"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		if (strv_find(&m->options, kinds[i]) >= 0)
			return kinds[i];
	return "rprivate";
}

/* Neither how it is written nor how it is propagated: those are shown elsewhere. */
static int other_options(const struct container_mount *m, struct strv *ret, struct err *err)
{
	bool bind = strv_find(&m->options, "bind") >= 0;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < m->options.n; i++) {
		const char *o = m->options.v[i];

		if (!streq(o, "ro") && !streq(o, "rw") && !streq(o, "bind") && !streq(o, "rbind") &&
		    !streq(o, propagation_of(m)))
			r = strv_add(ret, o, err);
	}
	return r < 0 ? r : strv_add(ret, bind ? "bind" : "rbind", err);
}

static int add_mount(struct obj *o, struct json *list, const struct container_mount *cm)
{
	AUTO_STRV struct strv options = STRV_INIT;
	struct obj m = obj_new(o->doc, o->err);

	if (m.r == 0)
		m.r = other_options(cm, &options, o->err);
	obj_str(&m, "Type", cm->type);
	obj_str(&m, "Source", cm->source);
	obj_str(&m, "Destination", cm->destination);
	obj_str(&m, "Driver", "");
	obj_str(&m, "Mode", "");
	obj_list(&m, "Options", &options);
	obj_bool(&m, "RW", !is_read_only(cm));
	obj_str(&m, "Propagation", propagation_of(cm));
	return m.r < 0 ? m.r : json_append(list, m.v, o->err);
}

/* As podman and docker: those of --tmpfs are in HostConfig. */
static void add_mounts(struct obj *o, const struct container_def *def)
{
	struct json *list = json_array(o->doc);
	size_t i;

	for (i = 0; i < def->n_mounts && o->r == 0; i++)
		if (!is_tmpfs(&def->mounts[i]))
			o->r = add_mount(o, list, &def->mounts[i]);
	obj_put(o, "Mounts", list);
}

static void join(const struct strv *list, struct buf *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_addf(out, "%s%s", out->len ? "," : "", list->v[i]);
}

/* "SOURCE:DESTINATION:OPTIONS" */
static int add_bind(struct strv *binds, const struct container_mount *m, struct err *err)
{
	AUTO_BUF struct buf options = BUF_INIT(PATH_TEXT_MAX);
	AUTO_STRV struct strv others = STRV_INIT;
	int r = other_options(m, &others, err);

	if (r < 0)
		return r;
	join(&others, &options);
	return strv_addf(binds, err, "%s:%s:%s,%s,%s", m->source, m->destination,
			 is_read_only(m) ? "ro" : "rw", propagation_of(m), buf_str(&options));
}

static void add_binds(struct obj *h, const struct container_def *def)
{
	struct obj tmpfs = obj_new(h->doc, h->err);
	AUTO_STRV struct strv binds = STRV_INIT;
	size_t i;

	for (i = 0; i < def->n_mounts && h->r == 0; i++) {
		const struct container_mount *m = &def->mounts[i];
		AUTO_BUF struct buf options = BUF_INIT(PATH_TEXT_MAX);

		if (!is_tmpfs(m)) {
			h->r = add_bind(&binds, m, h->err);
			continue;
		}
		join(&m->options, &options);
		obj_str(&tmpfs, m->destination, options.len ? buf_str(&options) : "rw");
	}
	obj_list(h, "Binds", &binds);
	obj_part(h, "Tmpfs", &tmpfs);
}

/* ---- the host's side ---- */

static void add_security(struct obj *h, const struct container_process *p)
{
	AUTO_STRV struct strv list = STRV_INIT;

	if (h->r == 0 && p->no_new_privileges)
		h->r = strv_add(&list, "no-new-privileges", h->err);
	if (h->r == 0 && p->seccomp)
		h->r = strv_addf(&list, h->err, "seccomp=%s", p->seccomp);
	obj_list(h, "SecurityOpt", &list);
}

static void add_limits(struct obj *h, const struct container_resources *res)
{
	obj_int(h, "CpuShares", (int64_t)res->cpu_shares);
	obj_int(h, "Memory", res->memory);
	obj_int(h, "NanoCpus",
		res->cpu_period ? res->cpu_quota * 1000000000 / (int64_t)res->cpu_period : 0);
	obj_int(h, "CpuPeriod", (int64_t)res->cpu_period);
	obj_int(h, "CpuQuota", res->cpu_quota);
	obj_str(h, "CpusetCpus", res->cpuset_cpus);
	obj_str(h, "CpusetMems", res->cpuset_mems);
	obj_int(h, "MemorySwap", res->memory_swap);
	obj_int(h, "PidsLimit", res->pids_limit);
}

static void add_console_size(struct obj *h)
{
	struct json *list = json_array(h->doc);
	int i;

	for (i = 0; i < 2 && h->r == 0; i++)
		h->r = json_append(list, json_i64(h->doc, 0), h->err);
	obj_put(h, "ConsoleSize", list);
}

static void add_host_config(struct obj *o, struct app *app, struct container *c)
{
	struct obj h = obj_new(o->doc, o->err), restart = obj_new(o->doc, o->err);

	add_binds(&h, &c->def);
	obj_str(&h, "CgroupManager", "cgroupfs");
	obj_str(&h, "CgroupMode", "private");
	add_log(&h, app, c);
	obj_str(&h, "NetworkMode", c->def.network);
	obj_str(&restart, "Name", "no");
	obj_part(&h, "RestartPolicy", &restart);
	obj_bool(&h, "AutoRemove", c->def.auto_remove);
	obj_list(&h, "CapAdd", &c->def.process.cap_add);
	obj_list(&h, "CapDrop", &c->def.process.cap_drop);
	obj_str(&h, "IpcMode", "private");
	obj_str(&h, "Cgroups", "default");
	obj_str(&h, "PidMode", "private");
	obj_bool(&h, "Privileged", c->def.process.privileged);
	obj_bool(&h, "ReadonlyRootfs", c->def.read_only);
	add_security(&h, &c->def.process);
	obj_str(&h, "UTSMode", streq(c->def.network, "host") ? "host" : "private");
	obj_int(&h, "ShmSize", (int64_t)app->conf.shm_size);
	obj_str(&h, "Runtime", "oci");
	add_console_size(&h);
	add_limits(&h, &c->def.resources);
	if (c->def.process.init)
		obj_bool(&h, "Init", true);
	obj_part(o, "HostConfig", &h);
}

/* ---- the rest ---- */

static void add_args(struct obj *o, const struct container_process *p)
{
	struct json *list = json_array(o->doc);
	size_t i;

	obj_str(o, "Path", p->args.n ? p->args.v[0] : "");
	for (i = 1; i < p->args.n && o->r == 0; i++)
		o->r = json_append(list, json_string(o->doc, p->args.v[i]), o->err);
	obj_put(o, "Args", list);
}

/* While it runs these are the files that are its /etc/hosts and so on. */
static void add_paths(struct obj *o, struct app *app, const struct container *c, bool running)
{
	static const char *const files[][2] = {{"ResolvConfPath", "resolv.conf"},
					       {"HostnamePath", "hostname"},
					       {"HostsPath", "hosts"}};
	AUTO_FREE char *dir = str_fmt("%s/kist/containers/%s", app->storage.graphroot, c->def.id);
	size_t i;

	for (i = 0; running && i < ARRAY_LEN(files); i++) {
		AUTO_FREE char *path = str_fmt("%s/kist/containers/%s/%s", app_state_root(app),
					       c->def.id, files[i][1]);

		obj_str(o, files[i][0], path);
	}
	obj_str(o, "StaticDir", dir);
}

static void add_driver(struct obj *o, struct app *app, const struct container *c, bool running)
{
	AUTO_BUF struct buf lower = BUF_INIT(LOWER_MAX);
	AUTO_FREE char *dir = str_fmt("%s/kist/containers/%s", app->storage.graphroot, c->def.id);
	AUTO_FREE char *upper = dir ? str_fmt("%s/upper", dir) : NULL;
	AUTO_FREE char *work = dir ? str_fmt("%s/work", dir) : NULL;
	AUTO_FREE char *merged = dir ? str_fmt("%s/merged", dir) : NULL;
	struct obj d = obj_new(o->doc, o->err), data = obj_new(o->doc, o->err);

	if (data.r == 0)
		data.r = inspect_lower_dirs(app, c->def.image.top_layer, &lower, o->err);
	obj_str(&data, "LowerDir", buf_str(&lower));
	if (running)
		obj_str(&data, "MergedDir", merged);
	obj_str(&data, "UpperDir", upper);
	obj_str(&data, "WorkDir", work);
	obj_str(&d, "Name", "overlay");
	obj_part(&d, "Data", &data);
	obj_part(o, "GraphDriver", &d);
}

static void add_network(struct obj *o, const struct container_status *st)
{
	struct obj n = obj_new(o->doc, o->err);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", st->pid);
	if (st->pid > 0)
		obj_str(&n, "SandboxKey", path);
	obj_part(o, "NetworkSettings", &n);
}

static void add_capabilities(struct obj *o, struct container *c)
{
	AUTO_STRV struct strv bounding = STRV_INIT, effective = STRV_INIT;

	if (o->r == 0)
		o->r = container_capabilities(c, &bounding, &effective, o->err);
	obj_list(o, "EffectiveCaps", &effective);
	obj_list(o, "BoundingCaps", &bounding);
}

static void add_sizes(struct obj *o, struct app *app, struct container *c)
{
	struct container_size size = {0};

	if (o->r == 0)
		o->r = container_sizes(app, &c, 1, &size, o->err);
	obj_int(o, "SizeRw", (int64_t)size.rw);
	obj_int(o, "SizeRootFs", (int64_t)(size.rw + size.image));
}

int inspect_container(struct app *app, struct container *c, bool size, struct json_doc *doc,
		      struct json **ret, struct err *err)
{
	struct obj o = obj_new(doc, err);
	struct container_status st;
	bool running;
	int r;

	r = container_get_status(c, &st, err);
	if (r < 0)
		return r;
	running = st.state == CONTAINER_RUNNING;
	obj_str(&o, "Id", c->def.id);
	obj_time(&o, "Created", c->def.created_at);
	add_args(&o, &c->def.process);
	add_state(&o, &st);
	obj_str(&o, "Image", c->def.image.id);
	obj_str(&o, "ImageDigest", c->def.image.digest);
	obj_str(&o, "ImageName", c->def.image.name);
	add_paths(&o, app, c, running);
	obj_str(&o, "OCIRuntime", "kist");
	obj_str(&o, "Name", c->def.name);
	obj_str(&o, "Driver", "overlay");
	add_capabilities(&o, c);
	add_driver(&o, app, c, running);
	if (size)
		add_sizes(&o, app, c);
	add_mounts(&o, &c->def);
	add_network(&o, &st);
	obj_str(&o, "KubeExitCodePropagation", "invalid");
	add_config(&o, app, &c->def);
	add_host_config(&o, app, c);
	return o.r < 0 ? o.r : shape_complete(&inspect_container_shape, doc, o.v, ret, err);
}
