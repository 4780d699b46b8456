/*
 * containers.conf by table. A setting that would change what containers get and that nobody
 * honours yet is refused here when it is switched on; whoever builds it drops the refusal.
 */
#include "config/containers.h"
#include "base/auto.h"
#include "base/err.h"
#include "config/env.h"
#include "file.h"
#include "text/toml.h"

#include <ctype.h>
#include <stdlib.h>

#define NAME "containers/containers.conf"
#define PIDS_LIMIT 2048
#define SHM_SIZE (64ULL << 20)
#define STOP_TIMEOUT 10
#define RETRY 3
/* conmon's read buffer: podman refuses smaller log limits. */
#define LOG_SIZE_MIN 8192

enum kind {
	K_TEXT,
	K_BOOL,
	K_INT,
	K_LIST,
	K_SIZE, /* uint64_t from "64m" or a number */
	K_MODE, /* unsigned from "0022" */
};

enum {
	REFUSE_SET = 1,	    /* refused when not empty, zero or false */
	REFUSE_CHANGED = 2, /* a text that is refused unless it is the default or empty */
};

struct key {
	const char *path;
	enum kind kind;
	size_t at;
	unsigned flags;
};

#define C(member) offsetof(struct containers_conf, member)

static const struct key keys[] = {
    {"containers.default_capabilities", K_LIST, C(default_capabilities), 0},
    {"containers.default_sysctls", K_LIST, C(default_sysctls), 0},
    {"containers.default_ulimits", K_LIST, C(default_ulimits), 0},
    {"containers.annotations", K_LIST, C(annotations), REFUSE_SET},
    {"containers.env", K_LIST, C(env), 0},
    {"containers.env_host", K_BOOL, C(env_host), REFUSE_SET},
    {"containers.http_proxy", K_BOOL, C(http_proxy), 0},
    {"containers.dns_servers", K_LIST, C(dns_servers), 0},
    {"containers.dns_searches", K_LIST, C(dns_searches), 0},
    {"containers.dns_options", K_LIST, C(dns_options), 0},
    {"containers.devices", K_LIST, C(devices), REFUSE_SET},
    {"containers.volumes", K_LIST, C(volumes), REFUSE_SET},
    {"containers.mounts", K_LIST, C(mounts), REFUSE_SET},
    {"containers.base_hosts_file", K_TEXT, C(base_hosts_file), REFUSE_SET},
    {"containers.no_hosts", K_BOOL, C(no_hosts), REFUSE_SET},
    {"containers.init", K_BOOL, C(init), 0},
    {"containers.init_path", K_TEXT, C(init_path), 0},
    {"containers.log_driver", K_TEXT, C(log_driver), 0},
    {"containers.log_size_max", K_INT, C(log_size_max), 0},
    {"containers.log_tag", K_TEXT, C(log_tag), 0},
    {"containers.netns", K_TEXT, C(netns), 0},
    {"containers.ipcns", K_TEXT, C(ipcns), REFUSE_CHANGED},
    {"containers.pidns", K_TEXT, C(pidns), REFUSE_CHANGED},
    {"containers.utsns", K_TEXT, C(utsns), REFUSE_CHANGED},
    {"containers.cgroupns", K_TEXT, C(cgroupns), REFUSE_CHANGED},
    {"containers.userns", K_TEXT, C(userns), REFUSE_CHANGED},
    {"containers.cgroups", K_TEXT, C(cgroups), REFUSE_CHANGED},
    {"containers.read_only", K_BOOL, C(read_only), 0},
    {"containers.seccomp_profile", K_TEXT, C(seccomp_profile), 0},
    {"containers.shm_size", K_SIZE, C(shm_size), 0},
    {"containers.tz", K_TEXT, C(tz), REFUSE_SET},
    {"containers.umask", K_MODE, C(umask), 0},
    {"containers.label", K_BOOL, C(label), 0},
    {"containers.keyring", K_BOOL, C(keyring), 0},
    {"containers.privileged", K_BOOL, C(privileged), REFUSE_SET},
    {"engine.cgroup_manager", K_TEXT, C(cgroup_manager), 0},
    {"engine.detach_keys", K_TEXT, C(detach_keys), 0},
    {"engine.stop_timeout", K_INT, C(stop_timeout), 0},
    {"engine.env", K_LIST, C(engine_env), 0},
    {"engine.pull_policy", K_TEXT, C(pull_policy), 0},
    {"engine.image_copy_tmp_dir", K_TEXT, C(image_copy_tmp_dir), 0},
    {"engine.compression_format", K_TEXT, C(compression_format), 0},
    {"engine.image_parallel_copies", K_INT, C(image_parallel_copies), 0},
    {"engine.retry", K_INT, C(retry), 0},
    {"engine.helper_binaries_dir", K_LIST, C(helper_binaries_dir), 0},
    {"engine.image_volume_mode", K_TEXT, C(image_volume_mode), 0},
};

void containers_conf_fini(struct containers_conf *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		void *at = (char *)c + keys[i].at;

		if (keys[i].kind == K_LIST)
			strv_fini(at);
		if (keys[i].kind == K_TEXT)
			auto_free_p(at);
	}
	*c = (struct containers_conf)CONTAINERS_CONF_INIT;
}

static int read_list(struct toml_value *root, const struct key *k, struct strv *list,
		     struct err *err)
{
	AUTO_STRV struct strv more = STRV_INIT;
	bool append = false;
	size_t i;
	int r;

	r = toml_get_strings_append(root, k->path, &more, &append, err);
	if (r <= 0)
		return r;
	if (!append)
		strv_fini(list);
	for (i = 0; i < more.n; i++)
		if (strv_add(list, more.v[i], err) < 0)
			return -(int)err->code;
	return 1;
}

static int read_text(struct toml_value *root, const struct key *k, char **slot, struct err *err)
{
	const char *s;
	int r = toml_get_string(root, k->path, &s, err);

	if (r <= 0)
		return r;
	/* Empty is "not configured" except where podman's default is a text. */
	if (!*s)
		return 1;
	return str_set(slot, s, err) < 0 ? -(int)err->code : 1;
}

static int read_size(struct toml_value *root, const struct key *k, uint64_t *slot, struct err *err)
{
	struct err why = ERR_INIT;
	struct toml_value *v;
	int r = toml_find(root, k->path, &v, err);

	if (r <= 0)
		return r;
	if (toml_kind(v) == TOML_INT && toml_int(v) >= 0) {
		*slot = (uint64_t)toml_int(v);
		return 1;
	}
	if (toml_kind(v) != TOML_STRING)
		return toml_error(v, err, "expected a size such as \"64m\"");
	if (*toml_str(v) && parse_size(toml_str(v), "size", slot, &why) < 0)
		return toml_error(v, err, "%s", why.text);
	return 1;
}

static int read_mode(struct toml_value *root, const struct key *k, unsigned *slot, struct err *err)
{
	struct err why = ERR_INIT;
	struct toml_value *v;
	int r = toml_find(root, k->path, &v, err);

	if (r <= 0)
		return r;
	if (toml_kind(v) != TOML_STRING)
		return toml_error(v, err, "expected a string such as \"0022\"");
	if (*toml_str(v) && parse_mode(toml_str(v), "mode", slot, &why) < 0)
		return toml_error(v, err, "%s", why.text);
	return 1;
}

static int read_key(struct toml_value *root, const struct key *k, struct containers_conf *c,
		    struct err *err)
{
	void *at = (char *)c + k->at;

	switch (k->kind) {
	case K_TEXT:
		return read_text(root, k, at, err);
	case K_BOOL:
		return toml_get_bool(root, k->path, at, err);
	case K_INT:
		return toml_get_int(root, k->path, at, err);
	case K_LIST:
		return read_list(root, k, at, err);
	case K_SIZE:
		return read_size(root, k, at, err);
	case K_MODE:
		return read_mode(root, k, at, err);
	}
	return 0;
}

/* Namespaces that are what kist does anyway. */
static bool is_usual(const char *path, const char *value)
{
	if (streq(path, "containers.userns"))
		return streq(value, "host");
	if (streq(path, "containers.ipcns"))
		return streq(value, "private") || streq(value, "shareable");
	return streq(value, streq(path, "containers.cgroups") ? "enabled" : "private");
}

static int check_refused(struct toml_value *root, const struct key *k,
			 const struct containers_conf *c, struct err *err)
{
	const void *at = (const char *)c + k->at;
	struct toml_value *v;
	bool bad = false;

	if (k->kind == K_LIST)
		bad = ((const struct strv *)at)->n > 0;
	else if (k->kind == K_BOOL)
		bad = *(const bool *)at;
	else if (*(char *const *)at)
		bad = k->flags == REFUSE_SET || !is_usual(k->path, *(char *const *)at);
	if (!bad || toml_find(root, k->path, &v, err) <= 0)
		return 0;
	return config_unsupported(v, err, "kist does not support this setting yet; remove it");
}

struct choice {
	const char *path;
	size_t at;
	const char *values[6];
};

static const struct choice choices[] = {
    {"containers.log_driver",
     C(log_driver),
     {"k8s-file", "json-file", "journald", "none", "passthrough"}},
    {"engine.cgroup_manager", C(cgroup_manager), {"systemd", "cgroupfs"}},
    {"engine.pull_policy", C(pull_policy), {"missing", "always", "never", "newer", "ifnewer"}},
    {"engine.compression_format", C(compression_format), {"gzip", "zstd", "zstd:chunked"}},
    {"engine.image_volume_mode", C(image_volume_mode), {"anonymous", "bind", "tmpfs", "ignore"}},
};

static int check_choice(struct toml_value *root, const struct choice *ch,
			const struct containers_conf *c, struct err *err)
{
	const char *value = *(char *const *)(const void *)((const char *)c + ch->at);
	struct toml_value *v;
	size_t i;

	for (i = 0; value && i < ARRAY_LEN(ch->values) && ch->values[i]; i++)
		if (streq(value, ch->values[i]))
			return 0;
	if (!value || toml_find(root, ch->path, &v, err) <= 0)
		return 0;
	return toml_error(v, err, "unknown value \"%s\"", value);
}

static int check_numbers(struct toml_value *root, struct containers_conf *c, struct err *err)
{
	struct toml_value *v;

	if (toml_find(root, "containers.log_size_max", &v, err) > 0 && c->log_size_max > 0 &&
	    c->log_size_max < LOG_SIZE_MIN)
		return toml_error(v, err, "a log size limit must be at least %d", LOG_SIZE_MIN);
	if (toml_find(root, "engine.stop_timeout", &v, err) > 0 && c->stop_timeout < 0)
		return toml_error(v, err, "a time cannot be negative");
	if (toml_find(root, "containers.pids_limit", &v, err) > 0) {
		c->pids_limit_set = true;
		return toml_get_int(root, "containers.pids_limit", &c->pids_limit, err);
	}
	return 0;
}

/* "chown" and "CAP_CHOWN" are one capability. */
static int normalise_capabilities(struct strv *list, struct err *err)
{
	AUTO_STRV struct strv out = STRV_INIT;
	size_t i;
	char *p;
	int r;

	for (i = 0; i < list->n; i++) {
		p = list->v[i];
		r = strv_addf(&out, err, "%s%s", strncasecmp(p, "cap_", 4) == 0 ? "" : "CAP_", p);
		if (r < 0)
			return r;
		for (p = out.v[i]; *p; p++)
			*p = (char)toupper((unsigned char)*p);
	}
	strv_fini(list);
	*list = out;
	out = (struct strv)STRV_INIT;
	return 0;
}

static int read_file(struct containers_conf *c, const char *path, const char *given,
		     struct err *err)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	struct toml_value *root;
	size_t i;
	int r;

	r = given ? config_toml_given(path, given, &t, err) : config_toml(path, &t, err);
	if (r < 0 || !t)
		return r;
	root = toml_root(t);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		r = read_key(root, &keys[i], c, err);
		if (r > 0 && keys[i].flags)
			r = check_refused(root, &keys[i], c, err);
		if (r < 0)
			return r;
	}
	r = check_numbers(root, c, err);
	for (i = 0; r >= 0 && i < ARRAY_LEN(choices); i++)
		r = check_choice(root, &choices[i], c, err);
	if (r < 0)
		return r;
	config_log_unused(t);
	return 0;
}

static int read_dir(struct containers_conf *c, const char *dir, struct err *err)
{
	AUTO_STRV struct strv files = STRV_INIT;
	size_t i;
	int r;

	r = config_drop_ins(dir, &files, err);
	for (i = 0; r == 0 && i < files.n; i++)
		r = read_file(c, files.v[i], NULL, err);
	return r;
}

/* path and path.d. */
static int read_place(struct containers_conf *c, const char *path, struct err *err)
{
	AUTO_FREE char *dir = path ? str_fmt("%s%s", path, *path ? ".d" : "") : NULL;
	int r;

	if (!dir)
		return err_nomem(err);
	r = read_file(c, path, NULL, err);
	return r < 0 ? r : read_dir(c, dir, err);
}

static int read_files(const struct config_env *env, struct containers_conf *c, struct err *err)
{
	const char *only = config_env_get(env, "CONTAINERS_CONF");
	const char *over = config_env_get(env, "CONTAINERS_CONF_OVERRIDE");
	AUTO_FREE char *dist = config_system_path(env, "/usr/share/" NAME);
	AUTO_FREE char *etc = config_system_path(env, "/etc/" NAME);
	AUTO_FREE char *user = config_user_path(env, NAME);
	int r;

	if (!dist || !etc || !user)
		return err_nomem(err);
	if (only) {
		r = read_file(c, only, "CONTAINERS_CONF", err);
	} else {
		r = read_place(c, dist, err);
		if (r == 0)
			r = read_place(c, etc, err);
		/* As podman: root's own file is not read. */
		if (r == 0 && env->rootless)
			r = read_place(c, user, err);
	}
	if (r == 0 && over)
		r = read_file(c, over, "CONTAINERS_CONF_OVERRIDE", err);
	return r;
}

static int add_all(struct strv *list, const char *const *texts, size_t n, struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strv_add(list, texts[i], err) < 0)
			return -(int)err->code;
	return 0;
}

static int set_texts(struct containers_conf *c, struct err *err)
{
	const struct {
		char **slot;
		const char *text;
	} texts[] = {
	    {&c->init_path, "/usr/libexec/podman/catatonit"},
	    {&c->log_driver, "k8s-file"},
	    {&c->netns, "private"},
	    {&c->ipcns, "shareable"},
	    {&c->pidns, "private"},
	    {&c->utsns, "private"},
	    {&c->cgroupns, "private"},
	    {&c->cgroups, "enabled"},
	    {&c->detach_keys, "ctrl-p,ctrl-q"},
	    {&c->pull_policy, "missing"},
	    {&c->image_copy_tmp_dir, "/var/tmp"},
	    {&c->compression_format, "gzip"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (str_set(texts[i].slot, texts[i].text, err) < 0)
			return -(int)err->code;
	return 0;
}

static int set_defaults(struct containers_conf *c, struct err *err)
{
	static const char *const capabilities[] = {
	    "CAP_CHOWN",   "CAP_DAC_OVERRIDE",	   "CAP_FOWNER",     "CAP_FSETID",
	    "CAP_KILL",	   "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
	    "CAP_SETPCAP", "CAP_SETUID",	   "CAP_SYS_CHROOT",
	};
	static const char *const sysctls[] = {"net.ipv4.ping_group_range=0 0"};
	static const char *const env[] = {
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
	static const char *const helpers[] = {"/usr/local/libexec/podman", "/usr/local/lib/podman",
					      "/usr/libexec/podman", "/usr/lib/podman"};

	c->http_proxy = c->label = c->keyring = true;
	c->log_size_max = -1;
	c->pids_limit = PIDS_LIMIT;
	c->shm_size = SHM_SIZE;
	c->umask = 0022;
	c->stop_timeout = STOP_TIMEOUT;
	c->retry = RETRY;
	if (add_all(&c->default_capabilities, capabilities, ARRAY_LEN(capabilities), err) < 0 ||
	    add_all(&c->default_sysctls, sysctls, ARRAY_LEN(sysctls), err) < 0 ||
	    add_all(&c->env, env, ARRAY_LEN(env), err) < 0 ||
	    add_all(&c->helper_binaries_dir, helpers, ARRAY_LEN(helpers), err) < 0)
		return -(int)err->code;
	return set_texts(c, err);
}

int containers_conf_load(const struct config_env *env, struct containers_conf *ret, struct err *err)
{
	AUTO_CONTAINERS_CONF struct containers_conf c = CONTAINERS_CONF_INIT;
	int r;

	r = set_defaults(&c, err);
	if (r == 0)
		r = read_files(env, &c, err);
	if (r == 0)
		r = normalise_capabilities(&c.default_capabilities, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct containers_conf)CONTAINERS_CONF_INIT;
	return 0;
}
