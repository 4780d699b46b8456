/* Which kind of manifest some bytes are. */
#include "document.h"
#include "base/auto.h"
#include "base/err.h"
#include "spec/digest.h"

#define WHAT "image manifest"

static const struct {
	const char *type;
	enum manifest_kind kind;
} kinds[] = {
    {MEDIA_OCI_MANIFEST, MANIFEST_OCI},
    {MEDIA_OCI_INDEX, MANIFEST_OCI_INDEX},
    {MEDIA_DOCKER_MANIFEST, MANIFEST_DOCKER},
    {MEDIA_DOCKER_LIST, MANIFEST_DOCKER_LIST},
};

static const struct json_field descriptor_fields[] = {
    JSON_F_STR(struct descriptor, media_type, "mediaType", JSON_REQUIRED),
    JSON_F_STR(struct descriptor, digest, "digest", JSON_REQUIRED),
    JSON_F_I64(struct descriptor, size, "size", JSON_REQUIRED),
    JSON_F_STRV(struct descriptor, urls, "urls", JSON_OMIT_EMPTY),
    JSON_F_MAP(struct descriptor, annotations, "annotations", JSON_OMIT_EMPTY),
    {0},
};
const struct json_table descriptor_table = {descriptor_fields, sizeof(struct descriptor)};

int descriptor_check(const char *digest, int64_t size, const char *what, struct err *err)
{
	if (size < 0)
		return err_set(err, ERR_INVALID, "%s: negative size", what);
	return digest_check(digest, what, err);
}

/* The type without parameters such as "; charset=utf-8". */
static bool is_type(const char *text, const char *type)
{
	struct str rest = str_of(text);

	return str_eq(str_trim(str_cut(&rest, ';')), type);
}

static bool kind_of_type(const char *type, enum manifest_kind *ret)
{
	size_t i;

	for (i = 0; type && i < ARRAY_LEN(kinds); i++)
		if (is_type(type, kinds[i].type)) {
			*ret = kinds[i].kind;
			return true;
		}
	return false;
}

static bool is_schema1(const struct json *root, const char *content_type)
{
	uint64_t version = 0;

	(void)json_get_u64(json_get(root, "schemaVersion"), &version);
	return version == 1 || json_get(root, "fsLayers") ||
	       (content_type && (is_type(content_type, MEDIA_DOCKER_SCHEMA1) ||
				 is_type(content_type, MEDIA_DOCKER_SCHEMA1_SIGNED)));
}

/* A document that can be read as manifest and as index means different things to different
 * readers (CVE-2021-41190). */
static int check_unambiguous(const struct json *root, enum manifest_kind k, struct err *err)
{
	bool index = json_get(root, "manifests");
	bool manifest = json_get(root, "layers") || json_get(root, "config");

	if (manifest_is_index(k) ? manifest : index)
		return err_set(err, ERR_INVALID,
			       WHAT ": has members of both an index and a manifest");
	return 0;
}

static int find_kind(const struct json *root, const char *content_type, enum manifest_kind *ret,
		     struct err *err)
{
	const char *own = json_text(json_get(root, "mediaType"));

	if (json_kind(root) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, WHAT ": expected an object");
	if (kind_of_type(own, ret))
		return 0;
	if (is_schema1(root, content_type))
		return err_set(err, ERR_UNSUPPORTED,
			       WHAT ": docker schema 1 is not supported; have the image pushed "
				    "again with a current tool");
	if (!str_empty(own))
		return err_set(err, ERR_UNSUPPORTED, WHAT ": media type \"%.100s\" is not known",
			       own);
	if (kind_of_type(content_type, ret))
		return 0;
	/* Only OCI allows to leave the type out. */
	if (json_get(root, "manifests"))
		*ret = MANIFEST_OCI_INDEX;
	else if (json_get(root, "layers") && json_get(root, "config"))
		*ret = MANIFEST_OCI;
	else
		return err_set(err, ERR_UNSUPPORTED, WHAT ": neither a manifest nor an index");
	return 0;
}

int document_parse(const char *text, size_t len, const char *content_type, struct json_doc **ret,
		   enum manifest_kind *ret_kind, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	enum manifest_kind kind;
	int r;

	if (len > MANIFEST_SIZE_MAX)
		return err_set(err, ERR_LIMIT, WHAT ": larger than %zu bytes", MANIFEST_SIZE_MAX);
	r = json_parse(text, len, JSON_FOREIGN, WHAT, &doc, err);
	if (r < 0)
		return r;
	r = find_kind(json_root(doc), content_type, &kind, err);
	if (r < 0)
		return r;
	r = check_unambiguous(json_root(doc), kind, err);
	if (r < 0)
		return r;
	*ret = TAKE(doc);
	*ret_kind = kind;
	return 0;
}

int manifest_kind_of(const char *text, size_t len, const char *content_type,
		     enum manifest_kind *ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;

	return document_parse(text, len, content_type, &doc, ret, err);
}
