/* Single settings of storage.conf, from files, environment and command line alike. */
#include "storage_set.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/env.h"
#include "config/storage.h"

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

enum kind {
	SET_BOOL,
	SET_MOUNTOPT,
	SET_SYNC,
	ADD_STORE,
	REFUSED,	 /* when it is not empty */
	REFUSED_IF_TRUE, /* when it switches something on */
	IGNORED,	 /* does not change what kist does */
};

static const struct {
	const char *key;
	enum kind kind;
	size_t at;
	const char *reason;
} options[] = {
    {"mountopt", SET_MOUNTOPT, offsetof(struct storage_conf, mountopt), NULL},
    {"ignore_chown_errors", SET_BOOL, offsetof(struct storage_conf, ignore_chown_errors), NULL},
    {"skip_mount_home", SET_BOOL, offsetof(struct storage_conf, skip_mount_home), NULL},
    {"disable-volatile", SET_BOOL, offsetof(struct storage_conf, disable_volatile), NULL},
    {"force_mask", REFUSED, 0,
     "only a mount program (fuse-overlayfs) presents such files, and kist mounts with the kernel's "
     "overlay: remove it, or name another file in CONTAINERS_STORAGE_CONF"},
    {"sync", SET_SYNC, 0, NULL},
    {"imagestore", ADD_STORE, 0, NULL},
    {"additionalimagestore", ADD_STORE, 0, NULL},
    {"mount_program", REFUSED, 0,
     "kist mounts with the kernel's overlay only (as an ordinary user from Linux 5.13 on): remove "
     "it, or name another file in CONTAINERS_STORAGE_CONF"},
    {"size", REFUSED, 0, "disk quotas are not built yet"},
    {"inodes", REFUSED, 0, "disk quotas are not built yet"},
    {"use_composefs", REFUSED_IF_TRUE, 0,
     "composefs is not built yet: set it to \"false\" (layers that are there can still be listed "
     "and removed)"},
    {"remap-uids", REFUSED, 0, "store-wide id maps are not supported"},
    {"remap-gids", REFUSED, 0, "store-wide id maps are not supported"},
    {"remap-user", REFUSED, 0, "store-wide id maps are not supported"},
    {"remap-group", REFUSED, 0, "store-wide id maps are not supported"},
    {"root-auto-userns-user", IGNORED, 0, NULL},
    {"auto-userns-min-size", IGNORED, 0, NULL},
    {"auto-userns-max-size", IGNORED, 0, NULL},
};

bool storage_knows_option(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(options); i++)
		if (streq(options[i].key, key))
			return true;
	return false;
}

int storage_set_driver(struct storage_conf *c, const char *driver, const char *where,
		       struct err *err)
{
	if (streq(driver, "overlay2"))
		driver = "overlay";
	if (*driver && !streq(driver, "overlay"))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: storage driver \"%s\" is not supported, only overlay", where,
			       driver);
	return str_set(&c->driver, *driver ? driver : NULL, err);
}

/* What Go's ParseBool takes. */
static int parse_bool(const char *s, const char *where, bool *ret, struct err *err)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"", "0", "f", "F", "false", "FALSE", "False"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(yes); i++)
		if (streq(s, yes[i])) {
			*ret = true;
			return 0;
		}
	for (i = 0; i < ARRAY_LEN(no); i++)
		if (streq(s, no[i])) {
			*ret = false;
			return 0;
		}
	return err_set(err, ERR_INVALID, "%s: \"%s\" is neither true nor false", where, s);
}

/* nodev is how kist mounts anyway; metacopy makes copying up faster, which only the writable layers
 * of the tool that uses it know about; fsync is for fuse-overlayfs. All others would change what
 * containers see. */
static int set_mountopt(struct storage_conf *c, const char *value, const char *where,
			struct err *err)
{
	struct str rest = str_of(value), part;

	for (part = str_cut(&rest, ','); part.ptr; part = str_cut(&rest, ',')) {
		if (part.len == 0 || str_eq(part, "nodev") || str_starts(part.ptr, "metacopy=") ||
		    str_starts(part.ptr, "fsync="))
			continue;
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: mountopt \"%.*s\" is not supported (only nodev, metacopy and "
			       "fsync, which change nothing here)",
			       where, (int)part.len, part.ptr);
	}
	return str_set(&c->mountopt, *value ? value : NULL, err);
}

static int set_sync(struct storage_conf *c, const char *value, const char *where, struct err *err)
{
	if (!streq(value, "none") && !streq(value, "filesystem") && *value)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is neither none nor filesystem", where,
			       value);
	c->sync_filesystem = streq(value, "filesystem");
	return 0;
}

static int add_store(const struct config_env *env, struct storage_conf *c, const char *value,
		     const char *where, struct err *err)
{
	AUTO_FREE char *path = storage_expand(env, value);

	if (!path)
		return err_nomem(err);
	if (path[0] != '/')
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not an absolute path", where,
			       value);
	if (strv_find(&c->additional_image_stores, path) >= 0)
		return 0;
	return strv_add(&c->additional_image_stores, path, err);
}

int storage_set_option(const struct config_env *env, struct storage_conf *c, const char *key,
		       const char *value, const char *where, struct err *err)
{
	bool on = false;
	size_t i = 0;
	int r;

	while (i < ARRAY_LEN(options) && !streq(options[i].key, key))
		i++;
	if (i == ARRAY_LEN(options))
		return err_set(err, ERR_INVALID, "%s: unknown option \"%s\"", where, key);
	switch (options[i].kind) {
	case SET_BOOL:
		return parse_bool(value, where, (bool *)((char *)c + options[i].at), err);
	case SET_MOUNTOPT:
		return set_mountopt(c, value, where, err);
	case SET_SYNC:
		return set_sync(c, value, where, err);
	case ADD_STORE:
		return *value ? add_store(env, c, value, where, err) : 0;
	case REFUSED:
		on = *value != '\0';
		break;
	case REFUSED_IF_TRUE:
		r = parse_bool(value, where, &on, err);
		if (r < 0)
			return r;
		break;
	case IGNORED:
		return 0;
	}
	if (!on)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "%s: %s is not supported: %s", where, key,
		       options[i].reason);
}

/* The name at s, behind '$': its text, and how many bytes to go on. */
static struct str variable_name(const char *s, size_t *ret_used)
{
	const char *end;
	size_t n = 0;

	if (s[0] == '{' && (end = strchr(s, '}'))) {
		*ret_used = (size_t)(end - s) + 1;
		return (struct str){s + 1, (size_t)(end - s) - 1};
	}
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	*ret_used = n;
	return (struct str){s, n};
}

static void add_variable(const struct config_env *env, struct str name, struct buf *out)
{
	AUTO_FREE char *n = str_dup(name);
	const char *value;

	if (!n) {
		out->failed = true;
		return;
	}
	value = config_env_get(env, n);
	if (streq(n, "UID"))
		buf_addf(out, "%u", env->uid);
	else if (streq(n, "HOME"))
		buf_adds(out, env->home);
	else if (value)
		buf_adds(out, value);
}

char *storage_expand(const struct config_env *env, const char *path)
{
	AUTO_BUF struct buf out = BUF_INIT(PATH_MAX);
	size_t used;

	for (; *path; path++) {
		if (*path != '$') {
			buf_addc(&out, *path);
			continue;
		}
		add_variable(env, variable_name(path + 1, &used), &out);
		path += used;
	}
	return buf_take(&out);
}
