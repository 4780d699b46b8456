/*
 * containers.h - containers.conf: defaults of `create` and `run`, and of the engine.
 *
 * Files, later ones over earlier ones: containers.conf of /usr/share/containers and of
 * /etc/containers, the drop-ins ("NAME.conf") of /etc/containers/containers.conf.d, the user's
 * containers.conf and containers.conf.d; $CONTAINERS_CONF replaces them all;
 * $CONTAINERS_CONF_OVERRIDE comes on top of either. Lists replace, or append with {append=true}.
 * A key that kist does not know is only logged; a wrong kind is an error that names file, line and
 * key; a value that kist cannot do is ERR_UNSUPPORTED when it would change what containers get.
 */
#ifndef CONFIG_CONTAINERS_H
#define CONFIG_CONTAINERS_H

#include "base/strv.h"

struct config_env;
struct err;

/* Owns its strings: containers_conf_fini. podman's defaults are filled in; NULL means none. */
struct containers_conf {
	/* [containers] */
	struct strv default_capabilities; /* "CAP_CHOWN"; "CAP_" and upper case added */
	struct strv default_sysctls;	  /* "net.ipv4.ping_group_range=0 0" */
	struct strv default_ulimits;	  /* "nofile=1024:2048" */
	struct strv annotations;	  /* "key=value" */
	struct strv env;		  /* "TERM=xterm" */
	bool env_host;
	bool http_proxy;
	struct strv dns_servers, dns_searches, dns_options;
	struct strv devices; /* "/dev/a:/dev/b:rwm" */
	struct strv volumes; /* "/a:/b:ro" */
	struct strv mounts;  /* --mount texts */
	char *base_hosts_file;
	bool no_hosts;
	bool init;
	char *init_path;
	char *log_driver;
	int64_t log_size_max; /* -1: no limit */
	char *log_tag;
	char *netns, *ipcns, *pidns, *utsns, *cgroupns, *userns; /* "private", "host", "" */
	char *cgroups;						 /* "enabled", "disabled" */
	int64_t pids_limit;					 /* 2048; 0, -1: no limit */
	bool pids_limit_set;
	bool read_only;
	char *seccomp_profile; /* file or NULL */
	uint64_t shm_size;     /* bytes */
	char *tz;
	unsigned umask; /* 0022 */
	bool label;
	bool keyring;
	bool privileged;
	/* [engine] */
	char *cgroup_manager; /* "systemd" or "cgroupfs", NULL: not configured */
	char *detach_keys;
	int64_t stop_timeout; /* seconds */
	struct strv engine_env;
	char *pull_policy; /* "missing", "always", "never", "newer" */
	char *image_copy_tmp_dir;
	char *compression_format;      /* "gzip", "zstd" */
	int64_t image_parallel_copies; /* 0: default */
	int64_t retry;
	struct strv helper_binaries_dir;
	char *image_volume_mode; /* "anonymous", "tmpfs", "ignore", or NULL */
};

#define CONTAINERS_CONF_INIT                                                                       \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_CONTAINERS_CONF __attribute__((cleanup(containers_conf_fini)))

int containers_conf_load(const struct config_env *env, struct containers_conf *ret,
			 struct err *err);
void containers_conf_fini(struct containers_conf *c);

#endif
