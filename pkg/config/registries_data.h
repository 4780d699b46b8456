/* registries_data.h - what registries.conf and its drop-ins amount to; private to pkg/config. */
#ifndef PKG_CONFIG_REGISTRIES_DATA_H
#define PKG_CONFIG_REGISTRIES_DATA_H

#include "config/registries.h"

struct toml;

enum mirror_pull { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct mirror {
	char *location;
	bool insecure;
	enum mirror_pull pull;
};

/* One [[registry]]. */
struct reg {
	char *prefix;
	char *location; /* "" with a wildcard prefix: no rewriting */
	bool insecure;
	bool blocked;
	bool mirror_by_digest_only;
	struct mirror *mirrors;
	size_t n_mirrors;
	char *where; /* FILE:LINE */
};

struct registries {
	struct strv search;
	struct strv helpers;
	enum short_mode mode;
	struct strv aliases; /* "short=full" */
	struct strv cached;  /* of the machine-written alias file, asked first */
	struct reg *regs;
	size_t n_regs;
	char *path;
};

void reg_fini(struct reg *g);
/* Merges one file into r: later ones win. Version 1 is accepted in the main file only. */
int registries_merge(struct registries *r, struct toml *t, bool is_main, struct err *err);
/* Aliases of the file that `podman pull` writes when the user has chosen. */
int registries_read_cache(struct registries *r, struct toml *t, struct err *err);
/* The table for a full reference text; *ret_len is how much of it the prefix covers. NULL: none. */
const struct reg *registries_match(const struct registries *r, const char *ref, size_t *ret_len);

#endif
