/* kist info */
#include "app.h"
#include "obj.h"
#include "tmpl_json.h"
#include "verbs.h"
#include "yaml.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/registries.h"
#include "container/container.h"
#include "spec/platform.h"
#include "store/store.h"
#include "sys/cgroup.h"
#include "sys/fd.h"
#include "text/report.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

struct info_args {
	const char *format;
};

static const struct opt opts[] = {
    {'f', "format", OPT_STRING, offsetof(struct info_args, format), "TEMPLATE",
     "Go template, or json"},
    {0},
};

static void add_host(struct obj *o, struct app *app)
{
	struct obj host = obj_new(o->doc, o->err), security = obj_new(o->doc, o->err);
	struct platform p;
	struct sysinfo si;
	struct utsname u;

	(void)uname(&u);
	(void)sysinfo(&si);
	platform_host(u.machine, &p);
	obj_str(&host, "arch", p.arch);
	obj_str(&host, "cgroupManager", "cgroupfs");
	obj_str(&host, "cgroupVersion", cgroup_version());
	obj_int(&host, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	obj_str(&host, "hostname", u.nodename);
	obj_str(&host, "kernel", u.release);
	obj_str(&host, "logDriver", "k8s-file");
	obj_int(&host, "memFree", (int64_t)si.freeram * si.mem_unit);
	obj_int(&host, "memTotal", (int64_t)si.totalram * si.mem_unit);
	obj_str(&host, "os", "linux");
	obj_bool(&security, "rootless", app->env.rootless);
	obj_bool(&security, "seccompEnabled", true);
	obj_bool(&security, "selinuxEnabled", false);
	obj_bool(&security, "apparmorEnabled", false);
	obj_part(&host, "security", &security);
	obj_int(&host, "swapFree", (int64_t)si.freeswap * si.mem_unit);
	obj_int(&host, "swapTotal", (int64_t)si.totalswap * si.mem_unit);
	obj_int(&host, "uptimeSeconds", si.uptime);
	obj_part(o, "host", &host);
}

static int count_containers(struct app *app, struct obj *o)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	struct obj c = obj_new(o->doc, o->err);
	int64_t running = 0;
	size_t i;
	int r;

	r = containers_list(app->containers, &list, o->err);
	for (i = 0; r == 0 && i < list.n; i++) {
		struct container_status st;

		r = container_get_status(list.v[i], &st, o->err);
		running += r == 0 && st.state == CONTAINER_RUNNING;
	}
	obj_int(&c, "number", (int64_t)list.n);
	obj_int(&c, "paused", 0);
	obj_int(&c, "running", running);
	obj_int(&c, "stopped", (int64_t)list.n - running);
	obj_part(o, "containerStore", &c);
	return r;
}

static int count_images(struct app *app, struct obj *o)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	struct obj c = obj_new(o->doc, o->err);
	int r = store_image_list(app->store, &list, o->err);

	obj_int(&c, "number", (int64_t)list.n);
	obj_part(o, "imageStore", &c);
	return r;
}

/* Blobs of pulls that were broken off, kept for the next try. */
static void count_downloads(struct app *app, struct obj *o)
{
	struct obj d = obj_new(o->doc, o->err);
	unsigned long long bytes = 0, inodes = 1;
	struct err ignored = ERR_INIT;

	(void)tree_usage(store_graphroot_fd(app->store), "kist/downloads", &bytes, &inodes,
			 &ignored);
	obj_int(&d, "number", inodes > 0 ? (int64_t)inodes - 1 : 0);
	obj_int(&d, "bytes", (int64_t)bytes);
	obj_part(o, "partialDownloads", &d);
}

static int add_store(struct obj *o, struct app *app)
{
	struct obj s = obj_new(o->doc, o->err);
	int r;

	obj_str(&s, "configFile", app->storage.source);
	r = count_containers(app, &s);
	obj_str(&s, "graphDriverName", "overlay");
	obj_str(&s, "graphRoot", app->storage.graphroot);
	if (r == 0)
		r = count_images(app, &s);
	count_downloads(app, &s);
	obj_list(&s, "additionalImageStores", &app->storage.additional_image_stores);
	obj_str(&s, "runRoot", app->storage.runroot);
	obj_part(o, "store", &s);
	return r;
}

static int make(struct app *app, struct json_doc *doc, struct json **ret, struct err *err)
{
	struct obj all = obj_new(doc, err), registries = obj_new(doc, err),
		   version = obj_new(doc, err);
	int r;

	add_host(&all, app);
	r = add_store(&all, app);
	obj_list(&registries, "search", registries_search(app->registries));
	obj_part(&all, "registries", &registries);
	obj_str(&version, "Version", KIST_VERSION);
	obj_part(&all, "version", &version);
	*ret = all.v;
	return r < 0 ? r : all.r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(OUT_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	const struct info_args *a = args;
	struct json *v = NULL;
	int r;

	(void)rest;
	r = json_new(&doc, err);
	if (r == 0)
		r = make(app, doc, &v, err);
	if (r < 0)
		return r;
	if (!a->format) {
		yaml_write(v, 0, &out);
	} else if (report_is_json(a->format)) {
		json_dump(v, JSON_INDENT4 | JSON_PLAIN, &out);
		buf_addc(&out, '\n');
	} else {
		r = tmpl_render("info", a->format, tmpl_of_json(v), &out, err);
		buf_addc(&out, '\n');
	}
	return r < 0 ? r : out_buf(&out, err);
}

const struct verb verb_info = {
    .path = "info",
    .aliases = "system info",
    .summary = "Show the host, the store and the configuration",
    .usage = "[options]",
    .opts = opts,
    .args_size = sizeof(struct info_args),
    .needs = NEED_CONTAINERS | NEED_IMAGES,
    .run = run,
};
