/*
 * prune.h - removing images that nobody needs.
 */
#ifndef IMAGE_PRUNE_H
#define IMAGE_PRUNE_H

#include "image/image.h"

#include <stdbool.h>

/* What `--filter` of the prune commands says: until=, label=, label!=. All must match. */
struct prune_filter {
	int64_t until; /* ns since 1970; INT64_MAX: any */
	const struct strv *filters;
};

/* Checks the filters; those not known are ERR_INVALID. filters is borrowed. */
int prune_filter_read(const struct strv *filters, struct prune_filter *ret, struct err *err);
/* labels: "key=value". */
bool prune_filter_matches(const struct prune_filter *f, int64_t created, const struct strv *labels);

struct image_prune {
	bool all;	/* also images with names, when no container uses them */
	bool externals; /* also when only working containers of buildah use them, with these */
	bool dry_run;	/* only say what would be done */
	const struct prune_filter *filter;
	store_users_fn *users; /* kist's own containers */
	void *users_arg;
};

struct image_pruned {
	struct strv ids;     /* of what was removed */
	struct strv names;   /* of each image: "NAME, NAME" or "<none>" */
	struct strv mounted; /* names of buildah's containers that stay, being mounted */
	uint64_t bytes;	     /* of disk that were given back */
};

void image_pruned_fini(struct image_pruned *p);
#define AUTO_IMAGE_PRUNED __attribute__((cleanup(image_pruned_fini)))

/* Images in use, mounted, or of additional stores are left alone. *ret must be empty ({0}). */
int image_prune(const struct image_ctx *ctx, const struct image_prune *prune,
		struct image_pruned *ret, struct err *err);

/* Removes working containers of buildah, which have no labels: ids and bytes are theirs. Those that
 * are mounted are left alone. *ret must be empty ({0}). */
int build_prune(const struct image_ctx *ctx, const struct prune_filter *filter,
		struct image_pruned *ret, struct err *err);

#endif
