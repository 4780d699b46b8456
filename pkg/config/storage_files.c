/*
 * Which storage.conf files are in effect, and reading one.
 *
 * An ordinary user's own file replaces the system's. Without one, the system's file (meant for
 * root) gives only what is meant for everybody: PART_OF_ROOTLESS. The file that
 * CONTAINERS_STORAGE_CONF names counts for an ordinary user as a whole but for graphroot and
 * runroot (ALL_BUT_ROOTS): so it is with podman 4 and 5.
 */
#include "base/auto.h"
#include "base/err.h"
#include "config/env.h"
#include "config/storage.h"
#include "file.h"
#include "storage_set.h"
#include "text/toml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "containers/storage.conf"
#define DROP_INS "containers/storage.conf.d"

enum part { WHOLE, ALL_BUT_ROOTS, PART_OF_ROOTLESS };

struct reader {
	const struct config_env *env;
	struct storage_conf *c;
	enum part part;
	struct err *err;
};

/* "FILE:LINE: KEY" for messages about a value. */
static void place_of(const struct toml_value *v, char *out, size_t n)
{
	struct err text = ERR_INIT;

	(void)toml_error(v, &text, "%s", "");
	(void)snprintf(out, n, "%.*s", (int)(strlen(text.text) - strlen(": ")), text.text);
}

static int read_path(const struct reader *rd, struct toml_value *table, const char *key,
		     char **slot)
{
	AUTO_FREE char *path = NULL;
	struct toml_value *v;
	const char *text;
	int r;

	r = toml_get_string(table, key, &text, rd->err);
	if (r <= 0 || !*text)
		return r < 0 ? r : 0;
	path = storage_expand(rd->env, text);
	if (!path)
		return err_nomem(rd->err);
	v = toml_find_key(table, key);
	if (path[0] != '/')
		return toml_error(v, rd->err, "\"%s\" is not an absolute path", path);
	free(*slot);
	*slot = TAKE(path);
	return 0;
}

static int read_driver(const struct reader *rd, struct toml_value *storage)
{
	AUTO_STRV struct strv priority = STRV_INIT;
	const char *driver = NULL;
	char where[512];
	int r;

	r = toml_get_strings(storage, "driver_priority", &priority, rd->err);
	if (r < 0)
		return r;
	if (priority.n > 0 && strv_find(&priority, "overlay") < 0)
		return config_unsupported(toml_find_key(storage, "driver_priority"), rd->err,
					  "does not name overlay, the only driver of kist");
	if (priority.n > 0) {
		r = storage_set_driver(rd->c, "overlay", "driver_priority", rd->err);
		if (r < 0)
			return r;
	}
	r = toml_get_string(storage, "driver", &driver, rd->err);
	if (r <= 0)
		return r;
	place_of(toml_find_key(storage, "driver"), where, sizeof(where));
	return storage_set_driver(rd->c, driver, where, rd->err);
}

static int read_stores(const struct reader *rd, struct toml_value *options)
{
	AUTO_STRV struct strv list = STRV_INIT;
	struct toml_value *layers;
	bool append = false;
	char where[512];
	size_t i;
	int r;

	r = toml_get_array(options, "additionallayerstores", &layers, rd->err);
	if (r < 0)
		return r;
	if (r > 0 && toml_count(layers) > 0)
		return config_unsupported(layers, rd->err,
					  "additional layer stores are not supported");
	r = toml_get_strings_append(options, "additionalimagestores", &list, &append, rd->err);
	if (r <= 0)
		return r;
	if (!append)
		strv_fini(&rd->c->additional_image_stores);
	place_of(toml_find_key(options, "additionalimagestores"), where, sizeof(where));
	for (i = 0; i < list.n; i++) {
		r = storage_set_option(rd->env, rd->c, "additionalimagestore", list.v[i], where,
				       rd->err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A driver option's text; plain true and numbers are taken for their text. */
static int option_text(struct toml_value *v, const char **ret, char number[32], struct err *err)
{
	switch (toml_kind(v)) {
	case TOML_STRING:
		*ret = toml_str(v);
		return 0;
	case TOML_BOOL:
		*ret = toml_bool(v) ? "true" : "false";
		return 0;
	case TOML_INT:
		(void)snprintf(number, 32, "%lld", (long long)toml_int(v));
		*ret = number;
		return 0;
	default:
		return toml_error(v, err, "expected a string");
	}
}

static int read_options(const struct reader *rd, struct toml_value *options)
{
	const char *key, *text = "";
	char where[512], number[32];
	struct toml_value *v;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < toml_count(options); i++) {
		v = toml_at(options, i);
		key = toml_key(v);
		if (!storage_knows_option(key) ||
		    (rd->part == PART_OF_ROOTLESS && !streq(key, "ignore_chown_errors")))
			continue;
		toml_use_all(v);
		place_of(v, where, sizeof(where));
		r = option_text(v, &text, number, rd->err);
		if (r == 0)
			r = storage_set_option(rd->env, rd->c, key, text, where, rd->err);
	}
	return r;
}

/* [storage.options], then [storage.options.overlay], which wins. */
static int read_option_tables(const struct reader *rd, struct toml_value *storage)
{
	struct toml_value *options, *overlay;
	int r;

	r = toml_get_table(storage, "options", &options, rd->err);
	if (r <= 0)
		return r;
	if (toml_find_key(options, "pull_options"))
		toml_use_all(toml_find_key(options, "pull_options"));
	r = read_options(rd, options);
	if (r == 0 && rd->part != PART_OF_ROOTLESS)
		r = read_stores(rd, options);
	if (r < 0)
		return r;
	r = toml_get_table(options, "overlay", &overlay, rd->err);
	return r <= 0 ? r : read_options(rd, overlay);
}

/* Both are of the same kind; a user's graphroot goes before rootless_storage_path. */
static int read_roots(const struct reader *rd, struct toml_value *storage)
{
	int r = 0;

	if (rd->env->rootless)
		r = read_path(rd, storage, "rootless_storage_path", &rd->c->graphroot);
	if (r < 0 || rd->part == PART_OF_ROOTLESS)
		return r;
	if (rd->part == WHOLE)
		r = read_path(rd, storage, "graphroot", &rd->c->graphroot);
	if (r == 0 && rd->part == WHOLE)
		r = read_path(rd, storage, "runroot", &rd->c->runroot);
	if (r == 0)
		r = read_path(rd, storage, "imagestore", &rd->c->imagestore);
	return r;
}

static int read_storage(const struct reader *rd, struct toml *t)
{
	struct toml_value *storage;
	bool transient = false;
	int r;

	r = toml_get_table(toml_root(t), "storage", &storage, rd->err);
	if (r <= 0)
		return r;
	r = read_driver(rd, storage);
	if (r == 0)
		r = read_roots(rd, storage);
	if (r < 0)
		return r;
	r = toml_get_bool(storage, "transient_store", &transient, rd->err);
	if (r < 0)
		return r;
	if (transient && rd->part != PART_OF_ROOTLESS)
		return config_unsupported(toml_find_key(storage, "transient_store"), rd->err,
					  "a transient store is not supported: set it to false "
					  "(what other tools have in theirs is not touched)");
	return read_option_tables(rd, storage);
}

/* `given`: who named the file, which must exist then; NULL for one that may be absent. */
static int read_file(const struct reader *rd, const char *path, const char *given)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	int r;

	r = given ? config_toml_given(path, given, &t, rd->err) : config_toml(path, &t, rd->err);
	if (r < 0 || !t)
		return r;
	r = read_storage(rd, t);
	if (r < 0)
		return r;
	config_log_unused(t);
	if (!rd->c->source)
		return str_set(&rd->c->source, path, rd->err);
	return 0;
}

/* The one main file, and how much of it counts. */
static int find_main(const struct config_env *env, char **ret, enum part *ret_part, struct err *err)
{
	static const char *const system[] = {"/etc/" NAME, "/usr/share/" NAME};
	AUTO_FREE char *path = NULL;
	size_t i;

	*ret_part = WHOLE;
	/* root's own file counts only where it is asked for by name. */
	if (env->rootless || config_env_get(env, "XDG_CONFIG_HOME")) {
		path = config_user_path(env, NAME);
		if (!path)
			return err_nomem(err);
		if (config_exists(path)) {
			*ret = TAKE(path);
			return 1;
		}
	}
	if (env->rootless)
		*ret_part = PART_OF_ROOTLESS;
	for (i = 0; i < ARRAY_LEN(system); i++) {
		free(path);
		path = config_system_path(env, system[i]);
		if (!path)
			return err_nomem(err);
		if (config_exists(path)) {
			*ret = TAKE(path);
			return 1;
		}
	}
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Adds dir's files, in the place of earlier ones of the same name. */
static int add_drop_ins(const char *dir, struct strv *ret, struct err *err)
{
	AUTO_STRV struct strv found = STRV_INIT;
	size_t i, at;
	int r, order;

	r = config_drop_ins(dir, &found, err);
	for (i = 0; r == 0 && i < found.n; i++) {
		order = -1;
		for (at = 0; at < ret->n; at++) {
			order = strcmp(base_name(ret->v[at]), base_name(found.v[i]));
			if (order >= 0)
				break;
		}
		if (at < ret->n && order == 0)
			strv_remove(ret, at);
		r = strv_insert(ret, at, found.v[i], err);
	}
	return r;
}

static int system_drop_ins(const struct config_env *env, const char *base, struct strv *ret,
			   struct err *err)
{
	AUTO_FREE char *common = str_fmt("%s%s/" DROP_INS, env->prefix, base);
	AUTO_FREE char *own = str_fmt("%s%s/containers/storage.%s.conf.d", env->prefix, base,
				      env->rootless ? "rootless" : "rootful");
	AUTO_FREE char *uid = own ? str_fmt("%s/%u", own, env->uid) : NULL;
	int r;

	if (!common || !uid)
		return err_nomem(err);
	r = add_drop_ins(common, ret, err);
	if (r == 0)
		r = add_drop_ins(own, ret, err);
	if (r == 0 && env->rootless)
		r = add_drop_ins(uid, ret, err);
	return r;
}

static int list_drop_ins(const struct config_env *env, struct strv *ret, struct err *err)
{
	AUTO_FREE char *user = config_user_path(env, DROP_INS);
	int r;

	if (!user)
		return err_nomem(err);
	r = system_drop_ins(env, "/usr/share", ret, err);
	if (r == 0)
		r = system_drop_ins(env, "/etc", ret, err);
	if (r == 0 && (env->rootless || config_env_get(env, "XDG_CONFIG_HOME")))
		r = add_drop_ins(user, ret, err);
	return r;
}

/* A drop-in that is for everybody may hold root's paths. */
static bool is_for_everybody(const struct config_env *env, const char *path)
{
	const char *below = str_after(path, env->prefix);

	return below && (str_starts(below, "/etc/" DROP_INS "/") ||
			 str_starts(below, "/usr/share/" DROP_INS "/"));
}

static int read_default_files(struct reader *rd)
{
	AUTO_STRV struct strv drop_ins = STRV_INIT;
	AUTO_FREE char *path = NULL;
	size_t i;
	int r;

	r = find_main(rd->env, &path, &rd->part, rd->err);
	if (r > 0)
		r = read_file(rd, path, NULL);
	if (r < 0)
		return r;
	r = list_drop_ins(rd->env, &drop_ins, rd->err);
	for (i = 0; r == 0 && i < drop_ins.n; i++) {
		rd->part = rd->env->rootless && is_for_everybody(rd->env, drop_ins.v[i])
			       ? PART_OF_ROOTLESS
			       : WHOLE;
		r = read_file(rd, drop_ins.v[i], NULL);
	}
	return r;
}

int storage_read_files(const struct config_env *env, struct storage_conf *c, struct err *err)
{
	const char *only = config_env_get(env, "CONTAINERS_STORAGE_CONF");
	const char *over = config_env_get(env, "CONTAINERS_STORAGE_CONF_OVERRIDE");
	struct reader rd = {env, c, env->rootless ? ALL_BUT_ROOTS : WHOLE, err};
	int r;

	r = only ? read_file(&rd, only, "CONTAINERS_STORAGE_CONF") : read_default_files(&rd);
	rd.part = WHOLE;
	if (r == 0 && over)
		r = read_file(&rd, over, "CONTAINERS_STORAGE_CONF_OVERRIDE");
	return r;
}
