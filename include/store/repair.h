/*
 * repair.h - what is wrong with the store's own structure, and putting it right: links, leftovers,
 * dangling records. What is inside the layers is judged elsewhere (image/check.h).
 */
#ifndef STORE_REPAIR_H
#define STORE_REPAIR_H

#include "store/layer_new.h"
#include "store/store.h"

#include <stdbool.h>

struct strv;

/*
 * While nobody writes to the store: takes all of its locks until store_let_go. What was seen
 * without them may have been on its way out; only what is still so now is so. What is called
 * meanwhile must take no lock itself.
 */
int store_hold_still(struct store *s, struct err *err);
void store_let_go(struct store *s);
static inline void store_let_go_p(struct store **s)
{
	if (*s)
		store_let_go(*s);
}
#define AUTO_STORE_STILL __attribute__((cleanup(store_let_go_p))) __attribute__((unused))

/* Looks at the directory, link, l/ and lower of a layer of our own store (parent: NULL for a base
 * layer): 1 all is well, 0 it is not and *ret_problem (caller frees) says what. */
int store_layer_check_dir(struct store *s, const char *id, const char *parent, char **ret_problem,
			  struct err *err);
/* Makes links and lower again; parents first. ERR_CORRUPT when the files themselves are gone,
 * ERR_NOT_FOUND when the layer is not in the store any more. */
int store_layer_repair_dir(struct store *s, const char *id, const char *parent, struct err *err);

/* Adds the paths (below the graphroot) that no record knows: layer directories, links, tar-split
 * files, data of images and containers. remove: they are removed as well. */
int store_leftovers(struct store *s, bool remove, struct strv *ret, struct err *err);

/* The files of a layer and its tar-split are exchanged for those of the staging layer, which is
 * gone afterwards (*n NULL). The record stays; the caller has verified the DiffID. */
int store_layer_replace(struct store_layer_new **n, const char *id, const char *parent,
			struct err *err);
/* Removes a layer whatever it looks like. ERR_IN_USE when an image, a container or another layer
 * has it. */
int store_layer_remove(struct store *s, const char *id, struct err *err);
/* Removes the record and the data of a container of any tool with its writable layer. ERR_IN_USE
 * when its image and its layer are there. */
int store_container_forget(struct store *s, const char *id, struct err *err);

#endif
