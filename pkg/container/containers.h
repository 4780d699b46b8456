/* containers.h - what the files of this module share. */
#ifndef CONTAINER_CONTAINERS_H
#define CONTAINER_CONTAINERS_H

#include "container/container.h"
#include "state.h"

struct containers {
	struct state state;
	struct store *store;
	const struct containers_conf *conf;
	char *graphroot, *runroot;
	const char *cgroup_manager;
	bool no_volatile;
	bool rootless;
};

/* Files of a container, and their limits. */
#define DEF_FILE "container.json"
#define DEF_MODE 0600
#define DEF_MODE_UNSYNCED                                                                          \
	0400 /* of one that removes itself: a power failure may leave it empty                     \
	      */
#define LOG_FILE "ctr.log"
/* In the container's directory, or (--rm) in the run directory. */
#define STARTED_FILE "started" /* "<ns since 1970>" */
#define STARTED_NEW "started.new"
#define EXIT_FILE "exit" /* written by the monitor; with the disk full, in the run directory */
#define PID_FILE "pid"	 /* "<pid> <start time>", in the run directory */
#define LOCK_FILE "lock" /* in the run directory: held by the monitor */
#define UPPER_DIR "upper"
#define WORK_DIR "work"
#define SMALL_FILE_MAX 4096

/* The container with this whole ID: 1 opened, 0 it is gone. */
int container_open_id(struct containers *cs, const char *id, struct container **ret,
		      struct err *err);
/* Takes the container's lock: 1 with *ret_lock, 0 when it runs and its monitor holds it,
 * ERR_NOT_FOUND when it was removed. A monitor that has recorded the end, and another command that
 * starts or removes the container, are waited for. Makes the run directory, which is returned. */
int container_lock(struct container *c, int *ret_run, int *ret_lock, struct err *err);
/* The end that the monitor recorded: 1, or 0 when there is none. run may be -1. */
int container_read_end(struct container *c, int run, struct container_status *s, struct err *err);
/* Of a container whose lock is held: 1 when its first process lives. 0: it is being started or
 * removed, or has ended and its monitor will be gone soon. */
int container_runs(struct container *c, int run, struct err *err);
/* Paths of the container's cgroups, as recorded in its run directory. */
int container_read_cgroups(int run, struct strv *ret, struct err *err);
/* Kills and removes what is left in them. */
int container_clean_cgroups(int run, struct err *err);
/* What the container's host name is: as asked for, the host's with its network, or the short ID. */
#define CONTAINER_HOSTNAME_MAX 65
const char *container_hostname(const struct container_def *def, char out[CONTAINER_HOSTNAME_MAX]);
/* Short form of the ID, as listings show it. */
#define SHORT_ID_LEN 12

#endif
