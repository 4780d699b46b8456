/* kist image mount, kist image unmount, kist mount, kist unmount */
#include "app.h"
#include "obj.h"
#include "pick.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "container/container.h"
#include "container/mount.h"
#include "store/mount.h"
#include "text/report.h"
#include "text/table.h"

#include <unistd.h>

#define SHORT_ID 12

struct mount_args {
	bool all, force, latest, no_trunc;
	const char *format;
};

#define AT(member) offsetof(struct mount_args, member)

/* Inside a user namespace its root may mount. */
static int may_mount(const char *command, struct err *err)
{
	if (geteuid() == 0)
		return 0;
	return err_set(err, ERR_DENIED,
		       "cannot run command \"kist %s\" in rootless mode, must be root of a user "
		       "namespace (unshare --user --map-root-user --map-auto --mount) first",
		       command);
}

static int check_format(const struct mount_args *a, struct err *err)
{
	if (!a->format || streq(a->format, "json"))
		return 0;
	return err_set(err, ERR_INVALID, "--format %s: only json is supported", a->format);
}

static int print_list(const struct buf *table, const struct json *list, const char *format,
		      struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(OUT_MAX), out = BUF_INIT(OUT_MAX);
	int r;

	if (!format) {
		r = table_align((struct str){buf_str(table), table->len}, &out, err);
		return r < 0 ? r : out_buf(&out, err);
	}
	json_dump(list, JSON_PLAIN, &text);
	report_indent_json((struct str){buf_str(&text), text.len}, 1, &out);
	buf_addc(&out, '\n');
	return out_buf(&out, err);
}

/* ---- images ---- */

static const struct opt image_mount_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All images"},
    {0, "format", OPT_STRING, AT(format), "FORMAT", "json: the list of mounts as JSON"},
    {0},
};

static int mount_image(struct app *app, const struct store_image *image, char **ret_path,
		       struct err *err)
{
	if (!image->layer)
		return err_set(err, ERR_UNSUPPORTED, "image %.12s has no layers", image->id);
	return store_mount_layer(app->store, image->layer, ret_path, err);
}

static int mount_all_images(struct app *app, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	size_t i;
	int r;

	r = store_image_list(app->store, &list, err);
	for (i = 0; r == 0 && i < list.n; i++) {
		AUTO_FREE char *path = NULL;

		if (!list.v[i]->layer)
			continue;
		r = mount_image(app, list.v[i], &path, err);
		if (r == 0)
			r = out_line(path, err);
	}
	return r;
}

static int put_image(struct buf *table, struct json_doc *doc, struct json *json,
		     const struct store_image *image, const char *path, struct err *err)
{
	struct obj o = obj_new(doc, err);

	buf_addf(table, "%s\t%s\n", image->names.n ? image->names.v[0] : image->id, path);
	obj_str(&o, "id", image->id);
	obj_list(&o, "Names", &image->digests);
	obj_list(&o, "Repositories", &image->names);
	obj_str(&o, "mountpoint", path);
	return o.r < 0 ? o.r : json_append(json, o.v, err);
}

static int list_images(struct app *app, const char *format, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images images = {0};
	AUTO_STORE_MOUNT_LIST struct store_mount_list mounts = {0};
	AUTO_BUF struct buf table = BUF_INIT(OUT_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *json;
	size_t i, k;
	int r;

	r = store_image_list(app->store, &images, err);
	if (r == 0)
		r = store_mount_list(app->store, &mounts, err);
	if (r == 0)
		r = json_new(&doc, err);
	if (r < 0)
		return r;
	json = json_array(doc);
	for (i = 0; i < images.n; i++)
		for (k = 0; r == 0 && k < mounts.n; k++)
			if (images.v[i]->layer && streq(images.v[i]->layer, mounts.v[k].layer))
				r = put_image(&table, doc, json, images.v[i], mounts.v[k].path,
					      err);
	return r < 0 ? r : print_list(&table, json, format, err);
}

static int run_image_mount(struct app *app, const void *args, const struct strv *rest,
			   struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	const struct mount_args *a = args;
	size_t i;
	int r;

	r = check_format(a, err);
	if (r == 0 && a->all && rest->n > 0)
		r = err_set(err, ERR_INVALID,
			    "when using the --all switch, you may not pass any image IDs");
	if (r == 0)
		r = may_mount("image mount", err);
	if (r < 0)
		return r;
	if (a->all)
		return mount_all_images(app, err);
	if (rest->n == 0)
		return list_images(app, a->format, err);
	for (i = 0; r == 0 && i < rest->n; i++) {
		AUTO(store_image_free_p) struct store_image *image = NULL;
		AUTO_FREE char *path = NULL;

		r = image_get(&ctx, rest->v[i], &image, NULL, err);
		if (r == 0)
			r = mount_image(app, image, &path, err);
		if (r == 0)
			r = out_line(path, err);
	}
	return r;
}

const struct verb verb_image_mount = {
    .path = "image mount",
    .summary = "Mount the files of images, or list the mounts",
    .help = "Mounts the layers of an image read-only and prints where. Without an image the\n"
	    "mounts that there are are listed. A mount is counted, and shared with podman's.",
    .usage = "[options] [IMAGE...]",
    .examples = "ls $(kist image mount docker.io/library/busybox)",
    .opts = image_mount_opts,
    .args_size = sizeof(struct mount_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_image_mount,
};

static const struct opt image_unmount_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All images that are mounted"},
    {'f', "force", OPT_FLAG, AT(force), NULL, "However often it was mounted"},
    {0},
};

/* podman prints the image that is not mounted any more. */
static int unmount_image(struct app *app, const struct store_image *image, bool force,
			 struct err *err)
{
	int r = image->layer ? store_unmount_layer(app->store, image->layer, force, err) : 0;

	return r <= 0 ? r : out_line(image->id, err);
}

static int run_image_unmount(struct app *app, const void *args, const struct strv *rest,
			     struct err *err)
{
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	AUTO_STORE_IMAGES struct store_images list = {0};
	const struct mount_args *a = args;
	size_t i;
	int r;

	if (a->all ? rest->n > 0 : rest->n == 0)
		return err_set(err, ERR_INVALID,
			       a->all
				   ? "when using the --all switch, you may not pass any image IDs"
				   : "image name or ID must be specified");
	r = may_mount("image unmount", err);
	if (r == 0 && a->all)
		r = store_image_list(app->store, &list, err);
	for (i = 0; r == 0 && i < list.n; i++)
		r = unmount_image(app, list.v[i], a->force, err);
	for (i = 0; r == 0 && i < rest->n; i++) {
		AUTO(store_image_free_p) struct store_image *image = NULL;

		r = image_get(&ctx, rest->v[i], &image, NULL, err);
		if (r == 0)
			r = unmount_image(app, image, a->force, err);
	}
	return r;
}

const struct verb verb_image_unmount = {
    .path = "image unmount",
    .aliases = "image umount",
    .summary = "Unmount images",
    .usage = "[options] IMAGE [IMAGE...]",
    .opts = image_unmount_opts,
    .args_size = sizeof(struct mount_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run_image_unmount,
};

/* ---- containers ---- */

static const struct opt mount_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All containers"},
    {0, "format", OPT_STRING, AT(format), "FORMAT", "json: the list of mounts as JSON"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {0, "no-trunc", OPT_FLAG, AT(no_trunc), NULL, "Do not shorten IDs in the list"},
    {0},
};

static int put_container(struct buf *table, struct json_doc *doc, struct json *json,
			 struct container *c, bool whole_id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_FREE char *path = NULL;
	struct obj o;
	int r;

	r = container_mounted(c, &path, err);
	if (r <= 0)
		return r;
	r = strv_add(&names, c->def.name, err);
	if (r < 0)
		return r;
	buf_addf(table, "%.*s\t%s\n", whole_id ? ID_HEX_LEN : SHORT_ID, c->def.id, path);
	o = obj_new(doc, err);
	obj_str(&o, "id", c->def.id);
	obj_list(&o, "Names", &names);
	obj_str(&o, "mountpoint", path);
	return o.r < 0 ? o.r : json_append(json, o.v, err);
}

static int list_containers(struct app *app, const struct mount_args *a, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	AUTO_BUF struct buf table = BUF_INIT(OUT_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *json;
	size_t i;
	int r;

	r = containers_list(app->containers, &list, err);
	if (r == 0)
		r = json_new(&doc, err);
	if (r < 0)
		return r;
	json = json_array(doc);
	for (i = 0; r == 0 && i < list.n; i++)
		r = put_container(&table, doc, json, list.v[i], a->no_trunc, err);
	return r < 0 ? r : print_list(&table, json, a->format, err);
}

static int mount_one(void *arg, struct container *c, const char *name, struct err *err)
{
	AUTO_FREE char *path = NULL;
	int r = container_mount(c, &path, err);

	(void)arg;
	(void)name;
	return r < 0 ? r : out_line(path, err);
}

static int run_mount(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct mount_args *a = args;
	struct pick p = {.all = a->all, .latest = a->latest};
	int r;

	r = check_format(a, err);
	if (r == 0)
		r = may_mount("mount", err);
	if (r < 0)
		return r;
	if (rest->n == 0 && !a->all && !a->latest)
		return list_containers(app, a, err);
	return pick_each(app, &p, rest, mount_one, NULL, err);
}

const struct verb verb_mount = {
    .path = "mount",
    .aliases = "container mount",
    .summary = "Show where the files of containers are, or list the mounts",
    .help = "Prints a path below which the container's files are. A container that does not run\n"
	    "is mounted for that, until it is unmounted, started or removed; the files of one\n"
	    "that runs are seen through its first process, as long as it runs.",
    .usage = "[options] [CONTAINER...]",
    .opts = mount_opts,
    .args_size = sizeof(struct mount_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_mount,
};

static const struct opt unmount_opts[] = {
    {'a', "all", OPT_FLAG, AT(all), NULL, "All containers"},
    {'f', "force", OPT_FLAG, AT(force), NULL, "Also while somebody works there"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {0},
};

static int unmount_one(void *arg, struct container *c, const char *name, struct err *err)
{
	const struct mount_args *a = arg;
	int r = container_unmount(c, a->force, err);

	if (r < 0 || (r == 0 && a->all))
		return r;
	return out_line(a->all ? c->def.id : name, err);
}

static int run_unmount(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	const struct mount_args *a = args;
	struct pick p = {.all = a->all, .latest = a->latest};
	int r = may_mount("unmount", err);

	return r < 0 ? r : pick_each(app, &p, rest, unmount_one, (void *)a, err);
}

const struct verb verb_unmount = {
    .path = "unmount",
    .aliases = "umount|container unmount|container umount",
    .summary = "Unmount containers",
    .usage = "[options] CONTAINER [CONTAINER...]",
    .opts = unmount_opts,
    .args_size = sizeof(struct mount_args),
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .run = run_unmount,
};
