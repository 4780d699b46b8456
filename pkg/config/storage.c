/* storage.conf and what comes on top of it. The files' rules are in storage_files.c. */
#include "config/storage.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/env.h"
#include "storage_set.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SYSTEM_GRAPHROOT "/var/lib/containers/storage"
#define SYSTEM_RUNROOT "/run/containers/storage"

void storage_conf_fini(struct storage_conf *c)
{
	free(c->graphroot);
	free(c->runroot);
	free(c->driver);
	free(c->imagestore);
	strv_fini(&c->additional_image_stores);
	free(c->mountopt);
	free(c->source);
	*c = (struct storage_conf)STORAGE_CONF_INIT;
}

static void reset_options(struct storage_conf *c)
{
	strv_fini(&c->additional_image_stores);
	free(c->mountopt);
	c->mountopt = NULL;
	c->ignore_chown_errors = c->skip_mount_home = c->disable_volatile = false;
	c->sync_filesystem = false;
}

/* One "overlay.mountopt=nodev" of --storage-opt or STORAGE_OPTS. */
static int set_assignment(const struct config_env *env, struct storage_conf *c, const char *text,
			  const char *where, struct err *err)
{
	const char *value = strchr(text, '='), *key, *dot;
	AUTO_FREE char *name = NULL;

	if (!value || value == text)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not of the form key=value", where,
			       text);
	key = text;
	dot = memchr(text, '.', (size_t)(value - text));
	if (dot) {
		struct str driver = {text, (size_t)(dot - text)};

		if (driver.len > 0 && !str_eq(driver, "overlay") && !str_eq(driver, "overlay2"))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s: \"%s\" is for another driver; kist has only overlay",
				       where, text);
		key = dot + 1;
	}
	name = str_dup((struct str){key, (size_t)(value - key)});
	if (!name)
		return err_nomem(err);
	return storage_set_option(env, c, name, value + 1, where, err);
}

static int set_option_list(const struct config_env *env, struct storage_conf *c,
			   const struct strv *list, const char *where, struct err *err)
{
	size_t i;
	int r = 0;

	if (list->n > 0)
		reset_options(c);
	for (i = 0; r == 0 && i < list->n; i++)
		r = set_assignment(env, c, list->v[i], where, err);
	return r;
}

static int apply_environment(const struct config_env *env, struct storage_conf *c, struct err *err)
{
	const char *driver = config_env_get(env, "STORAGE_DRIVER");
	const char *options = config_env_get(env, "STORAGE_OPTS");
	AUTO_STRV struct strv list = STRV_INIT;
	struct str rest, part;
	int r = 0;

	if (driver)
		r = storage_set_driver(c, driver, "STORAGE_DRIVER", err);
	if (driver && *driver)
		c->driver_given = true;
	if (r < 0 || !options)
		return r;
	rest = str_of(options);
	for (part = str_cut(&rest, ','); part.ptr; part = str_cut(&rest, ',')) {
		r = strv_addn(&list, part, err);
		if (r < 0)
			return r;
	}
	return set_option_list(env, c, &list, "STORAGE_OPTS", err);
}

static int set_absolute(char **slot, const char *path, struct err *err)
{
	AUTO_FREE char *cwd = NULL;
	AUTO_FREE char *full = NULL;

	if (path[0] == '/')
		return str_set(slot, path, err);
	cwd = get_current_dir_name();
	full = cwd ? str_fmt("%s/%s", cwd, path) : NULL;
	if (!full)
		return err_nomem(err);
	free(*slot);
	*slot = TAKE(full);
	return 0;
}

static int apply_options(const struct config_env *env, struct storage_conf *c,
			 const struct storage_options *o, struct err *err)
{
	int r = 0;

	if (!str_empty(o->root)) {
		/* As podman: the files' driver options are for their own graphroot. */
		reset_options(c);
		r = set_absolute(&c->graphroot, o->root, err);
	}
	if (r == 0 && !str_empty(o->runroot))
		r = set_absolute(&c->runroot, o->runroot, err);
	if (r == 0 && !str_empty(o->imagestore))
		r = set_absolute(&c->imagestore, o->imagestore, err);
	if (r == 0 && !str_empty(o->driver))
		r = storage_set_driver(c, o->driver, "--storage-driver", err);
	if (!str_empty(o->driver))
		c->driver_given = true;
	if (r == 0)
		r = set_option_list(env, c, &o->options, "--storage-opt", err);
	return r;
}

static char *default_graphroot(const struct config_env *env)
{
	const char *data = config_env_get(env, "XDG_DATA_HOME");

	if (!env->rootless)
		return config_system_path(env, SYSTEM_GRAPHROOT);
	if (data && data[0] == '/')
		return str_fmt("%s/containers/storage", data);
	return config_home_path(env, ".local/share/containers/storage");
}

/* Is it a directory of this user's? */
static bool is_own_dir(const char *path, unsigned uid)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

static char *default_runroot(const struct config_env *env)
{
	const char *run = config_env_get(env, "XDG_RUNTIME_DIR");
	const char *tmp = config_env_get(env, "TMPDIR");
	AUTO_FREE char *systemd = NULL;

	if (!env->rootless)
		return config_system_path(env, SYSTEM_RUNROOT);
	if (run && run[0] == '/')
		return str_fmt("%s/containers", run);
	systemd = str_fmt("%s/run/user/%u", env->prefix, env->uid);
	if (!systemd)
		return NULL;
	if (is_own_dir(systemd, env->uid))
		return str_fmt("%s/containers", systemd);
	return str_fmt("%s/storage-run-%u/containers", tmp && tmp[0] == '/' ? tmp : "/tmp",
		       env->uid);
}

static int fill_defaults(const struct config_env *env, struct storage_conf *c, struct err *err)
{
	if (!c->graphroot && !(c->graphroot = default_graphroot(env)))
		return err_nomem(err);
	if (!*c->graphroot)
		return err_set(err, ERR_INVALID,
			       "no place for images: neither HOME nor XDG_DATA_HOME is set; use "
			       "--root");
	c->runroot_is_default = !c->runroot;
	if (!c->runroot && !(c->runroot = default_runroot(env)))
		return err_nomem(err);
	if (!c->driver && !(c->driver = strdup("")))
		return err_nomem(err);
	if (c->imagestore && streq(c->imagestore, c->graphroot))
		return err_set(err, ERR_INVALID, "imagestore and graphroot are both %s",
			       c->graphroot);
	return 0;
}

int storage_conf_load(const struct config_env *env, const struct storage_options *opts,
		      struct storage_conf *ret, struct err *err)
{
	AUTO_STORAGE_CONF struct storage_conf c = STORAGE_CONF_INIT;
	int r;

	r = storage_read_files(env, &c, err);
	if (r == 0)
		r = apply_environment(env, &c, err);
	if (r == 0 && opts)
		r = apply_options(env, &c, opts, err);
	if (r == 0)
		r = fill_defaults(env, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct storage_conf)STORAGE_CONF_INIT;
	return 0;
}
