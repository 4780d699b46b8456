/* container_size.h - how much of the disk containers take. */
#ifndef CMD_CONTAINER_SIZE_H
#define CMD_CONTAINER_SIZE_H

#include "app.h"
#include "container/container.h"

struct container_size {
	uint64_t rw;	/* bytes on disk of what it wrote */
	uint64_t image; /* podman's SIZE of its image; 0: the image is gone */
};

/* ret[i] of list[i]. Rootless, they are all looked at by one root of a user namespace. */
int container_sizes(struct app *app, struct container *const *list, size_t n,
		    struct container_size *ret, struct err *err);

#endif
