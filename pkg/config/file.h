/* file.h - reading configuration files; private to pkg/config. */
#ifndef PKG_CONFIG_FILE_H
#define PKG_CONFIG_FILE_H

#include "base/strv.h"

struct buf;
struct err;
struct toml;
struct toml_value;

/* No configuration file is larger. */
#define CONFIG_FILE_MAX ((size_t)4 << 20)

/* Reads a file, following symlinks (they are configured paths). 1, or 0 when there is none. */
int config_read(const char *path, struct buf *out, struct err *err);
/* Reads and parses; path is also the name in errors. 1, or 0 when there is none. */
int config_toml(const char *path, struct toml **ret, struct err *err);
/* As config_toml, but it must exist: `why` says who named it ("CONTAINERS_CONF"). */
int config_toml_given(const char *path, const char *why, struct toml **ret, struct err *err);
bool config_exists(const char *path);
/* Full paths of dir's *.conf, by name; none when there is no such directory. */
int config_drop_ins(const char *dir, struct strv *ret, struct err *err);
/* Logs the keys that nobody asked for. */
void config_log_unused(struct toml *t);
/* "FILE:LINE: KEY: ..." with the code ERR_UNSUPPORTED. */
int config_unsupported(const struct toml_value *v, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
