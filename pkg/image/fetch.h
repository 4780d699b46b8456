/*
 * fetch.h - the layers of one image on their way into the store: claimed (fetch_claim.c), loaded
 * and unpacked (layers.c), committed run by run (fetch_commit.c).
 */
#ifndef PKG_IMAGE_FETCH_H
#define PKG_IMAGE_FETCH_H

#include "downloads.h"
#include "layers.h"
#include "made.h"
#include "registry/registry.h"
#include "store/layer_new.h"

#include <stdbool.h>
#include <stddef.h>

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

/* Claims from the bottom up what is not in the store. */
int fetch_init(struct fetch *f, const struct manifest *m, const struct image_config *config,
	       struct err *err);
/* Aborts what was not committed, and gives the claims back. */
void fetch_fini(struct fetch *f);
/* After f->lost: what is missing now. */
int fetch_claim_again(struct fetch *f, struct err *err);
/* Commits run by run, or (all) whatever there is. Sets f->lost when a parent is gone. */
int fetch_commit(struct fetch *f, bool all, struct err *err);

#endif
