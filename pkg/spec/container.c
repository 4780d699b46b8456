#include "spec/container.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/table.h"

#include <stdlib.h>

#define OMIT JSON_OMIT_EMPTY

static const struct json_field image_fields[] = {
    JSON_F_STR(struct container_image, id, "id", OMIT),
    JSON_F_STR(struct container_image, name, "name", OMIT),
    JSON_F_STR(struct container_image, digest, "digest", OMIT),
    JSON_F_STR(struct container_image, top_layer, "topLayer", OMIT),
    {0},
};
static const struct json_table image_table = {image_fields, sizeof(struct container_image)};

static const struct json_field process_fields[] = {
    JSON_F_STRV(struct container_process, args, "args", 0),
    JSON_F_STRV(struct container_process, entrypoint, "entrypoint", OMIT),
    JSON_F_STRV(struct container_process, cmd, "cmd", OMIT),
    JSON_F_STRV(struct container_process, env, "env", OMIT),
    JSON_F_STR(struct container_process, cwd, "cwd", OMIT),
    JSON_F_STR(struct container_process, user, "user", OMIT),
    JSON_F_BOOL(struct container_process, terminal, "terminal", OMIT),
    JSON_F_BOOL(struct container_process, stdin_open, "stdinOpen", OMIT),
    JSON_F_STRV(struct container_process, cap_add, "capAdd", OMIT),
    JSON_F_STRV(struct container_process, cap_drop, "capDrop", OMIT),
    JSON_F_BOOL(struct container_process, privileged, "privileged", OMIT),
    JSON_F_BOOL(struct container_process, no_new_privileges, "noNewPrivileges", OMIT),
    JSON_F_STR(struct container_process, seccomp, "seccomp", OMIT),
    JSON_F_STR(struct container_process, stop_signal, "stopSignal", OMIT),
    JSON_F_I64(struct container_process, stop_timeout, "stopTimeout", 0),
    JSON_F_BOOL(struct container_process, init, "init", OMIT),
    JSON_F_EXTRA(struct container_process, extra),
    {0},
};
static const struct json_table process_table = {process_fields, sizeof(struct container_process)};

static const struct json_field mount_fields[] = {
    JSON_F_STR(struct container_mount, type, "type", JSON_REQUIRED),
    JSON_F_STR(struct container_mount, source, "source", OMIT),
    JSON_F_STR(struct container_mount, destination, "destination", JSON_REQUIRED),
    JSON_F_STRV(struct container_mount, options, "options", OMIT),
    {0},
};
static const struct json_table mount_table = {mount_fields, sizeof(struct container_mount)};

static const struct json_field resources_fields[] = {
    JSON_F_I64(struct container_resources, memory, "memory", OMIT),
    JSON_F_I64(struct container_resources, memory_swap, "memorySwap", OMIT),
    JSON_F_I64(struct container_resources, pids_limit, "pidsLimit", OMIT),
    JSON_F_I64(struct container_resources, cpu_quota, "cpuQuota", OMIT),
    JSON_F_U64(struct container_resources, cpu_period, "cpuPeriod", OMIT),
    JSON_F_U64(struct container_resources, cpu_shares, "cpuShares", OMIT),
    JSON_F_STR(struct container_resources, cpuset_cpus, "cpusetCpus", OMIT),
    JSON_F_STR(struct container_resources, cpuset_mems, "cpusetMems", OMIT),
    JSON_F_EXTRA(struct container_resources, extra),
    {0},
};
static const struct json_table resources_table = {resources_fields,
						  sizeof(struct container_resources)};

static const struct json_field port_fields[] = {
    JSON_F_STR(struct container_port, host_ip, "hostIP", OMIT),
    JSON_F_I64(struct container_port, host_port, "hostPort", 0),
    JSON_F_I64(struct container_port, container_port, "containerPort", 0),
    JSON_F_STR(struct container_port, protocol, "protocol", OMIT),
    {0},
};
static const struct json_table port_table = {port_fields, sizeof(struct container_port)};

struct log_conf {
	char *driver, *path;
};

static const struct json_field log_fields[] = {
    {"driver", JSON_T_STR, OMIT, offsetof(struct log_conf, driver), 0, NULL},
    {"path", JSON_T_STR, OMIT, offsetof(struct log_conf, path), 0, NULL},
    {0},
};
static const struct json_table log_table = {log_fields, sizeof(struct log_conf)};

static const struct json_field def_fields[] = {
    JSON_F_I64(struct container_def, version, "version", JSON_REQUIRED),
    JSON_F_STR(struct container_def, id, "id", JSON_REQUIRED),
    JSON_F_STR(struct container_def, name, "name", JSON_REQUIRED),
    JSON_F_TIME(struct container_def, created_at, "createdAt", JSON_REQUIRED),
    JSON_F_OBJECT(struct container_def, image, "image", OMIT, &image_table),
    JSON_F_OBJECT(struct container_def, process, "process", JSON_REQUIRED, &process_table),
    JSON_F_STR(struct container_def, hostname, "hostname", OMIT),
    JSON_F_STR(struct container_def, network, "network", OMIT),
    JSON_F_LIST(struct container_def, mounts, n_mounts, "mounts", OMIT, &mount_table),
    JSON_F_BOOL(struct container_def, read_only, "readOnly", OMIT),
    JSON_F_OBJECT(struct container_def, resources, "resources", OMIT, &resources_table),
    JSON_F_BOOL(struct container_def, auto_remove, "autoRemove", OMIT),
    /* log_driver and log_path stand side by side as in struct log_conf */
    JSON_F_OBJECT(struct container_def, log_driver, "log", OMIT, &log_table),
    JSON_F_MAP(struct container_def, labels, "labels", OMIT),
    JSON_F_MAP(struct container_def, annotations, "annotations", OMIT),
    JSON_F_LIST(struct container_def, ports, n_ports, "ports", OMIT, &port_table),
    JSON_F_EXTRA(struct container_def, extra),
    {0},
};
static const struct json_table def_table = {def_fields, sizeof(struct container_def)};

_Static_assert(offsetof(struct container_def, log_path) ==
		   offsetof(struct container_def, log_driver) + offsetof(struct log_conf, path),
	       "log_table reads both");

void container_def_fini(struct container_def *def)
{
	json_release(&def_table, def);
}

int container_def_read(const char *text, size_t len, const char *what, struct container_def *ret,
		       struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int64_t version = 0;
	int r;

	if (len > CONTAINER_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what,
			       CONTAINER_SIZE_MAX);
	r = json_parse(text, len, 0, what, &doc, err);
	if (r < 0)
		return r;
	/* First: the rest of a later version may mean something else. */
	if (json_get_i64(json_get(json_root(doc), "version"), &version) &&
	    version > CONTAINER_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: version %lld was written by a newer kist; this one knows %d",
			       what, (long long)version, CONTAINER_VERSION);
	return json_read(json_root(doc), &def_table, 0, what, ret, err);
}

int container_def_write(const struct container_def *def, struct buf *out, struct err *err)
{
	struct container_def d = *def;
	int r;

	d.version = CONTAINER_VERSION;
	r = json_put_text(&def_table, &d, JSON_PLAIN, out, err);
	if (r < 0)
		return r;
	buf_addc(out, '\n');
	return buf_check(out, "container record", err);
}

static void mount_fini(struct container_mount *m)
{
	json_release(&mount_table, m);
}

int container_def_add_mount(struct container_def *def, const char *type, const char *source,
			    const char *destination, const struct strv *options, struct err *err)
{
	AUTO(mount_fini) struct container_mount m = {0};
	struct container_mount *all;

	if (str_set(&m.type, type, err) < 0 || str_set(&m.source, source, err) < 0 ||
	    str_set(&m.destination, destination, err) < 0 ||
	    (options && strv_copy(&m.options, options, err) < 0))
		return -(int)err->code;
	all = reallocarray(def->mounts, def->n_mounts + 1, sizeof(*all));
	if (!all)
		return err_nomem(err);
	def->mounts = all;
	all[def->n_mounts++] = m;
	m = (struct container_mount){0};
	return 0;
}

int container_name_check(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t ok = strspn(name, letters);

	if (ok == 0 || name[ok] || strchr("_.-", name[0]))
		return err_set(err, ERR_INVALID,
			       "invalid name \"%.100s\": names must match "
			       "[a-zA-Z0-9][a-zA-Z0-9_.-]*",
			       name);
	if (ok > CONTAINER_NAME_MAX)
		return err_set(err, ERR_INVALID, "a name cannot be longer than %d characters",
			       CONTAINER_NAME_MAX);
	return 0;
}
