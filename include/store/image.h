/*
 * image.h - images of the store: finding, listing, adding, naming and deleting them.
 *
 * Names are complete here ("docker.io/library/busybox:latest", "host/repo@sha256:..."); which full
 * names a short one may mean is the caller's knowledge.
 */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/strv.h"
#include "store/store.h"

#include <stdint.h>

/* A record of images.json. Strings are NULL when the member is absent. */
struct store_image {
	char *id;
	char *digest;	/* first manifest digest recorded (the list's when pulled via a list) */
	char *layer;	/* top layer ID; NULL for manifest lists and images without layers */
	char *metadata; /* text of others; kept */
	struct strv names, names_history;
	struct strv digests; /* digests of all big data whose key begins with "manifest" */
	struct strv data_names, mapped_layers;
	int64_t data_size; /* bytes of all big data */
	int64_t created;   /* ns since 1970 */
	bool read_only;	   /* in an additional store */
	int where;	   /* which store */
};

struct store_images {
	struct store_image **v;
	size_t n;
};

void store_image_free(struct store_image *image);
DEFINE_AUTO(struct store_image, store_image_free)
void store_images_fini(struct store_images *list);
#define AUTO_STORE_IMAGES __attribute__((cleanup(store_images_fini)))

/* What to look for. Tried in this order, each in our own store and then in the additional ones. */
struct store_image_query {
	const struct strv *names; /* full names, the preferred first; NULL: none */
	const char *repo;	  /* with digest: "host/repo"; NULL: any */
	const char *digest;	  /* "sha256:..." of a manifest */
	const char *id;		  /* ID, unique prefix of one, with or without "sha256:" */
};

/* 1 found, 0 not there; ERR_INVALID names the images when an ID prefix is ambiguous. */
int store_image_find(struct store *s, const struct store_image_query *query,
		     struct store_image **ret, struct err *err);
/* All images: those of our store in the order of their making, then the additional stores'. */
int store_image_list(struct store *s, struct store_images *ret, struct err *err);
/* podman's SIZE: uncompressed tars of all layers and the big data; bytes. */
int store_image_size(struct store *s, const struct store_image *image, int64_t *ret,
		     struct err *err);
/* Reads big data by key ("manifest", "sha256:<id>"): 1, or 0 when the image has no such key. */
int store_image_data(struct store *s, const struct store_image *image, const char *key,
		     struct buf *out, struct err *err);
/*
 * Is somebody making this image at the moment? The Go tools record an image, then its data, and
 * give it its name last: one that never had a name and was written to in the last half minute.
 */
bool store_image_is_being_made(struct store *s, const struct store_image *image);
/* "name" of every container record (of any tool) on this image, kist's own holder left out. */
int store_image_users(struct store *s, const char *image_id, struct strv *ret, struct err *err);

struct store_data {
	const char *key;
	const void *ptr;
	size_t len;
	const char *digest; /* NULL: computed here */
};

struct store_image_put {
	const char *id; /* hex of the config's sha256 */
	const char *layer;
	const char *digest;   /* for a new record */
	const char *metadata; /* NULL: kept, "{}" for a new record */
	int64_t created;
	const struct strv *names; /* become the first names, taken from whoever had them */
	const struct store_data *data;
	size_t n_data;
};

/*
 * Adds an image, or adds names and big data to the existing one (4.2 of the format: keys of the
 * same name are replaced, the digest stays). Returns 1 when it was new, 0 when it existed.
 * ERR_NOT_FOUND when the layer is not in the store, ERR_EXISTS when the image exists with another
 * layer.
 */
int store_image_put(struct store *s, const struct store_image_put *put, struct err *err);

/* Prepends a name, taking it from the image that had it. An image of an additional store gets a
 * record of its own in ours. ERR_NOT_FOUND: no such image. */
int store_image_tag(struct store *s, const char *image_id, const char *name, struct err *err);
/* Removes one name, or with NULL all of them; 1 when something was removed, 0 when it did not have
 * the name. */
int store_image_untag(struct store *s, const char *image_id, const char *name, struct err *err);
/* The same, if the image's names are still those of `seen`: else ERR_CHANGED. */
int store_image_untag_seen(struct store *s, const struct store_image *seen, const char *name,
			   struct err *err);

/* Asked while the locks are held: do kist's own containers use this image? Adds their names to
 * users. */
typedef int store_users_fn(void *arg, const char *image_id, struct strv *users, struct err *err);

struct store_deleted {
	struct strv names;  /* the names it had */
	struct strv layers; /* layers removed with it, topmost first */
};

void store_deleted_fini(struct store_deleted *d);
#define AUTO_STORE_DELETED __attribute__((cleanup(store_deleted_fini)))

/*
 * Deletes an image, its names, its holder, and the layers nobody else uses. ERR_IN_USE names the
 * containers when some use it; ERR_DENIED for an image of an additional store. users may be NULL,
 * ret too.
 */
int store_image_delete(struct store *s, const char *image_id, store_users_fn *users, void *arg,
		       struct store_deleted *ret, struct err *err);
/*
 * The same, if the image's names are still those of `seen`: else ERR_CHANGED. For whoever deletes
 * an image because of the names it has, or has not. STORE_DELETE_EXTERNALS: working containers of
 * buildah go with it, all or, when anything else uses the image, none; ERR_IN_USE when one is
 * mounted (external.h).
 */
enum { STORE_DELETE_EXTERNALS = 1 };
int store_image_delete_seen(struct store *s, const struct store_image *seen, unsigned flags,
			    store_users_fn *users, void *arg, struct store_deleted *ret,
			    struct err *err);
/* ERR_IN_USE when a deletion with these flags would be refused as things are now, because it is
 * mounted or has containers of other tools. Takes no lock. */
int store_image_refuse_used(struct store *s, const char *image_id, unsigned flags, struct err *err);

#endif
