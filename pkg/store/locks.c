/*
 * Locks and tokens of the shared store. layers.lock before images.lock before containers.lock; the
 * wrong order would be a deadlock with another tool some day, so it is refused here, loudly where
 * the build is for finding bugs.
 */
#include "priv.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/times.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define LOUD 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(LOUD)
#define LOUD 1
#endif

static const char *const lock_names[AREAS] = {"layers.lock", "images.lock", "containers.lock"};

static const struct {
	enum area area;
	const char *dir, *name;
	bool sync;
} kinds[IX_KINDS] = {
    [IX_LAYERS] = {AREA_LAYERS, "overlay-layers", "layers.json", true},
    [IX_VOLATILE_LAYERS] = {AREA_LAYERS, "overlay-layers", "volatile-layers.json", false},
    [IX_IMAGES] = {AREA_IMAGES, "overlay-images", "images.json", true},
    [IX_CONTAINERS] = {AREA_CONTAINERS, "overlay-containers", "containers.json", true},
    [IX_VOLATILE_CONTAINERS] = {AREA_CONTAINERS, "overlay-containers", "volatile-containers.json",
				false},
};

static int bug(struct err *err, const char *what)
{
#ifdef LOUD
	(void)err;
	(void)what;
	abort();
#else
	return err_set(err, ERR_BUG, "store locks: %s", what);
#endif
}

static int take(int dir, const char *name, enum lock_kind kind, bool try, int *ret_fd,
		struct err *err)
{
	int r = try ? lock_try_open(dir, name, kind, ret_fd, err)
		    : lock_open(dir, name, kind, ret_fd, err);

	if (r == 0 && try)
		return err_set(err, ERR_IN_USE, "%s is held by another process", name);
	return r < 0 ? r : 0;
}

static int load_from(int root, enum index_kind kind, struct index *ix, bool reread,
		     const char *path, struct err *err)
{
	char file[64];
	int r;

	(void)snprintf(file, sizeof(file), "%s/%s", kinds[kind].dir, kinds[kind].name);
	r = index_load(ix, root, file, reread, err);
	return r < 0 ? err_wrap(err, "store %s", path) : 0;
}

static int load(struct store *s, size_t where, enum index_kind kind, bool reread, struct err *err)
{
	struct root *root = &s->roots[where];

	return load_from(root->fd, kind, &root->index[kind], reread, root->path, err);
}

/* -1 without a run root: then there is nothing of this boot. */
static int transient_root(struct store *s)
{
	struct err ignored = ERR_INIT;
	int fd = -1;

	if (s->runroot_fd >= 0)
		return s->runroot_fd;
	if (s->runroot[0] != '/' || access(s->runroot, F_OK) < 0 ||
	    store_runroot_fd(s, &fd, &ignored) < 0)
		return -1;
	return fd;
}

int store_transient(struct store *s, enum index_kind kind, struct index **ret, struct err *err)
{
	struct index *ix = &s->transient[kind];
	int fd = transient_root(s);

	*ret = ix;
	if (fd < 0 || (s->pinned && ix->loaded))
		return 0;
	return load_from(fd, kind, ix, false, s->runroot, err);
}

int store_transient_lock(struct store *s, bool try, struct err *err)
{
	static const char path[] = "overlay-containers/containers.lock";
	int fd = transient_root(s);

	if (fd < 0 || faccessat(fd, path, F_OK, 0) < 0)
		return 0;
	return take(fd, path, LOCK_EXCLUSIVE, try, &s->transient_lock, err);
}

/* After the lock was obtained: is what we remember still the newest? */
static int refresh(struct store *s, size_t where, enum area a, struct err *err)
{
	struct held *h = &s->held[a][where];
	unsigned char now[TOKEN_LEN];
	bool same;
	ssize_t n;
	int i, r = 0;

	n = pread(h->fd, now, sizeof(now), 0);
	if (n < 0)
		return err_sys(err, errno, "reading %s", lock_names[a]);
	same = n == TOKEN_LEN && h->token_known && memcmp(now, h->token, TOKEN_LEN) == 0;
	for (i = 0; i < IX_KINDS && r == 0; i++)
		if (kinds[i].area == a)
			r = load(s, where, (enum index_kind)i, !same, err);
	h->token_known = r == 0 && n == TOKEN_LEN;
	if (h->token_known)
		memcpy(h->token, now, TOKEN_LEN);
	return r;
}

static int lock_one(struct store *s, size_t where, enum area a, enum lock_kind kind, bool try,
		    struct err *err)
{
	struct held *h = &s->held[a][where];
	int fd, r;

	r = store_area_fd(s, where, a, &fd, err);
	if (r == 0)
		r = take(fd, lock_names[a], kind, try, &h->fd, err);
	if (r < 0)
		return err_wrap(err, "store %s", s->roots[where].path);
	h->write = kind == LOCK_EXCLUSIVE;
	return refresh(s, where, a, err);
}

static bool is_held(const struct store *s, int a)
{
	size_t where;

	for (where = 0; where < s->n_own; where++)
		if (s->held[a][where].fd >= 0)
			return true;
	return false;
}

/* With an image store: layers in the graphroot, then there; images there, then in the graphroot;
 * containers in the graphroot only. This is the order of the other tools. */
static int lock_area(struct store *s, enum area a, enum lock_kind kind, bool try, struct err *err)
{
	size_t n = a == AREA_CONTAINERS ? 1 : s->n_own, i;
	int r = 0;

	for (i = a; i < AREAS; i++)
		if (is_held(s, (int)i))
			return bug(err, i == a ? "taken twice" : "taken in the wrong order");
	for (i = 0; r == 0 && i < n; i++)
		r = lock_one(s, a == AREA_IMAGES ? image_place(s, i) : i, a, kind, try, err);
	return r;
}

int store_lock(struct store *s, unsigned which, struct err *err)
{
	bool try = which & LK_TRY;
	int r = 0;

	if (which & (LK_LAYERS | LK_LAYERS_READ))
		r = lock_area(s, AREA_LAYERS, which & LK_LAYERS ? LOCK_EXCLUSIVE : LOCK_SHARED, try,
			      err);
	if (r == 0 && (which & LK_LAYERS))
		r = layers_repair(s, err);
	if (r == 0 && (which & LK_IMAGES))
		r = lock_area(s, AREA_IMAGES, LOCK_EXCLUSIVE, try, err);
	if (r == 0 && (which & LK_CONTAINERS))
		r = lock_area(s, AREA_CONTAINERS, LOCK_EXCLUSIVE, try, err);
	if (r == 0 && (which & LK_CONTAINERS))
		r = store_transient_lock(s, try, err);
	if (r < 0)
		store_unlock(s);
	return r;
}

static void unlock_root(struct store *s, size_t where)
{
	int i;

	for (i = 0; i < IX_KINDS; i++)
		if (s->roots[where].index[i].dirty)
			index_reset(&s->roots[where].index[i]);
	for (i = AREAS - 1; i >= 0; i--) {
		if (s->held[i][where].fd >= 0)
			(void)close(s->held[i][where].fd);
		s->held[i][where].fd = -1;
		s->held[i][where].write = false;
	}
}

void store_unlock(struct store *s)
{
	size_t i;

	if (s->transient_lock >= 0)
		(void)close(s->transient_lock);
	s->transient_lock = -1;
	for (i = s->n_own; i > 0; i--)
		unlock_root(s, i - 1);
	trash_finish(s);
}

int store_index(struct store *s, size_t where, enum index_kind kind, struct index **ret,
		struct err *err)
{
	bool held = where < s->n_own && s->held[kinds[kind].area][where].fd >= 0;
	int r = 0;

	/* Under the lock nobody else changes it, and ours may hold changes that are to be saved. */
	if (!s->roots[where].index[kind].loaded || (!held && !s->pinned))
		r = load(s, where, kind, false, err);
	if (r == 0)
		*ret = &s->roots[where].index[kind];
	return r;
}

int store_pin_layers(struct store *s, struct err *err)
{
	struct index *ix;
	size_t where;
	int r;

	r = store_index(s, 0, IX_VOLATILE_LAYERS, &ix, err);
	if (r == 0)
		r = store_transient(s, IX_VOLATILE_LAYERS, &ix, err);
	for (where = 0; r == 0 && where < s->n_roots; where++)
		r = store_index(s, where, IX_LAYERS, &ix, err);
	s->pinned = r == 0;
	return r;
}

/* Only that it differs from every other one matters: time, counter, process and random bytes, in
 * the order of the other tools. */
static void make_token(struct store *s, unsigned char token[TOKEN_LEN])
{
	uint64_t now = (uint64_t)time_now_ns(), count = ++s->token_count;
	uint32_t pid = (uint32_t)getpid();
	int i;

	rand_bytes(token, TOKEN_LEN);
	for (i = 0; i < 8; i++) {
		token[i] = (unsigned char)(now >> (8 * i));
		token[8 + i] = (unsigned char)(count >> (8 * i));
	}
	for (i = 0; i < 4; i++)
		token[16 + i] = (unsigned char)(pid >> (8 * i));
}

static int write_token(struct held *h, const unsigned char token[TOKEN_LEN], enum area a,
		       struct err *err)
{
	h->token_known = false;
	if (pwrite(h->fd, token, TOKEN_LEN, 0) != TOKEN_LEN)
		return err_sys(err, errno, "writing %s", lock_names[a]);
	memcpy(h->token, token, TOKEN_LEN);
	h->token_known = true;
	return 0;
}

/* Layers of both roots are one list to the other tools, which look at the first lock only. */
static int write_tokens(struct store *s, size_t where, enum area a, struct err *err)
{
	unsigned char token[TOKEN_LEN];
	size_t i;
	int r = 0;

	make_token(s, token);
	for (i = 0; r == 0 && i < s->n_own; i++)
		if (i == where || a == AREA_LAYERS)
			r = write_token(&s->held[a][i], token, a, err);
	return r;
}

int store_save(struct store *s, size_t where, enum index_kind kind, struct err *err)
{
	enum area a = kinds[kind].area;
	int fd, r;

	if (where >= s->n_own || !s->held[a][where].write)
		return bug(err, "saving without the lock");
	r = store_area_fd(s, where, a, &fd, err);
	if (r == 0)
		r = write_tokens(s, where, a, err);
	if (r < 0)
		return r;
	store_step(s, "token");
	r = index_save(&s->roots[where].index[kind], fd, kinds[kind].name, kinds[kind].sync, err);
	if (r < 0)
		return err_wrap(err, "store %s", s->roots[where].path);
	store_step(s, kinds[kind].name);
	return 0;
}

static int drop_temporary_of(struct store *s, size_t where, enum index_kind kind, struct err *err)
{
	char tmp[INDEX_TMP_MAX], path[INDEX_TMP_MAX + 32];
	AUTO_CLOSE int lock = -1;
	int dir, r;

	r = index_tmp_name(kinds[kind].name, tmp, err);
	(void)snprintf(path, sizeof(path), "%s/%s", kinds[kind].dir, tmp);
	if (r < 0 || faccessat(s->roots[where].fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return r;
	r = store_area_fd(s, where, kinds[kind].area, &dir, err);
	if (r == 0)
		r = lock_try_open(dir, lock_names[kinds[kind].area], LOCK_EXCLUSIVE, &lock, err);
	if (r > 0 && unlinkat(dir, tmp, 0) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "removing %s", path);
	return r < 0 ? r : 0;
}

int store_drop_temporary(struct store *s, struct err *err)
{
	size_t where;
	int i, r = 0;

	for (where = 0; where < s->n_own; where++)
		for (i = 0; r == 0 && i < IX_KINDS; i++)
			r = drop_temporary_of(s, where, (enum index_kind)i, err);
	return r;
}
