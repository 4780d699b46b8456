#include "priv.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/strv.h"
#include "base/times.h"
#include "json/json.h"
#include "store/layer_new.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARSPLIT_MODE 0600

struct store_claim {
	struct live live;
};

void store_claim_close(struct store_claim *c)
{
	if (c)
		live_drop(&c->live);
	free(c);
}

int store_layer_claim(struct store *s, const char *layer_id, bool wait, struct store_claim **ret,
		      struct err *err)
{
	AUTO(store_claim_close_p) struct store_claim *c = NULL;
	char name[STORE_ID_LEN + 32];
	int r;

	r = id_check(layer_id, "layer ID", err);
	if (r < 0)
		return r;
	r = store_layer_exists(s, layer_id, err);
	if (r != 0)
		return r < 0 ? r : STORE_LAYER_PRESENT;
	c = malloc(sizeof(*c));
	if (!c)
		return err_nomem(err);
	c->live = (struct live)LIVE_INIT;
	(void)snprintf(name, sizeof(name), "claim-%s.lock", layer_id);
	r = live_take(s, name, wait, &c->live, err);
	if (r <= 0)
		return r < 0 ? r : STORE_LAYER_BUSY;
	/* The one we waited for may have made it. */
	r = store_layer_exists(s, layer_id, err);
	if (r != 0)
		return r < 0 ? r : STORE_LAYER_PRESENT;
	*ret = TAKE(c);
	return STORE_LAYER_CLAIMED;
}

static int add_staging_record(struct store *s, const char *id, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct index *ix = NULL;
	int r;

	r = store_index(s, layer_home(s), IX_LAYERS, &ix, err);
	if (r == 0)
		r = rec_new(id, &doc, err);
	if (r == 0)
		r = json_set(doc, json_root(doc), "created", json_time(doc, time_now_ns()), err);
	if (r == 0)
		r = rec_set_flag(doc, FLAG_STAGING, json_bool(doc, true), err);
	return r < 0 ? r : rec_store(ix, NULL, doc, err);
}

static int open_staging_files(struct store *s, struct store_layer_new *n, struct err *err)
{
	char name[STORE_ID_LEN + 32];
	int dir, r;

	r = store_area_fd(s, 0, AREA_LAYERS, &dir, err);
	if (r < 0)
		return r;
	(void)snprintf(name, sizeof(name), "%s.tar-split.gz", n->id);
	n->tarsplit =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, TARSPLIT_MODE);
	if (n->tarsplit < 0)
		return err_sys(err, errno, "creating %s", name);
	(void)snprintf(name, sizeof(name), "%s/diff", n->id);
	n->diff = openat(image_root(s)->overlay_fd, name,
			 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (n->diff < 0)
		return err_sys(err, errno, "opening %s", name);
	return 0;
}

static int make_staging(struct store *s, struct store_layer_new *n, struct err *err)
{
	int r;

	/* From here on there may be something to take away. */
	n->registered = true;
	r = layer_dir_make(s, s->img, n->id, NULL, err);
	if (r < 0)
		return r;
	store_step(s, "staging directory");
	return open_staging_files(s, n, err);
}

/* The directories come before the records: no tool sees a layer without one, and what a crash
 * between the two leaves is named by our lock files. */
static int register_staging(struct store *s, struct store_layer_new *const *v, size_t n,
			    struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	size_t i;
	int r;

	r = store_lock(s, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = s;
	for (i = 0; r == 0 && i < n; i++)
		r = make_staging(s, v[i], err);
	for (i = 0; r == 0 && i < n; i++)
		r = add_staging_record(s, v[i]->id, err);
	return r < 0 ? r : store_save(s, layer_home(s), IX_LAYERS, err);
}

static int new_make(struct store *s, struct store_layer_new **ret, struct err *err)
{
	struct store_layer_new *n = calloc(1, sizeof(*n));
	char name[STORE_ID_LEN + 32];
	int r;

	if (!n)
		return err_nomem(err);
	*ret = n;
	n->store = s;
	n->diff = n->tarsplit = -1;
	n->live = (struct live)LIVE_INIT;
	rand_id(n->id);
	(void)snprintf(name, sizeof(name), "%s.lock", n->id);
	r = live_take(s, name, true, &n->live, err);
	store_step(s, "staging lock");
	return r < 0 ? r : 0;
}

int store_layers_begin(struct store *s, struct store_layer_new **v, size_t n, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n; i++)
		v[i] = NULL;
	for (i = 0; r == 0 && i < n; i++)
		r = new_make(s, &v[i], err);
	if (r == 0)
		r = register_staging(s, v, n, err);
	if (r == 0)
		return 0;
	for (i = 0; i < n; i++)
		store_layer_abort(TAKE(v[i]));
	return err_wrap(err, "staging a layer");
}

int store_layer_begin(struct store *s, struct store_layer_new **ret, struct err *err)
{
	return store_layers_begin(s, ret, 1, err);
}

int store_layer_new_diff(const struct store_layer_new *n)
{
	return n->diff;
}

int store_layer_new_tarsplit(const struct store_layer_new *n)
{
	return n->tarsplit;
}

void layer_new_free(struct store_layer_new *n)
{
	if (n->diff >= 0)
		(void)close(n->diff);
	if (n->tarsplit >= 0)
		(void)close(n->tarsplit);
	live_drop(&n->live);
	free(n);
}

static int drop_staged(struct store_layer_new *n, struct err *err)
{
	AUTO_UNLOCK struct store *locked = NULL;
	int r;

	(void)layer_empty(n->store, n->id, err);
	err_clear(err);
	r = store_lock(n->store, LK_LAYERS, err);
	if (r < 0)
		return r;
	locked = n->store;
	return layer_drop(n->store, n->id, err);
}

void store_layer_abort(struct store_layer_new *n)
{
	struct err ignored = ERR_INIT;

	if (!n)
		return;
	/* The lock file then names what store_gc has to finish. */
	if (n->registered && drop_staged(n, &ignored) < 0)
		live_leave(&n->live);
	layer_new_free(n);
}
