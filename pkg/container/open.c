/* Opening the state, and finding and listing containers. */
#include "containers.h"
#include "base/buf.h"
#include "base/err.h"
#include "container/remove.h"
#include "store/store.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int containers_open(const struct containers_options *o, struct containers **ret, struct err *err)
{
	AUTO(containers_close_p) struct containers *cs = calloc(1, sizeof(*cs));
	int r;

	if (!cs)
		return err_nomem(err);
	cs->state = (struct state)STATE_INIT;
	cs->store = o->store;
	cs->conf = o->conf;
	cs->cgroup_manager = o->cgroup_manager;
	cs->no_volatile = o->no_volatile;
	cs->rootless = o->store && store_is_rootless(o->store);
	r = str_set(&cs->graphroot, o->graphroot, err);
	if (r == 0)
		r = str_set(&cs->runroot, o->runroot, err);
	if (r == 0)
		r = state_open(cs->graphroot, cs->runroot, &cs->state, err);
	if (r < 0)
		return r;
	if (cs->rootless) {
		cs->state.remove = remove_tree_of_subids;
		cs->state.remove_ctx = NULL;
	}
	*ret = TAKE(cs);
	return 0;
}

int containers_gc(struct containers *cs, struct err *err)
{
	int r = state_gc(&cs->state, err);

	return r < 0 ? err_wrap(err, "cleaning up after a command that was killed") : 0;
}

void containers_close(struct containers *cs)
{
	if (!cs)
		return;
	state_close(&cs->state);
	free(cs->graphroot);
	free(cs->runroot);
	free(cs);
}

void container_close(struct container *c)
{
	if (!c)
		return;
	if (c->dir >= 0)
		(void)close(c->dir);
	container_def_fini(&c->def);
	free(c);
}

/* What a power failure left of a container that would have removed itself. */
static bool is_lost(int dir, const struct buf *def)
{
	struct stat st;

	return def->len == 0 && fstatat(dir, DEF_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & 0777) == DEF_MODE_UNSYNCED;
}

int container_open_id(struct containers *cs, const char *id, struct container **ret,
		      struct err *err)
{
	AUTO(container_close_p) struct container *c = calloc(1, sizeof(*c));
	AUTO_BUF struct buf text = BUF_INIT(CONTAINER_SIZE_MAX);
	struct err ignored = ERR_INIT;
	int r;

	if (!c)
		return err_nomem(err);
	c->dir = -1;
	c->owner = cs;
	r = state_open_entry(&cs->state, id, &c->dir, err);
	if (r <= 0)
		return r;
	r = file_read(c->dir, DEF_FILE, &text, err);
	if (r <= 0)
		return r; /* it was removed just now */
	if (is_lost(c->dir, &text)) {
		(void)state_remove(&cs->state, id, NULL, &ignored); /* or the next command does */
		return 0;
	}
	r = container_def_read(buf_str(&text), text.len, "container.json", &c->def, err);
	if (r < 0)
		return err_wrap(err, "container %s", id);
	*ret = TAKE(c);
	return 1;
}

int container_not_found(const char *key, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		       "no container with name or ID \"%s\" found: no such container", key);
}

int container_open(struct containers *cs, const char *key, struct container **ret, struct err *err)
{
	char id[ID_HEX_LEN + 1];
	int r;

	r = state_find(&cs->state, key, id, err);
	if (r > 0)
		r = container_open_id(cs, id, ret, err);
	if (r == 0)
		return container_not_found(key, err);
	return r < 0 ? r : 0;
}

void container_list_fini(struct container_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		container_close(l->v[i]);
	free(l->v);
	*l = (struct container_list)CONTAINER_LIST_INIT;
}

static int newest_first(const void *a, const void *b)
{
	const struct container *x = *(struct container *const *)a;
	const struct container *y = *(struct container *const *)b;

	if (x->def.created_at != y->def.created_at)
		return x->def.created_at > y->def.created_at ? -1 : 1;
	return strcmp(x->def.id, y->def.id);
}

int containers_list(struct containers *cs, struct container_list *ret, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	AUTO_STRV struct strv ids = STRV_INIT;
	size_t i;
	int r;

	r = state_list(&cs->state, &ids, err);
	if (r < 0)
		return r;
	list.v = calloc(ids.n + 1, sizeof(struct container *));
	if (!list.v)
		return err_nomem(err);
	for (i = 0; i < ids.n; i++) {
		r = container_open_id(cs, ids.v[i], &list.v[list.n], err);
		if (r < 0)
			return r;
		list.n += (size_t)r;
	}
	qsort(list.v, list.n, sizeof(struct container *), newest_first);
	*ret = list;
	list = (struct container_list)CONTAINER_LIST_INIT;
	return 0;
}

int container_open_latest(struct containers *cs, struct container **ret, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	int r;

	r = containers_list(cs, &list, err);
	if (r < 0)
		return r;
	if (list.n == 0)
		return err_set(err, ERR_NOT_FOUND, "there are no containers: no such container");
	*ret = list.v[0];
	list.v[0] = list.v[--list.n];
	return 0;
}

int containers_of_image(void *arg, const char *image_id, struct strv *users, struct err *err)
{
	AUTO_CONTAINER_LIST struct container_list list = CONTAINER_LIST_INIT;
	struct containers *cs = arg;
	size_t i;
	int r;

	r = containers_list(cs, &list, err);
	for (i = 0; r == 0 && i < list.n; i++)
		if (list.v[i]->def.image.id && streq(list.v[i]->def.image.id, image_id))
			r = strv_add(users, list.v[i]->def.id, err);
	return r;
}
