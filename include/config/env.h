/*
 * env.h - whose configuration is read: the user, and the environment variables that point at
 * files. A plain value that borrows everything; tests make their own.
 */
#ifndef CONFIG_ENV_H
#define CONFIG_ENV_H

#include <stdbool.h>

struct err;

struct config_env {
	unsigned uid;	  /* the real user, also when kist runs as root of a user namespace */
	bool rootless;	  /* uid != 0, or root of a user namespace only */
	const char *home; /* the user's home directory, absolute; "" when unknown */
	const char *const *vars; /* environment, "NAME=value", NULL at the end */
	const char *prefix;	 /* in front of /etc, /usr/share, /run, /var; "" outside of tests */
};

/* From a user and environment (normally `environ`): home is $HOME when it is absolute, else the
 * fallback (from the user database, may be NULL). */
void config_env_init(struct config_env *env, unsigned uid, const char *const *vars,
		     const char *fallback_home);
/* The value of a variable, NULL when unset or empty. */
const char *config_env_get(const struct config_env *env, const char *name);

/* New text, NULL when out of memory; "" (which no file has for a name) where the user has no home.
 */
char *config_home_path(const struct config_env *env, const char *below);  /* $HOME/<below> */
char *config_user_path(const struct config_env *env, const char *below);  /* $XDG_CONFIG_HOME or
									     $HOME/.config */
char *config_system_path(const struct config_env *env, const char *path); /* prefix + path */

#endif
