/* opts_remote.h - options of the verbs that talk to a registry, shared by pull, run and others. */
#ifndef CMD_OPTS_REMOTE_H
#define CMD_OPTS_REMOTE_H

#include "opt.h"
#include "spec/platform.h"

/* Which image of several a pull takes. */
struct platform_args {
	const char *arch, *os, *variant, *platform;
};

extern const struct opt platform_opts[];

/* 1 and *ret, or 0: none of the options was given. */
int platform_from_args(const struct platform_args *a, struct platform *ret, struct err *err);

/* Trying again. */
struct retry_args {
	int64_t retry; /* -1: not given */
	const char *delay;
};

extern const struct opt retry_opts[];

/* What -1 of retry means. */
#define RETRY_ARGS_INIT                                                                            \
	{                                                                                          \
		.retry = -1                                                                        \
	}

/* Calls fn until it does not fail for the network's sake, as often as the options say. */
int retry_run(const struct retry_args *a, int (*fn)(void *arg, struct err *err), void *arg,
	      struct err *err);

#endif
