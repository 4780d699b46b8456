/* check_priv.h - what finding and repairing share. */
#ifndef IMAGE_CHECK_PRIV_H
#define IMAGE_CHECK_PRIV_H

#include "image/check.h"
#include "image/inventory.h"
#include "worker.h"

/* Of a layer or an image. BAD_UNREADABLE: the disk gave an error, which says nothing of what is on
 * it: a layer is fetched again if that can be. BAD_KEPT: another attempt may succeed. For neither
 * is anything removed. */
enum bad { BAD_NOT, BAD_CONTENT, BAD_UNREADABLE, BAD_PARENT, BAD_UNUSED, BAD_KEPT };

struct check {
	const struct image_ctx *ctx;
	const struct check_options *o;
	struct check_report *report;
	struct inventory inv;
	struct workers workers;
	bool *seen;	     /* by index of layers */
	enum bad *bad;	     /* the same */
	enum bad *bad_image; /* by index of images */
	bool unreadable;     /* the newest problem was an error of reading */
	int null;	     /* /dev/null */
};

/*
 * check_confirm.c: others come and go while the check looks, and what was on its way out looks like
 * damage. Each of these asks again while nobody writes: 1 it is so (and *ret_problem, where there
 * is one, says what), 0 it is not, or not any more.
 */
int confirm_dir(struct check *c, const struct store_layer *l, char **ret_problem, struct err *err);
/* Is the layer whose files were read at diff still there? 0: it is gone; 2: it was removed and made
 * again. */
int confirm_content(struct check *c, const char *layer_id, int diff, struct err *err);
int confirm_image(struct check *c, const char *id, char **ret_problem, struct err *err);
int confirm_container(struct check *c, const char *id, const char **ret_problem, struct err *err);
/* *now is what is there. */
int confirm_inventory(struct check *c, struct inventory *now, struct err *err);

/* check.c: what is wrong, as it looks now: *ret_problem stays NULL when nothing is. */
int check_find_dir_problem(struct check *c, const struct store_layer *l, char **ret_problem,
			   struct err *err);
int check_find_image_problem(struct check *c, const struct store_image *image, char **ret_problem,
			     struct err *err);
int check_find_container_problem(struct check *c, const struct store_container *k,
				 const char **ret_problem, struct err *err);
/* What a layer's directory stands on: its parent or, for a shifted copy of an image's top layer,
 * what it is a copy of; NULL for a base layer. */
const char *check_dir_parent(const struct check *c, const struct store_layer *l);

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
