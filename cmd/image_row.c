/* The fields of images. */
#include "fields.h"
#include "image_row.h"
#include "obj.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "json/json.h"
#include "spec/image.h"

#include <stdlib.h>

#define SHORT_ID 12
#define HISTORY_MAX ((size_t)1 << 20)

/* ---- names ---- */

void image_row_fini(struct image_row *row)
{
	free(row->repository);
	free(row->tag);
}

int image_split_name(const char *name, char **ret_repository, char **ret_tag, struct err *err)
{
	const char *at = strchr(name, '@'), *slash = strrchr(name, '/');
	const char *colon = at ? NULL : strchr(slash ? slash : name, ':');
	size_t len = at ? (size_t)(at - name) : colon ? (size_t)(colon - name) : strlen(name);

	*ret_repository = str_dup((struct str){name, len});
	*ret_tag = strdup(colon ? colon + 1 : "<none>");
	return *ret_repository && *ret_tag ? 0 : err_nomem(err);
}

int image_repo_tags(const struct store_image *image, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < image->names.n; i++)
		if (!strchr(image->names.v[i], '@'))
			r = strv_add(ret, image->names.v[i], err);
	return r;
}

static int add_digest(struct strv *to, const char *repository, const char *digest, struct err *err)
{
	AUTO_FREE char *full = str_fmt("%s@%s", repository, digest);
	size_t at;

	if (!full)
		return err_nomem(err);
	if (strv_find(to, full) >= 0)
		return 0;
	for (at = 0; at < to->n && strcmp(to->v[at], full) < 0; at++)
		;
	return strv_insert(to, at, full, err);
}

int image_repo_digests(const struct store_image *image, struct strv *ret, struct err *err)
{
	size_t i, k;
	int r = 0;

	for (i = 0; r == 0 && i < image->names.n; i++) {
		AUTO_FREE char *repository = NULL, *tag = NULL;

		r = image_split_name(image->names.v[i], &repository, &tag, err);
		if (r == 0 && image->digest)
			r = add_digest(ret, repository, image->digest, err);
		for (k = 0; r == 0 && k < image->digests.n; k++)
			r = add_digest(ret, repository, image->digests.v[k], err);
	}
	return r;
}

/* ---- fields ---- */

static const struct image_row *row_of(const void *row)
{
	return row;
}

static const struct store_image *image_of(const void *row)
{
	return row_of(row)->image;
}

FIELD(get_id)
{
	if (row_of(row)->no_trunc)
		return tmpl_keepf(mem, ret, err, "sha256:%s", image_of(row)->id);
	return tmpl_keepf(mem, ret, err, "%.*s", SHORT_ID, image_of(row)->id);
}

FIELD(get_created_since)
{
	char words[TIME_WORDS_MAX];

	return tmpl_keepf(mem, ret, err, "%s ago",
			  time_words(time_now_ns() - image_of(row)->created, words));
}

FIELD(get_created_at)
{
	int64_t at = image_of(row)->created;
	char text[TIME_GO_MAX];

	return tmpl_keepf(mem, ret, err, "%s", time_go(at - at % NSEC_PER_SEC, false, text));
}

FIELD(get_size)
{
	char human[HUMAN_MAX];

	return tmpl_keepf(mem, ret, err, "%s",
			  human_size_short((uint64_t)row_of(row)->size, " ", human));
}

FIELD(get_history)
{
	AUTO_BUF struct buf b = BUF_INIT(HISTORY_MAX);
	const struct strv *names = &image_of(row)->names_history;
	size_t i;

	for (i = 0; i < names->n; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", names->v[i]);
	return tmpl_keepf(mem, ret, err, "%s", buf_str(&b));
}

/* A list that is made here, in the memory of the template. */
static int keep_strings(int (*make)(const struct store_image *, struct strv *, struct err *),
			const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,
			struct err *err)
{
	AUTO_STRV struct strv list = STRV_INIT;
	struct tmpl_value *v;
	size_t i;
	int r;

	r = make(image_of(row), &list, err);
	if (r < 0)
		return r;
	v = tmpl_alloc(mem, (list.n + 1) * sizeof(*v), err);
	if (!v)
		return -(int)err->code;
	for (i = 0; r == 0 && i < list.n; i++)
		r = tmpl_keepf(mem, &v[i], err, "%s", list.v[i]);
	return r < 0 ? r : tmpl_keep_list(mem, v, list.n, ret, err);
}

FIELD(get_repo_tags)
{
	return keep_strings(image_repo_tags, row, mem, ret, err);
}

FIELD(get_repo_digests)
{
	return keep_strings(image_repo_digests, row, mem, ret, err);
}

FIELD(get_labels)
{
	static const struct strv none = STRV_INIT;
	const struct image_config *config = row_of(row)->config;

	return tmpl_env(mem, config ? &config->config.labels : &none, ret, err);
}

PLAIN(get_whole_id, tmpl_string(image_of(row)->id))
PLAIN(get_repository, tmpl_string(row_of(row)->repository))
PLAIN(get_tag, tmpl_string(row_of(row)->tag))
PLAIN(get_digest, tmpl_string(image_of(row)->digest ? image_of(row)->digest : "<none>"))
PLAIN(get_bytes, tmpl_int(row_of(row)->size))
PLAIN(get_names, tmpl_strv(&image_of(row)->names))
PLAIN(get_read_only, tmpl_bool(image_of(row)->read_only))
PLAIN(get_dangling, tmpl_bool(image_of(row)->names.n == 0))
PLAIN(get_containers, tmpl_int((int64_t)row_of(row)->containers))
PLAIN(get_arch, tmpl_string(row_of(row)->config ? row_of(row)->config->architecture : ""))
PLAIN(get_os, tmpl_string(row_of(row)->config ? row_of(row)->config->os : ""))
PLAIN(get_parent, tmpl_string(row_of(row)->parent ? row_of(row)->parent->id : ""))
PLAIN(get_zero, tmpl_int(0))

static const struct report_field fields[] = {
    {"ID", "IMAGE ID", get_id},
    {"Id", "IMAGE ID", get_whole_id},
    {"Repository", NULL, get_repository},
    {"Tag", NULL, get_tag},
    {"Digest", NULL, get_digest},
    {"Created", "CREATED", get_created_since},
    {"CreatedSince", "CREATED", get_created_since},
    {"CreatedAt", NULL, get_created_at},
    {"CreatedTime", NULL, get_created_at},
    {"Size", NULL, get_size},
    {"VirtualSize", NULL, get_bytes},
    {"SharedSize", NULL, get_zero},
    {"Names", NULL, get_names},
    {"RepoTags", NULL, get_repo_tags},
    {"RepoDigests", NULL, get_repo_digests},
    {"History", NULL, get_history},
    {"ReadOnly", "R/O", get_read_only},
    {"Dangling", NULL, get_dangling},
    {"ParentId", NULL, get_parent},
    {"Containers", NULL, get_containers},
    {"Labels", NULL, get_labels},
    {"Arch", NULL, get_arch},
    {"Os", NULL, get_os},
    {0},
};

static bool wants(const char *format, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (report_uses(&image_row_type, format, names[i]))
			return true;
	return false;
}

bool image_row_wants_config(const char *format)
{
	return wants(format, (const char *const[]){"Labels", "Arch", "Os"}, 3);
}

bool image_row_wants_containers(const char *format)
{
	return wants(format, (const char *const[]){"Containers"}, 1);
}

bool image_row_wants_parent(const char *format)
{
	return wants(format, (const char *const[]){"ParentId"}, 1);
}

/* ---- JSON ---- */

static void put_names(struct obj *o, const struct image_row *row, bool listed)
{
	AUTO_STRV struct strv tags = STRV_INIT, digests = STRV_INIT;

	if (o->r == 0 && !listed)
		o->r = image_repo_tags(row->image, &tags, o->err);
	if (o->r == 0)
		o->r = image_repo_digests(row->image, &digests, o->err);
	obj_put(o, "RepoTags", tags.n ? json_strv(o->doc, &tags) : json_null(o->doc));
	obj_list(o, "RepoDigests", &digests);
}

static void put_labels(struct obj *o, const struct image_row *row)
{
	if (row->config && row->config->config.labels.n > 0)
		obj_map(o, "Labels", &row->config->config.labels);
	else
		obj_put(o, "Labels", json_null(o->doc));
}

/* What podman prints: in a list without RepoTags and with CreatedAt. */
static int put_json(const void *data, bool listed, struct buf *out, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	const struct image_row *row = data;
	const struct store_image *image = row->image;
	int64_t created = image->created / NSEC_PER_SEC;
	struct obj o;
	int r = json_new(&doc, err);

	if (r < 0)
		return r;
	o = obj_new(doc, err);
	if (!listed) {
		obj_str(&o, "repository", row->repository);
		obj_str(&o, "tag", row->tag);
	}
	obj_str(&o, "Id", image->id);
	obj_str(&o, "ParentId", row->parent ? row->parent->id : "");
	put_names(&o, row, listed);
	if (!listed)
		obj_int(&o, "Created", created);
	obj_int(&o, "Size", row->size);
	obj_int(&o, "SharedSize", 0);
	obj_int(&o, "VirtualSize", row->size);
	put_labels(&o, row);
	obj_int(&o, "Containers", (int64_t)row->containers);
	if (image->read_only)
		obj_bool(&o, "ReadOnly", true);
	if (image->names.n == 0)
		obj_bool(&o, "Dangling", true);
	obj_str(&o, "Digest", image->digest);
	if (image->names_history.n > 0)
		obj_list(&o, "History", &image->names_history);
	if (image->names.n > 0)
		obj_list(&o, "Names", &image->names);
	if (listed) {
		obj_int(&o, "Created", created);
		obj_time(&o, "CreatedAt", created * NSEC_PER_SEC);
	}
	if (o.r == 0)
		json_dump(o.v, JSON_PLAIN, out);
	return o.r;
}

const struct report_type image_row_type = {
    .name = "images",
    .type = "images.imageReporter",
    .fields = fields,
    .table = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
    .json = put_json,
};
