/*
 * idmap.h - which user and group IDs of a user namespace stand for which outside it, and the
 * subordinate ranges of /etc/subuid and /etc/subgid (subuid(5): "name-or-uid:first:count").
 * Plain values; nothing is owned.
 */
#ifndef SYS_IDMAP_H
#define SYS_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

#define IDMAP_RANGES_MAX 32

struct idmap_range {
	uint32_t inside, outside, count;
};

struct idmap {
	struct idmap_range range[IDMAP_RANGES_MAX];
	size_t n;
};

struct idmaps {
	struct idmap uids, gids;
	/* Only the caller's own uid and gid are mapped (to 0): written without a helper program,
	 * setgroups denied. */
	bool single;
};

/* ERR_LIMIT when full, ERR_INVALID for an empty or overflowing range. */
int idmap_add(struct idmap *m, uint32_t inside, uint32_t outside, uint32_t count, struct err *err);
/* 1 and *ret, or 0 when the ID is not mapped. */
int idmap_to_outside(const struct idmap *m, uint32_t inside, uint32_t *ret);
int idmap_to_inside(const struct idmap *m, uint32_t outside, uint32_t *ret);

/* Takes the ranges of one user (by name or decimal uid) from the text of a subuid file and appends
 * them to m, the first at inside ID `next`. Lines that are not understood are skipped, as
 * newuidmap(1) does. Returns how many ranges were added. */
int idmap_parse_subid(const char *text, size_t len, const char *name, uid_t uid, uint32_t next,
		      struct idmap *m, struct err *err);

/* The rootless map of a user: own uid and gid are 0, then the subordinate ranges from 1 on.
 * Returns 1, or 0 when a range is missing in either file: *ret is then the single-ID map. */
int idmap_load(uid_t uid, gid_t gid, struct idmaps *ret, struct err *err);
void idmap_single(uid_t uid, gid_t gid, struct idmaps *ret);

#endif
