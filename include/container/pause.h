/* pause.h - all processes of a running container stand still for a while (commit --pause). */
#ifndef CONTAINER_PAUSE_H
#define CONTAINER_PAUSE_H

#include "container/container.h"

struct container_pause;

/* *ret stays NULL when the container does not run. ERR_UNSUPPORTED: it has no cgroup v2 group, by
 * which its processes could be stopped. Another pause is waited for. They go on when this process
 * ends, however it does. */
int container_pause(struct container *c, struct container_pause **ret, struct err *err);
void container_unpause(struct container_pause *p);
DEFINE_AUTO(struct container_pause, container_unpause)

#endif
