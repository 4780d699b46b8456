/* credhelper.h - the protocol of docker-credential-NAME programs; private to pkg/config. */
#ifndef PKG_CONFIG_CREDHELPER_H
#define PKG_CONFIG_CREDHELPER_H

struct auth;
struct auth_options;
struct err;

/* 1 found, 0 the helper has none. */
int credhelper_get(const struct auth_options *o, const char *name, const char *host,
		   struct auth *ret, struct err *err);
int credhelper_store(const struct auth_options *o, const char *name, const char *host,
		     const char *user, const char *password, struct err *err);
/* 1 removed, 0 there was none. */
int credhelper_erase(const struct auth_options *o, const char *name, const char *host,
		     struct err *err);

#endif
