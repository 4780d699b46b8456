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

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAIN_MAX 1000
#define DATA_MAX IMAGE_CONFIG_SIZE_MAX

void check_report_fini(struct check_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->v[i].id);
		free(r->v[i].problem);
		free(r->v[i].note);
	}
	free(r->v);
	*r = (struct check_report){0};
}

int check_add(struct check_report *r, const char *what, const char *id, const char *text,
	      struct err *err)
{
	struct check_finding *v = reallocarray(r->v, r->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(err);
	r->v = v;
	v = &r->v[r->n];
	*v = (struct check_finding){.what = what, .id = strdup(id), .problem = strdup(text)};
	r->n++;
	return v->id && v->problem ? 0 : err_nomem(err);
}

bool check_is_damaged(const struct check_report *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i].state == CHECK_DAMAGED)
			return true;
	return false;
}

/* ---- layers ---- */

static bool is_ours(const struct store_layer_item *l)
{
	return l->layer.where == 0 && l->kind == STORE_LAYER_ORDINARY;
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

/* Parents before children, so that a repaired link counts for those above. */
static int check_dir(struct check *c, size_t i, int depth, struct err *err)
{
	struct store_layer_item *l = &c->inv.layers.v[i], *parent;
	AUTO_FREE char *problem = NULL;
	int r = 0;

	if (c->seen[i] || l->layer.where != 0 || l->kind == STORE_LAYER_STAGING)
		return 0;
	c->seen[i] = true;
	if (!str_empty(l->layer.parent)) {
		parent = store_layer_list_find(&c->inv.layers, l->layer.parent);
		if (!parent || depth > CHAIN_MAX) {
			c->bad[i] = BAD_PARENT;
			return check_add(c->report, "layer", l->layer.id,
					 "its parent layer is missing", err);
		}
		r = check_dir(c, (size_t)(parent - c->inv.layers.v), depth + 1, err);
	}
	if (r < 0)
		return r;
	r = store_layer_check_dir(c->ctx->store, l->layer.id,
				  str_empty(l->layer.parent) ? NULL : l->layer.parent, &problem,
				  err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = check_add(c->report, "layer", l->layer.id, problem, err);
	return r < 0 ? r : check_repair_dir(c, i, err);
}

static int damaged(struct check *c, size_t i, const char *problem, struct err *err)
{
	if (c->bad[i])
		return 0; /* one finding is enough */
	c->bad[i] = BAD_CONTENT;
	return check_add(c->report, "layer", c->inv.layers.v[i].layer.id, problem, err);
}

/* The tar, rebuilt in a worker and thrown away but for its digest. */
static int check_content(struct check *c, size_t i, struct err *err)
{
	const struct store_layer *l = &c->inv.layers.v[i].layer;
	struct worker *w = workers_idle(&c->workers);
	AUTO_CLOSE int tarsplit = -1, diff = -1;
	char got[SHA256_TEXT_MAX];
	struct err e = ERR_INIT;
	struct pack_answer a;
	int r;

	r = store_layer_open_tarsplit(c->ctx->store, l->id, &tarsplit, err);
	if (r == 0)
		return damaged(c, i, "its tar-split is missing", err);
	if (r > 0)
		r = store_layer_open_diff(c->ctx->store, l->id, &diff, err);
	if (r < 0)
		return r;
	if (!w)
		return err_set(err, ERR_BUG, "no layer worker");
	r = worker_pack(w, tarsplit, diff, c->null, COMPRESSION_NONE, err);
	if (r < 0)
		return r;
	r = worker_packed(w, &a, &e);
	if (r == -ERR_CORRUPT || r == -ERR_NOT_FOUND || r == -ERR_INVALID || r == -ERR_LIMIT ||
	    r == -ERR_SYS)
		return damaged(c, i, e.text, err);
	if (r < 0) {
		*err = e;
		return r;
	}
	if (streq(sha256_text(a.diff_id, got), l->diff_digest))
		return 0;
	return damaged(c, i, "its content or its tar-split was altered", err);
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
		if (c->o->quick || c->bad[i] || str_empty(l->layer.diff_digest))
			continue;
		r = check_content(c, i, err);
	}
	return r;
}

/* Left by pulls that were broken off, and old enough that no other goes on with them. */
static int check_unused(struct check *c, struct err *err)
{
	AUTO_FREE size_t *below = calloc(c->inv.layers.n + 1, sizeof(*below));
	int64_t oldest = time_now_ns() - c->o->max_age;
	size_t i;
	int r = 0;

	if (!below)
		return err_nomem(err);
	for (i = 0; i < c->inv.containers.n; i++)
		inventory_count_chain(&c->inv, c->inv.containers.v[i].layer, below);
	for (i = 0; r == 0 && i < c->inv.layers.n; i++) {
		const struct store_layer_item *l = &c->inv.layers.v[i];

		if (!is_ours(l) || c->inv.sharers[i] > 0 || below[i] > 0 || c->bad[i] ||
		    l->layer.created >= oldest)
			continue;
		c->bad[i] = BAD_UNUSED;
		r = check_add(c->report, "layer", l->layer.id, "no image and no container has it",
			      err);
	}
	return r;
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

static int check_image(struct check *c, size_t i, struct err *err)
{
	const struct store_image *image = c->inv.images.v[i];
	AUTO_FREE char *problem = NULL;
	size_t k;
	int r = 0;

	if (image->read_only)
		return 0;
	c->report->images++;
	for (k = 0; r == 0 && !problem && k < image->data_names.n; k++)
		r = check_document(c, image, image->data_names.v[k], &problem, err);
	if (r == 0 && !problem && image->layer &&
	    !store_layer_list_find(&c->inv.layers, image->layer))
		problem = strdup("its top layer is missing");
	if (r < 0 || !problem)
		return r;
	c->bad_image[i] = true;
	return check_add(c->report, "image", image->id, problem, err);
}

/* ---- containers ---- */

static bool has_image(const struct check *c, const char *id)
{
	size_t i;

	for (i = 0; i < c->inv.images.n; i++)
		if (streq(c->inv.images.v[i]->id, id))
			return true;
	return *id == '\0';
}

static int check_container(struct check *c, const struct store_container *k, struct err *err)
{
	const char *problem = NULL;
	int r;

	c->report->containers++;
	if (!has_image(c, k->image))
		problem = "its image is missing";
	else if (*k->layer && !store_layer_list_find(&c->inv.layers, k->layer))
		problem = "its layer is missing";
	if (!problem)
		return 0;
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
