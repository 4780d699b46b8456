/*
 * auth.h - credentials for registries: podman's auth.json, docker's config.json, credential
 * helpers. Lookup order and formats: containers-auth.json(5).
 *
 * Passwords never appear in errors or logs; auth_fini and the buffers here zero them.
 */
#ifndef CONFIG_AUTH_H
#define CONFIG_AUTH_H

#include "base/strv.h"

struct config_env;
struct err;
struct registries;

struct auth {
	char *user;
	char *password;
	char *identity_token; /* or NULL; then the password is not used */
	char *source;	      /* the file or helper it came from */
};
void auth_fini(struct auth *a);
#define AUTO_AUTH __attribute__((cleanup(auth_fini)))

/* What a credential helper is told on its standard input, and what it answers. */
struct auth_talk {
	const char *in;
	size_t in_len;
	char *out; /* out_max bytes, of which out_len are set */
	size_t out_max, out_len;
};

/* Runs `program` (found in PATH) with one argument: the caller's way of starting processes. Returns
 * the exit code (0..255), negative when it did not start. */
typedef int auth_helper_fn(void *data, const char *program, const char *arg, struct auth_talk *talk,
			   struct err *err);

struct auth_options {
	const char *authfile; /* --authfile, or NULL */
	/* --compat-auth-file (login, logout): a config.json that docker reads, too; or NULL. With
	 * authfile it is the caller's error. */
	const char *compat_authfile;
	/* NULL: credential helpers are refused with a clear message where one is configured. */
	auth_helper_fn *helper;
	void *helper_data;
};

/* Credentials for key ("host[:port]" or "host/ns/repo"): 1 found, 0 none. helpers is
 * registries_credential_helpers or NULL. */
int auth_find(const struct config_env *env, const struct auth_options *opts,
	      const struct strv *helpers, const char *key, struct auth *ret, struct err *err);
/* login: *ret_path is where it was kept (caller frees). Mode 0600, replaced atomically. */
int auth_store(const struct config_env *env, const struct auth_options *opts,
	       const struct strv *helpers, const char *key, const char *user, const char *password,
	       char **ret_path, struct err *err);
/* logout: 1 removed, 0 there was nothing to remove. */
int auth_erase(const struct config_env *env, const struct auth_options *opts,
	       const struct strv *helpers, const char *key, struct err *err);
/* logout --all: the number of entries removed. */
int auth_erase_all(const struct config_env *env, const struct auth_options *opts, struct err *err);

/* "https://host/..." and such are not keys: ERR_INVALID. */
int auth_key_check(const char *key, struct err *err);
/* One file's text (tests, fuzzing): 1 found, 0 none. *ret_helper is set (and nothing else) when the
 * file sends us to a helper; caller frees. */
int auth_find_in(const char *text, size_t len, const char *name, bool legacy, const char *key,
		 struct auth *ret, char **ret_helper, struct err *err);

#endif
