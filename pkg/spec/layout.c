#include "spec/layout.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "json/json.h"
#include "spec/image.h"

#include <stdlib.h>

#define REF_NAME "org.opencontainers.image.ref.name"

struct layout {
	struct json_doc *doc;
	struct json *manifests;
};

void layout_free(struct layout *x)
{
	if (!x)
		return;
	json_free(x->doc);
	free(x);
}

static int begin_new(struct layout *x, struct err *err)
{
	int r = json_new(&x->doc, err);

	if (r == 0)
		r = json_set_root(x->doc, json_object(x->doc), err);
	if (r == 0)
		r = json_set(x->doc, json_root(x->doc), "schemaVersion", json_i64(x->doc, 2), err);
	return r;
}

static int find_manifests(struct layout *x, struct err *err)
{
	struct json *root = json_root(x->doc);
	int r;

	if (json_kind(root) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "index.json: expected an object");
	if (json_kind(json_get(root, "manifests")) == JSON_NULL) {
		r = json_set(x->doc, root, "manifests", json_array(x->doc), err);
		if (r < 0)
			return r;
	}
	x->manifests = json_get(root, "manifests");
	if (json_kind(x->manifests) != JSON_ARRAY)
		return err_set(err, ERR_INVALID, "index.json: /manifests: expected an array");
	return 0;
}

int layout_new(const char *text, size_t len, struct layout **ret, struct err *err)
{
	AUTO_LAYOUT struct layout *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return err_nomem(err);
	r = text ? json_parse(text, len, JSON_FOREIGN, "index.json", &x->doc, err)
		 : begin_new(x, err);
	if (r == 0)
		r = find_manifests(x, err);
	if (r < 0)
		return r;
	*ret = TAKE(x);
	return 0;
}

static const char *name_of(const struct json *entry)
{
	return json_text(json_get(json_get(entry, "annotations"), REF_NAME));
}

static void take_name(struct layout *x, const char *name)
{
	struct json *entry, *notes;

	JSON_EACH(entry, x->manifests)
	{
		if (!name_of(entry) || !streq(name_of(entry), name))
			continue;
		notes = json_get(entry, "annotations");
		(void)json_remove(notes, REF_NAME);
		if (json_count(notes) == 0)
			(void)json_remove(entry, "annotations");
	}
}

/* Only what says no more than that the image is there. */
static void drop_nameless(struct layout *x, const char *digest)
{
	struct json *entry, *next;
	const char *text;

	for (entry = json_first(x->manifests); entry; entry = next) {
		next = json_next(entry);
		text = json_text(json_get(entry, "digest"));
		if (text && streq(text, digest) && str_empty(name_of(entry)))
			(void)json_remove_value(x->manifests, entry);
	}
}

static int name_entry(struct layout *x, struct json *entry, const char *name, struct err *err)
{
	struct json *notes = json_object(x->doc);
	int r;

	r = json_set(x->doc, notes, REF_NAME, json_string(x->doc, name), err);
	return r < 0 ? r : json_set(x->doc, entry, "annotations", notes, err);
}

int layout_add(struct layout *x, const struct layout_image *image, struct err *err)
{
	struct json *entry = json_object(x->doc);
	int r;

	if (image->name)
		take_name(x, image->name);
	drop_nameless(x, image->digest);
	if (json_count(x->manifests) >= INDEX_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "index.json: more than %d images",
			       INDEX_ENTRIES_MAX);
	r = json_set(x->doc, entry, "mediaType", json_string(x->doc, image->media_type), err);
	if (r == 0)
		r = json_set(x->doc, entry, "digest", json_string(x->doc, image->digest), err);
	if (r == 0)
		r = json_set(x->doc, entry, "size", json_u64(x->doc, image->size), err);
	if (r == 0 && image->name)
		r = name_entry(x, entry, image->name, err);
	return r < 0 ? r : json_append(x->manifests, entry, err);
}

int layout_write(const struct layout *x, struct buf *out, struct err *err)
{
	json_dump(json_root(x->doc), 0, out);
	return buf_check(out, "index.json", err);
}
