/*
 * caps.h - Linux capabilities as masks: bit N is capability N (capabilities(7)).
 */
#ifndef SYS_CAPS_H
#define SYS_CAPS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define CAPS_BIT(cap) (UINT64_C(1) << (cap))
/* podman's default: CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP
 * SETUID SYS_CHROOT. */
#define CAPS_DEFAULT UINT64_C(0x800405fb)

/* The five sets of a process. */
struct caps_sets {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* "NET_ADMIN", "net_admin" or "CAP_NET_ADMIN"; ERR_INVALID for others. "ALL" gives every
 * capability this machine knows. */
int caps_parse(const char *name, uint64_t *ret_mask, struct err *err);
/* "CAP_NET_ADMIN"; NULL above the last one known. */
const char *caps_name(unsigned cap);
/* Every capability the running kernel knows. */
uint64_t caps_all(void);
/* Our own bounding set: the most that can be handed to a container. */
uint64_t caps_bounding(void);
uint64_t caps_effective(void);

/* The sets of a container's process by podman's rule: root has `caps` effective, permitted and
 * bounding; an ordinary user has only what was asked for by name (`added`), as ambient; nothing is
 * inheritable without being ambient. */
struct caps_sets caps_for_user(uint64_t caps, uint64_t added, bool is_root);

/* Drops everything outside the mask from the bounding set. Needs CAP_SETPCAP. */
int caps_drop_bounding(uint64_t keep, struct err *err);
/* Sets effective, permitted, inheritable and ambient, each cut to what is permitted now. */
int caps_set(const struct caps_sets *sets, struct err *err);

#endif
