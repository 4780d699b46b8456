/* mountpoints.json: how often a layer is mounted; a file of containers/storage (layers.go). */
#include "mounts.h"
#include "priv.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "json/table.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define MOUNTS_FILE "mountpoints.json"
#define MOUNTS_LOCK "mountpoints.lock"
#define MOUNTS_SIZE_MAX ((size_t)16 << 20)
#define DIR_MODE 0700
#define COUNT_MAX 1000000

static const struct json_field mount_fields[] = {
    JSON_F_STR(struct store_mount, layer, "id", JSON_REQUIRED),
    JSON_F_STR(struct store_mount, path, "path", JSON_REQUIRED),
    JSON_F_I64(struct store_mount, count, "count", JSON_REQUIRED),
    {0},
};
static const struct json_table mount_table = {mount_fields, sizeof(struct store_mount)};

void store_mount_list_fini(struct store_mount_list *l)
{
	json_release_items(&mount_table, l->v, l->n);
	*l = (struct store_mount_list){0};
}

static int mounts_dir(struct store *s, int *ret_fd, struct err *err)
{
	int runroot, r = store_runroot_fd(s, &runroot, err);

	return r < 0 ? r : dir_ensure(runroot, "overlay-layers", DIR_MODE, ret_fd, err);
}

static int check_counts(const struct store_mount_list *list, struct err *err)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->v[i].count < 0 || list->v[i].count > COUNT_MAX)
			return err_set(err, ERR_CORRUPT, MOUNTS_FILE ": layer %.12s: count %lld",
				       list->v[i].layer, (long long)list->v[i].count);
	return 0;
}

int mounts_parse(const char *text, size_t len, struct store_mount_list *ret, struct err *err)
{
	AUTO_STORE_MOUNT_LIST struct store_mount_list list = {0};
	AUTO_JSON struct json_doc *doc = NULL;
	void *items = NULL;
	int r;

	r = json_parse(text, len, JSON_DUPLICATES, MOUNTS_FILE, &doc, err);
	if (r == 0)
		r = json_read_items(json_root(doc), &mount_table, JSON_ANY_CASE, MOUNTS_FILE,
				    &items, &list.n, err);
	if (r < 0)
		return r;
	list.v = items;
	r = check_counts(&list, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct store_mount_list){0};
	return 0;
}

static int mounts_read(int dir, struct store_mount_list *ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MOUNTS_SIZE_MAX);
	int r = file_read(dir, MOUNTS_FILE, &text, err);

	if (r > 0 && text.len > 0)
		r = mounts_parse(buf_str(&text), text.len, ret, err);
	return r < 0 ? r : 0;
}

int mounts_look(struct store *s, struct store_mount_list *ret, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int r = mounts_dir(s, &dir, err);

	return r < 0 ? r : mounts_read(dir, ret, err);
}

static int add_json(struct json_doc *doc, const struct store_mount *m, struct err *err)
{
	struct json *o = json_object(doc);
	int r = json_put(doc, o, &mount_table, m, err);

	return r < 0 ? r : json_append(json_root(doc), o, err);
}

int mounts_write(int dir, int lock, const struct store_mount_list *list, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MOUNTS_SIZE_MAX);
	AUTO_JSON struct json_doc *doc = NULL;
	unsigned char token[TOKEN_LEN];
	size_t i;
	int r;

	r = json_new(&doc, err);
	if (r == 0)
		r = json_set_root(doc, json_array(doc), err);
	for (i = 0; r == 0 && i < list->n; i++)
		if (list->v[i].count > 0)
			r = add_json(doc, &list->v[i], err);
	if (r < 0)
		return r;
	json_dump(json_root(doc), 0, &text);
	r = buf_check(&text, MOUNTS_FILE, err);
	if (r < 0)
		return r;
	/* Only that it differs from all others matters to them. */
	rand_bytes(token, sizeof(token));
	if (pwrite(lock, token, sizeof(token), 0) != (ssize_t)sizeof(token))
		return err_sys(err, errno, "writing " MOUNTS_LOCK);
	return file_replace(dir, MOUNTS_FILE, 0600, text.ptr, text.len, 0, err);
}

struct store_mount *mounts_entry(const struct store_mount_list *list, const char *layer)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (streq(list->v[i].layer, layer))
			return &list->v[i];
	return NULL;
}

int mounts_entry_ensure(struct store_mount_list *list, const char *layer, const char *path,
			struct store_mount **ret, struct err *err)
{
	struct store_mount *m = mounts_entry(list, layer);

	if (!m) {
		m = reallocarray(list->v, list->n + 1, sizeof(*m));
		if (!m)
			return err_nomem(err);
		list->v = m;
		m = &list->v[list->n++];
		*m = (struct store_mount){0};
	}
	*ret = m;
	if (str_set(&m->layer, layer, err) < 0 || str_set(&m->path, path, err) < 0)
		return -(int)err->code;
	return 0;
}

bool mounts_any(const struct store_mount_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->v[i].count > 0)
			return true;
	return false;
}

int mounts_open(struct store *s, const char *id, int *ret_dir, int *ret_lock,
		struct store_mount_list *list, struct err *err)
{
	int r;

	r = mounts_dir(s, ret_dir, err);
	if (r == 0)
		r = lock_open(*ret_dir, MOUNTS_LOCK, LOCK_EXCLUSIVE, ret_lock, err);
	if (r == 0)
		r = mounts_read(*ret_dir, list, err);
	return r < 0 ? err_wrap(err, "layer %.12s", id) : 0;
}

void mounts_cut(struct store_mount_list *list, size_t n)
{
	size_t i;

	for (i = n; i < list->n; i++)
		json_release(&mount_table, &list->v[i]);
	list->n = n;
}
