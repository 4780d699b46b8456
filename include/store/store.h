/*
 * store.h - the containers/storage tree (overlay driver) that podman, buildah, skopeo and CRI-O
 * share with kist: its roots (graphroot, image store, additional stores) and how it is opened.
 * Layers are in layer.h, writing them in layer_new.h, images in image.h, holder records in hold.h.
 *
 * Opening costs a few system calls: no index is read and no lock is taken before something asks for
 * it, and each index is parsed again only when it changed. Reading never waits for a lock: an index
 * is replaced by rename, so that one open file is one complete version (docs/decisions/
 * 0002-store-locking.md). Writing takes the locks of the format, shortly.
 *
 * One struct store per graphroot and process: the locks belong to open files, so that a second one
 * would wait for the first for ever. Not for use by several threads.
 *
 * Format: containers/storage 1.43 to 1.6x, driver "overlay".
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/auto.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct strv;
struct store;

#define STORE_ID_LEN 64 /* layer, image and container IDs: lower-case hex */

/* Removes `name` below the directory dirfd, contents and all; absent is fine. */
typedef int store_remove_fn(void *arg, int dirfd, const char *name, struct err *err);

struct store_options {
	const char *graphroot, *runroot; /* absolute paths */
	const char *driver;		 /* NULL or "": whatever is there, else overlay */
	bool driver_given;		 /* by the user of this command, not by a file */
	/* Roots of read-only stores, searched in this order after our own; nothing is written there
	 * and no lock is taken. NULL: none. One that does not exist is skipped. */
	const struct strv *additional;
	/* Root of images and their layers, when they are not to be in the graphroot (imagestore of
	 * storage.conf); what is in the graphroot already stays usable. NULL or "": none. */
	const char *imagestore;
	/* Contents belong to subordinate ids and overlay attributes are user.overlay.*. */
	bool rootless;
	bool ignore_chown_errors; /* of storage.conf: for store_rules */
	/* Removes layer trees that hold files of subordinate ids (from within a user namespace).
	 * NULL: removed directly. */
	store_remove_fn *remove_tree;
	void *remove_arg;
};

/* STORE_CREATE: make what is missing of the tree. Without it a missing graphroot is ERR_NOT_FOUND.
 */
enum { STORE_CREATE = 1 };

/* ERR_UNSUPPORTED when a root holds a store of another driver, unless overlay was given; or stores
 * of several, and no driver is named at all. */
int store_open(const struct store_options *options, int flags, struct store **ret, struct err *err);
void store_close(struct store *s);
DEFINE_AUTO(struct store, store_close)

/* Borrowed; descriptors of directories, open for reading. */
int store_graphroot_fd(const struct store *s);
int store_layers_fd(const struct store *s); /* where new layers are: below <root>/overlay */
/*
 * <graphroot>/overlay as it is mounted at this moment, by its path; the caller closes. For whoever
 * mounts: podman and the like mount it over itself while they run and unmount it when they end, and
 * the kernel takes nothing from, or onto, a descriptor of a mount that is gone.
 */
int store_overlay_reopen(const struct store *s, int *ret_fd, struct err *err);
const char *store_graphroot(const struct store *s);
const char *store_runroot(const struct store *s);
const char *store_imagestore(const struct store *s); /* NULL: there is none */
/* The roots that are written to: the graphroot and, if there is one, the image store. Returns how
 * many. */
#define STORE_ROOTS_MAX 2
size_t store_roots(const struct store *s, int ret_fds[STORE_ROOTS_MAX]);
/* Opened, and with STORE_CREATE created, on first use. */
int store_runroot_fd(struct store *s, int *ret_fd, struct err *err);
/* <graphroot>/kist and below: created with 0700 when missing. sub: NULL or one name. The caller
 * closes. */
int store_private_dir(struct store *s, const char *sub, int *ret_fd, struct err *err);
/* Path of root `where` (of images and layers); borrowed. */
const char *store_root_path(const struct store *s, int where);
bool store_is_rootless(const struct store *s);

/* How layers are to be unpacked into this store. */
struct store_rules {
	bool rootless;
	bool ignore_chown_errors; /* an owner that cannot be given is no error */
	bool literal_whiteouts;	  /* it is a mount program's: whiteouts are files named ".wh." */
};
int store_rules(struct store *s, struct store_rules *ret, struct err *err);

/* Puts everything below our roots on disk (syncfs). */
int store_sync(struct store *s, struct err *err);

/*
 * Removes what a dead owner left: registered staging layers and half-made holders whose lock is
 * free, trees that were being deleted. Costs two directory listings when there is nothing to do.
 * Waits for no live owner and for no lock. Layers whose record says incomplete need no call:
 * whoever takes layers.lock for writing removes them.
 */
int store_gc(struct store *s, struct err *err);

/*
 * The one place that removes a layer's directory and its link below l/, through remove_tree where
 * contents belong to others. layers.lock must be held for writing. Absent is fine.
 */
int store_remove_layer_tree(struct store *s, const char *layer_id, struct err *err);

#endif
