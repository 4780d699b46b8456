/* preserve.h - descriptors that the user opened for a container's command: run, exec. */
#ifndef CMD_PRESERVE_H
#define CMD_PRESERVE_H

#include "opt.h"
#include "runtime/runtime.h"

struct preserve_args {
	uint64_t count;	    /* 3 and as many */
	struct strv listed; /* numbers */
};

extern const struct opt preserve_opts[];

struct preserved {
	int fds[RUNTIME_FDS_MAX];
	size_t n;
};

/* ERR_INVALID names one that is not open, or not the user's. */
int preserve_fds(const struct preserve_args *a, struct preserved *ret, struct err *err);
/* The command has them now: whoever reads at their other ends sees when it closes them. */
void preserved_close(struct preserved *p);

#endif
