/* Changing an auth file. Everything else in it stays, also what only docker knows. */
#include "auth_file.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "secret64.h"
#include "file.h"
#include "json/json.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int auth_file_read(const char *path, struct json_doc **ret, struct err *err)
{
	AUTO(auth_wipe_buf) struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	int r = config_read(path, &text, err);

	if (r <= 0)
		return r;
	/* podman creates it empty in places */
	if (text.len == 0)
		return 0;
	r = json_parse(text.ptr, text.len, JSON_DUPLICATES, path, ret, err);
	if (r < 0)
		return r;
	if (json_kind(json_root(*ret)) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "%s: expected an object", path);
	return 1;
}

static int read_or_new(const char *path, struct json_doc **ret, struct err *err)
{
	int r = auth_file_read(path, ret, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = json_new(ret, err);
	return r < 0 ? r : json_set_root(*ret, json_object(*ret), err);
}

/* Where the file is, and held: what is read there is still so when the change is written. */
struct place {
	int dir;
	const char *name;
	bool held;
};

static void place_leave(struct place *p)
{
	if (p->dir >= 0)
		(void)close(p->dir);
}

/* Who keeps the directory for long does not keep anybody from logging in: 0, as where it cannot be
 * held. */
static int hold(int dir, struct err *err)
{
	struct err e = ERR_INIT;
	int r = lock_dir(dir, &e);

	if (r >= 0 || e.code == ERR_IN_USE)
		return r > 0;
	*err = e;
	return r;
}

static int place_enter(const char *path, struct place *ret, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = NULL;
	AUTO_CLOSE int dir = -1;
	struct stat st;
	int r;

	parent = slash ? str_dup((struct str){path, slash == path ? 1 : (size_t)(slash - path)})
		       : strdup(".");
	if (!parent)
		return err_nomem(err);
	r = dir_ensure(AT_FDCWD, parent, 0700, &dir, err);
	if (r == 0)
		r = hold(dir, err);
	if (r < 0)
		return err_wrap(err, "changing %s", path);
	/* Where others may write, one name for the temporary file is one that they can take. */
	if (fstat(dir, &st) < 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		r = 0;
	*ret = (struct place){TAKE_FD(dir), slash ? slash + 1 : path, r > 0};
	return 0;
}

static int write_file(const struct place *to, const char *path, const struct json_doc *doc,
		      struct err *err)
{
	AUTO(auth_wipe_buf) struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	int r;

	json_dump(json_root(doc), JSON_TABS, &text);
	r = buf_check(&text, path, err);
	if (r < 0)
		return r;
	r = file_replace(to->dir, to->name, 0600, text.ptr, text.len,
			 FILE_SYNC | (to->held ? FILE_HELD : 0), err);
	return r < 0 ? err_wrap(err, "writing %s", path) : 0;
}

/* The member "auths", made when missing. */
static int auths_of(struct json_doc *doc, struct json **ret, struct err *err)
{
	struct json *auths = json_get(json_root(doc), "auths");

	if (json_kind(auths) == JSON_OBJECT) {
		*ret = auths;
		return 0;
	}
	auths = json_object(doc);
	*ret = auths;
	return json_set(doc, json_root(doc), "auths", auths, err);
}

static int encode(const char *user, const char *password, struct buf *out, struct err *err)
{
	AUTO(auth_wipe_buf) struct buf plain = BUF_INIT(CONFIG_FILE_MAX);

	buf_adds(&plain, user);
	buf_addc(&plain, ':');
	buf_adds(&plain, password);
	secret64_encode(buf_str(&plain), plain.len, out);
	return buf_ok(&plain) ? buf_check(out, "password", err)
			      : buf_check(&plain, "password", err);
}

int auth_file_put(const char *path, const char *key, const char *user, const char *password,
		  struct err *err)
{
	AUTO(auth_wipe_buf) struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	AUTO(place_leave) struct place place = {.dir = -1};
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *auths = NULL, *entry;
	int r;

	r = encode(user, password, &text, err);
	if (r == 0)
		r = place_enter(path, &place, err);
	if (r == 0)
		r = read_or_new(path, &doc, err);
	if (r == 0)
		r = auths_of(doc, &auths, err);
	if (r < 0)
		return r;
	entry = json_object(doc);
	r = json_set(doc, auths, key, entry, err);
	if (r == 0)
		r = json_set(doc, entry, "auth", json_string(doc, buf_str(&text)), err);
	return r < 0 ? r : write_file(&place, path, doc, err);
}

int auth_file_remove(const char *path, const char *key, struct err *err)
{
	AUTO(place_leave) struct place place = {.dir = -1};
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *auths;
	size_t n;
	int r;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = place_enter(path, &place, err);
	if (r == 0)
		r = auth_file_read(path, &doc, err);
	if (r <= 0)
		return r;
	auths = json_get(json_root(doc), "auths");
	n = json_count(auths);
	while (!key && json_first(auths))
		(void)json_remove_value(auths, json_first(auths));
	if (key)
		(void)json_remove(auths, key);
	n -= json_count(auths);
	if (n == 0)
		return 0;
	r = write_file(&place, path, doc, err);
	return r < 0 ? r : (int)n;
}
