/* storage_set.h - single settings of storage.conf; private to pkg/config. */
#ifndef PKG_CONFIG_STORAGE_SET_H
#define PKG_CONFIG_STORAGE_SET_H

#include <stdbool.h>

struct config_env;
struct err;
struct storage_conf;

/* Reads all files that are in effect into c. */
int storage_read_files(const struct config_env *env, struct storage_conf *c, struct err *err);

/* `where` begins error texts: "--storage-opt", "FILE:LINE: KEY". */
int storage_set_driver(struct storage_conf *c, const char *driver, const char *where,
		       struct err *err);
/* A driver option by its bare key. ERR_INVALID for one that does not exist. */
int storage_set_option(const struct config_env *env, struct storage_conf *c, const char *key,
		       const char *value, const char *where, struct err *err);
bool storage_knows_option(const char *key);
/* New text with $NAME and ${NAME} replaced ($UID is the user's); NULL when out of memory. */
char *storage_expand(const struct config_env *env, const char *path);

#endif
