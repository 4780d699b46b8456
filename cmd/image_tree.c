/* kist image tree */
#include "app.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "store/list.h"

#include <stdlib.h>

#define CHAIN_MAX 1000
#define PREFIX_MAX 4096

struct tree_args {
	bool whatrequires;
};

static const struct opt opts[] = {
    {0, "whatrequires", OPT_FLAG, offsetof(struct tree_args, whatrequires), NULL,
     "Show what stands on the image's top layer"},
    {0},
};

struct tree {
	struct store_images images;
	struct store_layer_list layers;
	struct buf out, prefix;
};

static void tree_fini(struct tree *t)
{
	store_images_fini(&t->images);
	store_layer_list_fini(&t->layers);
	buf_fini(&t->out);
	buf_fini(&t->prefix);
}

static void add_names(struct buf *out, const struct strv *names, bool *first)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		buf_addf(out, "%s%s", *first ? "" : " ", names->v[i]);
		*first = false;
	}
}

static void add_layer(struct tree *t, const struct store_layer *l, bool last)
{
	char human[HUMAN_MAX];
	bool first = true;
	size_t i;

	buf_addf(&t->out, "%s%s ID: %.12s Size: %7s", buf_str(&t->prefix), last ? "└──" : "├──",
		 l->id, human_size(l->diff_size > 0 ? (uint64_t)l->diff_size : 0, human));
	for (i = 0; i < t->images.n; i++) {
		const struct store_image *image = t->images.v[i];

		if (!image->layer || !streq(image->layer, l->id) || image->names.n == 0)
			continue;
		if (first)
			buf_adds(&t->out, " Top Layer of: [");
		add_names(&t->out, &image->names, &first);
	}
	buf_adds(&t->out, first ? "\n" : "]\n");
}

static int add_chain(struct tree *t, const char *top, struct err *err)
{
	AUTO_FREE struct store_layer_item **chain = calloc(CHAIN_MAX, sizeof(void *));
	struct store_layer_item *l = store_layer_list_find(&t->layers, top);
	size_t n = 0;

	if (!chain)
		return err_nomem(err);
	for (; l && n < CHAIN_MAX; l = store_layer_list_find(&t->layers, l->layer.parent))
		chain[n++] = l;
	while (n-- > 0)
		add_layer(t, &chain[n]->layer, n == 0);
	return 0;
}

static struct store_layer *child_of(struct tree *t, const char *id, size_t *from)
{
	for (; *from < t->layers.n; (*from)++) {
		struct store_layer_item *l = &t->layers.v[*from];

		if (l->kind == STORE_LAYER_ORDINARY && l->layer.parent &&
		    streq(l->layer.parent, id))
			return &t->layers.v[(*from)++].layer;
	}
	return NULL;
}

static size_t count_children(struct tree *t, const char *id)
{
	size_t from = 0, n = 0;

	while (child_of(t, id, &from))
		n++;
	return n;
}

/* As podman: only where several stand on a layer does the tree go one level deeper. */
static int add_children(struct tree *t, const struct store_layer *l, bool last, int depth,
			struct err *err)
{
	size_t n = count_children(t, l->id), i = 0, from = 0, len = t->prefix.len;
	struct store_layer *child;
	int r = 0;

	if (depth > CHAIN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d layers", CHAIN_MAX);
	add_layer(t, l, last && n != 1);
	if (n > 1)
		buf_adds(&t->prefix, last ? "    " : "│   ");
	while (r == 0 && (child = child_of(t, l->id, &from)))
		r = add_children(t, child, ++i == n && (n > 1 || last), depth + 1, err);
	buf_truncate(&t->prefix, len);
	return r;
}

static int add_image(struct app *app, struct tree *t, const struct store_image *image, bool down,
		     struct err *err)
{
	struct store_layer_item *top = store_layer_list_find(&t->layers, image->layer);
	char human[HUMAN_MAX];
	bool first = true;
	int64_t size;
	int r;

	r = store_image_size(app->store, image, &size, err);
	if (r < 0)
		return r;
	buf_addf(&t->out, "Image ID: %.12s\nTags:     [", image->id);
	add_names(&t->out, &image->names, &first);
	buf_addf(&t->out, "]\nSize:     %s\n%s\n", human_size((uint64_t)size, human),
		 top ? "Image Layers" : "No Image Layers");
	if (!top)
		return 0;
	r = down ? add_children(t, &top->layer, true, 0, err) : add_chain(t, image->layer, err);
	buf_addc(&t->out, '\n');
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO(tree_fini)
	struct tree t = {.out = BUF_INIT(OUT_MAX), .prefix = BUF_INIT(PREFIX_MAX)};
	AUTO(store_image_free_p) struct store_image *image = NULL;
	struct image_ctx ctx = app_image_ctx(app, NULL, NULL);
	const struct tree_args *a = args;
	int r;

	r = image_get(&ctx, rest->v[0], &image, NULL, err);
	if (r == 0)
		r = store_image_list(app->store, &t.images, err);
	if (r == 0)
		r = store_layer_list(app->store, &t.layers, err);
	if (r == 0)
		r = add_image(app, &t, image, a->whatrequires, err);
	return r < 0 ? r : out_buf(&t.out, err);
}

const struct verb verb_image_tree = {
    .path = "image tree",
    .summary = "Show the layers of an image",
    .usage = "[options] IMAGE",
    .opts = opts,
    .args_size = sizeof(struct tree_args),
    .min_args = 1,
    .max_args = 1,
    .complete = "images",
    .needs = NEED_IMAGES,
    .run = run,
};
