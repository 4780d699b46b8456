/* From blobs to unpacked layers: what was downloaded is handed to the workers. */
#include "fetch.h"
#include "remote.h"
#include "base/auto.h"
#include "base/err.h"
#include "http/http.h"
#include "spec/digest.h"
#include "spec/image.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many staging layers are registered together. */
#define STAGE_RUN 8
/* How often other programs may remove layers under our hands. */
#define ATTEMPTS_MAX 20

/* ---- from blob to layer ---- */

/* For layer l, and for those that will be unpacked after it. */
static int stage(struct fetch *f, struct layer *l, struct err *err)
{
	struct store_layer_new *fresh[STAGE_RUN];
	struct layer *of[STAGE_RUN];
	size_t i, n = 0;
	int r;

	for (; l < f->layers + f->n && n < STAGE_RUN; l++)
		if ((l->step == STEP_WANTED || l->step == STEP_LOADED) && !l->fresh)
			of[n++] = l;
	r = store_layers_begin(f->ctx->store, fresh, n, err);
	for (i = 0; r == 0 && i < n; i++)
		of[i]->fresh = fresh[i];
	return r;
}

static int start_unpack(struct fetch *f, struct layer *l, struct worker *w, struct err *err)
{
	const struct blob_at *place = &f->places[l->blob];
	bool remote = f->from->session;
	struct unpack_order o = {
	    .blob = remote ? f->downloads[l->blob].fd : place->fd,
	    .blob_max = remote ? 0 : place->size,
	    .alone = f->n_wanted == 1,
	    .want_digest = f->from->check_digest,
	};
	int r;

	r = store_rules(f->ctx->store, &o.rules, err);
	if (r == 0 && !l->fresh)
		r = stage(f, l, err);
	if (r < 0)
		return r;
	if (lseek(o.blob, remote ? 0 : (off_t)place->at, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a blob");
	l->worker = w;
	l->step = STEP_UNPACKING;
	o.diff = store_layer_new_diff(l->fresh);
	o.tarsplit = store_layer_new_tarsplit(l->fresh);
	return worker_unpack(w, &o, err);
}

/* Layers that share a blob share the descriptor's position: one after the other. */
static bool blob_in_use(const struct fetch *f, size_t blob)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->layers[i].step == STEP_UNPACKING && f->layers[i].blob == blob)
			return true;
	return false;
}

static int start_what_can(struct fetch *f, struct err *err)
{
	struct worker *w;
	size_t i;
	int r;

	for (i = 0; i < f->n; i++) {
		if (f->layers[i].step != STEP_LOADED || blob_in_use(f, f->layers[i].blob))
			continue;
		w = workers_idle(f->workers);
		if (!w)
			return 0;
		r = start_unpack(f, &f->layers[i], w, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Is the layer itself wrong? Then it will be wrong the next time. */
static bool is_of_content(const struct err *err)
{
	static const int refusals[] = {ENAMETOOLONG, ELOOP,  ENOENT, EEXIST, ENOTDIR,
				       EISDIR,	     EINVAL, ERANGE, E2BIG,  EPERM};
	size_t i;

	for (i = 0; i < ARRAY_LEN(refusals); i++)
		if (err_is_errno(err, refusals[i]))
			return true;
	return err->code == ERR_INVALID || err->code == ERR_CORRUPT || err->code == ERR_LIMIT ||
	       err->code == ERR_UNSUPPORTED;
}

static int take_answer(struct fetch *f, struct layer *l, struct err *err)
{
	char got[SHA256_TEXT_MAX];
	int r;

	r = worker_unpacked(l->worker, &l->answer, err);
	if (r < 0)
		return err_wrap(err, "unpacking layer %s", l->d->digest);
	if (!streq(sha256_text(l->answer.diff_id, got), l->diff_id))
		return err_set(
		    err, ERR_CORRUPT,
		    "layer %s: its content has digest %s, but the image's configuration says %s",
		    l->d->digest, got, l->diff_id);
	if (f->from->check_digest && !streq(sha256_text(l->answer.digest, got), l->d->digest))
		return err_set(err, ERR_CORRUPT, "layer %s: the blob has digest %s", l->d->digest,
			       got);
	return 0;
}

static int finish_unpack(struct fetch *f, struct layer *l, struct err *err)
{
	int r = take_answer(f, l, err);

	if (r < 0) {
		if (is_of_content(err))
			download_discard(&f->downloads[l->blob]);
		return r;
	}
	l->step = STEP_UNPACKED;
	tell_blob(f->ctx, l->d->digest, (uint64_t)l->d->size, l->d->size, true, false);
	r = fetch_commit(f, false, err);
	return r < 0 ? r : start_what_can(f, err);
}

/* A worker's socket became readable. */
static int worker_ready(struct fetch *f, const struct worker *w, struct err *err)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->layers[i].step == STEP_UNPACKING && f->layers[i].worker == w)
			return finish_unpack(f, &f->layers[i], err);
	return err_set(err, ERR_BUG, "a layer worker ended while it had nothing to do");
}

/* ---- downloads ---- */

static void blob_progress(void *arg, size_t index, uint64_t have, int64_t size)
{
	struct fetch *f = arg;

	tell_blob(f->ctx, f->blobs[index].digest, have, size, false, false);
}

static int blob_done(void *arg, size_t index, struct err *err)
{
	struct fetch *f = arg;
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->layers[i].step == STEP_WANTED && f->layers[i].blob == index)
			f->layers[i].step = STEP_LOADED;
	return start_what_can(f, err);
}

struct watch {
	struct fetch *f;
	const struct worker *w;
};

static int watch_ready(void *arg, struct err *err)
{
	struct watch *w = arg;

	return worker_ready(w->f, w->w, err);
}

static int download_all(struct fetch *f, struct err *err)
{
	struct http_client *http = registry_get_http(f->from->session);
	struct registry_blobs_options o = {.progress = blob_progress, .done = blob_done, .ctx = f};
	struct watch watches[WORKERS_MAX];
	struct err ignored = ERR_INIT;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < f->workers->n; i++) {
		watches[i] = (struct watch){f, &f->workers->v[i]};
		r = http_watch(http, f->workers->v[i].sock, watch_ready, &watches[i], err);
	}
	if (r == 0)
		r = registry_blobs_get(f->from->session, f->blobs, f->n_blobs, &o, err);
	while (i > 0)
		(void)http_watch(http, f->workers->v[--i].sock, NULL, NULL, &ignored);
	return r;
}

/* The downloads are complete: what is left is for the workers. */
static int unpack_rest(struct fetch *f, struct err *err)
{
	struct pollfd p[WORKERS_MAX];
	size_t i, n_busy;
	int r;

	for (;;) {
		for (i = n_busy = 0; i < f->workers->n; i++) {
			p[i] = (struct pollfd){.fd = -1, .events = POLLIN};
			if (f->workers->v[i].busy) {
				p[i].fd = f->workers->v[i].sock;
				n_busy++;
			}
		}
		if (n_busy == 0)
			return fetch_commit(f, true, err);
		if (poll(p, f->workers->n, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "waiting for the layer workers");
		for (i = 0; i < f->workers->n; i++) {
			r = p[i].fd >= 0 && p[i].revents ? worker_ready(f, &f->workers->v[i], err)
							 : 0;
			if (r < 0)
				return r;
		}
	}
}

/* On a full disk space matters more than what the next pull could continue. What is empty is of no
 * use to it. */
static void discard_downloads(struct fetch *f, bool all)
{
	struct stat st;
	size_t i;

	for (i = 0; i < f->n_blobs; i++)
		if (all || (f->downloads[i].fd >= 0 && fstat(f->downloads[i].fd, &st) == 0 &&
			    st.st_size == 0))
			download_discard(&f->downloads[i]);
}

static int fetch_missing(struct fetch *f, struct err *err)
{
	int r = 0;

	if (f->n_blobs > 0)
		r = made_begin(f->ctx, f->made, err);
	if (r == 0 && f->n_blobs > 0)
		r = f->from->session ? download_all(f, err) : start_what_can(f, err);
	return r < 0 ? r : unpack_rest(f, err);
}

static int fetch_all(struct fetch *f, struct err *err)
{
	int r, i;

	r = fetch_missing(f, err);
	for (i = 1; r == 0 && f->lost; i++) {
		if (i == ATTEMPTS_MAX)
			return err_set(err, ERR_NOT_FOUND,
				       "another program removed layers of the image %d times "
				       "meanwhile: try again",
				       ATTEMPTS_MAX);
		r = fetch_claim_again(f, err);
		if (r == 0)
			r = fetch_missing(f, err);
	}
	return r;
}

static int layers_fetch(const struct image_ctx *ctx, const struct layer_source *from,
			struct workers *workers, const struct image_record *rec,
			char ret_top[STORE_ID_LEN + 1], struct made *made, struct err *err)
{
	AUTO(fetch_fini)
	struct fetch f = {.ctx = ctx, .from = from, .workers = workers, .made = made};
	struct err second = ERR_INIT;
	bool full;
	int r;

	r = fetch_init(&f, rec->m, rec->config, err);
	if (r == 0)
		r = fetch_all(&f, err);
	if (r < 0) {
		/* Whoever still writes into a layer must end before it is removed. */
		workers_stop(workers);
		full = made_disk_is_full(err);
		if (full)
			made_release_room(made);
		else
			(void)fetch_commit(&f, true, &second);
		discard_downloads(&f, full);
		return r;
	}
	(void)snprintf(ret_top, STORE_ID_LEN + 1, "%s", f.n > 0 ? f.layers[f.n - 1].id : "");
	return 0;
}

static int fetch_and_record(const struct image_ctx *ctx, const struct layer_source *from,
			    struct workers *workers, struct image_record *rec, struct made *made,
			    struct err *err)
{
	char top[STORE_ID_LEN + 1];
	int r, i;

	for (i = 1;; i++) {
		r = layers_fetch(ctx, from, workers, rec, top, made, err);
		if (r < 0)
			return r;
		if (i == 1) {
			tell_config(ctx, rec->m->config.digest);
			tell_manifest(ctx);
		}
		rec->top = top;
		r = from->complete ? from->complete(from->arg, err) : 0;
		if (r == 0)
			r = image_record(ctx, rec, err);
		rec->top = NULL;
		/* Layers were removed, which no image had yet. */
		if (r != -ERR_NOT_FOUND || i == ATTEMPTS_MAX)
			return r;
		err_clear(err);
	}
}

int layers_fetch_image(const struct image_ctx *ctx, const struct layer_source *from,
		       struct workers *workers, struct image_record *rec, struct err *err)
{
	AUTO_MADE struct made made = MADE_INIT;
	int r = fetch_and_record(ctx, from, workers, rec, &made, err);

	if (r < 0)
		made_give_back(ctx, &made, err);
	return r;
}
