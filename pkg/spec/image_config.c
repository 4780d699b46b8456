/* The configuration of an image. */
#include "base/auto.h"
#include "base/err.h"
#include "json/table.h"
#include "spec/digest.h"
#include "spec/image.h"

#include <stdio.h>

#define WHAT "image config"

static const struct json_field history_fields[] = {
    JSON_F_TIME(struct image_history, created, "created", 0),
    JSON_F_STR(struct image_history, created_by, "created_by", 0),
    JSON_F_STR(struct image_history, author, "author", 0),
    JSON_F_STR(struct image_history, comment, "comment", 0),
    JSON_F_BOOL(struct image_history, empty_layer, "empty_layer", 0),
    {0},
};
static const struct json_table history_table = {history_fields, sizeof(struct image_history)};

static const struct json_field process_fields[] = {
    JSON_F_STR(struct image_process, user, "User", 0),
    JSON_F_SET(struct image_process, exposed_ports, "ExposedPorts", 0),
    JSON_F_STRV(struct image_process, env, "Env", 0),
    JSON_F_STRV(struct image_process, entrypoint, "Entrypoint", 0),
    JSON_F_STRV(struct image_process, cmd, "Cmd", 0),
    JSON_F_SET(struct image_process, volumes, "Volumes", 0),
    JSON_F_STR(struct image_process, working_dir, "WorkingDir", 0),
    JSON_F_MAP(struct image_process, labels, "Labels", 0),
    JSON_F_STR(struct image_process, stop_signal, "StopSignal", 0),
    JSON_F_RAW(struct image_process, healthcheck, "Healthcheck", 0),
    JSON_F_STRV(struct image_process, shell, "Shell", 0),
    JSON_F_STRV(struct image_process, on_build, "OnBuild", 0),
    {0},
};
static const struct json_table process_table = {process_fields, sizeof(struct image_process)};

/* rootfs is flattened into the configuration. */
struct rootfs {
	char *type;
	struct strv diff_ids;
};

static const struct json_field rootfs_fields[] = {
    JSON_F_STR(struct rootfs, type, "type", 0),
    JSON_F_STRV(struct rootfs, diff_ids, "diff_ids", 0),
    {0},
};
static const struct json_table rootfs_table = {rootfs_fields, sizeof(struct rootfs)};

static const struct json_field config_fields[] = {
    JSON_F_STR(struct image_config, architecture, "architecture", 0),
    JSON_F_STR(struct image_config, os, "os", 0),
    JSON_F_STR(struct image_config, variant, "variant", 0),
    JSON_F_STR(struct image_config, author, "author", 0),
    JSON_F_STR(struct image_config, comment, "comment", 0),
    JSON_F_TIME(struct image_config, created, "created", 0),
    JSON_F_OBJECT(struct image_config, config, "config", 0, &process_table),
    JSON_F_LIST(struct image_config, history, n_history, "history", 0, &history_table),
    {0},
};
static const struct json_table config_table = {config_fields, sizeof(struct image_config)};

void image_config_fini(struct image_config *c)
{
	json_release(&config_table, c);
	strv_fini(&c->diff_ids);
	free(c->rootfs_type);
	c->rootfs_type = NULL;
}

static int read_rootfs(const struct json *root, struct image_config *c, struct err *err)
{
	struct json *v = json_get(root, "rootfs");
	struct rootfs fs;
	int r;

	if (json_kind(v) == JSON_NULL)
		return err_set(err, ERR_INVALID, WHAT ": /rootfs: missing");
	r = json_read(v, &rootfs_table, JSON_ANY_CASE, WHAT ": /rootfs", &fs, err);
	if (r < 0)
		return r;
	c->rootfs_type = fs.type;
	c->diff_ids = fs.diff_ids;
	return 0;
}

static int check(const struct image_config *c, struct err *err)
{
	size_t i, filled = 0;
	char what[64];
	int r;

	if (!str_empty(c->rootfs_type) && !streq(c->rootfs_type, "layers"))
		return err_set(err, ERR_UNSUPPORTED,
			       WHAT ": /rootfs/type: only \"layers\" is supported");
	if (c->diff_ids.n > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": %zu layers are more than %d", c->diff_ids.n,
			       IMAGE_LAYERS_MAX);
	for (i = 0; i < c->diff_ids.n; i++) {
		(void)snprintf(what, sizeof(what), WHAT ": /rootfs/diff_ids/%zu", i);
		r = digest_check(c->diff_ids.v[i], what, err);
		if (r < 0)
			return r;
	}
	for (i = 0; i < c->n_history; i++)
		filled += !c->history[i].empty_layer;
	if (filled > c->diff_ids.n)
		return err_set(err, ERR_INVALID,
			       WHAT ": the history tells of %zu layers, but there are %zu", filled,
			       c->diff_ids.n);
	return 0;
}

int image_config_read(const char *text, size_t len, struct image_config *ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	AUTO_IMAGE_CONFIG struct image_config c = {0};
	int r;

	if (len > IMAGE_CONFIG_SIZE_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": larger than %zu bytes",
			       IMAGE_CONFIG_SIZE_MAX);
	r = json_parse(text, len, JSON_FOREIGN, WHAT, &doc, err);
	if (r < 0)
		return r;
	r = json_read(json_root(doc), &config_table, JSON_ANY_CASE, WHAT, &c, err);
	if (r < 0)
		return r;
	r = read_rootfs(json_root(doc), &c, err);
	if (r < 0)
		return r;
	r = check(&c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct image_config){0};
	return 0;
}

int image_config_fits(const struct image_config *c, const struct manifest *m, struct err *err)
{
	if (c->diff_ids.n == m->n_layers)
		return 0;
	return err_set(err, ERR_CORRUPT,
		       "image: the manifest has %zu layers, but the config has %zu diff_ids",
		       m->n_layers, c->diff_ids.n);
}
