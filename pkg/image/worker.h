/*
 * worker.h - processes that turn blobs into layers and layers into blobs.
 *
 * They are forked before the first use of the network (a process that loaded libcurl does not
 * fork), are root of the user's own user namespace when rootless, and give up what they do not
 * need. Work and its descriptors come over a socket (SCM_RIGHTS); answers are checked as foreign
 * input.
 */
#ifndef IMAGE_WORKER_H
#define IMAGE_WORKER_H

#include "archive/compress.h"
#include "digest/digest.h"
#include "store/store.h"
#include "sys/spawn.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

#define WORKERS_MAX 4

struct worker {
	struct child child;
	int sock; /* readable when the job has ended */
	int ids;  /* memfd: owners found by an unpack */
	bool busy;
	bool one_id; /* the user has no subordinate IDs */
};

struct workers {
	struct worker v[WORKERS_MAX];
	size_t n;
};

#define AUTO_WORKERS __attribute__((cleanup(workers_stop)))

/* As many as processors, at most `most`; for a rootless store as root of a user namespace. Without
 * `unpack` they cannot write. */
int workers_start(struct workers *ws, size_t most, const struct store *store, bool unpack,
		  struct err *err);
/* Ends them at once, whatever they do. */
void workers_stop(struct workers *ws);
/* One without work, or NULL. */
struct worker *workers_idle(struct workers *ws);

struct unpack_answer {
	uint8_t diff_id[SHA256_LEN];
	uint8_t digest[SHA256_LEN]; /* of the blob, with want_digest */
	uint64_t diff_size, blob_size;
	enum compression compression;
	uint32_t *uids, *gids; /* owned: unpack_answer_fini */
	uint32_t n_uids, n_gids;
};

void unpack_answer_fini(struct unpack_answer *a);
#define AUTO_UNPACK_ANSWER __attribute__((cleanup(unpack_answer_fini)))

/* Descriptors are borrowed. */
struct unpack_order {
	int blob, diff, tarsplit;
	uint64_t blob_max; /* bytes of the blob from its position; 0: to its end */
	bool alone;	   /* this is the only work there is, so use every processor */
	struct store_rules rules;
	bool want_digest; /* hash the blob, too */
};

int worker_unpack(struct worker *w, const struct unpack_order *o, struct err *err);
/* Waits for the end of the job; its error is ours. */
int worker_unpacked(struct worker *w, struct unpack_answer *ret, struct err *err);

struct pack_answer {
	uint8_t diff_id[SHA256_LEN];
	uint64_t diff_size;
	uint8_t digest[SHA256_LEN]; /* of what was written */
	uint64_t size;
};

/* How a layer is written; level: as users count (compression_level). */
struct pack_form {
	enum compression compression;
	int level;
};

/* Rebuilds a layer's tar and writes it, compressed, to out. */
int worker_pack(struct worker *w, int tarsplit, int diff, int out, struct pack_form how,
		struct err *err);
int worker_packed(struct worker *w, struct pack_answer *ret, struct err *err);
/* ERR_CORRUPT: the rebuilt tar has digest got, not want. */
int worker_altered(const char *layer_id, const char *got, const char *want, struct err *err);

#endif
