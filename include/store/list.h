/*
 * list.h - everything that is registered in the store, for those who count, prune and check.
 *
 * One moment's state of each index; nothing is locked afterwards.
 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store/external.h"
#include "store/layer.h"
#include "store/store.h"

enum store_layer_kind {
	STORE_LAYER_ORDINARY,
	STORE_LAYER_STAGING, /* being unpacked by a kist */
	STORE_LAYER_HOLDER,  /* of a holder record: hold.h */
};

struct store_layer_item {
	struct store_layer layer;
	enum store_layer_kind kind;
};

struct store_layer_list {
	struct store_layer_item *v; /* sorted by ID; those of our own store hide others */
	size_t n;
};

void store_layer_list_fini(struct store_layer_list *l);
#define AUTO_STORE_LAYER_LIST __attribute__((cleanup(store_layer_list_fini)))
/* Complete layers of all stores. */
int store_layer_list(struct store *s, struct store_layer_list *ret, struct err *err);
/* Borrowed; NULL when there is none, also for id NULL. */
struct store_layer_item *store_layer_list_find(const struct store_layer_list *l, const char *id);

/* A record of containers.json or volatile-containers.json: any tool's. */
struct store_container {
	char *id, *image, *layer; /* "" when absent */
	struct strv names;
	int64_t created; /* ns since 1970 */
	bool holder;	 /* ours: hold.h */
	enum store_external external;
};

struct store_container_list {
	struct store_container *v;
	size_t n;
};

void store_container_list_fini(struct store_container_list *l);
#define AUTO_STORE_CONTAINER_LIST __attribute__((cleanup(store_container_list_fini)))
int store_container_list(struct store *s, struct store_container_list *ret, struct err *err);

#endif
