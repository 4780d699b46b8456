/* lowers.h - a chain of layers, each opened, for a process that gets them all. */
#ifndef IMAGE_LOWERS_H
#define IMAGE_LOWERS_H

#include <stddef.h>

struct err;
struct store;

/* Room behind the layers for what else the process gets. */
#define LOWERS_SPARE 2

struct lowers {
	int *fds; /* topmost first; n, and LOWERS_SPARE more that are not closed */
	size_t n;
};

/* top: layer ID; NULL or "": no layers. */
int lowers_open(struct store *s, const char *top, struct lowers *ret, struct err *err);
void lowers_fini(struct lowers *l);
#define AUTO_LOWERS __attribute__((cleanup(lowers_fini)))

#endif
