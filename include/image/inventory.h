/*
 * inventory.h - all images, layers and container records of the store with their bytes on disk:
 * what `system df` shows and what pruning would free.
 */
#ifndef IMAGE_INVENTORY_H
#define IMAGE_INVENTORY_H

#include "image/image.h"
#include "store/list.h"

#include <stdbool.h>

/* Indexes of two images: a nameless one, and one made directly of it. */
struct inventory_pair {
	size_t parent, child;
};

struct inventory {
	struct store_images images;
	struct store_layer_list layers;
	struct store_container_list containers;
	/* By index of images: containers that use it (kist's own and other tools'), and bytes on
	 * disk of its record's data. */
	size_t *users;
	/* Of these users: working containers of buildah that may go, and those that are mounted. */
	size_t *externals, *mounted;
	uint64_t *data_bytes;
	/* By index of layers: bytes on disk with tar-split; 0 for those of additional stores. And
	 * how many images have it in their chain. */
	uint64_t *layer_bytes;
	size_t *sharers;
	/* By index of containers: bytes on disk of the data of holder records and of buildah's
	 * containers, 0 for others. */
	uint64_t *container_bytes;
	struct inventory_pair *pairs;
	size_t n_pairs;
};

void inventory_fini(struct inventory *inv);
#define AUTO_INVENTORY __attribute__((cleanup(inventory_fini)))

/* users: kist's own containers. measure: fill in the bytes (looks at every file). */
int inventory_load(const struct image_ctx *ctx, store_users_fn *users, void *arg, bool measure,
		   struct inventory *ret, struct err *err);

/* Counts one more for each layer from top down; counts is by index of layers. */
void inventory_count_chain(const struct inventory *inv, const char *top, size_t *counts);
/* For each layer of an image, with its mapped layers: copies of the top one whose files have the
 * owners of a user namespace. */
void inventory_count_image(const struct inventory *inv, const struct store_image *image,
			   size_t *counts);

/* Bytes of image i: its layers and data; those of them that no other image has. */
uint64_t inventory_image_bytes(const struct inventory *inv, size_t i);
uint64_t inventory_unique_bytes(const struct inventory *inv, size_t i);
/* Layers and data of all images, each once, and what keeps them for containers. */
uint64_t inventory_all_bytes(const struct inventory *inv);
/* What goes when the images i with gone[i] are deleted: layers that nothing else needs, data, their
 * holders, and buildah's containers on them. Returns false when there is no memory. */
bool inventory_freed_bytes(const struct inventory *inv, const bool *gone, uint64_t *ret);
/* Was an image, for which gone is not true (gone may be NULL), made directly of image i, which has
 * no name? */
bool inventory_has_child(const struct inventory *inv, size_t i, const bool *gone);
/* The image that this one was made directly of, with or without names; NULL when there is none. */
const struct store_image *inventory_parent(const struct image_ctx *ctx, const struct inventory *inv,
					   const struct store_image *image);

#endif
