#include "external_list.h"
#include "base/auto.h"
#include "base/err.h"
#include "store/list.h"

#include <stdlib.h>

/* The name that its image had first, as podman shows it. */
static int set_image(struct app *app, const struct store_container *k, struct container_image *ret,
		     struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	const char *name = "";
	int r = str_set(&ret->id, k->image, err);

	if (r == 0 && *k->image)
		r = store_image_find(app->store, &(struct store_image_query){.id = k->image},
				     &image, err);
	if (r < 0)
		return r;
	if (image && image->names_history.n > 0)
		name = image->names_history.v[0];
	else if (!*k->image && k->external != STORE_NOT_EXTERNAL)
		name = "scratch";
	return str_set(&ret->name, name, err);
}

/* Of whose it is only buildah's is known. */
static int describe(struct app *app, const struct store_container *k, struct container_def *def,
		    struct err *err)
{
	int r = str_set(&def->id, k->id, err);

	def->created_at = k->created;
	if (r == 0)
		r = str_set(&def->name, k->names.n ? k->names.v[0] : "unknown", err);
	if (r == 0)
		r = str_set(&def->network, "", err);
	if (r == 0)
		r = strv_add(&def->process.args,
			     k->external != STORE_NOT_EXTERNAL ? "buildah" : "storage", err);
	return r < 0 ? r : set_image(app, k, &def->image, err);
}

static int add(struct app *app, const struct store_container *k, struct container_list *list,
	       struct err *err)
{
	AUTO_CONTAINER struct container *c = calloc(1, sizeof(*c));
	struct container **v;
	int r;

	if (!c)
		return err_nomem(err);
	c->dir = -1;
	r = describe(app, k, &c->def, err);
	if (r < 0)
		return r;
	v = reallocarray(list->v, list->n + 1, sizeof(struct container *));
	if (!v)
		return err_nomem(err);
	list->v = v;
	v[list->n++] = TAKE(c);
	return 0;
}

static int newer_first(const void *a, const void *b)
{
	const struct container *x = *(struct container *const *)a;
	const struct container *y = *(struct container *const *)b;

	return (x->def.created_at < y->def.created_at) - (x->def.created_at > y->def.created_at);
}

int external_list(struct app *app, struct container_list *list, struct err *err)
{
	AUTO_STORE_CONTAINER_LIST struct store_container_list all = {0};
	size_t i;
	int r;

	r = store_container_list(app->store, &all, err);
	for (i = 0; r == 0 && i < all.n; i++)
		if (!all.v[i].holder)
			r = add(app, &all.v[i], list, err);
	if (r == 0 && list->n > 1)
		qsort(list->v, list->n, sizeof(struct container *), newer_first);
	return r;
}
