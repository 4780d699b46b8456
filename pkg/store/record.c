/* Records as values and as documents to edit. */
#include "priv.h"
#include "slice.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "json/json.h"
#include "json/table.h"

/* One record, with the history of its names. */
#define RECORD_MAX ((size_t)16 << 20)

bool id_slice_is_good(struct str id)
{
	size_t i;

	if (id.len != STORE_ID_LEN)
		return false;
	for (i = 0; i < id.len; i++)
		if (!(id.ptr[i] >= '0' && id.ptr[i] <= '9') &&
		    !(id.ptr[i] >= 'a' && id.ptr[i] <= 'f'))
			return false;
	return true;
}

bool id_is_good(const char *id)
{
	return id && id_slice_is_good(str_of(id));
}

int id_check(const char *id, const char *what, struct err *err)
{
	if (id_is_good(id))
		return 0;
	return err_set(err, ERR_INVALID, "%s is not a %s: 64 hex digits are wanted",
		       id ? id : "nothing", what);
}

struct str rec_name(const struct rec *rec)
{
	struct slice_iter it;
	struct str item, name;

	if (slice_open(rec->m[REC_NAMES], '[', &it) && slice_item(&it, &item) > 0 &&
	    slice_text(item, &name))
		return name;
	return rec->m[REC_ID];
}

bool containers_have_layer(const struct index *containers, struct str layer)
{
	size_t i;

	for (i = 0; i < containers->n; i++)
		if (slice_same(containers->v[i].m[REC_LAYER], layer))
			return true;
	return false;
}

void id_copy(struct str id, char out[STORE_ID_LEN + 1])
{
	memcpy(out, id.ptr, STORE_ID_LEN);
	out[STORE_ID_LEN] = '\0';
}

int rec_read(const struct rec *rec, const struct json_table *table, const char *what, void *ret,
	     struct err *err)
{
	return json_read_text(rec->text.ptr, rec->text.len, JSON_DUPLICATES, table, JSON_ANY_CASE,
			      what, ret, err);
}

int rec_edit(const struct rec *rec, struct json_doc **ret, struct err *err)
{
	return json_parse(rec->text.ptr, rec->text.len, JSON_DUPLICATES, "record", ret, err);
}

int rec_new(const char *id, struct json_doc **ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	int r;

	r = json_new(&doc, err);
	if (r == 0)
		r = json_set_root(doc, json_object(doc), err);
	if (r == 0)
		r = rec_set_text(doc, "id", id, err);
	if (r == 0)
		*ret = TAKE(doc);
	return r;
}

int rec_store(struct index *ix, struct rec *rec, const struct json_doc *doc, struct err *err)
{
	AUTO_BUF struct buf out = BUF_INIT(RECORD_MAX);
	int r;

	json_dump(json_root(doc), 0, &out);
	r = buf_check(&out, "record", err);
	return r < 0 ? r : index_put(ix, rec, buf_take(&out), err);
}

int rec_set_flag(struct json_doc *doc, const char *name, struct json *value, struct err *err)
{
	struct json *root = json_root(doc), *flags = json_get(root, "flags");
	int r;

	if (!value) {
		(void)json_remove(flags, name);
		if (flags && json_count(flags) == 0)
			(void)json_remove(root, "flags");
		return 0;
	}
	if (json_kind(flags) != JSON_OBJECT) {
		r = json_set(doc, root, "flags", json_object(doc), err);
		if (r < 0)
			return r;
		flags = json_get(root, "flags");
	}
	return json_set(doc, flags, name, value, err);
}

int rec_set_text(struct json_doc *doc, const char *name, const char *value, struct err *err)
{
	if (str_empty(value))
		return 0;
	return json_set(doc, json_root(doc), name, json_string(doc, value), err);
}

int rec_set_names(struct json_doc *doc, const char *member, const struct strv *names,
		  struct err *err)
{
	if (names->n > 0)
		return json_set(doc, json_root(doc), member, json_strv(doc, names), err);
	(void)json_remove(json_root(doc), member);
	return 0;
}
