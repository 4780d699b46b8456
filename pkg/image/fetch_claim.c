/* Which layers of the image are wanted, and where their blobs are. */
#include "fetch.h"
#include "remote.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/digest.h"
#include "spec/image.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void fetch_close_blobs(struct fetch *f)
{
	size_t i;

	for (i = 0; i < f->n_blobs; i++) {
		download_close(&f->downloads[i]);
		if (f->places[i].fd >= 0)
			(void)close(f->places[i].fd);
	}
	f->n_blobs = 0;
}

void fetch_fini(struct fetch *f)
{
	size_t i;

	for (i = 0; f->layers && i < f->n; i++) {
		store_layer_abort(f->layers[i].fresh);
		store_claim_close(f->layers[i].claim);
		unpack_answer_fini(&f->layers[i].answer);
	}
	fetch_close_blobs(f);
	free(f->places);
	free(f->layers);
	free(f->blobs);
	free(f->downloads);
}

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
	} else if (!f->again) { /* said once */
		/* A pull may have been killed when it had made the layer. */
		if (f->from->session)
			download_forget(f->ctx->store, l->d->digest);
		tell_blob(f->ctx, l->d->digest, (uint64_t)l->d->size, l->d->size, true, true);
	}
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
int fetch_claim_again(struct fetch *f, struct err *err)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		store_claim_close(TAKE(f->layers[i].claim));
	/* All of them are unpacked. */
	for (i = 0; i < f->n_blobs; i++)
		download_discard(&f->downloads[i]);
	fetch_close_blobs(f);
	f->again = true;
	f->lost = false;
	return claim_all(f, err);
}

int fetch_init(struct fetch *f, const struct manifest *m, const struct image_config *config,
	       struct err *err)
{
	size_t i;

	f->n = m->n_layers;
	f->n_blobs = 0;
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
