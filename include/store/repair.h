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

/* Looks at the directory, link, l/ and lower of a layer of our own store (parent: NULL for a base
 * layer): 1 all is well, 0 it is not and *ret_problem (caller frees) says what. */
int store_layer_check_dir(struct store *s, const char *id, const char *parent, char **ret_problem,
			  struct err *err);
/* Makes links and lower again; parents first. ERR_CORRUPT when the files themselves are gone. */
int store_layer_repair_dir(struct store *s, const char *id, const char *parent, struct err *err);

/* Adds the paths (below the graphroot) that no record knows: layer directories, links, tar-split
 * files, data of images and containers. remove: they are removed as well. */
int store_leftovers(struct store *s, bool remove, struct strv *ret, struct err *err);

/* The files of a layer and its tar-split are exchanged for those of the staging layer, which is
 * gone afterwards (*n NULL). The record stays; the caller has verified the DiffID. */
int store_layer_replace(struct store_layer_new **n, const char *id, const char *parent,
			struct err *err);
/* Removes layers whatever they look like; the caller has made sure that nobody needs them. */
int store_layers_remove(struct store *s, const struct strv *ids, struct err *err);
/* Removes the record and the data of a container of any tool with its writable layer. */
int store_container_forget(struct store *s, const char *id, struct err *err);

#endif
