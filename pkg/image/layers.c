#include "layers.h"
#include "downloads.h"
#include "made.h"
#include "remote.h"
#include "base/auto.h"
#include "base/err.h"
#include "http/http.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "store/layer_new.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many layers at the most are unpacked and not committed; each keeps a few descriptors open. */
#define COMMIT_RUN 16
/* How often other programs may remove layers under our hands. */
#define ATTEMPTS_MAX 20

enum step { STEP_PRESENT, STEP_WANTED, STEP_LOADED, STEP_UNPACKING, STEP_UNPACKED, STEP_DONE };

struct layer {
	char id[STORE_ID_LEN + 1];
	const struct descriptor *d;
	const char *diff_id;
	enum step step;
	struct store_claim *claim;
	struct store_layer_new *fresh;
	struct worker *worker;
	struct unpack_answer answer;
	size_t blob; /* index in fetch.blobs */
};

struct fetch {
	const struct image_ctx *ctx;
	const struct layer_source *from;
	struct workers *workers;
	struct layer *layers;
	size_t n, n_wanted;
	bool again; /* not the first attempt */
	bool lost;  /* a layer that was there was removed by somebody */
	/* One for each different blob; two layers may share one. */
	struct registry_blob *blobs;
	struct download *downloads; /* of a registry */
	struct blob_at *places;	    /* of an archive */
	size_t n_blobs;
	struct made *made;
};

static void blobs_close(struct fetch *f)
{
	size_t i;

	for (i = 0; i < f->n_blobs; i++) {
		download_close(&f->downloads[i]);
		if (f->places[i].fd >= 0)
			(void)close(f->places[i].fd);
	}
	f->n_blobs = 0;
}

static void fetch_fini(struct fetch *f)
{
	size_t i;

	for (i = 0; f->layers && i < f->n; i++) {
		store_layer_abort(f->layers[i].fresh);
		store_claim_close(f->layers[i].claim);
		unpack_answer_fini(&f->layers[i].answer);
	}
	blobs_close(f);
	free(f->places);
	free(f->layers);
	free(f->blobs);
	free(f->downloads);
}

/* ---- what is there, and what is not ---- */

static int claim(struct fetch *f, struct layer *l, const char *parent, struct err *err)
{
	int r;

	r = store_layer_id(parent, l->diff_id, l->id, err);
	if (r < 0)
		return r;
	r = store_layer_claim(f->ctx->store, l->id, true, &l->claim, err);
	if (r < 0)
		return r;
	l->step = r == STORE_LAYER_PRESENT ? STEP_PRESENT : STEP_WANTED;
	if (l->step == STEP_WANTED) {
		unpack_answer_fini(&l->answer);
		f->n_wanted++;
	} else if (!f->again) /* said once */
		tell_blob(f->ctx, l->d->digest, (uint64_t)l->d->size, l->d->size, true, true);
	return 0;
}

static size_t blob_of(struct fetch *f, const struct descriptor *d)
{
	size_t i;

	for (i = 0; i < f->n_blobs; i++)
		if (streq(f->blobs[i].digest, d->digest))
			return i;
	return f->n_blobs;
}

static int open_download(void *arg, size_t index, int *ret_fd, struct err *err)
{
	struct fetch *f = arg;
	int r;

	r = download_open(f->ctx->store, f->blobs[index].digest, &f->downloads[index], err);
	if (r < 0)
		return r;
	*ret_fd = dup(f->downloads[index].fd);
	return *ret_fd < 0 ? err_sys(err, errno, "duplicating a descriptor") : 0;
}

static int add_blob(struct fetch *f, size_t index, struct err *err)
{
	struct layer *l = &f->layers[index];
	struct blob_at place = {.fd = -1};
	int r;

	l->blob = blob_of(f, l->d);
	if (!f->from->session)
		l->step = STEP_LOADED;
	if (l->blob < f->n_blobs)
		return 0;
	if (!f->from->session) {
		r = f->from->locate(f->from->arg, index, &place, err);
		if (r < 0)
			return r;
	}
	f->places[l->blob] = place;
	f->blobs[l->blob] = (struct registry_blob){
	    .digest = l->d->digest, .size = l->d->size, .fd = -1, .open = open_download};
	f->downloads[l->blob] = (struct download)DOWNLOAD_INIT;
	f->n_blobs++;
	return 0;
}

/* From the bottom up; what was unpacked before waits for what is below it. */
static int claim_all(struct fetch *f, struct err *err)
{
	const char *parent = NULL;
	struct layer *l;
	size_t i;
	int r;

	for (i = 0; i < f->n; i++, parent = l->id) {
		l = &f->layers[i];
		if (l->step == STEP_UNPACKED)
			continue;
		r = claim(f, l, parent, err);
		if (r == 0 && l->step == STEP_WANTED)
			r = add_blob(f, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* No claim is kept meanwhile: taking a lower one while holding it, two pulls could wait for each
 * other. */
static int claim_again(struct fetch *f, struct err *err)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		store_claim_close(TAKE(f->layers[i].claim));
	/* All of them are unpacked. */
	for (i = 0; i < f->n_blobs; i++)
		download_discard(&f->downloads[i]);
	blobs_close(f);
	f->again = true;
	f->lost = false;
	return claim_all(f, err);
}

static int fetch_init(struct fetch *f, const struct manifest *m, const struct image_config *config,
		      struct err *err)
{
	size_t i;

	f->n = m->n_layers;
	f->layers = calloc(f->n + 1, sizeof(*f->layers));
	f->blobs = calloc(f->n + 1, sizeof(*f->blobs));
	f->downloads = calloc(f->n + 1, sizeof(*f->downloads));
	f->places = calloc(f->n + 1, sizeof(*f->places));
	if (!f->layers || !f->blobs || !f->downloads || !f->places)
		return err_nomem(err);
	for (i = 0; i < f->n; i++) {
		f->layers[i].d = &m->layers[i];
		f->layers[i].diff_id = config->diff_ids.v[i];
	}
	return claim_all(f, err);
}

/* ---- from blob to layer ---- */

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
	if (r == 0)
		r = store_layer_begin(f->ctx->store, &l->fresh, err);
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

static int commit_layer(struct fetch *f, size_t i, struct err *err)
{
	struct layer *l = &f->layers[i];
	struct store_layer_info info = {
	    .parent = i > 0 ? f->layers[i - 1].id : NULL,
	    .diff_digest = l->diff_id,
	    .diff_size = (int64_t)l->answer.diff_size,
	    .compressed_digest = l->d->digest,
	    .compressed_size = (int64_t)l->answer.blob_size,
	    .compression = l->answer.compression,
	    .uids = l->answer.uids,
	    .gids = l->answer.gids,
	    .n_uids = l->answer.n_uids,
	    .n_gids = l->answer.n_gids,
	    .synced = true,
	};
	char id[STORE_ID_LEN + 1];
	int r;

	/* The blob's name is that of its content, decompressed: docker's archives. */
	if (f->from->plain_names) {
		info.compressed_size = info.diff_size;
		info.compression = COMPRESSION_NONE;
	}
	r = store_layer_commit(&l->fresh, &info, id, err);
	/* Its parent was removed: the rest goes on, and then the parent is made again. */
	f->lost = r == -ERR_NOT_FOUND;
	if (f->lost)
		err_clear(err);
	if (r < 0)
		return f->lost ? 0 : r;
	store_claim_close(TAKE(l->claim));
	l->step = STEP_DONE;
	return made_add(f->made, id, err);
}

static bool is_there(const struct layer *l)
{
	return l->step == STEP_PRESENT || l->step == STEP_DONE;
}

/* The blob is not needed any more when no other layer waits for it. */
static void drop_blob(struct fetch *f, size_t blob)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->layers[i].blob == blob && !is_there(&f->layers[i]))
			return;
	download_discard(&f->downloads[blob]);
}

/* The layers that could be committed now: from *ret_first on, as many as are returned. */
static size_t unpacked_run(const struct fetch *f, size_t *ret_first)
{
	size_t i = 0, n = 0;

	while (i < f->n && is_there(&f->layers[i]))
		i++;
	while (i + n < f->n && f->layers[i + n].step == STEP_UNPACKED)
		n++;
	*ret_first = i;
	return n;
}

/* Commits run by run of COMMIT_RUN layers, or (all) whatever there is: they are put on disk
 * together, since a sync waits for what other layers write meanwhile, too. Until then their blobs
 * stay, so that a killed pull loses no download. */
static int commit_unpacked(struct fetch *f, bool all, struct err *err)
{
	size_t first, n = unpacked_run(f, &first), i;
	int r;

	if (f->lost || n == 0 || (n < COMMIT_RUN && !all))
		return 0;
	r = store_sync(f->ctx->store, err);
	for (i = first; r == 0 && !f->lost && i < first + n; i++) {
		r = commit_layer(f, i, err);
		if (r < 0)
			return err_wrap(err, "layer %zu of %zu", i + 1, f->n);
		if (!f->lost)
			drop_blob(f, f->layers[i].blob);
	}
	return r;
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
	r = commit_unpacked(f, false, err);
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
			return commit_unpacked(f, true, err);
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
		r = claim_again(f, err);
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
			(void)commit_unpacked(&f, true, &second);
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
