/* Which files make up the registries' configuration. */
#include "config/registries.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/env.h"
#include "file.h"
#include "registries_data.h"
#include "text/toml.h"

#include <stdlib.h>

#define NAME "containers/registries.conf"
#define ALIAS_CACHE "containers/short-name-aliases.conf"

void registries_free(struct registries *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n_regs; i++)
		reg_fini(&r->regs[i]);
	free(r->regs);
	strv_fini(&r->search);
	strv_fini(&r->helpers);
	strv_fini(&r->aliases);
	strv_fini(&r->cached);
	free(r->path);
	free(r);
}

const struct strv *registries_search(const struct registries *r)
{
	return &r->search;
}

const struct strv *registries_credential_helpers(const struct registries *r)
{
	return &r->helpers;
}

const char *registries_path(const struct registries *r)
{
	return r->path;
}

static int merge_file(struct registries *r, const char *path, const char *given, bool is_main,
		      struct err *err)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	int n;

	n = given ? config_toml_given(path, given, &t, err) : config_toml(path, &t, err);
	if (n < 0 || !t)
		return n;
	return registries_merge(r, t, is_main, err);
}

static int merge_dir(struct registries *r, const char *dir, struct err *err)
{
	AUTO_STRV struct strv files = STRV_INIT;
	size_t i;
	int n;

	n = config_drop_ins(dir, &files, err);
	for (i = 0; n == 0 && i < files.n; i++)
		n = merge_file(r, files.v[i], NULL, false, err);
	return n;
}

/* Drop-ins of the system, unless the main file is the user's own; then the user's. */
static int merge_dirs(struct registries *r, const struct config_env *env, bool user_main,
		      struct err *err)
{
	AUTO_FREE char *etc = config_system_path(env, "/etc/" NAME ".d");
	AUTO_FREE char *user = config_home_path(env, ".config/" NAME ".d");
	int n = 0;

	if (!etc || !user)
		return err_nomem(err);
	if (!user_main)
		n = merge_dir(r, etc, err);
	return n < 0 ? n : merge_dir(r, user, err);
}

/* The main file's path, and who named it when it was not found by looking. */
static int find_main(const struct config_env *env, const char *conf, char **ret,
		     const char **ret_given, bool *ret_user, struct err *err)
{
	static const char *const vars[] = {"CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"};
	AUTO_FREE char *path = NULL;
	size_t i;

	*ret_given = conf ? "--registries-conf" : NULL;
	*ret_user = false;
	for (i = 0; !conf && i < ARRAY_LEN(vars); i++) {
		conf = config_env_get(env, vars[i]);
		*ret_given = conf ? vars[i] : NULL;
	}
	path = conf ? strdup(conf) : config_home_path(env, ".config/" NAME);
	if (path && !conf) {
		*ret_user = *path && config_exists(path);
		if (!*ret_user) {
			free(path);
			path = config_system_path(env, "/etc/" NAME);
		}
	}
	if (!path)
		return err_nomem(err);
	*ret = TAKE(path);
	return 0;
}

static char *cache_path(const struct config_env *env)
{
	const char *cache = config_env_get(env, "XDG_CACHE_HOME");

	if (!env->rootless)
		return config_system_path(env, "/var/cache/" ALIAS_CACHE);
	if (cache && cache[0] == '/')
		return str_fmt("%s/" ALIAS_CACHE, cache);
	return config_home_path(env, ".cache/" ALIAS_CACHE);
}

static int read_cache(struct registries *r, const struct config_env *env, struct err *err)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	AUTO_FREE char *path = cache_path(env);
	int n;

	if (!path)
		return err_nomem(err);
	n = config_toml(path, &t, err);
	if (n < 0 || !t)
		return n;
	return registries_read_cache(r, t, err);
}

static int fill_defaults(struct registries *r, struct err *err)
{
	return r->helpers.n > 0 ? 0 : strv_add(&r->helpers, "containers-auth.json", err);
}

int registries_load(const struct config_env *env, const char *conf, const char *conf_dir,
		    struct registries **ret, struct err *err)
{
	AUTO_REGISTRIES struct registries *r = calloc(1, sizeof(*r));
	const char *given;
	bool user_main;
	int n;

	if (!r)
		return err_nomem(err);
	n = find_main(env, conf, &r->path, &given, &user_main, err);
	if (n == 0)
		n = merge_file(r, r->path, given, true, err);
	if (n == 0)
		n = conf_dir ? merge_dir(r, conf_dir, err) : merge_dirs(r, env, user_main, err);
	if (n == 0)
		n = read_cache(r, env, err);
	if (n == 0)
		n = fill_defaults(r, err);
	if (n < 0)
		return n;
	*ret = TAKE(r);
	return 0;
}

int registries_parse(const char *text, size_t len, const char *name, struct registries **ret,
		     struct err *err)
{
	AUTO_REGISTRIES struct registries *r = calloc(1, sizeof(*r));
	AUTO(toml_free_p) struct toml *t = NULL;
	int n;

	if (!r)
		return err_nomem(err);
	n = str_set(&r->path, name, err);
	if (n == 0)
		n = toml_parse(name, text, len, &t, err);
	if (n == 0)
		n = registries_merge(r, t, true, err);
	if (n == 0)
		n = fill_defaults(r, err);
	if (n < 0)
		return n;
	*ret = TAKE(r);
	return 0;
}
