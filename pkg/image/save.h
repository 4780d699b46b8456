/* save.h - images that are being saved. */
#ifndef IMAGE_SAVE_H
#define IMAGE_SAVE_H

#include "archive_out.h"
#include "worker.h"
#include "digest/digest.h"
#include "image/archive.h"
#include "spec/archive.h"

#define SAVE_NAME_MAX 96

struct save {
	const struct image_ctx *ctx;
	const struct image_save *o;
	struct archive_out out;
	struct workers workers;
	struct archive_index docker; /* manifest.json of docker's archive */
	struct saved *saved;	     /* what goes into the index.json of an OCI layout */
	size_t n_saved;
	bool alone; /* the directory is held */
};

struct outgoing {
	struct save *s;
	struct manifest m;
	struct image_config config;
	struct buf manifest, config_text;
	struct strv names;
	bool changed;		      /* the manifest must be written anew */
	char digest[SHA256_TEXT_MAX]; /* of the manifest that was written */
	struct layer_out *layers;
};

/* A layer that must be made. */
struct layer_out {
	char id[STORE_ID_LEN + 1];
	const char *diff_id;
	struct pack_form how;
	struct worker *worker;
	int spool;
	bool done;
};

/* The format is one of OCI's. */
static inline bool save_is_oci(const struct outgoing *g)
{
	return g->s->o->format == SAVE_OCI_ARCHIVE || g->s->o->format == SAVE_OCI_DIR;
}

/* What the blob is called in the archive. */
const char *save_blob_name(const struct outgoing *g, const char *digest, char out[SAVE_NAME_MAX]);
/* Writes the layers; the manifest's descriptors become those of what was written. */
int save_layers(struct outgoing *g, struct err *err);

/* ---- index.json of an OCI layout ---- */

/* ERR_INVALID when there is something else of that name. */
int save_layout_check(struct save *s, struct err *err);
/* The image's manifest, of that size, is written. */
int save_layout_note(struct outgoing *g, size_t size, struct err *err);
/* Adds what was noted to what is there now. ERR_IN_USE: another program keeps the directory. */
int save_layout(struct save *s, struct err *err);
void save_layout_fini(struct save *s);

#endif
