/* Finding what is wrong; check_repair.c puts it right. */
#include "check_priv.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "digest/digest.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "store/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAIN_MAX 1000
/* How often a layer may be removed and made again while it is read. */
#define READINGS_MAX 5
#define NO_PARENT "its parent layer is missing"
#define DATA_MAX IMAGE_CONFIG_SIZE_MAX

/* ---- layers ---- */

static bool is_ours(const struct store_layer_item *l)
{
	return !l->layer.read_only && l->kind == STORE_LAYER_ORDINARY;
}

/* Is the layer a container's? Those have no digest and no tar-split. */
static bool is_container_layer(const struct inventory *inv, const char *id)
{
	size_t i;

	for (i = 0; i < inv->containers.n; i++)
		if (streq(inv->containers.v[i].layer, id))
			return true;
	return false;
}

const char *check_dir_parent(const struct check *c, const struct store_layer *l)
{
	size_t i;

	for (i = 0; l->shifted && i < c->inv.images.n; i++)
		if (strv_find(&c->inv.images.v[i]->mapped_layers, l->id) >= 0)
			return c->inv.images.v[i]->layer;
	return str_empty(l->parent) ? NULL : l->parent;
}

int check_find_dir_problem(struct check *c, const struct store_layer *l, char **ret_problem,
			   struct err *err)
{
	AUTO_STORE_LAYER struct store_layer parent = {0};
	const char *of = check_dir_parent(c, l);
	int r = of ? store_layer_find(c->ctx->store, of, &parent, err) : 1;

	if (r == 0)
		*ret_problem = strdup(NO_PARENT);
	if (r == 0 && !*ret_problem)
		return err_nomem(err);
	if (r > 0)
		r = store_layer_check_dir(c->ctx->store, l->id, of, ret_problem, err);
	return r < 0 ? r : 0;
}

static int check_one_dir(struct check *c, size_t i, struct err *err)
{
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	AUTO_FREE char *problem = NULL;
	int r;

	r = check_find_dir_problem(c, l, &problem, err);
	if (r == 0 && problem)
		r = confirm_dir(c, l, &problem, err);
	if (r <= 0)
		return r;
	r = check_add(c->report, "layer", l->id, problem, err);
	if (r == 0 && streq(problem, NO_PARENT))
		c->bad[i] = BAD_PARENT;
	else if (r == 0)
		r = check_repair_dir(c, i, err);
	return r;
}

/* Parents before children, so that a repaired link counts for those above. */
static int check_dir(struct check *c, size_t i, int depth, struct err *err)
{
	struct store_layer_item *l = &c->inv.layers.v[i], *parent;
	int r = 0;

	if (c->seen[i] || l->layer.read_only || l->kind == STORE_LAYER_STAGING)
		return 0;
	c->seen[i] = true;
	if (depth > CHAIN_MAX) {
		c->bad[i] = BAD_PARENT;
		return check_add(c->report, "layer", l->layer.id,
				 "its parents go round in a circle", err);
	}
	parent = store_layer_list_find(&c->inv.layers, check_dir_parent(c, &l->layer));
	if (parent)
		r = check_dir(c, (size_t)(parent - c->inv.layers.v), depth + 1, err);
	return r < 0 ? r : check_one_dir(c, i, err);
}

/* Not that a file is missing, or is something else. */
static bool is_of_reading(const struct err *e)
{
	static const int others[] = {ENOENT, ENOTDIR, EISDIR, ELOOP, ENXIO};
	size_t i;

	if (e->code != ERR_SYS)
		return false;
	for (i = 0; i < ARRAY_LEN(others); i++)
		if (err_is_errno(e, others[i]))
			return false;
	return true;
}

/* The tar, rebuilt in a worker and thrown away but for its digest. */
static int find_content_problem(struct check *c, const struct store_layer *l, int diff,
				char **ret_problem, struct err *err)
{
	struct worker *w = workers_idle(&c->workers);
	AUTO_CLOSE int tarsplit = -1;
	char got[SHA256_TEXT_MAX];
	struct err e = ERR_INIT;
	struct pack_answer a;
	int r;

	r = store_layer_open_tarsplit(c->ctx->store, l->id, &tarsplit, err);
	if (r == 0)
		return str_set(ret_problem, "its tar-split is missing", err);
	if (r > 0 && !w)
		return err_set(err, ERR_BUG, "no layer worker");
	if (r > 0)
		r = worker_pack(w, tarsplit, diff, c->null,
				(struct pack_form){.compression = COMPRESSION_NONE}, err);
	if (r < 0)
		return r;
	r = worker_packed(w, &a, &e);
	c->unreadable = r < 0 && is_of_reading(&e);
	if (r == -ERR_CORRUPT || r == -ERR_NOT_FOUND || r == -ERR_INVALID || r == -ERR_LIMIT ||
	    r == -ERR_SYS)
		return str_set(ret_problem, e.text, err);
	if (r < 0) {
		*err = e;
		return r;
	}
	if (streq(sha256_text(a.diff_id, got), l->diff_digest))
		return 0;
	return str_set(ret_problem, "its content or its tar-split was altered", err);
}

static int check_content(struct check *c, size_t i, struct err *err)
{
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	int tries, r = 2;

	for (tries = 0; r == 2 && tries < READINGS_MAX; tries++) {
		AUTO_FREE char *problem = NULL;
		AUTO_CLOSE int diff = -1;

		r = store_layer_open_diff(c->ctx->store, l->id, &diff, err);
		/* Its directory was there: it is on its way out. Or its files are not where their
		 * names say (composefs). */
		if (r == -ERR_NOT_FOUND || r == -ERR_UNSUPPORTED) {
			err_clear(err);
			return 0;
		}
		c->unreadable = false;
		if (r == 0)
			r = find_content_problem(c, l, diff, &problem, err);
		if (r == 0 && c->unreadable && tries + 1 < READINGS_MAX)
			r = 2;
		else if (r == 0 && problem)
			r = confirm_content(c, l->id, diff, err);
		if (r != 1)
			continue;
		c->bad[i] = c->unreadable ? BAD_UNREADABLE : BAD_CONTENT;
		return check_add(c->report, "layer", l->id, problem, err);
	}
	return r < 0 ? r : 0;
}

int check_dirs(struct check *c, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < c->inv.layers.n; i++)
		c->seen[i] = c->bad[i] != BAD_NOT;
	for (i = 0; r == 0 && i < c->inv.layers.n; i++)
		r = check_dir(c, i, 0, err);
	return r;
}

static int check_layers(struct check *c, struct err *err)
{
	size_t i;
	int r;

	r = check_dirs(c, err);
	for (i = 0; r == 0 && i < c->inv.layers.n; i++) {
		const struct store_layer_item *l = &c->inv.layers.v[i];

		if (!is_ours(l) || is_container_layer(&c->inv, l->layer.id))
			continue;
		c->report->layers++;
		/* A shifted copy's files are spread over several directories, and it can be made
		 * again at any time. */
		if (c->o->quick || c->bad[i] || str_empty(l->layer.diff_digest) || l->layer.shifted)
			continue;
		r = check_content(c, i, err);
	}
	return r;
}

/* Of each layer: how many images and containers have it. NULL: no memory. */
static size_t *count_needs(const struct inventory *inv)
{
	size_t *needs = calloc(inv->layers.n + 1, sizeof(*needs)), i;

	if (!needs)
		return NULL;
	for (i = 0; i < inv->layers.n; i++)
		needs[i] = inv->sharers[i];
	for (i = 0; i < inv->containers.n; i++)
		inventory_count_chain(inv, inv->containers.v[i].layer, needs);
	return needs;
}

static int add_unused(struct check *c, size_t i, const struct inventory *now, const size_t *needs,
		      struct err *err)
{
	const char *id = c->inv.layers.v[i].layer.id;
	const struct store_layer_item *l = store_layer_list_find(&now->layers, id);

	if (!l || needs[l - now->layers.v] > 0)
		return 0;
	c->bad[i] = BAD_UNUSED;
	return check_add(c->report, "layer", id, "no image and no container has it", err);
}

/* Left by pulls that were broken off, and old enough that no other goes on with them. */
static int check_unused(struct check *c, struct err *err)
{
	AUTO_FREE size_t *needs = count_needs(&c->inv), *needs_now = NULL;
	AUTO_INVENTORY struct inventory now = {0};
	int64_t oldest = time_now_ns() - c->o->max_age;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && needs && i < c->inv.layers.n; i++) {
		const struct store_layer_item *l = &c->inv.layers.v[i];

		if (!is_ours(l) || needs[i] > 0 || c->bad[i] || l->layer.created >= oldest)
			continue;
		if (!needs_now) {
			r = confirm_inventory(c, &now, err);
			needs_now = r == 0 ? count_needs(&now) : NULL;
		}
		if (r == 0)
			r = needs_now ? add_unused(c, i, &now, needs_now, err) : err_nomem(err);
	}
	return needs ? r : err_nomem(err);
}

/* ---- images ---- */

/* Documents are named by their digests. */
static int check_document(struct check *c, const struct store_image *image, const char *key,
			  char **ret_problem, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(DATA_MAX);
	const char *digest = str_after(key, "manifest-");
	char got[SHA256_TEXT_MAX];
	struct err e = ERR_INIT;
	uint8_t sum[SHA256_LEN];
	int r;

	digest = digest ? digest : key;
	if (!str_starts(digest, "sha256:") && !streq(key, "manifest"))
		return 0;
	r = store_image_data(c->ctx->store, image, key, &text, &e);
	if (r <= 0) {
		c->unreadable = r < 0 && is_of_reading(&e);
		*ret_problem = str_fmt("%s: %s", key, r < 0 ? e.text : "its file is missing");
		return *ret_problem ? 0 : err_nomem(err);
	}
	if (streq(key, "manifest"))
		return 0;
	r = sha256_once(buf_str(&text), text.len, sum, err);
	if (r < 0 || streq(sha256_text(sum, got), digest))
		return r;
	*ret_problem = str_fmt("%s was altered", key);
	return *ret_problem ? 0 : err_nomem(err);
}

int check_find_image_problem(struct check *c, const struct store_image *image, char **ret_problem,
			     struct err *err)
{
	AUTO_STORE_LAYER struct store_layer top = {0};
	size_t k;
	int r = 0;

	for (k = 0; r == 0 && !*ret_problem && k < image->data_names.n; k++)
		r = check_document(c, image, image->data_names.v[k], ret_problem, err);
	if (r < 0 || *ret_problem || !image->layer)
		return r;
	r = store_layer_find(c->ctx->store, image->layer, &top, err);
	return r == 0 ? str_set(ret_problem, "its top layer is missing", err) : r < 0 ? r : 0;
}

static int check_image(struct check *c, size_t i, struct err *err)
{
	const struct store_image *image = c->inv.images.v[i];
	AUTO_FREE char *problem = NULL;
	int r;

	if (image->read_only)
		return 0;
	c->report->images++;
	c->unreadable = false;
	r = check_find_image_problem(c, image, &problem, err);
	if (r == 0 && problem)
		r = confirm_image(c, image->id, &problem, err);
	if (r <= 0)
		return r;
	c->bad_image[i] = c->unreadable ? BAD_UNREADABLE : BAD_CONTENT;
	return check_add(c->report, "image", image->id, problem, err);
}

/* ---- containers ---- */

int check_find_container_problem(struct check *c, const struct store_container *k,
				 const char **ret_problem, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	AUTO_STORE_LAYER struct store_layer layer = {0};
	struct store_image_query query = {.id = k->image};
	int r = 1;

	if (*k->image)
		r = store_image_find(c->ctx->store, &query, &image, err);
	if (r == 0)
		*ret_problem = "its image is missing";
	if (r <= 0 || !*k->layer)
		return r < 0 ? r : 0;
	r = store_layer_find(c->ctx->store, k->layer, &layer, err);
	if (r == 0)
		*ret_problem = "its layer is missing";
	return r < 0 ? r : 0;
}

static int check_container(struct check *c, const struct store_container *k, struct err *err)
{
	const char *problem = NULL;
	int r;

	c->report->containers++;
	r = check_find_container_problem(c, k, &problem, err);
	if (r == 0 && problem)
		r = confirm_container(c, k->id, &problem, err);
	if (r <= 0)
		return r;
	r = check_add(c->report, "container", k->id, problem, err);
	return r < 0 ? r : check_repair_container(c, k, err);
}

static int check_leftovers(struct check *c, struct err *err)
{
	AUTO_STRV struct strv found = STRV_INIT;
	size_t i;
	int r;

	r = store_leftovers(c->ctx->store, c->o->repair, &found, err);
	for (i = 0; r == 0 && i < found.n; i++) {
		r = check_add(c->report, "leftover", found.v[i], "no record knows it", err);
		if (r == 0 && c->o->repair)
			c->report->v[c->report->n - 1].state = CHECK_REMOVED;
	}
	return r;
}

/* ---- all of it ---- */

static void check_fini(struct check *c)
{
	inventory_fini(&c->inv);
	workers_stop(&c->workers);
	free(c->seen);
	free(c->bad);
	free(c->bad_image);
	if (c->null >= 0)
		(void)close(c->null);
}

static int check_init(struct check *c, struct err *err)
{
	int r;

	c->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	c->seen = calloc(c->inv.layers.n + 1, sizeof(*c->seen));
	c->bad = calloc(c->inv.layers.n + 1, sizeof(*c->bad));
	c->bad_image = calloc(c->inv.images.n + 1, sizeof(*c->bad_image));
	if (!c->seen || !c->bad || !c->bad_image || c->null < 0)
		return err_nomem(err);
	/* Before the network is touched: see worker.h. */
	r = workers_start(&c->workers, 1, c->ctx->store, true, err);
	return r;
}

int image_check(const struct image_ctx *ctx, const struct check_options *o,
		struct check_report *ret, struct err *err)
{
	AUTO(check_fini) struct check c = {.ctx = ctx, .o = o, .report = ret, .null = -1};
	struct err e = ERR_INIT;
	size_t i;
	int r;

	r = inventory_load(ctx, o->users, o->users_arg, false, &c.inv, &e);
	/* Without its lists nothing more can be said, and guessing could cost what is left. */
	if (r < 0)
		return check_add(ret, "store", store_graphroot(ctx->store), e.text, err);
	r = check_init(&c, err);
	if (r == 0)
		r = check_layers(&c, err);
	for (i = 0; r == 0 && i < c.inv.images.n; i++)
		r = check_image(&c, i, err);
	for (i = 0; r == 0 && i < c.inv.containers.n; i++)
		r = check_container(&c, &c.inv.containers.v[i], err);
	if (r == 0)
		r = check_unused(&c, err);
	if (r == 0 && o->repair)
		r = check_repair_rest(&c, err);
	if (r == 0)
		r = check_leftovers(&c, err);
	return r < 0 ? err_wrap(err, "checking the store") : 0;
}
