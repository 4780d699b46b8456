/* Unpacked layers become layers of the store, in runs: each costs a sync and two saves of the
 * list. */
#include "fetch.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/image.h"

/* So many layers at the most are unpacked and not committed; each keeps a few descriptors open. */
#define COMMIT_RUN 16

static void describe(const struct fetch *f, const struct layer *l, struct store_layer_info *info)
{
	*info = (struct store_layer_info){
	    .diff_digest = l->diff_id,
	    .diff_size = (int64_t)l->answer.diff_size,
	    .compressed_digest = l->d->digest,
	    .compressed_size = (int64_t)l->answer.blob_size,
	    .compression = l->answer.compression,
	    .uids = l->answer.uids,
	    .gids = l->answer.gids,
	    .n_uids = l->answer.n_uids,
	    .n_gids = l->answer.n_gids,
	};
	/* The blob's name is that of its content, decompressed: docker's archives. */
	if (f->from->plain_names) {
		info->compressed_size = info->diff_size;
		info->compression = COMPRESSION_NONE;
	}
}

/* At most COMMIT_RUN of them, from layer `first` on. */
static int commit_chain(struct fetch *f, size_t first, size_t n, struct err *err)
{
	struct store_layer_done done[COMMIT_RUN] = {0};
	struct layer *l = &f->layers[first];
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		done[i].fresh = l[i].fresh;
		describe(f, &l[i], &done[i].info);
	}
	done[0].info.parent = first > 0 ? l[-1].id : NULL;
	r = store_layers_commit(f->ctx->store, done, n, err);
	for (i = 0; i < n; i++)
		l[i].fresh = done[i].fresh;
	/* Its parent was removed: the rest goes on, and then the parent is made again. */
	f->lost = r == -ERR_NOT_FOUND;
	if (f->lost)
		err_clear(err);
	for (i = 0; r == 0 && i < n; i++) {
		store_claim_close(TAKE(l[i].claim));
		l[i].step = STEP_DONE;
		r = made_add(f->made, l[i].id, err);
	}
	return f->lost ? 0 : r;
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
int fetch_commit(struct fetch *f, bool all, struct err *err)
{
	size_t first, n = unpacked_run(f, &first), end, i;
	int r;

	if (f->lost || n == 0 || (n < COMMIT_RUN && !all))
		return 0;
	r = store_sync(f->ctx->store, err);
	for (end = first + n; r == 0 && !f->lost && first < end; first += n) {
		n = end - first < COMMIT_RUN ? end - first : COMMIT_RUN;
		r = commit_chain(f, first, n, err);
		for (i = first; r == 0 && !f->lost && i < first + n; i++)
			drop_blob(f, f->layers[i].blob);
	}
	return r;
}
