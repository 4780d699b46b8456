/*
 * state.h - kist's directories of container state (docs/ARCHITECTURE.md, "State").
 *
 * An entry is built below creating/, committed to containers/ by one rename, and removed by a
 * rename to trash/. Whoever builds or removes an entry holds its directory with flock(2); what is
 * in creating/ or trash/ and not held belongs to nobody alive and is cleaned by state_gc.
 */
#ifndef CONTAINER_STATE_H
#define CONTAINER_STATE_H

#include "base/rand.h"

#include <stdbool.h>

struct err;
struct strv;

/* Removes a tree whose files may belong to subordinate ids; see remove.h. */
typedef int (*state_remover)(void *ctx, int dir, const char *path, struct err *err);

struct state {
	int graph; /* <graphroot>/kist */
	int run;   /* <runroot>/kist */
	state_remover remove;
	void *remove_ctx;
};

#define STATE_INIT                                                                                 \
	{                                                                                          \
		.graph = -1, .run = -1                                                             \
	}

/* Opens both directories, making them (0700) where they are missing. */
int state_open(const char *graphroot, const char *runroot, struct state *ret, struct err *err);
void state_close(struct state *s);

/* Removes what dead commands left in creating/ and trash/. Cheap when there is nothing. */
int state_gc(const struct state *s, struct err *err);

/* An entry being built. */
struct state_entry {
	char id[ID_HEX_LEN + 1];
	int dir; /* creating/<id>, then containers/<id>; held while it is under construction */
	bool building;
};

#define STATE_ENTRY_INIT                                                                           \
	{                                                                                          \
		.dir = -1                                                                          \
	}

int state_begin(const struct state *s, struct state_entry *ret, struct err *err);
/* Claims a name for an entry. ERR_EXISTS when it is taken: *ret_holder (64 hex) says by whom. */
int state_claim_name(const struct state *s, const char *name, const char *id,
		     char ret_holder[ID_HEX_LEN + 1], struct err *err);
int state_commit(const struct state *s, struct state_entry *e, struct err *err);
/* Puts committed entries and their names on disk. */
int state_sync(const struct state *s, struct err *err);
/* Gives up an entry that was not committed: it and its name are removed. */
void state_abort(const struct state *s, struct state_entry *e);
void state_entry_close(struct state_entry *e);

/* Takes a committed entry out of sight and removes it. name: NULL when it is not known. */
int state_remove(const struct state *s, const char *id, const char *name, struct err *err);

/* Waits for another command that is about to remove it, but not for long. */
void state_await_removal(const struct state *s, const char *id);

/* Name, whole ID or unique ID prefix to ID: 1 found, 0 not there; ERR_INVALID when ambiguous. */
int state_find(const struct state *s, const char *key, char ret_id[ID_HEX_LEN + 1],
	       struct err *err);
/* IDs of all committed entries, sorted. */
int state_list(const struct state *s, struct strv *ret, struct err *err);
/* containers/<id>: 1 opened, 0 not there. */
int state_open_entry(const struct state *s, const char *id, int *ret_dir, struct err *err);
/* <runroot>/kist/containers/<id>, made when missing. */
int state_open_run(const struct state *s, const char *id, int *ret_dir, struct err *err);
/* As state_open_run without making it: 1 opened, 0 not there. */
int state_find_run(const struct state *s, const char *id, int *ret_dir, struct err *err);
/* Whether containers/<id> is there: 1 or 0. */
int state_has(const struct state *s, const char *id, struct err *err);
/* Removes the run directory of a container that is no more, with whoever else may be at it. */
int state_remove_run(const struct state *s, const char *id, struct err *err);

#endif
