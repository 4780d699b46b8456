/* netfiles.h - hosts, hostname and resolv.conf of a container, in its run directory. */
#ifndef CONTAINER_NETFILES_H
#define CONTAINER_NETFILES_H

struct container;
struct err;

int netfiles_write(struct container *c, int run, const char *hostname, struct err *err);

#endif
