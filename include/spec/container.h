/*
 * container.h - the container record, container.json: what `create` decided and nothing changes
 * afterwards. kist's own format, version 1:
 *
 *	{
 *	  "version": 1,
 *	  "id": "<64 hex>", "name": "web", "createdAt": "2026-11-22T06:48:20.123Z",
 *	  "image": {"id": "<64 hex>", "name": "docker.io/library/nginx:latest",
 *	            "digest": "sha256:...", "topLayer": "<64 hex>"},
 *	  "process": {"args": [...], "entrypoint": [...], "cmd": [...], "env": ["A=b"],
 *	              "cwd": "/", "user": "1000:1000", "terminal": false, "stdinOpen": false,
 *	              "capAdd": [], "capDrop": [], "privileged": false, "noNewPrivileges": false,
 *	              "seccomp": "/path/profile.json", "stopSignal": "SIGTERM", "stopTimeout": 10,
 *	              "init": false},
 *	  "hostname": "...", "network": "private", "readOnly": false, "autoRemove": false,
 *	  "mounts": [{"type": "bind", "source": "/a", "destination": "/b", "options": ["ro"]}],
 *	  "resources": {"memory": 0, "memorySwap": 0, "pidsLimit": 0, "cpuQuota": 0,
 *	                "cpuPeriod": 0, "cpuShares": 0, "cpusetCpus": "", "cpusetMems": ""},
 *	  "log": {"driver": "k8s-file", "path": "..."},
 *	  "labels": {}, "annotations": {}, "ports": []
 *	}
 *
 * Zero and empty members are left out. Members that this version does not know survive reading and
 * writing (`extra`). A record of a higher version is refused.
 */
#ifndef SPEC_CONTAINER_H
#define SPEC_CONTAINER_H

#include "base/strv.h"

struct buf;
struct err;

#define CONTAINER_VERSION 1
#define CONTAINER_SIZE_MAX ((size_t)16 << 20)
/* It is a file name too. */
#define CONTAINER_NAME_MAX 255

struct container_image {
	char *id;
	char *name; /* as given by the user, or NULL */
	char *digest;
	char *top_layer; /* "" or NULL: no image (--rootfs) */
};

struct container_process {
	struct strv args;	/* final argv: entrypoint and command */
	struct strv entrypoint; /* as decided, for inspect and commit */
	struct strv cmd;
	struct strv env;
	char *cwd;
	char *user; /* "name", "uid:gid", "" is root */
	bool terminal;
	bool stdin_open;
	struct strv cap_add;
	struct strv cap_drop;
	bool privileged;
	bool no_new_privileges;
	char *seccomp; /* profile file, "unconfined", or NULL: the default */
	char *stop_signal;
	int64_t stop_timeout; /* seconds */
	bool init;
	char *extra; /* as container_def.extra */
};

struct container_mount {
	char *type; /* "bind", "tmpfs" */
	char *source;
	char *destination;
	struct strv options;
};

/* 0: not set. */
struct container_resources {
	int64_t memory;	     /* bytes */
	int64_t memory_swap; /* bytes, memory included; -1: unlimited */
	int64_t pids_limit;  /* -1: unlimited */
	int64_t cpu_quota;   /* microseconds per period */
	uint64_t cpu_period;
	uint64_t cpu_shares;
	char *cpuset_cpus;
	char *cpuset_mems;
	char *extra; /* as container_def.extra */
};

struct container_port {
	char *host_ip;
	int64_t host_port;
	int64_t container_port;
	char *protocol;
};

struct container_def {
	int64_t version;
	char *id;
	char *name;
	int64_t created_at; /* ns since 1970 */
	struct container_image image;
	struct container_process process;
	char *hostname;
	char *network; /* "none", "host", "private" */
	struct container_mount *mounts;
	size_t n_mounts;
	bool read_only;
	struct container_resources resources;
	bool auto_remove;
	char *log_driver;
	char *log_path;	    /* NULL: ctr.log in the container's directory */
	struct strv labels; /* "key=value" */
	struct strv annotations;
	struct container_port *ports;
	size_t n_ports;
	char *extra; /* JSON text of an object with what is not known, or NULL */
};

#define CONTAINER_DEF_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_CONTAINER_DEF __attribute__((cleanup(container_def_fini)))

int container_def_read(const char *text, size_t len, const char *what, struct container_def *ret,
		       struct err *err);
/* Appends the record as text with a final newline; writes version 1 whatever def->version says. */
int container_def_write(const struct container_def *def, struct buf *out, struct err *err);
void container_def_fini(struct container_def *def);
int container_def_add_mount(struct container_def *def, const char *type, const char *source,
			    const char *destination, const struct strv *options, struct err *err);

/* [a-zA-Z0-9][a-zA-Z0-9_.-]*; ERR_INVALID in podman's words. */
int container_name_check(const char *name, struct err *err);

#endif
