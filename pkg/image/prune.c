#include "image/prune.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "image/inventory.h"
#include "spec/image.h"
#include "spec/labels.h"
#include "store/mount.h"

#include <stdlib.h>

#define NAMES_TEXT_MAX ((size_t)1 << 20)

/* ---- filters ---- */

int prune_filter_read(const struct strv *filters, struct prune_filter *ret, struct err *err)
{
	struct prune_filter f = {INT64_MAX, filters};
	const char *v;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < filters->n; i++) {
		const char *text = filters->v[i];
		int64_t when;

		if ((v = str_after(text, "until="))) {
			r = time_parse_when(v, "--filter until", &when, err);
			if (r == 0 && when < f.until)
				f.until = when;
		} else if (!str_starts(text, "label=") && !str_starts(text, "label!=")) {
			r = err_set(err, ERR_INVALID,
				    "--filter %s: want until=, label= or label!=", text);
		}
	}
	if (r == 0)
		*ret = f;
	return r;
}

bool prune_filter_matches(const struct prune_filter *f, int64_t created, const struct strv *labels)
{
	const char *v;
	size_t i;

	if (created >= f->until)
		return false;
	for (i = 0; i < f->filters->n; i++) {
		if ((v = str_after(f->filters->v[i], "label=")) && !labels_match(labels, v))
			return false;
		if ((v = str_after(f->filters->v[i], "label!=")) && labels_match(labels, v))
			return false;
	}
	return true;
}

/* ---- which images ---- */

void image_pruned_fini(struct image_pruned *p)
{
	strv_fini(&p->ids);
	strv_fini(&p->names);
	strv_fini(&p->mounted);
}

static int passes_filter(const struct image_ctx *ctx, const struct prune_filter *f,
			 const struct store_image *image, struct err *err)
{
	AUTO_IMAGE_CONFIG struct image_config config = {0};
	bool labels = false;
	size_t i;
	int r;

	for (i = 0; i < f->filters->n; i++)
		labels = labels || str_starts(f->filters->v[i], "label");
	if (labels) {
		r = image_read_config(ctx, image, &config, err);
		if (r < 0)
			return r;
	}
	return prune_filter_matches(f, image->created, &config.config.labels);
}

static bool is_mounted(const struct store_mount_list *mounts, const char *layer)
{
	size_t i;

	for (i = 0; layer && i < mounts->n; i++)
		if (streq(mounts->v[i].layer, layer))
			return true;
	return false;
}

/* What decides about each image. */
struct choice {
	const struct image_ctx *ctx;
	const struct image_prune *p;
	const struct inventory *inv;
	struct store_mount_list mounts;
	bool *gone;
	bool mounted_too; /* as if no working container of buildah were mounted */
};

static size_t users_left(const struct choice *c, size_t i)
{
	size_t n = c->inv->users[i];

	if (c->p->externals)
		n -= c->inv->externals[i] + (c->mounted_too ? c->inv->mounted[i] : 0);
	return n;
}

static int may_go(const struct choice *c, size_t i, struct err *err)
{
	const struct store_image *image = c->inv->images.v[i];

	/* Taken away now, it would be lost to whoever is about to name it. */
	if (store_image_is_being_made(c->ctx->store, image))
		return 0;
	if (c->gone[i] || image->read_only || users_left(c, i) > 0 ||
	    is_mounted(&c->mounts, image->layer))
		return 0;
	if (!c->p->all && (image->names.n > 0 || inventory_has_child(c->inv, i, c->gone)))
		return 0;
	return passes_filter(c->ctx, c->p->filter, image, err);
}

/* An image that only stood below others goes when they do: until nothing changes any more. */
static int choose(struct choice *c, struct err *err)
{
	bool changed = true;
	size_t i;
	int r;

	while (changed) {
		changed = false;
		for (i = 0; i < c->inv->images.n; i++) {
			r = may_go(c, i, err);
			if (r < 0)
				return r;
			c->gone[i] = c->gone[i] || r > 0;
			changed = changed || r > 0;
		}
	}
	return 0;
}

static int add_mounted_on(const struct inventory *inv, const char *image_id, struct strv *ret,
			  struct err *err)
{
	const struct store_container *k;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < inv->containers.n; i++) {
		k = &inv->containers.v[i];
		if (k->external == STORE_EXTERNAL_MOUNTED && streq(k->image, image_id))
			r = strv_add(ret, k->names.n ? k->names.v[0] : k->id, err);
	}
	return r;
}

/* The containers that alone keep their image: whoever asked for these to go is to know. */
static int find_mounted(struct choice *c, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	c->mounted_too = true;
	for (i = 0; r == 0 && c->p->externals && i < c->inv->images.n; i++) {
		r = c->inv->mounted[i] > 0 ? may_go(c, i, err) : 0;
		if (r > 0)
			r = add_mounted_on(c->inv, c->inv->images.v[i]->id, ret, err);
	}
	return r;
}

static int choose_all(const struct image_ctx *ctx, const struct image_prune *p,
		      const struct inventory *inv, bool *gone, struct strv *mounted,
		      struct err *err)
{
	struct choice c = {.ctx = ctx, .p = p, .inv = inv, .gone = gone};
	int r;

	r = store_mount_list(ctx->store, &c.mounts, err);
	if (r == 0)
		r = choose(&c, err);
	if (r == 0)
		r = find_mounted(&c, mounted, err);
	store_mount_list_fini(&c.mounts);
	return r;
}

static int add_result(struct image_pruned *ret, const struct store_image *image, struct err *err)
{
	AUTO_BUF struct buf names = BUF_INIT(NAMES_TEXT_MAX);
	size_t i;
	int r;

	for (i = 0; i < image->names.n; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", image->names.v[i]);
	if (image->names.n == 0)
		buf_adds(&names, "<none>");
	r = strv_add(&ret->ids, image->id, err);
	return r < 0 ? r : strv_add(&ret->names, buf_str(&names), err);
}

/* In any order: a layer goes with the last image that needs it. What came into use meanwhile stays.
 */
static int delete_chosen(const struct image_ctx *ctx, const struct image_prune *p,
			 const struct inventory *inv, bool *gone, struct err *err)
{
	size_t i;
	int r;

	for (i = 0; i < inv->images.n; i++) {
		struct err one = ERR_INIT;

		if (!gone[i])
			continue;
		r = store_image_delete_seen(ctx->store, inv->images.v[i],
					    p->externals ? STORE_DELETE_EXTERNALS : 0, p->users,
					    p->users_arg, NULL, &one);
		if (r == -ERR_IN_USE || r == -ERR_NOT_FOUND || r == -ERR_CHANGED) {
			gone[i] = false;
		} else if (r < 0) {
			*err = one;
			return r;
		}
	}
	return 0;
}

int image_prune(const struct image_ctx *ctx, const struct image_prune *p, struct image_pruned *ret,
		struct err *err)
{
	AUTO_IMAGE_PRUNED struct image_pruned done = {0};
	AUTO_INVENTORY struct inventory inv = {0};
	AUTO_FREE bool *gone = NULL;
	size_t i;
	int r;

	r = inventory_load(ctx, p->users, p->users_arg, true, &inv, err);
	if (r < 0)
		return r;
	gone = calloc(inv.images.n + 1, sizeof(*gone));
	if (!gone)
		return err_nomem(err);
	r = choose_all(ctx, p, &inv, gone, &done.mounted, err);
	if (r == 0 && !p->dry_run)
		r = delete_chosen(ctx, p, &inv, gone, err);
	for (i = 0; r == 0 && i < inv.images.n; i++)
		if (gone[i])
			r = add_result(&done, inv.images.v[i], err);
	if (r == 0 && !inventory_freed_bytes(&inv, gone, &done.bytes))
		r = err_nomem(err);
	if (r < 0)
		return r;
	*ret = done;
	done = (struct image_pruned){0};
	return 0;
}
