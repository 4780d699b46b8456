/* Listing all layers and all container records. */
#include "store/list.h"
#include "external.h"
#include "slice.h"
#include "base/err.h"
#include "json/table.h"
#include "store/hold.h"

#include <stdlib.h>

/* ---- layers ---- */

void store_layer_list_fini(struct store_layer_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		store_layer_fini(&l->v[i].layer);
	free(l->v);
	*l = (struct store_layer_list){0};
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct store_layer_item *)a)->layer.id,
		      ((const struct store_layer_item *)b)->layer.id);
}

struct store_layer_item *store_layer_list_find(const struct store_layer_list *l, const char *id)
{
	struct store_layer_item key = {.layer = {.id = (char *)id}};

	return id && l->n > 0 ? bsearch(&key, l->v, l->n, sizeof(*l->v), by_id) : NULL;
}

static enum store_layer_kind kind_of(const struct rec *rec)
{
	if (slice_get(rec->m[REC_FLAGS], FLAG_STAGING).ptr)
		return STORE_LAYER_STAGING;
	return slice_get(rec->m[REC_FLAGS], FLAG_HOLDER).ptr ? STORE_LAYER_HOLDER
							     : STORE_LAYER_ORDINARY;
}

/* store_layer_find yields the first store's record of an ID: later ones are left out. */
static int add_layers(struct store *s, const struct index *ix, size_t where,
		      struct store_layer_list *list, struct err *err)
{
	struct store_layer_item *v;
	char id[STORE_ID_LEN + 1];
	size_t i;
	int r;

	v = reallocarray(list->v, list->n + ix->n + 1, sizeof(*v));
	if (!v)
		return err_nomem(err);
	list->v = v;
	for (i = 0; i < ix->n; i++) {
		struct store_layer_item item = {.kind = kind_of(&ix->v[i])};

		if (ix->v[i].incomplete || !id_slice_is_good(ix->v[i].m[REC_ID]))
			continue;
		id_copy(ix->v[i].m[REC_ID], id);
		r = store_layer_find(s, id, &item.layer, err);
		if (r < 0)
			return r;
		if (r == 0 || item.layer.where != (int)where)
			store_layer_fini(&item.layer);
		else
			list->v[list->n++] = item;
	}
	return 0;
}

static void drop_repeated(struct store_layer_list *list)
{
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		if (n > 0 && by_id(&list->v[n - 1], &list->v[i]) == 0)
			store_layer_fini(&list->v[i].layer);
		else
			list->v[n++] = list->v[i];
	}
	list->n = n;
}

int store_layer_list(struct store *s, struct store_layer_list *ret, struct err *err)
{
	AUTO_STORE_LAYER_LIST struct store_layer_list list = {0};
	AUTO_UNPIN struct store *pinned = s;
	struct index *ix;
	size_t where;
	int r;

	r = store_pin_layers(s, err);
	if (r == 0)
		r = store_index(s, 0, IX_VOLATILE_LAYERS, &ix, err);
	if (r == 0)
		r = add_layers(s, ix, 0, &list, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_LAYERS, &ix, err);
	if (r == 0)
		r = add_layers(s, ix, 0, &list, err);
	for (where = 0; r == 0 && where < s->n_roots; where++) {
		r = store_index(s, where, IX_LAYERS, &ix, err);
		if (r == 0)
			r = add_layers(s, ix, where, &list, err);
	}
	if (r < 0)
		return r;
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), by_id);
	drop_repeated(&list);
	*ret = list;
	list = (struct store_layer_list){0};
	return 0;
}

/* ---- containers ---- */

static const struct json_field container_fields[] = {
    JSON_F_STR(struct store_container, id, "id", JSON_REQUIRED),
    JSON_F_STRV(struct store_container, names, "names", 0),
    JSON_F_STR(struct store_container, image, "image", 0),
    JSON_F_STR(struct store_container, layer, "layer", 0),
    JSON_F_TIME(struct store_container, created, "created", 0),
    {0},
};
static const struct json_table container_table = {container_fields, sizeof(struct store_container)};

void store_container_list_fini(struct store_container_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		json_release(&container_table, &l->v[i]);
	free(l->v);
	*l = (struct store_container_list){0};
}

static int finish_container(struct store_container *c, struct err *err)
{
	char holder[STORE_ID_LEN + 1];
	struct err ignored = ERR_INIT;

	if ((!c->image && str_set(&c->image, "", err) < 0) ||
	    (!c->layer && str_set(&c->layer, "", err) < 0))
		return -(int)err->code;
	c->holder = store_holder_id(c->image, holder, &ignored) == 0 && streq(holder, c->id);
	return 0;
}

static int add_containers(const struct index *ix, struct store_container_list *list,
			  struct err *err)
{
	struct store_container *v = reallocarray(list->v, list->n + ix->n + 1, sizeof(*v));
	size_t i;
	int r;

	if (!v)
		return err_nomem(err);
	list->v = v;
	for (i = 0; i < ix->n; i++) {
		v = &list->v[list->n];
		*v = (struct store_container){0};
		r = rec_read(&ix->v[i], &container_table, "container record", v, err);
		if (r < 0)
			return r;
		list->n++;
		r = finish_container(v, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Those in the run root are only looked at: from is where they begin. What cannot be asked for is
 * taken for mounted. */
static int find_externals(struct store *s, struct store_container_list *list, size_t from,
			  struct err *err)
{
	AUTO(index_reset) struct index mounts = {0};
	struct err ignored = ERR_INIT;
	bool asked = false, known = false;
	size_t i;
	int fd, r = 0;

	for (i = 0; r >= 0 && i < from; i++) {
		struct store_container *c = &list->v[i];

		r = c->holder ? 0 : external_is_buildah(s, c->id, err);
		if (r <= 0)
			continue;
		if (!asked)
			known = store_runroot_fd(s, &fd, &ignored) == 0 &&
				mounts_index(fd, &mounts, &ignored) == 0;
		asked = true;
		c->external =
		    known ? external_state(s, str_of(c->layer), &mounts) : STORE_EXTERNAL_MOUNTED;
	}
	return r < 0 ? r : 0;
}

int store_container_list(struct store *s, struct store_container_list *ret, struct err *err)
{
	AUTO_STORE_CONTAINER_LIST struct store_container_list list = {0};
	static const enum index_kind both[] = {IX_CONTAINERS, IX_VOLATILE_CONTAINERS};
	struct index *ix;
	size_t i, from;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(both); i++) {
		r = store_index(s, 0, both[i], &ix, err);
		if (r == 0)
			r = add_containers(ix, &list, err);
	}
	from = list.n;
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_CONTAINERS, &ix, err);
	if (r == 0)
		r = add_containers(ix, &list, err);
	if (r == 0)
		r = find_externals(s, &list, from, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct store_container_list){0};
	return 0;
}
