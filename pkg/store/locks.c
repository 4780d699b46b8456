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

static int load(struct store *s, size_t where, enum index_kind kind, bool reread, struct err *err)
{
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", kinds[kind].dir, kinds[kind].name);
	r = index_load(&s->roots[where].index[kind], s->roots[where].fd, path, reread, err);
	return r < 0 ? err_wrap(err, "store %s", s->roots[where].path) : 0;
}

/* After the lock was obtained: is what we remember still the newest? */
static int refresh(struct store *s, enum area a, struct err *err)
{
	unsigned char now[TOKEN_LEN];
	bool same;
	ssize_t n;
	int i, r = 0;

	n = pread(s->lock_fd[a], now, sizeof(now), 0);
	if (n < 0)
		return err_sys(err, errno, "reading %s", lock_names[a]);
	same = n == TOKEN_LEN && s->token_known[a] && memcmp(now, s->token[a], TOKEN_LEN) == 0;
	for (i = 0; i < IX_KINDS && r == 0; i++)
		if (kinds[i].area == a)
			r = load(s, 0, (enum index_kind)i, !same, err);
	s->token_known[a] = r == 0 && n == TOKEN_LEN;
	if (s->token_known[a])
		memcpy(s->token[a], now, TOKEN_LEN);
	return r;
}

static int lock_area(struct store *s, enum area a, enum lock_kind kind, struct err *err)
{
	int i, fd, r;

	for (i = (int)a; i < AREAS; i++)
		if (s->lock_fd[i] >= 0)
			return bug(err, i == (int)a ? "taken twice" : "taken in the wrong order");
	r = store_area_fd(s, a, &fd, err);
	if (r == 0)
		r = lock_open(fd, lock_names[a], kind, &s->lock_fd[a], err);
	if (r < 0)
		return err_wrap(err, "store %s", own(s)->path);
	s->lock_write[a] = kind == LOCK_EXCLUSIVE;
	return refresh(s, a, err);
}

int store_lock(struct store *s, unsigned which, struct err *err)
{
	int r = 0;

	if (which & (LK_LAYERS | LK_LAYERS_READ))
		r = lock_area(s, AREA_LAYERS, which & LK_LAYERS ? LOCK_EXCLUSIVE : LOCK_SHARED,
			      err);
	if (r == 0 && (which & LK_LAYERS))
		r = layers_repair(s, err);
	if (r == 0 && (which & LK_IMAGES))
		r = lock_area(s, AREA_IMAGES, LOCK_EXCLUSIVE, err);
	if (r == 0 && (which & LK_CONTAINERS))
		r = lock_area(s, AREA_CONTAINERS, LOCK_EXCLUSIVE, err);
	if (r < 0)
		store_unlock(s);
	return r;
}

void store_unlock(struct store *s)
{
	int a, i;

	for (i = 0; i < IX_KINDS; i++)
		if (s->n_roots > 0 && own(s)->index[i].dirty)
			index_reset(&own(s)->index[i]);
	for (a = AREAS - 1; a >= 0; a--) {
		if (s->lock_fd[a] >= 0)
			(void)close(s->lock_fd[a]);
		s->lock_fd[a] = -1;
		s->lock_write[a] = false;
	}
	trash_finish(s);
}

int store_index(struct store *s, size_t where, enum index_kind kind, struct index **ret,
		struct err *err)
{
	bool held = where == 0 && s->lock_fd[kinds[kind].area] >= 0;
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
	for (where = 0; r == 0 && where < s->n_roots; where++)
		r = store_index(s, where, IX_LAYERS, &ix, err);
	s->pinned = r == 0;
	return r;
}

/* Only that it differs from every other one matters: time, counter, process and random bytes, in
 * the order of the other tools. */
static int write_token(struct store *s, enum area a, struct err *err)
{
	unsigned char token[TOKEN_LEN];
	uint64_t now = (uint64_t)time_now_ns(), count = ++s->token_count;
	uint32_t pid = (uint32_t)getpid();
	int i;

	rand_bytes(token, sizeof(token));
	for (i = 0; i < 8; i++) {
		token[i] = (unsigned char)(now >> (8 * i));
		token[8 + i] = (unsigned char)(count >> (8 * i));
	}
	for (i = 0; i < 4; i++)
		token[16 + i] = (unsigned char)(pid >> (8 * i));
	s->token_known[a] = false;
	if (pwrite(s->lock_fd[a], token, sizeof(token), 0) != (ssize_t)sizeof(token))
		return err_sys(err, errno, "writing %s", lock_names[a]);
	memcpy(s->token[a], token, sizeof(token));
	s->token_known[a] = true;
	return 0;
}

int store_save(struct store *s, enum index_kind kind, struct err *err)
{
	enum area a = kinds[kind].area;
	int fd, r;

	if (!s->lock_write[a])
		return bug(err, "saving without the lock");
	r = store_area_fd(s, a, &fd, err);
	if (r == 0)
		r = write_token(s, a, err);
	if (r < 0)
		return r;
	store_step(s, "token");
	r = index_save(&own(s)->index[kind], fd, kinds[kind].name, kinds[kind].sync, err);
	if (r < 0)
		return err_wrap(err, "store %s", own(s)->path);
	store_step(s, kinds[kind].name);
	return 0;
}
