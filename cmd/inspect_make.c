#include "inspect_make.h"
#include "obj.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/image.h"
#include "store/store.h"
#include "sys/fd.h"

#include <stdio.h>

/* ---- containers ---- */

static void add_state(struct obj *o, const struct container_status *st)
{
	struct obj s = obj_new(o->doc, o->err);

	obj_str(&s, "OciVersion", "1.1.0");
	obj_str(&s, "Status", container_state_name(st->state));
	obj_bool(&s, "Running", st->state == CONTAINER_RUNNING);
	obj_bool(&s, "Paused", false);
	obj_bool(&s, "Restarting", false);
	obj_bool(&s, "OOMKilled", st->oom_killed);
	obj_bool(&s, "Dead", false);
	obj_int(&s, "Pid", st->pid);
	obj_int(&s, "ExitCode", st->exit_code);
	obj_str(&s, "Error", "");
	obj_time(&s, "StartedAt", st->started_at);
	obj_time(&s, "FinishedAt", st->finished_at);
	obj_part(o, "State", &s);
}

static void add_config(struct obj *o, const struct container_def *def)
{
	const struct container_process *p = &def->process;
	struct obj c = obj_new(o->doc, o->err);
	char short_id[13];

	(void)snprintf(short_id, sizeof(short_id), "%s", def->id);
	obj_str(&c, "Hostname", def->hostname ? def->hostname : short_id);
	obj_str(&c, "Domainname", "");
	obj_str(&c, "User", p->user);
	obj_bool(&c, "AttachStdin", false);
	obj_bool(&c, "AttachStdout", false);
	obj_bool(&c, "AttachStderr", false);
	obj_bool(&c, "Tty", p->terminal);
	obj_bool(&c, "OpenStdin", p->stdin_open);
	obj_bool(&c, "StdinOnce", false);
	obj_list(&c, "Env", &p->env);
	obj_list(&c, "Cmd", &p->cmd);
	obj_str(&c, "Image", def->image.name);
	obj_str(&c, "WorkingDir", p->cwd);
	obj_list(&c, "Entrypoint", &p->entrypoint);
	obj_map(&c, "Labels", &def->labels);
	obj_map(&c, "Annotations", &def->annotations);
	obj_str(&c, "StopSignal", p->stop_signal);
	obj_int(&c, "StopTimeout", p->stop_timeout);
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
	obj_part(h, "LogConfig", &l);
}

static void add_host_config(struct obj *o, struct app *app, struct container *c)
{
	const struct container_resources *res = &c->def.resources;
	struct obj h = obj_new(o->doc, o->err);

	obj_int(&h, "Memory", res->memory);
	obj_int(&h, "MemorySwap", res->memory_swap);
	obj_int(&h, "PidsLimit", res->pids_limit);
	obj_int(&h, "CpuQuota", res->cpu_quota);
	obj_int(&h, "CpuPeriod", (int64_t)res->cpu_period);
	obj_int(&h, "CpuShares", (int64_t)res->cpu_shares);
	obj_int(&h, "NanoCpus",
		res->cpu_period ? res->cpu_quota * 1000000000 / (int64_t)res->cpu_period : 0);
	obj_str(&h, "CpusetCpus", res->cpuset_cpus);
	obj_str(&h, "CpusetMems", res->cpuset_mems);
	obj_str(&h, "NetworkMode", c->def.network);
	obj_list(&h, "CapAdd", &c->def.process.cap_add);
	obj_list(&h, "CapDrop", &c->def.process.cap_drop);
	obj_bool(&h, "Privileged", c->def.process.privileged);
	obj_bool(&h, "ReadonlyRootfs", c->def.read_only);
	obj_bool(&h, "AutoRemove", c->def.auto_remove);
	obj_bool(&h, "Init", c->def.process.init);
	add_log(&h, app, c);
	obj_part(o, "HostConfig", &h);
}

static bool has_option(const struct strv *options, const char *o)
{
	return strv_find(options, o) >= 0;
}

static void add_mounts(struct obj *o, const struct container_def *def)
{
	struct json *list = json_array(o->doc);
	size_t i;

	for (i = 0; i < def->n_mounts && o->r == 0; i++) {
		const struct container_mount *cm = &def->mounts[i];
		struct obj m = obj_new(o->doc, o->err);

		obj_str(&m, "Type", cm->type);
		obj_str(&m, "Source", cm->source);
		obj_str(&m, "Destination", cm->destination);
		obj_str(&m, "Driver", "");
		obj_str(&m, "Mode", "");
		obj_list(&m, "Options", &cm->options);
		obj_bool(&m, "RW", !has_option(&cm->options, "ro"));
		obj_str(&m, "Propagation", "rprivate");
		o->r = m.r < 0 ? m.r : json_append(list, m.v, o->err);
	}
	obj_put(o, "Mounts", list);
}

static void add_args(struct obj *o, const struct container_process *p)
{
	struct json *list = json_array(o->doc);
	size_t i;

	obj_str(o, "Path", p->args.n ? p->args.v[0] : "");
	for (i = 1; i < p->args.n && o->r == 0; i++)
		o->r = json_append(list, json_string(o->doc, p->args.v[i]), o->err);
	obj_put(o, "Args", list);
}

static void add_sizes(struct obj *o, struct container *c)
{
	unsigned long long bytes = 0, inodes;
	struct err ignored = ERR_INIT;

	(void)tree_usage(c->dir, "upper", &bytes, &inodes, &ignored);
	obj_int(o, "SizeRw", (int64_t)bytes);
}

int inspect_container(struct app *app, struct container *c, bool size, struct json_doc *doc,
		      struct json **ret, struct err *err)
{
	struct obj o = obj_new(doc, err);
	struct container_status st;
	int r;

	r = container_get_status(c, &st, err);
	if (r < 0)
		return r;
	obj_str(&o, "Id", c->def.id);
	obj_time(&o, "Created", c->def.created_at);
	add_args(&o, &c->def.process);
	add_state(&o, &st);
	obj_str(&o, "Image", c->def.image.id);
	obj_str(&o, "ImageDigest", c->def.image.digest);
	obj_str(&o, "ImageName", c->def.image.name);
	obj_str(&o, "Name", c->def.name);
	obj_int(&o, "RestartCount", 0);
	obj_str(&o, "Driver", "overlay");
	obj_bool(&o, "IsInfra", false);
	add_mounts(&o, &c->def);
	add_config(&o, &c->def);
	add_host_config(&o, app, c);
	if (size)
		add_sizes(&o, c);
	*ret = o.v;
	return o.r;
}

/* ---- images ---- */

static void add_set(struct obj *o, const char *name, const struct strv *keys)
{
	struct obj s;
	size_t i;

	if (keys->n == 0)
		return;
	s = obj_new(o->doc, o->err);
	for (i = 0; i < keys->n; i++) {
		struct obj empty = obj_new(o->doc, o->err);

		obj_part(&s, keys->v[i], &empty);
	}
	obj_part(o, name, &s);
}

static void add_image_config(struct obj *o, const struct image_process *p)
{
	struct obj c = obj_new(o->doc, o->err);

	obj_str(&c, "User", p->user);
	add_set(&c, "ExposedPorts", &p->exposed_ports);
	obj_list(&c, "Env", &p->env);
	if (p->entrypoint.n)
		obj_list(&c, "Entrypoint", &p->entrypoint);
	obj_list(&c, "Cmd", &p->cmd);
	add_set(&c, "Volumes", &p->volumes);
	obj_str(&c, "WorkingDir", p->working_dir);
	obj_map(&c, "Labels", &p->labels);
	obj_str(&c, "StopSignal", p->stop_signal);
	obj_part(o, "Config", &c);
}

static void add_history(struct obj *o, const struct image_config *config)
{
	struct json *list = json_array(o->doc);
	size_t i;

	for (i = 0; i < config->n_history && o->r == 0; i++) {
		const struct image_history *ih = &config->history[i];
		struct obj h = obj_new(o->doc, o->err);

		obj_time(&h, "created", ih->created);
		obj_str(&h, "created_by", ih->created_by);
		if (ih->comment)
			obj_str(&h, "comment", ih->comment);
		if (ih->empty_layer)
			obj_bool(&h, "empty_layer", true);
		o->r = h.r < 0 ? h.r : json_append(list, h.v, o->err);
	}
	obj_put(o, "History", list);
}

/* "host/repo@sha256:..." for each repository the image has a name in. */
static int repo_digests(const struct store_image *image, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && image->digest && i < image->names.n; i++) {
		AUTO_REF struct ref ref = REF_INIT;
		AUTO_FREE char *name = NULL, *full = NULL;

		r = ref_parse(image->names.v[i], &ref, err);
		if (r < 0)
			return r;
		name = ref_name(&ref);
		full = name ? str_fmt("%s@%s", name, image->digest) : NULL;
		if (!full)
			return err_nomem(err);
		if (strv_find(ret, full) < 0)
			r = strv_add(ret, full, err);
	}
	return r;
}

static void add_rootfs(struct obj *o, const struct image_config *config)
{
	struct obj rootfs = obj_new(o->doc, o->err);

	obj_str(&rootfs, "Type", "layers");
	obj_list(&rootfs, "Layers", &config->diff_ids);
	obj_part(o, "RootFS", &rootfs);
}

int inspect_image(struct app *app, const struct store_image *image, struct json_doc *doc,
		  struct json **ret, struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	AUTO_STRV struct strv digests = STRV_INIT;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	struct obj o = obj_new(doc, err);
	int64_t size = 0;
	int r;

	r = image_read_config(&ctx, image, &config, err);
	if (r == 0)
		r = store_image_size(app->store, image, &size, err);
	if (r == 0)
		r = repo_digests(image, &digests, err);
	if (r < 0)
		return r;
	obj_str(&o, "Id", image->id);
	obj_str(&o, "Digest", image->digest);
	obj_list(&o, "RepoTags", &image->names);
	obj_list(&o, "RepoDigests", &digests);
	obj_str(&o, "Parent", "");
	obj_str(&o, "Comment", "");
	obj_time(&o, "Created", config.created);
	add_image_config(&o, &config.config);
	obj_str(&o, "Version", "");
	obj_str(&o, "Author", config.author);
	obj_str(&o, "Architecture", config.architecture);
	obj_str(&o, "Os", config.os);
	obj_int(&o, "Size", size);
	obj_int(&o, "VirtualSize", size);
	add_rootfs(&o, &config);
	obj_map(&o, "Labels", &config.config.labels);
	obj_map(&o, "Annotations", &(const struct strv)STRV_INIT);
	obj_str(&o, "User", config.config.user);
	add_history(&o, &config);
	obj_list(&o, "NamesHistory", &image->names_history);
	*ret = o.v;
	return o.r;
}
