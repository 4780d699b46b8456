/* opts_create.h - the options that create and run share, and what they make. */
#ifndef CMD_OPTS_CREATE_H
#define CMD_OPTS_CREATE_H

#include "app.h"
#include "container/container.h"
#include "opts_remote.h"

struct create_args {
	struct platform_args platform;
	struct retry_args retry;
	const char *name, *entrypoint, *workdir, *user, *hostname, *network, *stop_signal;
	const char *log_driver, *pull, *authfile, *cert_dir, *creds, *cidfile, *cpus;
	const char *memory_swap;
	struct strv annotations, label_file, unset_env;
	struct strv env, env_file, volumes, tmpfs, cap_add, cap_drop, security_opt, labels;
	bool env_host, unset_all_env, replace;
	bool terminal, stdin_open, privileged, read_only, init, remove, quiet;
	uint64_t memory, cpu_shares;
	int64_t cpu_period, cpu_quota, pids_limit, stop_timeout;
	const char *cpuset_cpus, *cpuset_mems;
	int tls_verify;
};

#define CREATE_NOT_GIVEN INT64_MIN
#define CREATE_ARGS_INIT                                                                           \
	{                                                                                          \
		.retry = RETRY_ARGS_INIT, .pull = "missing", .stop_timeout = -1,                   \
		.pids_limit = CREATE_NOT_GIVEN, .tls_verify = -1                                   \
	}

extern const struct opt create_opts[];

/* Finds the image (pulling it when it is missing, as --pull says) and makes the container. rest is
 * IMAGE [COMMAND [ARG...]]. */
int create_from_args(struct app *app, const struct create_args *a, const struct strv *rest,
		     struct container **ret, struct err *err);

#endif
