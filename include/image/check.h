/*
 * check.h - is everything in the store what it should be, and putting right what is not.
 *
 * Layers are rebuilt from their tar-split and files and compared with the digest they have; images'
 * documents with theirs; links, parents and container records with each other.
 */
#ifndef IMAGE_CHECK_H
#define IMAGE_CHECK_H

#include "image/image.h"

#include <stdbool.h>

enum check_state {
	CHECK_DAMAGED,	/* found, and still there */
	CHECK_REPAIRED, /* put right from what is here */
	CHECK_FETCHED,	/* put right from the registry */
	CHECK_REMOVED,
};

struct check_finding {
	const char *what; /* "layer", "image", "container", "leftover", "store"; a constant */
	char *id;	  /* or path */
	char *problem;
	char *note; /* what else there is to say of the repair, or NULL */
	enum check_state state;
};

struct check_report {
	struct check_finding *v;
	size_t n;
	size_t layers, images, containers; /* that were looked at */
};

void check_report_fini(struct check_report *r);
#define AUTO_CHECK_REPORT __attribute__((cleanup(check_report_fini)))
/* For findings of others, too. Texts are copied. */
int check_add(struct check_report *r, const char *what, const char *id, const char *problem,
	      struct err *err);
/* Is something still damaged? */
bool check_is_damaged(const struct check_report *r);

struct check_options {
	bool quick;	 /* do not read the layers' contents */
	bool repair;	 /* links, leftovers, holders; damaged layers from the registry; else the
			    images that have them are removed, unless containers use them */
	bool force;	 /* with repair: other tools' dangling container records are removed, too,
			    and images although their registry could not be asked */
	int64_t max_age; /* ns: layers that no image has are a finding when they are older */
	struct image_remote remote;
	store_users_fn *users; /* kist's own containers */
	void *users_arg;
};

/* *ret must be empty ({0}). An error only when the check itself could not be done. */
int image_check(const struct image_ctx *ctx, const struct check_options *o,
		struct check_report *ret, struct err *err);

#endif
