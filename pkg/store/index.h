/*
 * index.h - one index file (layers.json, images.json, containers.json ...) in memory: an array of
 * records, each a piece of the file's text. Records that are not changed are written again byte for
 * byte, so that order, unknown members and foreign number forms survive.
 *
 * An index that failed to save is forgotten: memory never differs from the file beyond one
 * operation.
 */
#ifndef PKG_STORE_INDEX_H
#define PKG_STORE_INDEX_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct err;

/* Members that are looked at often; found once, while the file is cut into records. */
enum rec_member {
	REC_ID,
	REC_NAMES,
	REC_PARENT, /* layers */
	REC_LAYER,  /* images, containers */
	REC_IMAGE,  /* containers */
	REC_FLAGS,
	REC_DIFF_SIZE,
	REC_MAPPED, /* images: mapped-layers */
	REC_MEMBERS,
};

struct rec {
	struct str text;	   /* the whole object */
	struct str m[REC_MEMBERS]; /* raw values, len 0 when absent; strings without quotes */
	char *owned;		   /* text of an edited record, else NULL */
	bool incomplete;	   /* flags.incomplete */
};

struct index {
	char *file; /* what was read */
	struct rec *v;
	size_t n, cap;
	uint32_t *sorted; /* record numbers by id, NULL until index_find wants it */
	struct stat stat; /* of what was read; st_ino 0: the file did not exist */
	bool loaded;
	bool dirty; /* changed since it was read or saved */
};

void index_reset(struct index *ix);

/* Reads the file again when it is not the one in memory. reread: in any case. */
int index_load(struct index *ix, int dir, const char *name, bool reread, struct err *err);
/* Cuts text (taken over, must be allocated with one byte more for a NUL) into records. */
int index_parse(struct index *ix, char *take_text, size_t len, const char *name, struct err *err);
#define INDEX_TMP_MAX 64
/* The file that index_save writes before it is renamed. */
int index_tmp_name(const char *name, char out[INDEX_TMP_MAX], struct err *err);
/* Publishes the file; sync: its data is on disk before. Forgets the index when that fails. */
int index_save(struct index *ix, int dir, const char *name, bool sync, struct err *err);

/* Borrowed until the next change; NULL when there is none. The first of equal ids counts. */
struct rec *index_find(struct index *ix, struct str id);
struct rec *index_find_id(struct index *ix, const char *id);
/* The record that has this name. */
struct rec *index_find_name(struct index *ix, const char *name);
/* Replaces rec, or appends a record when rec is NULL. text is taken over, also on failure; NULL is
 * ERR_NOMEM. */
int index_put(struct index *ix, struct rec *rec, char *take_text, struct err *err);
void index_remove(struct index *ix, struct rec *rec);

#endif
