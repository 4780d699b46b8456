/* lowers.h - a process that compares a container's directory, or a layer, with the layers below. */
#ifndef IMAGE_LOWERS_H
#define IMAGE_LOWERS_H

#include "sys/idmap.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct spawn;
struct store;

struct lowers {
	int *fds; /* topmost first; n, and behind them two more that are not closed */
	size_t n;
	struct idmaps maps;
	bool one_id; /* an ordinary user without subordinate IDs */
};

/*
 * Opens the layers from top (ID; NULL or "": none) down, and gives them to the process, with upper
 * and out behind them; that of an ordinary user becomes root of the user's IDs. *ret must stay
 * where it is until the process was started.
 */
int lowers_give(struct store *s, const char *top, int upper, int out, struct spawn *role,
		struct lowers *ret, struct err *err);
void lowers_fini(struct lowers *l);
#define AUTO_LOWERS __attribute__((cleanup(lowers_fini)))

#endif
