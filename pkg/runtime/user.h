/*
 * Private to the runtime: who a container's process is, from passwd(5) and group(5) texts of the
 * image, which are foreign bytes.
 */
#ifndef PKG_RUNTIME_USER_H
#define PKG_RUNTIME_USER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

#define USER_GROUPS_MAX 1024
#define USER_HOME_MAX 1024

struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX]; /* supplementary */
	size_t n_groups;
	char home[USER_HOME_MAX]; /* "/" when passwd does not tell */
};

/* spec: name|uid[:group|gid], NULL or "" for root. more: further groups, NULL-terminated. Lines
 * that are not of the form are skipped. ERR_NOT_FOUND in podman's words. */
int user_resolve(const char *spec, const char *const *more, const char *passwd, size_t passwd_len,
		 const char *group, size_t group_len, struct user *ret, struct err *err);
/* The same with /etc/passwd and /etc/group below root, whatever they are there. */
int user_lookup(int root, const char *spec, const char *const *more, struct user *ret,
		struct err *err);

#endif
