/*
 * priv.h - what the files of this module share: the open store, its indexes, its locks.
 *
 * Writing is always the same: store_lock (waits, then reads every index of the lock again if
 * anybody changed it), change records in memory, store_save (token, then the file), store_unlock.
 * Reading is store_index: the newest published file, without a lock.
 */
#ifndef PKG_STORE_PRIV_H
#define PKG_STORE_PRIV_H

#include "index.h"
#include "base/auto.h"
#include "store/image.h"
#include "store/layer.h"
#include "store/store.h"

#include <stdbool.h>

struct json;
struct json_doc;
struct json_table;

enum index_kind {
	IX_LAYERS,
	IX_VOLATILE_LAYERS,
	IX_IMAGES,
	IX_CONTAINERS,
	IX_VOLATILE_CONTAINERS,
	IX_KINDS,
};

/* The three directories with an index and a lock, in the order the locks are taken. */
enum area { AREA_LAYERS, AREA_IMAGES, AREA_CONTAINERS, AREAS };

/* Which locks, for store_lock. */
enum {
	LK_LAYERS_READ = 1,
	LK_LAYERS = 2,
	LK_IMAGES = 4,
	LK_CONTAINERS = 8,
	LK_ALL = LK_LAYERS | LK_IMAGES | LK_CONTAINERS,
	LK_TRY = 16, /* ERR_IN_USE instead of waiting */
};

/* One root: the graphroot (number 0), the image store if there is one (number 1), then the
 * additional ones. */
struct root {
	char *path, *overlay_path;
	int fd, overlay_fd;
	struct index index[IX_KINDS];
};

/* Roots that are written to. */
#define OWN_MAX 2
#define TOKEN_LEN 64

/* One lock file. */
struct held {
	int fd;	    /* -1: not held */
	bool write; /* held for writing */
	unsigned char token[TOKEN_LEN];
	bool token_known; /* token is the one our indexes of this area and root belong to */
};

/* Trees on their way out: overlay/tempdirs/temp-dir-<name>, as long as lock-<name> is held. */
struct trash {
	int dir, lock; /* -1 while nothing was moved there */
	char name[17];
	unsigned n;
};

struct store {
	struct root *roots;
	size_t n_roots;
	size_t n_own; /* roots[0..n_own) are ours to write: 2 with an image store */
	size_t img;   /* the root of images and their layers: n_own - 1 */
	char *runroot;
	int runroot_fd; /* -1 until it is asked for */
	/* Of the run root: volatile indexes that tools with transient_store keep there. */
	struct index transient[IX_KINDS];
	int transient_lock;	     /* -1: not held, or there is none */
	int area_fd[AREAS][OWN_MAX]; /* -1 until something is written */
	struct held held[AREAS][OWN_MAX];
	unsigned token_count;
	struct trash trash[OWN_MAX];
	bool pinned; /* indexes in memory count as they are: slices of them stay valid */
	bool create, rootless, ignore_chown_errors;
	store_remove_fn *remove_tree;
	void *remove_arg;
	/* Tests stop or kill the process here; NULL otherwise. */
	void (*step)(void *arg, const char *what);
	void *step_arg;
};

/* The graphroot. */
static inline struct root *own(struct store *s)
{
	return &s->roots[0];
}
/* Where images and their layers are: the graphroot, too, unless there is an image store. */
static inline struct root *image_root(struct store *s)
{
	return &s->roots[s->img];
}

/* A durable step was made: the place where a crash test kills us. */
static inline void store_step(struct store *s, const char *what)
{
	if (s->step)
		s->step(s->step_arg, what);
}

/* store.c */
/* 1 when the layers below this root were written for a mount program. */
int root_has_mount_program(const struct root *root, struct err *err);
int store_area_fd(struct store *s, size_t where, enum area a, int *ret_fd, struct err *err);

/*
 * places.c: what is in which of our roots (docs/decisions/0010-image-store.md).
 */
struct layer_place {
	size_t where;
	enum index_kind kind;
};
#define LAYER_PLACES_MAX (OWN_MAX + 1)
/* All indexes of our own layers, in the order in which they are looked at. */
size_t layer_places(const struct store *s, struct layer_place out[LAYER_PLACES_MAX]);
/* Which root's layers.json takes the records of new image layers. */
size_t layer_home(const struct store *s);
/* The record in any of our indexes, complete or not: 1 with its place, 0 not there. */
int layer_find_own(struct store *s, struct str id, struct layer_place *ret_place, struct rec **ret,
		   struct err *err);
/*
 * What another tool with transient_store = true has in the run root: containers and layers that we
 * only look at, as they keep images and directories from being removed. kind: one of the volatile.
 */
int store_transient(struct store *s, enum index_kind kind, struct index **ret, struct err *err);
/* Its lock file, where there is one; containers.lock is held. */
int store_transient_lock(struct store *s, bool try, struct err *err);
/* Which of our roots has the directory overlay/<id>; -1: none, or (errno) it cannot be looked for.
 */
int layer_dir_where(const struct store *s, const char *id);
/* The i-th root to look for images in: the image store before the graphroot, then the others. */
static inline size_t image_place(const struct store *s, size_t i)
{
	return i < s->n_own ? s->n_own - 1 - i : i;
}

/* network.c: what a new store says of podman's network: "netavark", or NULL (nothing) where only
 * CNI is installed. prefix goes before the paths of programs: "" but in tests. */
const char *network_backend(const char *prefix);

/* locks.c: `which` is a set of LK_; one call takes them in order. A nested call may only add later
 * ones. store_unlock gives back all, and forgets changes that were not saved. */
int store_lock(struct store *s, unsigned which, struct err *err);
void store_unlock(struct store *s);
static inline void store_unlock_p(struct store **s)
{
	if (*s)
		store_unlock(*s);
}
#define AUTO_UNLOCK __attribute__((cleanup(store_unlock_p))) __attribute__((unused))
/* The index of root number `where` as it is on disk now, or as it was at store_lock. */
int store_index(struct store *s, size_t where, enum index_kind kind, struct index **ret,
		struct err *err);
/* Looks for new versions of all layer indexes, then pins them until store_unpin: a walk along
 * records sees one state. */
int store_pin_layers(struct store *s, struct err *err);
static inline void store_unpin_p(struct store **s)
{
	if (*s)
		(*s)->pinned = false;
}
#define AUTO_UNPIN __attribute__((cleanup(store_unpin_p))) __attribute__((unused))
/* Publishes one of our own indexes; its lock must be held for writing. */
int store_save(struct store *s, size_t where, enum index_kind kind, struct err *err);
/* Removes what a killed store_save left. Waits for nobody: who holds the lock may be writing it. */
int store_drop_temporary(struct store *s, struct err *err);

/* record.c */
bool id_is_good(const char *id); /* 64 lower-case hex digits */
bool id_slice_is_good(struct str id);
int id_check(const char *id, const char *what, struct err *err);
/* The first name of a container's record, else its ID. */
struct str rec_name(const struct rec *rec);
/* Is it the layer of one of these containers? */
bool containers_have_layer(const struct index *containers, struct str layer);
/* A NUL-terminated copy of a good ID. */
void id_copy(struct str id, char out[STORE_ID_LEN + 1]);
int rec_read(const struct rec *rec, const struct json_table *table, const char *what, void *ret,
	     struct err *err);
/* The record as a document to edit. */
int rec_edit(const struct rec *rec, struct json_doc **ret, struct err *err);
/* Puts the document's root in the place of rec (NULL: at the end). */
int rec_store(struct index *ix, struct rec *rec, const struct json_doc *doc, struct err *err);
/* Sets or removes flags.<name>; flags itself goes when it becomes empty. value NULL: remove. */
int rec_set_flag(struct json_doc *doc, const char *name, struct json *value, struct err *err);
/* A new record: an object with this ID. */
int rec_new(const char *id, struct json_doc **ret, struct err *err);
/* NULL or "": left as it is. */
int rec_set_text(struct json_doc *doc, const char *name, const char *value, struct err *err);
/* An empty list removes the member. */
int rec_set_names(struct json_doc *doc, const char *member, const struct strv *names,
		  struct err *err);

/* layer.c: does the record have id maps? */
bool rec_is_shifted(const struct rec *rec);
/* The record of a complete layer in any store; layers.lock held or not. */
int layer_find_rec(struct store *s, struct str id, struct rec **ret, size_t *ret_where,
		   struct err *err);
/* Flags of layer records that are ours. Values: true; the image's ID. */
#define FLAG_STAGING "kist-staging"
#define FLAG_HOLDER "kist-holder"
#define FLAG_INCOMPLETE "incomplete"

/* chain.c */
#define LINK_LEN 26
/* Reads <id>/link below overlay_fd: 1, or 0 when there is none. ERR_CORRUPT when malformed. */
int link_read(int overlay_fd, const char *id, char ret[LINK_LEN + 1], struct err *err);
bool link_is_good(struct str s);
/* The layer's link is from now on `link` in place of `old`: what its file names, and l/<old> is
 * gone. */
int link_exchange(int overlay_fd, const char *id, const char *old, const char *link,
		  struct err *err);
/* Does l/<link> lead to the layer's diff? */
bool link_leads_to(int overlay_fd, const char *link, const char *id);
/* Checks a lower file's content "l/X[:l/Y...]"; calls back for each link text "l/X". */
int lower_each(struct str text, int (*each)(void *arg, struct str link, struct err *err), void *arg,
	       struct err *err);

/* layer_dir.c: directories of layers. layers.lock held for writing. `where`: in which root. */
int layer_dir_make(struct store *s, size_t where, const char *id, const char *parent,
		   struct err *err);
/* Writes `lower` (and removes `empty`) and copies the mode and owner of the parent's diff. */
int layer_dir_set_parent(struct store *s, const char *id, const char *parent, struct err *err);
/* Removes what a killed layer_dir_set_parent left in the directory of a layer that stays. */
int layer_dir_tidy(struct store *s, const char *id, struct err *err);
/* Directory, links and tar-split of layer `from` become those of `to`. */
int layer_dir_rename(struct store *s, const char *from, const char *to, struct err *err);
/* Puts the directory's link and lower on disk; then (once for several layers) the names of
 * directories, links and tar-splits in this root. Before the record says that the layer is there.
 */
int layer_dir_sync(struct store *s, const char *id, struct err *err);
int layer_names_sync(struct store *s, size_t where, struct err *err);

/* layer_drop.c: layers that go away. Their trees are collected in s->trash, and removed by
 * store_unlock, when the locks are given back. */
void trash_finish(struct store *s);
/* Removes the records of ids (our own roots), their trees and files; layers.lock held for writing.
 * Unknown ids are fine. */
int layers_drop(struct store *s, const struct strv *ids, struct err *err);
/* Removes files, also those of subordinate ids. */
int store_remove_tree(struct store *s, int dir, const char *name, struct err *err);
int layer_drop(struct store *s, const char *id, struct err *err);
/* Removes the content of a staging layer: gives its space back before the indexes are written,
 * which a full disk does not allow. Needs no lock. */
int layer_empty(struct store *s, const char *id, struct err *err);
/* Removes every incomplete layer of our layer indexes. Called with each write lock. */
int layers_repair(struct store *s, struct err *err);

/* live.c: lock files in <graphroot>/kist/staging that say that their maker is alive. */
struct live {
	int dir, fd;
	char name[96];
};
#define LIVE_INIT                                                                                  \
	{                                                                                          \
		.dir = -1, .fd = -1                                                                \
	}
/* 1 ours, 0 somebody else holds it (only without wait). */
int live_take(struct store *s, const char *name, bool wait, struct live *ret, struct err *err);
/* Names a layer that is about to go, with those below it that nobody else needs: if we do not come
 * to the end, store_gc does it. Somebody else's lock is fine, and so is none at all when the disk
 * is full: to remove things must be possible then. layers.lock held. */
int live_take_drop(struct store *s, const char *layer, struct live *ret, struct err *err);
/* For data of image id that is written before, or removed after, its record; images.lock held. That
 * store_gc holds it is fine: it waits for our lock and then looks at the record. */
int live_take_image(struct store *s, const char *id, struct live *ret, struct err *err);
/* The same for data of container id that is removed after its record; containers.lock held. */
int live_take_container(struct store *s, const char *id, struct live *ret, struct err *err);
/* Removes the file and gives up the lock. */
void live_drop(struct live *l);
/* Gives up the lock; the file stays for store_gc, which finishes what failed. */
void live_leave(struct live *l);

/* layer_new.c: a staging layer; layer_commit.c and layer_replace.c make another one of it. */
struct store_layer_new {
	struct store *store;
	char id[STORE_ID_LEN + 1];
	struct live live;
	int diff, tarsplit;
	bool registered; /* there may be something to take away */
};
void layer_new_free(struct store_layer_new *n);

/* deletion.c: drops these layers, and what is below them, as far as nobody needs them. try:
 * LK_TRY or 0. */
int layers_drop_unneeded(struct store *s, unsigned try, const struct strv *ids, struct err *err);

/* image.c */
extern const struct json_table image_table;
int image_from_rec(const struct store *s, const struct rec *rec, size_t where,
		   struct store_image **ret, struct err *err);

/* data.c: big data of images. */
/* File name of a key: caller frees; NULL when out of memory or the key is empty. */
char *data_file_name(const char *key);

/* image_names.c; images.lock held. */
/* ERR_CHANGED when the image has others. */
int image_check_names(const struct store_image *image, const struct strv *names, struct err *err);
/* Takes these names from all images of our roots but this one. */
int images_take_names(struct store *s, const char *id, const struct strv *names, struct err *err);
/* Saves the image root's index, then what changed in another root. */
int images_save(struct store *s, struct err *err);
/* Puts names in front of the record's names and of their history. */
int rec_add_names(struct json_doc *doc, const struct strv *names, struct err *err);
/* 1 when a read-only store has the image: which. 0 when none has (image_delete.c). */
int image_in_read_only(struct store *s, const char *id, size_t *ret_where, struct err *err);

/* Makes the data below root `where` what the image's record says, when somebody died between
 * writing the two (image_restore.c). */
int image_data_restore(struct store *s, size_t where, const struct rec *rec, struct err *err);
/* Writes data into overlay-images/<id>/ (image_put.c). */
int image_write_data(struct store *s, const char *id, const struct store_data *data, size_t n,
		     struct err *err);

/* cover.c: overlay/ mounted over itself, as other tools do; layers.lock is held. */
/* Makes that mount, unless there is one. */
int overlay_cover(struct store *s, struct err *err);
/* Takes the topmost such mount away: true when there was one. Only while no layer is mounted. */
bool overlay_uncover(struct store *s);
/* The same until the mount at path is seen: true when it is. */
bool overlay_uncover_to(struct store *s, const char *path);

/* external.c: the data of a container that has no record any more. */
int container_data_remove(struct store *s, const char *id, struct err *err);

/* targets.c: mount points in the holder's layer, on top of the image's. Best effort: containers
 * make what is missing. */
int targets_make(struct store *s, const char *layer, const char *image_layer, struct err *err);
bool targets_are_there(struct store *s, const char *layer);

/*
 * hold.c, with layers.lock and containers.lock held for writing. Takes the holder of an image out
 * of the way unless `users` (may be NULL) finds kist containers, which it adds to in_use: 1 its
 * container record is gone, its layer's ID was added to layers and *live names that layer until it
 * is dropped; 0 there was none, or it is in use.
 */
int holder_take_out(struct store *s, const char *image_id, store_users_fn *users, void *arg,
		    struct strv *in_use, struct live *live, struct strv *layers, struct err *err);

#endif
