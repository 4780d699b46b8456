/*
 * container.h - containers of this user: finding, listing, making, starting, stopping, removing.
 *
 * State is in directories (docs/ARCHITECTURE.md); nothing here holds a lock longer than a call.
 * Nothing prints: results are returned, and what a user sees is decided in cmd/.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include "base/auto.h"
#include "base/rand.h"
#include "base/strv.h"
#include "spec/container.h"

#include <stdint.h>

struct containers;
struct containers_conf;
struct err;
struct image_config;
struct store;

struct containers_options {
	struct store *store;		    /* borrowed, as everything here */
	const struct containers_conf *conf; /* containers.conf */
	const char *graphroot, *runroot;
	const char *cgroup_manager; /* NULL: as configured */
	bool no_volatile;	    /* sync what containers with auto_remove write, too */
};

int containers_open(const struct containers_options *o, struct containers **ret, struct err *err);
/* Removes what dead commands left. Others go on without it when it fails. */
int containers_gc(struct containers *cs, struct err *err);
void containers_close(struct containers *cs);
DEFINE_AUTO(struct containers, containers_close)

/* A committed container, opened. */
struct container {
	struct containers *owner;
	int dir; /* <graphroot>/kist/containers/<id> */
	struct container_def def;
};

void container_close(struct container *c);
DEFINE_AUTO(struct container, container_close)
#define AUTO_CONTAINER AUTO(container_close_p)

/* By name, ID or unique prefix. ERR_NOT_FOUND in podman's words. */
int container_open(struct containers *cs, const char *key, struct container **ret, struct err *err);
/* The newest one; ERR_NOT_FOUND when there is none. */
int container_open_latest(struct containers *cs, struct container **ret, struct err *err);

struct container_list {
	struct container **v;
	size_t n;
};

#define CONTAINER_LIST_INIT                                                                        \
	{                                                                                          \
		NULL, 0                                                                            \
	}
void container_list_fini(struct container_list *l);
#define AUTO_CONTAINER_LIST __attribute__((cleanup(container_list_fini)))
/* All containers, newest first. One that vanishes meanwhile is left out; one whose record cannot be
 * read is an error that names it. */
int containers_list(struct containers *cs, struct container_list *ret, struct err *err);
/* store_users_fn for the store: IDs of the containers of an image; arg is struct containers *. */
int containers_of_image(void *arg, const char *image_id, struct strv *users, struct err *err);

/* ---- state ---- */

enum container_state { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED };

struct container_status {
	enum container_state state;
	int pid;	     /* running: of the first process, as the host sees it; else 0 */
	uint64_t pid_start;  /* its start time in clock ticks since boot */
	int64_t started_at;  /* ns since 1970; 0: never */
	int64_t finished_at; /* 0: has not */
	int exit_code;
	bool oom_killed;
};

/* Asks the kernel, not a file, whether it runs. A container whose monitor was killed is found as
 * exited with 137, and that is recorded. */
int container_get_status(struct container *c, struct container_status *ret, struct err *err);
/* "created", "running", "exited" */
const char *container_state_name(enum container_state s);

/* Names of what its processes may have at most, and of what those of its own user have, sorted. */
int container_capabilities(struct container *c, struct strv *ret_bounding,
			   struct strv *ret_effective, struct err *err);

/* ---- making ---- */

/* What a user asked for; everything is borrowed, NULL or zero means not given. */
struct container_request {
	const char *image_id, *image_name, *image_digest, *top_layer;
	const struct image_config *image;
	const char *name;
	const struct strv *command;   /* after the image's name */
	const char *entrypoint;	      /* text, or a JSON list; "" clears the image's */
	const struct strv *env;	      /* resolved NAME=value */
	const struct strv *unset_env; /* names: not from the image or the configuration */
	const struct strv *labels, *annotations;
	const char *workdir, *user, *hostname, *network;
	const struct strv *volumes; /* SOURCE:TARGET[:OPTIONS] */
	const struct strv *tmpfs;   /* TARGET[:OPTIONS] */
	const struct strv *cap_add, *cap_drop;
	const struct strv *security_opt;
	const char *stop_signal;
	const char *log_driver;
	int64_t stop_timeout; /* seconds, -1: as configured */
	bool terminal, stdin_open, privileged, read_only, init, auto_remove;
	bool unset_all_env; /* nothing but env */
	struct container_resources resources;
};

/* The definition that a request makes, without touching anything. def->id and name stay NULL. */
int container_plan(const struct container_request *rq, const struct containers_conf *conf,
		   struct container_def *ret, struct err *err);
/* Plans and commits a container. ERR_EXISTS when the name is taken. */
int container_create(struct containers *cs, const struct container_request *rq,
		     struct container **ret, struct err *err);

/* ---- life ---- */

struct container_start_options {
	bool attach;		  /* *ret_client is wanted */
	const char *const *rerun; /* argv that removes it at its end, for auto_remove; or NULL */
	const int *fds;		  /* for its command: struct runtime_process */
	size_t n_fds;
};

/* Starts it; returns when the command was really executed. ERR_CMD_MISSING, ERR_CMD_INVOKE for the
 * command itself; ERR_IN_USE when it runs already. *ret_client (-1 without attach) is the socket
 * for monitor_attach; the caller closes it. */
int container_start(struct container *c, const struct container_start_options *o, int *ret_client,
		    struct err *err);
/* A socket to the monitor of a running container. */
int container_attach(struct container *c, int *ret_client, struct err *err);

/* ERR_INVALID in podman's words when it does not run. SIGKILL returns when it has ended. */
int container_kill(struct container *c, int sig, struct err *err);
/* Stop signal, then SIGKILL after timeout seconds (-1: the container's own). Returns 1 when it was
 * running, 0 when not. */
int container_stop(struct container *c, int64_t timeout, struct err *err);
/* Waits for the end of a running container; returns at once for another. */
int container_wait(struct container *c, struct err *err);
/* The same, and how it ended: also of a container that removes itself. ERR_NOT_FOUND when it was
 * removed before that could be known. */
int container_wait_code(struct container *c, int *ret_code, struct err *err);
/* ERR_NOT_FOUND in podman's words; key is what was asked for. */
int container_not_found(const char *key, struct err *err);
/* Waits for the end of a container, then removes it: 1, 0 when another command did. */
int container_remove_ended(struct container *c, struct err *err);
/* After the end of a container that removes itself: it is gone, and its name free, when this
 * returns. Does nothing to others. */
int container_reap(struct container *c, struct err *err);
/* force: a running one is killed first, ERR_IN_USE otherwise. Returns 1, 0 when another command
 * removed it meanwhile. */
int container_remove(struct container *c, bool force, struct err *err);
/* Releases holder records of images that no container uses any more. */
int containers_release_images(struct containers *cs, struct err *err);

struct container_exec {
	const struct strv *args, *env;
	const char *user, *workdir;
	bool terminal, privileged;
	int stdio[3];	/* descriptors of the command; ignored with terminal */
	const int *fds; /* more of them: struct runtime_process */
	size_t n_fds;
};

struct container_exec_process {
	int pid;
	int pidfd;
	int terminal;	     /* the pty's master, or -1 */
	bool outside_cgroup; /* the container's limits do not hold for it */
};

int container_exec_start(struct container *c, const struct container_exec *e,
			 struct container_exec_process *ret, struct err *err);

/* Where the log is: name in directory *ret_dir (borrowed): 1, or 0 when nothing was logged yet.
 * ERR_UNSUPPORTED for driver none. */
int container_log(struct container *c, int *ret_dir, const char **ret_name, struct err *err);

#endif
