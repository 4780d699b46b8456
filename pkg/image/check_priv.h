/* check_priv.h - what finding and repairing share. */
#ifndef IMAGE_CHECK_PRIV_H
#define IMAGE_CHECK_PRIV_H

#include "image/check.h"
#include "image/inventory.h"
#include "worker.h"

/* BAD_KEPT: another attempt may succeed, so nothing is removed for it. */
enum bad_layer { BAD_NOT, BAD_CONTENT, BAD_PARENT, BAD_UNUSED, BAD_KEPT };

struct check {
	const struct image_ctx *ctx;
	const struct check_options *o;
	struct check_report *report;
	struct inventory inv;
	struct workers workers;
	bool *seen;	     /* by index of layers */
	enum bad_layer *bad; /* the same */
	bool *bad_image;     /* by index of images */
	int null;	     /* /dev/null */
};

/* Directories and links of all layers that are not known to be bad. */
int check_dirs(struct check *c, struct err *err);
/* The newest finding is about this layer's links: makes them again when that is wanted, or marks
 * the layer as bad when its files are gone. */
int check_repair_dir(struct check *c, size_t layer, struct err *err);
/* The newest finding is about this record. */
int check_repair_container(struct check *c, const struct store_container *k, struct err *err);
/* Layers and images. */
int check_repair_rest(struct check *c, struct err *err);

#endif
