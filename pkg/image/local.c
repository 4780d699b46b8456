/* Images of the store by what a user types. */
#include "base/err.h"
#include "config/registries.h"
#include "digest/digest.h"
#include "image/image.h"
#include "image/inventory.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "store/layer.h"

#include <stdio.h>
#include <stdlib.h>

#define ID_PREFIX_MIN 1
#define LOOKS_MAX 10

/* The complete names that a short or complete reference may mean here. */
static int candidates(const struct image_ctx *ctx, const char *text, struct strv *names,
		      struct err *err)
{
	AUTO_STRV struct strv raw = STRV_INIT;
	size_t i;
	int r;

	if (ref_is_short(text))
		r = registries_short_local(ctx->registries, text, &raw, err);
	else
		r = strv_add(&raw, text, err);
	for (i = 0; r == 0 && i < raw.n; i++) {
		AUTO_REF struct ref ref = REF_INIT;

		r = ref_parse(raw.v[i], &ref, err);
		if (r == 0)
			r = ref_add_latest(&ref, err);
		if (r < 0)
			return r;
		ref_drop_tag_of_digest(&ref);
		r = strv_take(names, ref_string(&ref), err);
	}
	return r;
}

static int find_by_digest(const struct image_ctx *ctx, const struct strv *names,
			  struct store_image **ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < names->n; i++) {
		AUTO_REF struct ref ref = REF_INIT;
		AUTO_FREE char *repo = NULL;

		r = ref_parse(names->v[i], &ref, err);
		if (r < 0 || !ref.digest)
			return r;
		repo = ref_name(&ref);
		if (!repo)
			return err_nomem(err);
		r = store_image_find(
		    ctx->store, &(struct store_image_query){.repo = repo, .digest = ref.digest},
		    ret, err);
	}
	return r;
}

static bool may_be_id(const char *text)
{
	const char *hex = str_after(text, "sha256:");
	size_t len;

	hex = hex ? hex : text;
	len = strlen(hex);
	return len >= ID_PREFIX_MIN && len <= STORE_ID_LEN && str_is_hex(hex, len);
}

/* Which of the names asked for the image has: 1 also when it has none of them. */
static int matching_name(const struct store_image *image, const struct strv *names, char **ret,
			 struct err *err)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (strv_find(&image->names, names->v[i]) < 0)
			continue;
		*ret = strdup(names->v[i]);
		return *ret ? 1 : err_nomem(err);
	}
	return 1;
}

/* Is ref's path "image", or "dir/image", the end of the one that the name has? Tags must agree. */
static bool ends_as(const char *name, const struct ref *ref)
{
	AUTO_REF struct ref full = REF_INIT;
	AUTO_FREE char *repo = NULL;
	struct err ignored = ERR_INIT;
	size_t len = strlen(ref->path), all;

	if (ref_parse(name, &full, &ignored) < 0)
		return false;
	if (!ref->digest && (!full.tag || !streq(full.tag, ref->tag)))
		return false;
	repo = ref_name(&full);
	all = repo ? strlen(repo) : 0;
	return all > len && repo[all - len - 1] == '/' && streq(repo + all - len, ref->path);
}

/* podman's last resort: "busybox" is quay.io/some/busybox, when no registry that may be meant has
 * given us one. */
static int find_by_end(const struct image_ctx *ctx, const char *text, struct store_image **ret,
		       char **ret_name, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images images = {0};
	AUTO_REF struct ref ref = REF_INIT;
	struct store_image *image;
	size_t i, k;
	int r;

	if (!ref_is_short(text))
		return 0;
	r = ref_parse_given(text, &ref, err);
	if (r == 0)
		r = ref_add_latest(&ref, err);
	if (r == 0)
		r = store_image_list(ctx->store, &images, err);
	for (i = 0; r == 0 && i < images.n; i++) {
		image = images.v[i];
		if (ref.digest && strv_find(&image->digests, ref.digest) < 0)
			continue;
		for (k = 0; k < image->names.n && !ends_as(image->names.v[k], &ref); k++)
			;
		if (k == image->names.n)
			continue;
		*ret_name = strdup(image->names.v[k]);
		*ret = TAKE(images.v[i]);
		r = *ret_name ? 1 : err_nomem(err);
	}
	return r;
}

int image_find(const struct image_ctx *ctx, const char *text, struct store_image **ret,
	       char **ret_name, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_FREE char *name = NULL;
	struct err bad_name = ERR_INIT;
	struct store_image *image = NULL;
	int r;

	r = candidates(ctx, text, &names, &bad_name);
	if (r < 0 && !may_be_id(text)) {
		*err = bad_name;
		return r;
	}
	r = store_image_find(ctx->store, &(struct store_image_query){.names = &names}, &image, err);
	if (r == 0)
		r = find_by_digest(ctx, &names, &image, err);
	if (r == 0 && may_be_id(text))
		r = store_image_find(ctx->store, &(struct store_image_query){.id = text}, &image,
				     err);
	if (r > 0)
		r = matching_name(image, &names, &name, err);
	else if (r == 0)
		r = find_by_end(ctx, text, &image, &name, err);
	if (r <= 0) {
		store_image_free(image);
		return r;
	}
	*ret = image;
	if (ret_name)
		*ret_name = TAKE(name);
	return 1;
}

int image_get(const struct image_ctx *ctx, const char *text, struct store_image **ret,
	      char **ret_name, struct err *err)
{
	int r = image_find(ctx, text, ret, ret_name, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: image not known", text);
	return r < 0 ? r : 0;
}

int image_read_config(const struct image_ctx *ctx, const struct store_image *image,
		      struct image_config *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(IMAGE_CONFIG_SIZE_MAX);
	char key[SHA256_TEXT];
	int r;

	(void)snprintf(key, sizeof(key), "sha256:%s", image->id);
	r = store_image_data(ctx->store, image, key, &text, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "image %.12s has no configuration", image->id);
	if (r > 0)
		r = image_config_read(buf_str(&text), text.len, ret, err);
	return r < 0 ? err_wrap(err, "image %.12s", image->id) : 0;
}

char *image_own_digest(const struct image_ctx *ctx, const struct store_image *image)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	uint8_t raw[SHA256_LEN];
	struct err ignored = ERR_INIT;
	char out[SHA256_TEXT_MAX];

	if (store_image_data(ctx->store, image, "manifest", &text, &ignored) <= 0 ||
	    sha256_once(buf_str(&text), text.len, raw, &ignored) < 0)
		return NULL;
	return strdup(sha256_text(raw, out));
}

int image_local_name(const char *text, char **ret, struct err *err)
{
	AUTO_REF struct ref ref = REF_INIT;
	AUTO_FREE char *full = NULL;
	char *name;
	int r;

	if (ref_is_short(text)) {
		full = str_fmt("localhost/%s", text);
		if (!full)
			return err_nomem(err);
	}
	r = ref_parse(full ? full : text, &ref, err);
	if (r == 0 && ref.digest)
		return err_set(err, ERR_INVALID, "%s: a name to give cannot contain a digest",
			       text);
	if (r == 0)
		r = ref_add_latest(&ref, err);
	if (r < 0)
		return r;
	name = ref_string(&ref);
	if (!name)
		return err_nomem(err);
	*ret = name;
	return 0;
}

int image_tag(const struct image_ctx *ctx, const char *text, const char *name, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_FREE char *full = NULL;
	int r;

	r = image_get(ctx, text, &image, NULL, err);
	if (r == 0)
		r = image_local_name(name, &full, err);
	return r < 0 ? r : store_image_tag(ctx->store, image->id, full, err);
}

static int untag_line(struct strv *lines, const char *name, struct err *err)
{
	return strv_addf(lines, err, "Untagged: %s", name);
}

static int delete_whole(const struct image_ctx *ctx, const struct store_image *image,
			const struct image_removal *rm, struct strv *lines, struct err *err)
{
	AUTO_STORE_DELETED struct store_deleted gone = {0};
	size_t i;
	int r;

	r = store_image_delete_seen(ctx->store, image, rm->externals ? STORE_DELETE_EXTERNALS : 0,
				    rm->users, rm->users_arg, &gone, err);
	for (i = 0; r == 0 && i < gone.names.n; i++)
		r = untag_line(lines, gone.names.v[i], err);
	return r < 0 ? r : strv_addf(lines, err, "Deleted: %s", image->id);
}

/* ---- nameless images that one that goes was made of ---- */

static bool any_nameless(const struct image_ctx *ctx, const struct store_image *but)
{
	AUTO_STORE_IMAGES struct store_images list = {0};
	struct err ignored = ERR_INIT;
	size_t i;

	if (store_image_list(ctx->store, &list, &ignored) < 0)
		return false;
	for (i = 0; i < list.n; i++)
		if (list.v[i]->names.n == 0 && !streq(list.v[i]->id, but->id))
			return true;
	return false;
}

/* A parent of one that is gone, which nothing else needs. */
static bool may_go(const struct inventory *inv, const bool *gone, size_t i)
{
	const struct store_image *image = inv->images.v[i];
	bool was_parent = false;
	size_t k;

	for (k = 0; k < inv->n_pairs; k++)
		was_parent = was_parent || (inv->pairs[k].parent == i && gone[inv->pairs[k].child]);
	return was_parent && !gone[i] && !image->read_only && inv->users[i] == 0 &&
	       !inventory_has_child(inv, i, gone);
}

/* They were kept for the image alone. What came into use meanwhile stays. */
static int delete_parents(const struct image_ctx *ctx, const struct inventory *inv,
			  const struct store_image *image, const struct image_removal *rm,
			  struct strv *lines, struct err *err)
{
	AUTO_FREE bool *gone = calloc(inv->images.n + 1, sizeof(*gone));
	struct err in_use = ERR_INIT;
	size_t i;
	int r = 0;

	if (!gone)
		return err_nomem(err);
	for (i = 0; i < inv->images.n; i++)
		gone[i] = streq(inv->images.v[i]->id, image->id);
	for (i = 0; r == 0 && i < inv->images.n; i++) {
		if (!may_go(inv, gone, i))
			continue;
		if (store_image_delete(ctx->store, inv->images.v[i]->id, rm->users, rm->users_arg,
				       NULL, &in_use) < 0)
			return 0;
		gone[i] = true;
		r = strv_addf(lines, err, "Deleted: %s", inv->images.v[i]->id);
		i = SIZE_MAX; /* one that was below it may follow */
	}
	return r;
}

static int delete_with_parents(const struct image_ctx *ctx, const struct store_image *image,
			       const struct image_removal *rm, struct strv *lines, struct err *err)
{
	AUTO_INVENTORY struct inventory inv = {0};
	int r;

	if (rm->no_prune || !any_nameless(ctx, image))
		return delete_whole(ctx, image, rm, lines, err);
	r = inventory_load(ctx, rm->users, rm->users_arg, false, &inv, err);
	if (r == 0)
		r = delete_whole(ctx, image, rm, lines, err);
	return r < 0 ? r : delete_parents(ctx, &inv, image, rm, lines, err);
}

int image_refuse_shifted(const struct image_ctx *ctx, const struct store_image *image,
			 struct err *err)
{
	int r = image->layer ? store_layer_is_shifted(ctx->store, image->layer, err) : 0;

	if (r <= 0)
		return r;
	return err_set(err, ERR_UNSUPPORTED,
		       "image %.12s: its layers were made for a user namespace (their records have "
		       "id maps): pull it into a store without remap-uids and remap-gids",
		       image->id);
}

int image_refuse_read_only(const struct image_ctx *ctx, const struct store_image *image,
			   struct err *err)
{
	if (!image->read_only)
		return 0;
	return err_set(err, ERR_DENIED,
		       "image %.12s is read-only: it is in the additional image store %s",
		       image->id, store_root_path(ctx->store, image->where));
}

/* Looked up, and gone a moment later: the next look says so in the user's words. */
static int gone_is_changed(int r, struct err *err)
{
	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	return err_set(err, ERR_CHANGED, "the image was removed meanwhile");
}

static int remove_now(const struct image_ctx *ctx, const char *text, const struct image_removal *rm,
		      struct strv *ret_lines, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_FREE char *name = NULL;
	int r;

	r = image_get(ctx, text, &image, &name, err);
	if (r == 0)
		r = image_refuse_read_only(ctx, image, err);
	if (r < 0)
		return r;
	if (name && image->names.n > 1) {
		r = gone_is_changed(store_image_untag_seen(ctx->store, image, name, err), err);
		return r < 0 ? r : untag_line(ret_lines, name, err);
	}
	if (!name && image->names.n > 1 && !rm->force) {
		AUTO_BUF struct buf all = BUF_INIT(ERR_TEXT_MAX);
		size_t i;

		for (i = 0; i < image->names.n; i++)
			buf_addf(&all, "%s%s", i ? " " : "", image->names.v[i]);
		return err_set(
		    err, ERR_IN_USE,
		    "unable to delete image \"%s\" by ID with more than one tag ([%s]): please "
		    "force removal",
		    image->id, buf_str(&all));
	}
	return gone_is_changed(delete_with_parents(ctx, image, rm, ret_lines, err), err);
}

int image_remove(const struct image_ctx *ctx, const char *text, const struct image_removal *rm,
		 struct strv *ret_lines, struct err *err)
{
	int i, r = -ERR_CHANGED;

	/* Others tag and untag: what the names say is only so until one of them does. */
	for (i = 0; r == -ERR_CHANGED && i < LOOKS_MAX; i++) {
		err_clear(err);
		r = remove_now(ctx, text, rm, ret_lines, err);
	}
	return r;
}
