/* An image as inspect shows it. */
#include "image_row.h"
#include "inspect_make.h"
#include "inspect_shapes.h"
#include "obj.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/inventory.h"
#include "spec/image.h"
#include "store/layer.h"
#include "store/store.h"

#define LOWER_MAX ((size_t)1 << 20)

static void add_config(struct obj *o, const struct image_process *p)
{
	struct obj c = obj_new(o->doc, o->err);

	if (!str_empty(p->user))
		obj_str(&c, "User", p->user);
	if (p->exposed_ports.n)
		obj_set(&c, "ExposedPorts", &p->exposed_ports);
	if (p->env.n)
		obj_list(&c, "Env", &p->env);
	if (p->entrypoint.n)
		obj_list(&c, "Entrypoint", &p->entrypoint);
	if (p->cmd.n)
		obj_list(&c, "Cmd", &p->cmd);
	if (p->volumes.n)
		obj_set(&c, "Volumes", &p->volumes);
	if (!str_empty(p->working_dir))
		obj_str(&c, "WorkingDir", p->working_dir);
	if (p->labels.n)
		obj_map(&c, "Labels", &p->labels);
	if (!str_empty(p->stop_signal))
		obj_str(&c, "StopSignal", p->stop_signal);
	obj_part(o, "Config", &c);
}

static void add_health_check(struct obj *o, const char *text)
{
	struct json *v = NULL;

	if (!text || o->r < 0)
		return;
	o->r = json_parse_into(o->doc, text, strlen(text), 0, "the healthcheck", &v, o->err);
	if (o->r == 0)
		obj_put(o, "Healthcheck", v);
}

static void add_history(struct obj *o, const struct image_config *config)
{
	struct json *list = json_array(o->doc);
	size_t i;

	for (i = 0; i < config->n_history && o->r == 0; i++) {
		const struct image_history *ih = &config->history[i];
		struct obj h = obj_new(o->doc, o->err);

		if (ih->created)
			obj_time(&h, "created", ih->created);
		if (!str_empty(ih->created_by))
			obj_str(&h, "created_by", ih->created_by);
		if (!str_empty(ih->author))
			obj_str(&h, "author", ih->author);
		if (!str_empty(ih->comment))
			obj_str(&h, "comment", ih->comment);
		if (ih->empty_layer)
			obj_bool(&h, "empty_layer", true);
		o->r = h.r < 0 ? h.r : json_append(list, h.v, o->err);
	}
	obj_put(o, "History", list);
}

static void add_rootfs(struct obj *o, const struct image_config *config)
{
	struct obj rootfs = obj_new(o->doc, o->err);

	obj_str(&rootfs, "Type", "layers");
	obj_list(&rootfs, "Layers", &config->diff_ids);
	obj_part(o, "RootFS", &rootfs);
}

static const char *overlay_of(struct app *app, const struct store_layer *l)
{
	return store_overlay_path(app->store, l->where);
}

/* "DIR/diff:DIR/diff" of a layer and all below it, topmost first. */
int inspect_lower_dirs(struct app *app, const char *top, struct buf *out, struct err *err)
{
	AUTO_FREE char *id = strdup(top ? top : "");
	int r = id ? 1 : err_nomem(err);

	while (r > 0 && *id && out->len < LOWER_MAX) {
		AUTO_STORE_LAYER struct store_layer l = {0};

		r = store_layer_find(app->store, id, &l, err);
		if (r <= 0)
			break;
		buf_addf(out, "%s%s/%s/diff", out->len ? ":" : "", overlay_of(app, &l), l.id);
		r = str_set(&id, l.parent ? l.parent : "", err) < 0 ? -(int)err->code : 1;
	}
	return r < 0 ? r : 0;
}

static void add_driver(struct obj *o, struct app *app, const struct store_image *image)
{
	AUTO_STORE_LAYER struct store_layer l = {0};
	AUTO_BUF struct buf lower = BUF_INIT(LOWER_MAX * 2);
	AUTO_FREE char *upper = NULL, *work = NULL;
	struct obj d = obj_new(o->doc, o->err), data = obj_new(o->doc, o->err);
	int r = 0;

	if (image->layer)
		r = store_layer_find(app->store, image->layer, &l, o->err);
	if (r > 0)
		r = inspect_lower_dirs(app, l.parent, &lower, o->err) < 0 ? -1 : 1;
	if (r > 0) {
		upper = str_fmt("%s/%s/diff", overlay_of(app, &l), l.id);
		work = str_fmt("%s/%s/work", overlay_of(app, &l), l.id);
		if (lower.len)
			obj_str(&data, "LowerDir", buf_str(&lower));
		obj_str(&data, "UpperDir", upper);
		obj_str(&data, "WorkDir", work);
	}
	if (r < 0 && o->r == 0)
		o->r = r;
	obj_str(&d, "Name", "overlay");
	obj_part(&d, "Data", &data);
	obj_part(o, "GraphDriver", &d);
}

/* Docker has it in the configuration, OCI only in the history. */
static void add_comment(struct obj *o, enum manifest_kind kind, const struct image_config *config)
{
	if (kind == MANIFEST_DOCKER)
		obj_str(o, "Comment", config->comment);
	else if (config->n_history > 0)
		obj_str(o, "Comment", config->history[0].comment);
}

static void add_manifest(struct obj *o, struct app *app, const struct store_image *image,
			 const struct image_config *config)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	AUTO_MANIFEST struct manifest m = {0};
	struct err ignored = ERR_INIT;

	/* An image without one is for `system check` to tell. */
	if (store_image_data(app->store, image, "manifest", &text, &ignored) <= 0 ||
	    manifest_read(buf_str(&text), text.len, NULL, &m, &ignored) < 0)
		return;
	add_comment(o, m.kind, config);
	obj_map(o, "Annotations", &m.annotations);
	obj_str(o, "ManifestType", manifest_media_type(m.kind));
}

static void add_names(struct obj *o, const struct store_image *image)
{
	AUTO_STRV struct strv tags = STRV_INIT, digests = STRV_INIT;

	if (o->r == 0)
		o->r = image_repo_tags(image, &tags, o->err);
	if (o->r == 0)
		o->r = image_repo_digests(image, &digests, o->err);
	obj_list(o, "RepoTags", &tags);
	obj_list(o, "RepoDigests", &digests);
}

static void add_parent(struct obj *o, struct app *app, const struct store_image *image)
{
	AUTO_INVENTORY struct inventory inv = {0};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	const struct store_image *parent;

	if (o->r == 0)
		o->r = store_image_list(app->store, &inv.images, o->err);
	if (o->r == 0)
		o->r = store_layer_list(app->store, &inv.layers, o->err);
	if (o->r < 0)
		return;
	parent = inventory_parent(&ctx, &inv, image);
	obj_str(o, "Parent", parent ? parent->id : "");
}

int inspect_image(struct app *app, const struct store_image *image, struct json_doc *doc,
		  struct json **ret, struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	struct obj o = obj_new(doc, err);
	int64_t size = 0;
	int r;

	r = image_read_config(&ctx, image, &config, err);
	if (r == 0)
		r = store_image_size(app->store, image, &size, err);
	if (r < 0)
		return r;
	obj_str(&o, "Id", image->id);
	obj_str(&o, "Digest", image->digest);
	add_names(&o, image);
	add_parent(&o, app, image);
	obj_time(&o, "Created", config.created);
	add_config(&o, &config.config);
	obj_str(&o, "Author", config.author);
	obj_str(&o, "Architecture", config.architecture);
	obj_str(&o, "Os", config.os);
	obj_int(&o, "Size", size);
	obj_int(&o, "VirtualSize", size);
	add_driver(&o, app, image);
	add_rootfs(&o, &config);
	if (config.config.labels.n)
		obj_map(&o, "Labels", &config.config.labels);
	add_manifest(&o, app, image, &config);
	obj_str(&o, "User", config.config.user);
	add_history(&o, &config);
	obj_list(&o, "NamesHistory", &image->names_history);
	add_health_check(&o, config.config.healthcheck);
	return o.r < 0 ? o.r : shape_complete(&inspect_image_shape, doc, o.v, ret, err);
}
