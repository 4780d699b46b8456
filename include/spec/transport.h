/*
 * transport.h - where images are besides registries, as the tools of the ecosystem write it:
 *
 *	dir:PATH                        one image, files named by digest
 *	oci:PATH[:NAME|:@N]             an OCI layout; the image of that name, or the Nth from 0
 *	oci-archive:FILE[:NAME|:@N]     the same in a tar
 *	docker-archive:FILE[:NAME|:@N]  what docker save writes
 *	containers-storage:NAME         the local store
 */
#ifndef SPEC_TRANSPORT_H
#define SPEC_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum transport {
	TRANSPORT_DIR,
	TRANSPORT_OCI,
	TRANSPORT_OCI_ARCHIVE,
	TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_STORAGE,
};

/* Owns its strings: place_fini. */
struct image_place {
	enum transport transport;
	char *path; /* NULL for TRANSPORT_STORAGE */
	char
	    *name; /* in it; complete ("docker.io/library/x:latest"), but in OCI layouts; or NULL */
	int64_t index; /* -1: none is given */
};

#define PLACE_INIT                                                                                 \
	{                                                                                          \
		.index = -1                                                                        \
	}
#define AUTO_PLACE __attribute__((cleanup(place_fini)))

void place_fini(struct image_place *p);

/* "oci-archive" */
const char *transport_name(enum transport t);

/* Does it begin as a place does, with one of the transports above? It may be malformed. */
bool place_is_one(const char *text);
/* 1: the text names a place; 0: it is the name of an image. ERR_INVALID when what follows the
 * transport is not as above, ERR_UNSUPPORTED for transports that kist has not (docker-daemon,
 * ostree, sif, tarball). docker:// is a name: see ref.h. */
int place_parse(const char *text, struct image_place *ret, struct err *err);

#endif
