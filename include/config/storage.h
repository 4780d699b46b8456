/*
 * storage.h - where the image store is and how it is used: storage.conf, its drop-ins, the
 * environment (CONTAINERS_STORAGE_CONF, STORAGE_DRIVER, STORAGE_OPTS) and the command line, by the
 * rules of containers/storage.
 *
 * Files: $CONTAINERS_STORAGE_CONF alone if set (for an ordinary user all of it but graphroot and
 * runroot, as podman has it); else the first of the user's file, /etc/containers
 * and /usr/share/containers, then drop-ins (storage.conf.d, storage.rootful.conf.d or
 * storage.rootless.conf.d[/<uid>]) by base name, a later directory hiding the same name in an
 * earlier one; $CONTAINERS_STORAGE_CONF_OVERRIDE at the end. As ordinary user, a system file gives
 * only rootless_storage_path, driver and ignore_chown_errors. Errors name file, line and key.
 */
#ifndef CONFIG_STORAGE_H
#define CONFIG_STORAGE_H

#include "base/strv.h"

struct config_env;
struct err;

/* --root and the like; NULL and empty: not given. */
struct storage_options {
	const char
	    *root; /* switches off the driver options of the files, as podman's --root does */
	const char *runroot;
	const char *driver;
	const char *imagestore;
	struct strv options; /* --storage-opt KEY=VALUE; any given replaces those of the files */
};

/* Owns its strings: storage_conf_fini. Paths are absolute; they need not exist. */
struct storage_conf {
	char *graphroot;
	char *runroot;
	char *driver;	   /* "overlay", or "" when nothing is configured */
	bool driver_given; /* on the command line or in STORAGE_DRIVER */
	char *imagestore;  /* or NULL: images are in graphroot */
	struct strv additional_image_stores;
	char *mountopt; /* comma list or NULL */
	bool ignore_chown_errors;
	bool skip_mount_home;
	bool disable_volatile;
	bool sync_filesystem;	 /* sync = "filesystem" */
	bool runroot_is_default; /* neither configured nor given */
	char *source;		 /* the file that set most, or NULL: defaults only */
};

#define STORAGE_CONF_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_STORAGE_CONF __attribute__((cleanup(storage_conf_fini)))

/* opts may be NULL. ERR_UNSUPPORTED names file and key for what kist does not do: drivers other
 * than overlay, mount programs, force_mask, composefs, additional layer stores, quotas, transient
 * stores. */
int storage_conf_load(const struct config_env *env, const struct storage_options *opts,
		      struct storage_conf *ret, struct err *err);
void storage_conf_fini(struct storage_conf *c);

#endif
