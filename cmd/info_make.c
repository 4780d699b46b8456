#include "info_make.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/registries.h"
#include "container/container.h"
#include "spec/platform.h"
#include "store/store.h"
#include "sys/cgroup.h"
#include "sys/fd.h"
#include "sys/idmap.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The version of podman's remote API whose documents ours look like; scripts compare it. */
#define API_VERSION "5.4.2"
#define SMALL_FILE_MAX ((size_t)64 << 10)

/* ---- the program ---- */

void version_make(struct obj *o)
{
	char text[3 * PLATFORM_MAX];
	struct platform host;
	struct utsname u;

	(void)uname(&u);
	platform_host(u.machine, &host);
	obj_str(o, "APIVersion", API_VERSION);
	obj_str(o, "Version", KIST_VERSION);
	obj_str(o, "OsArch", platform_string(&host, text));
	obj_str(o, "Os", host.os);
}

/* kist is its own runtime and monitor. */
static void add_programs(struct obj *host)
{
	struct obj conmon = obj_new(host->doc, host->err), runtime = obj_new(host->doc, host->err);
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	obj_str(&conmon, "path", self);
	obj_str(&conmon, "version", "kist " KIST_VERSION);
	obj_part(host, "conmon", &conmon);
	obj_str(&runtime, "name", "kist");
	obj_str(&runtime, "path", self);
	obj_str(&runtime, "version", "kist " KIST_VERSION);
	obj_part(host, "ociRuntime", &runtime);
}

/* ---- the host ---- */

/* Files of the kernel and of the distribution; one that is not there is empty. */
static void read_small(const char *path, struct buf *out)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct err ignored = ERR_INIT;

	buf_reset(out);
	if (fd >= 0 && fd_read_all(fd, path, out, &ignored) < 0)
		buf_reset(out);
}

/* v2 lists them in one file; v1 has a table with "name hierarchy groups enabled". */
static void add_controllers(struct obj *host)
{
	AUTO_BUF struct buf text = BUF_INIT(SMALL_FILE_MAX);
	AUTO_STRV struct strv list = STRV_INIT;
	bool v2 = cgroup_mode() == CGROUP_V2;
	struct str rest, word;

	read_small(v2 ? "/sys/fs/cgroup/cgroup.controllers" : "/proc/cgroups", &text);
	rest = (struct str){buf_str(&text), text.len};
	while (host->r == 0 && (word = str_cut(&rest, v2 ? ' ' : '\n')).ptr) {
		if (!v2 && (word.len == 0 || word.ptr[0] == '#' || word.ptr[word.len - 1] != '1'))
			continue;
		word = v2 ? str_trim(word) : str_cut(&word, '\t');
		if (word.len > 0)
			host->r = strv_addn(&list, word, host->err);
	}
	obj_list(host, "cgroupControllers", &list);
}

/* The value of NAME= in os-release, without quotes. */
static void add_release(struct obj *o, const char *name, const struct buf *text, const char *key)
{
	struct str rest = {buf_str(text), text->len}, line;
	AUTO_FREE char *value = NULL;

	while ((line = str_cut(&rest, '\n')).ptr) {
		struct str found = str_cut(&line, '=');

		if (!str_eq(found, key) || !line.ptr)
			continue;
		if (line.len >= 2 && line.ptr[0] == '"' && line.ptr[line.len - 1] == '"')
			line = (struct str){line.ptr + 1, line.len - 2};
		value = str_dup(line);
		obj_str(o, name, value);
		return;
	}
}

static void add_distribution(struct obj *host)
{
	struct obj d = obj_new(host->doc, host->err);
	AUTO_BUF struct buf text = BUF_INIT(SMALL_FILE_MAX);

	read_small("/etc/os-release", &text);
	add_release(&d, "distribution", &text, "ID");
	add_release(&d, "variant", &text, "VARIANT_ID");
	add_release(&d, "version", &text, "VERSION_ID");
	add_release(&d, "codename", &text, "VERSION_CODENAME");
	obj_part(host, "distribution", &d);
}

static void add_map(struct obj *o, const char *name, const struct idmap *map)
{
	struct json *list = json_array(o->doc);
	size_t i;

	for (i = 0; i < map->n && o->r == 0; i++) {
		struct obj range = obj_new(o->doc, o->err);

		obj_int(&range, "container_id", map->range[i].inside);
		obj_int(&range, "host_id", map->range[i].outside);
		obj_int(&range, "size", map->range[i].count);
		o->r = range.r < 0 ? range.r : json_append(list, range.v, o->err);
	}
	obj_put(o, name, list);
}

static void add_idmaps(struct obj *host, bool rootless)
{
	struct obj o = obj_new(host->doc, host->err);
	struct idmaps maps;

	if (rootless && host->r == 0) {
		int r = idmap_load(getuid(), getgid(), &maps, host->err);

		if (r < 0) {
			host->r = r;
			return;
		}
		add_map(&o, "gidmap", &maps.gids);
		add_map(&o, "uidmap", &maps.uids);
	}
	obj_part(host, "idMappings", &o);
}

static void add_security(struct obj *host, const struct app *app)
{
	AUTO_BUF struct buf caps = BUF_INIT(SMALL_FILE_MAX);
	struct obj o = obj_new(host->doc, host->err);
	const struct strv *list = &app->conf.default_capabilities;
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_addf(&caps, "%s%s", i ? "," : "", list->v[i]);
	obj_str(&o, "capabilities", buf_str(&caps));
	obj_bool(&o, "rootless", app->env.rootless);
	obj_bool(&o, "seccompEnabled", true);
	obj_part(host, "security", &o);
}

static void add_host(struct obj *o, struct app *app)
{
	struct obj host = obj_new(o->doc, o->err);
	struct platform p;
	struct sysinfo si;
	struct utsname u;
	char uptime[64];

	(void)uname(&u);
	(void)sysinfo(&si);
	platform_host(u.machine, &p);
	(void)snprintf(uptime, sizeof(uptime), "%ldh %ldm %ld.00s", si.uptime / 3600,
		       si.uptime / 60 % 60, si.uptime % 60);
	obj_str(&host, "arch", p.arch);
	obj_str(&host, "cgroupManager", "cgroupfs");
	obj_str(&host, "cgroupVersion", cgroup_version());
	add_controllers(&host);
	add_programs(&host);
	obj_int(&host, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	add_distribution(&host);
	obj_str(&host, "eventLogger", "none");
	obj_str(&host, "hostname", u.nodename);
	add_idmaps(&host, app->env.rootless);
	obj_str(&host, "kernel", u.release);
	obj_str(&host, "logDriver", "k8s-file");
	obj_int(&host, "memFree", (int64_t)si.freeram * si.mem_unit);
	obj_int(&host, "memTotal", (int64_t)si.totalram * si.mem_unit);
	obj_str(&host, "os", "linux");
	add_security(&host, app);
	obj_int(&host, "swapFree", (int64_t)si.freeswap * si.mem_unit);
	obj_int(&host, "swapTotal", (int64_t)si.totalswap * si.mem_unit);
	obj_str(&host, "uptime", uptime);
	obj_str(&host, "variant", p.variant);
	obj_str(&host, "linkmode", "dynamic");
	obj_part(o, "host", &host);
}

/* ---- the store ---- */

static void count_containers(struct app *app, struct obj *o)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	struct obj c = obj_new(o->doc, o->err);
	int64_t running = 0;
	size_t i;

	if (c.r == 0)
		c.r = containers_list(app->containers, &list, o->err);
	for (i = 0; c.r == 0 && i < list.n; i++) {
		struct container_status st;

		c.r = container_get_status(list.v[i], &st, o->err);
		running += c.r == 0 && st.state == CONTAINER_RUNNING;
	}
	obj_int(&c, "number", (int64_t)list.n);
	obj_int(&c, "running", running);
	obj_int(&c, "stopped", (int64_t)list.n - running);
	obj_part(o, "containerStore", &c);
}

static void count_images(struct app *app, struct obj *o)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	struct obj c = obj_new(o->doc, o->err);

	if (c.r == 0)
		c.r = store_image_list(app->store, &list, o->err);
	obj_int(&c, "number", (int64_t)list.n);
	obj_part(o, "imageStore", &c);
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

static void add_disk(struct app *app, struct obj *o)
{
	struct statfs fs;

	if (fstatfs(store_graphroot_fd(app->store), &fs) < 0)
		return;
	obj_int(o, "graphRootAllocated", (int64_t)fs.f_blocks * fs.f_bsize);
	obj_int(o, "graphRootUsed", (int64_t)(fs.f_blocks - fs.f_bfree) * fs.f_bsize);
}

static void add_store(struct obj *o, struct app *app)
{
	struct obj s = obj_new(o->doc, o->err), status = obj_new(o->doc, o->err);

	obj_str(&s, "configFile", app->storage.source);
	count_containers(app, &s);
	obj_str(&s, "graphDriverName", "overlay");
	obj_str(&s, "graphRoot", app->storage.graphroot);
	add_disk(app, &s);
	obj_str(&status, "Native Overlay Diff", "true");
	obj_str(&status, "Supports d_type", "true");
	obj_part(&s, "graphStatus", &status);
	obj_str(&s, "imageCopyTmpDir", app->conf.image_copy_tmp_dir);
	count_images(app, &s);
	obj_str(&s, "runRoot", app->storage.runroot);
	count_downloads(app, &s);
	obj_list(&s, "additionalImageStores", &app->storage.additional_image_stores);
	if (app->storage.imagestore)
		obj_str(&s, "imageStoreRoot", app->storage.imagestore);
	obj_part(o, "store", &s);
}

static void add_plugins(struct obj *o)
{
	static char k8s[] = "k8s-file", none[] = "none";
	char *v[] = {k8s, none, NULL};
	const struct strv logs = {v, 2};
	struct obj p = obj_new(o->doc, o->err);

	obj_list(&p, "log", &logs);
	obj_part(o, "plugins", &p);
}

int info_make(struct app *app, struct json_doc *doc, struct json **ret, struct err *err)
{
	struct obj all = obj_new(doc, err), registries = obj_new(doc, err),
		   version = obj_new(doc, err);
	const struct strv *search = registries_search(app->registries);

	add_host(&all, app);
	add_store(&all, app);
	if (search->n > 0)
		obj_list(&registries, "search", search);
	obj_part(&all, "registries", &registries);
	add_plugins(&all);
	version_make(&version);
	obj_part(&all, "version", &version);
	return all.r < 0 ? all.r : shape_complete(&info_shape, doc, all.v, ret, err);
}
