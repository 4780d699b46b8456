/* Image archives: what their own index says. */
#include "spec/archive.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/table.h"

#include <stdlib.h>

#define WHAT "manifest.json"

static const struct json_field image_fields[] = {
    JSON_F_STR(struct archive_image, config, "Config", JSON_REQUIRED),
    JSON_F_STRV(struct archive_image, repo_tags, "RepoTags", JSON_NULLABLE),
    JSON_F_STRV(struct archive_image, layers, "Layers", 0),
    {0},
};
static const struct json_table image_table = {image_fields, sizeof(struct archive_image)};

void archive_index_fini(struct archive_index *x)
{
	json_release_items(&image_table, x->images, x->n);
	*x = (struct archive_index){0};
}

/* "a/./b//c" becomes "a/b/c". */
static bool add_parts(struct strv *parts, const char *path)
{
	struct err ignored = ERR_INIT;
	struct str rest = str_of(path), part;

	while ((part = str_cut(&rest, '/')).ptr) {
		if (part.len == 0 || str_eq(part, "."))
			continue;
		if (!str_eq(part, "..")) {
			if (strv_addn(parts, part, &ignored) < 0)
				return false;
			continue;
		}
		if (parts->n == 0)
			return false;
		strv_remove(parts, parts->n - 1);
	}
	return true;
}

char *archive_path(const char *name, const char *from)
{
	AUTO_BUF struct buf out = BUF_INIT(ARCHIVE_NAME_MAX);
	AUTO_STRV struct strv parts = STRV_INIT;
	size_t i;

	if (strlen(name) >= ARCHIVE_NAME_MAX)
		return NULL;
	if (from && *name != '/') {
		if (!add_parts(&parts, from) || parts.n == 0)
			return NULL;
		strv_remove(&parts, parts.n - 1);
	}
	if (!add_parts(&parts, name) || parts.n == 0)
		return NULL;
	for (i = 0; i < parts.n; i++)
		buf_addf(&out, "%s%s", i ? "/" : "", parts.v[i]);
	return buf_take(&out);
}

static int clean(char **name, size_t image, struct err *err)
{
	char *path = archive_path(*name, NULL);

	if (!path)
		return err_set(err, ERR_INVALID, WHAT ": image %zu: \"%.200s\" is no member's name",
			       image + 1, *name);
	free(*name);
	*name = path;
	return 0;
}

static int check(struct archive_index *x, struct err *err)
{
	size_t i, k;
	int r;

	if (x->n > ARCHIVE_IMAGES_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": %zu images are more than %d", x->n,
			       ARCHIVE_IMAGES_MAX);
	if (x->n == 0)
		return err_set(err, ERR_INVALID, WHAT ": names no image");
	for (i = 0; i < x->n; i++) {
		if (x->images[i].layers.n > IMAGE_LAYERS_MAX)
			return err_set(err, ERR_LIMIT, WHAT ": %zu layers are more than %d",
				       x->images[i].layers.n, IMAGE_LAYERS_MAX);
		r = clean(&x->images[i].config, i, err);
		for (k = 0; r == 0 && k < x->images[i].layers.n; k++)
			r = clean(&x->images[i].layers.v[k], i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int archive_index_read(const char *text, size_t len, struct archive_index *ret, struct err *err)
{
	AUTO_ARCHIVE_INDEX struct archive_index x = {0};
	AUTO_JSON struct json_doc *doc = NULL;
	void *items = NULL;
	int r;

	if (len > MANIFEST_SIZE_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": larger than %zu bytes", MANIFEST_SIZE_MAX);
	r = json_parse(text, len, JSON_FOREIGN, WHAT, &doc, err);
	if (r == 0)
		r = json_read_items(json_root(doc), &image_table, 0, WHAT, &items, &x.n, err);
	if (r < 0)
		return r;
	x.images = items;
	r = check(&x, err);
	if (r < 0)
		return r;
	*ret = x;
	x = (struct archive_index){0};
	return 0;
}

int archive_index_write(const struct archive_index *x, struct buf *out, struct err *err)
{
	size_t i;
	int r = 0;

	buf_addc(out, '[');
	for (i = 0; r == 0 && i < x->n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		r = json_put_text(&image_table, &x->images[i], 0, out, err);
	}
	buf_addc(out, ']');
	return r < 0 ? r : buf_check(out, WHAT, err);
}

int oci_layout_check(const char *text, size_t len, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const char *version;
	int r;

	r = json_parse(text, len, JSON_FOREIGN, "oci-layout", &doc, err);
	if (r < 0)
		return r;
	version = json_text(json_get(json_root(doc), "imageLayoutVersion"));
	if (!version || !str_starts(version, "1."))
		return err_set(err, ERR_UNSUPPORTED, "oci-layout: version \"%.50s\" is not known",
			       version ? version : "");
	return 0;
}

const char *index_entry_name(const struct index_entry *e)
{
	const char *name = strv_env_get(&e->annotations, "io.containerd.image.name");

	if (str_empty(name))
		name = strv_env_get(&e->annotations, "org.opencontainers.image.ref.name");
	return str_empty(name) ? NULL : name;
}
