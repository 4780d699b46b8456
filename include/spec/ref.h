/*
 * ref.h - image references: [host[:port]/]path[:tag][@digest], by the grammar of the distribution
 * project and the short-name rules of docker (docker.io, library/).
 */
#ifndef SPEC_REF_H
#define SPEC_REF_H

#include <stdbool.h>

struct err;

#define REF_DEFAULT_DOMAIN "docker.io"
#define REF_DEFAULT_TAG "latest"

/* Owns its strings: ref_fini. */
struct ref {
	char
	    *domain; /* "docker.io", "localhost:5000"; NULL only from ref_parse_given, short name */
	char *path;  /* "library/busybox" */
	char *tag;   /* or NULL */
	char *digest; /* "sha256:..." or NULL */
};

#define REF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_REF __attribute__((cleanup(ref_fini)))

void ref_fini(struct ref *r);
int ref_copy(struct ref *ret, const struct ref *r, struct err *err);

/* Normalised: a short name becomes docker.io/[library/]name. No tag is added. A leading
 * "docker://" is accepted. ERR_INVALID "invalid reference format" and the like. */
int ref_parse(const char *text, struct ref *ret, struct err *err);
/* As written: domain stays NULL for a short name, nothing is added. */
int ref_parse_given(const char *text, struct ref *ret, struct err *err);
/* Has the text no registry part? (False also for what is no reference.) */
bool ref_is_short(const char *text);
/* ":latest" unless there is a tag or a digest. */
int ref_add_latest(struct ref *r, struct err *err);
/* With both tag and digest, the tag is dropped: the digest wins. */
void ref_drop_tag_of_digest(struct ref *r);

/* All return new text, NULL when out of memory. */
char *ref_name(const struct ref *r);	 /* docker.io/library/busybox */
char *ref_string(const struct ref *r);	 /* docker.io/library/busybox:latest[@sha256:...] */
char *ref_familiar(const struct ref *r); /* busybox:latest */
bool ref_equal(const struct ref *a, const struct ref *b);

/* A tag or path alone, for command lines: "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}". */
bool ref_is_tag(const char *s);

#endif
