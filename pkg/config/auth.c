/* Where credentials are looked for and kept. */
#include "config/auth.h"
#include "auth_file.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "config/env.h"
#include "credhelper.h"
#include "file.h"
#include "json/json.h"
#include "spec/ref.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#define AUTH_FILES "containers-auth.json"
/* What docker calls docker.io in its file. */
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"
#define BELOW_RUN "containers/auth.json"

int auth_key_check(const char *key, struct err *err)
{
	AUTO_FREE char *probe = NULL;
	AUTO_REF struct ref r = REF_INIT;
	struct err why = ERR_INIT;

	if (strstr(key, "://"))
		return err_set(err, ERR_INVALID,
			       "\"%.200s\": a registry is given without http:// or https://", key);
	/* A host alone is one too: seen as a reference with something behind it. */
	probe = str_fmt("%s%s", key, strchr(key, '/') ? "" : "/x");
	if (!probe)
		return err_nomem(err);
	if (ref_parse_given(probe, &r, &why) < 0)
		return err_set(err, ERR_INVALID, "\"%.200s\" is not a registry", key);
	if (r.tag || r.digest)
		return err_set(err, ERR_INVALID, "\"%.200s\": a registry has no tag or digest",
			       key);
	return 0;
}

static bool is_compat(const struct auth_options *o)
{
	return o && o->compat_authfile;
}

/* The one file that is asked and written, or NULL when there is a list of them. */
static char *only_file(const struct config_env *env, const struct auth_options *o)
{
	const char *docker = config_env_get(env, "DOCKER_CONFIG");
	const char *file = config_env_get(env, "REGISTRY_AUTH_FILE");

	if (o && o->authfile)
		return strdup(o->authfile);
	if (is_compat(o))
		return strdup(o->compat_authfile);
	if (file)
		return strdup(file);
	return docker ? str_fmt("%s/config.json", docker) : NULL;
}

static bool has_only_file(const struct config_env *env, const struct auth_options *o)
{
	return (o && o->authfile) || is_compat(o) || config_env_get(env, "REGISTRY_AUTH_FILE") ||
	       config_env_get(env, "DOCKER_CONFIG");
}

static char *runtime_file(const struct config_env *env)
{
	const char *run = config_env_get(env, "XDG_RUNTIME_DIR");

	if (run)
		return str_fmt("%s/" BELOW_RUN, run);
	return str_fmt("%s/run/containers/%u/auth.json", env->prefix, env->uid);
}

/* The file that login writes. */
static int file_to_write(const struct config_env *env, const struct auth_options *o, char **ret,
			 struct err *err)
{
	if (has_only_file(env, o))
		*ret = only_file(env, o);
	else
		*ret = runtime_file(env);
	return *ret ? 0 : err_nomem(err);
}

/* All files in their order. */
static int files_to_ask(const struct config_env *env, const struct auth_options *o,
			struct strv *ret, struct err *err)
{
	if (has_only_file(env, o))
		return strv_take(ret, only_file(env, o), err);
	if (strv_take(ret, runtime_file(env), err) < 0 ||
	    strv_take(ret, config_user_path(env, BELOW_RUN), err) < 0 ||
	    strv_take(ret, config_home_path(env, ".docker/config.json"), err) < 0 ||
	    strv_take(ret, config_home_path(env, ".dockercfg"), err) < 0)
		return -(int)err->code;
	return 0;
}

/* May this user look into the directory of the file? Where not (/run/containers of root, without
 * XDG_RUNTIME_DIR), there is no file of theirs either. */
static bool can_enter(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = slash ? str_dup((struct str){path, (size_t)(slash - path)}) : NULL;

	return !dir || access(dir, X_OK) == 0;
}

static int find_in_file(const struct auth_options *o, const char *path, const char *key,
			struct auth *ret, struct err *err)
{
	AUTO(auth_wipe_buf) struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	AUTO_FREE char *helper = NULL;
	AUTO_FREE char *host = NULL;
	int r = config_read(path, &text, err);

	if (r < 0 && err_is_errno(err, EACCES) && !can_enter(path)) {
		err_clear(err);
		return 0;
	}
	if (r <= 0 || text.len == 0)
		return r < 0 ? r : 0;
	r = auth_find_in(text.ptr, text.len, path, str_ends(path, "/.dockercfg"), key, ret, &helper,
			 err);
	if (r != 0 || !helper)
		return r;
	host = auth_key_host(key);
	if (!host)
		return err_nomem(err);
	return credhelper_get(o, helper, host, ret, err);
}

/* An error in one place is told only when no other place has anything. */
static int find_in_files(const struct config_env *env, const struct auth_options *o,
			 const char *key, struct auth *ret, struct err *first)
{
	AUTO_STRV struct strv files = STRV_INIT;
	struct err err = ERR_INIT;
	size_t i;
	int r;

	r = files_to_ask(env, o, &files, first);
	if (r < 0)
		return r;
	for (i = 0; i < files.n; i++) {
		r = find_in_file(o, files.v[i], key, ret, &err);
		if (r > 0)
			return r;
		if (r < 0 && first->code == ERR_NONE)
			*first = err;
	}
	return first->code == ERR_NONE ? 0 : -(int)first->code;
}

int auth_find(const struct config_env *env, const struct auth_options *opts,
	      const struct strv *helpers, const char *key, struct auth *ret, struct err *err)
{
	struct err first = ERR_INIT, why = ERR_INIT;
	AUTO_FREE char *host = auth_key_host(key);
	size_t i, n = helpers ? helpers->n : 0;
	int r = 0;

	if (!host)
		return err_nomem(err);
	if (opts && opts->authfile && !config_exists(opts->authfile))
		return err_set(err, ERR_NOT_FOUND, "--authfile: there is no file %s",
			       opts->authfile);
	for (i = 0; i < (n ? n : 1); i++) {
		why = (struct err)ERR_INIT;
		if (n == 0 || streq(helpers->v[i], AUTH_FILES))
			r = find_in_files(env, opts, key, ret, &why);
		else
			r = credhelper_get(opts, helpers->v[i], host, ret, &why);
		if (r > 0)
			return 1;
		if (r < 0 && first.code == ERR_NONE)
			first = why;
	}
	if (first.code == ERR_NONE)
		return 0;
	*err = first;
	return -(int)first.code;
}

/* The helper that keeps this key: named by the file for its host, else the first of the
 * configuration unless that is the files themselves. *ret stays NULL for the file. */
static int helper_for(const char *path, const struct strv *helpers, const char *key, char **ret,
		      struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	AUTO_FREE char *host = auth_key_host(key);
	const char *name = NULL;
	int r;

	if (!host)
		return err_nomem(err);
	r = auth_file_read(path, &doc, err);
	if (r < 0)
		return r;
	if (r > 0)
		name = auth_file_helper(doc, host);
	if (!name && helpers && helpers->n > 0 && !streq(helpers->v[0], AUTH_FILES))
		name = helpers->v[0];
	return name ? str_set(ret, name, err) : 0;
}

static int check_namespace(const char *helper, const char *key, struct err *err)
{
	if (!strchr(key, '/'))
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		       "%s: credential helper %s keeps whole registries only, no paths in them",
		       key, helper);
}

/* Where an entry is kept: file, helper (NULL: the file itself), and its name there. */
struct keeping {
	char *path, *helper;
	const char *key;
};

static void keeping_fini(struct keeping *k)
{
	free(k->path);
	free(k->helper);
}

/* What docker can read: it keeps whole registries, its own under a name of old, and knows nothing
 * of the helpers of our configuration. */
static int keep_as_docker(const char *key, struct keeping *k, struct err *err)
{
	if (strchr(key, '/'))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: docker's format keeps whole registries only, no paths in them",
			       key);
	k->key = streq(key, "docker.io") ? DOCKER_HUB_KEY : key;
	return helper_for(k->path, NULL, key, &k->helper, err);
}

static int find_keeping(const struct config_env *env, const struct auth_options *o,
			const struct strv *helpers, const char *key, struct keeping *k,
			struct err *err)
{
	int r;

	k->key = key;
	r = auth_key_check(key, err);
	if (r == 0)
		r = file_to_write(env, o, &k->path, err);
	if (r < 0)
		return r;
	return is_compat(o) ? keep_as_docker(key, k, err)
			    : helper_for(k->path, helpers, key, &k->helper, err);
}

int auth_store(const struct config_env *env, const struct auth_options *opts,
	       const struct strv *helpers, const char *key, const char *user, const char *password,
	       char **ret_path, struct err *err)
{
	AUTO(keeping_fini) struct keeping k = {0};
	int r;

	r = find_keeping(env, opts, helpers, key, &k, err);
	if (r == 0 && k.helper)
		r = check_namespace(k.helper, key, err);
	if (r < 0)
		return r;
	if (strchr(user, ':'))
		return err_set(err, ERR_INVALID, "a user name cannot have a colon in it");
	r = k.helper ? credhelper_store(opts, k.helper, key, user, password, err)
		     : auth_file_put(k.path, k.key, user, password, err);
	if (r < 0)
		return r;
	if (ret_path)
		*ret_path = k.helper ? TAKE(k.helper) : TAKE(k.path);
	return 0;
}

int auth_erase(const struct config_env *env, const struct auth_options *opts,
	       const struct strv *helpers, const char *key, struct err *err)
{
	AUTO(keeping_fini) struct keeping k = {0};
	int r = find_keeping(env, opts, helpers, key, &k, err);

	if (r < 0)
		return r;
	if (k.helper)
		return credhelper_erase(opts, k.helper, key, err);
	return auth_file_remove(k.path, k.key, err);
}

int auth_erase_all(const struct config_env *env, const struct auth_options *opts, struct err *err)
{
	AUTO_FREE char *path = NULL;
	int r = file_to_write(env, opts, &path, err);

	return r < 0 ? r : auth_file_remove(path, NULL, err);
}
