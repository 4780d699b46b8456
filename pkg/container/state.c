#include "state.h"
#include "own.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRY_PATH_MAX 128
/* Names of 1 to 255 bytes are what the directory can hold. */
#define CLAIM_TRIES 3
/* A directory that was just committed is held for microseconds. */
#define HELD_TRIES 100
#define HELD_PAUSE_NS 1000000

static const char *entry_path(char out[ENTRY_PATH_MAX], const char *in, const char *id)
{
	(void)snprintf(out, ENTRY_PATH_MAX, "%s/%.*s", in, ID_HEX_LEN, id);
	return out;
}

static bool is_id(const char *name)
{
	return strlen(name) == ID_HEX_LEN && str_is_hex(name, ID_HEX_LEN);
}

/* The kist directory below root, with its own subdirectories on first use. */
static int open_top(const char *root, const char *const *subs, size_t n, int *ret, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char path[PATH_MAX];
	size_t i;
	int r;

	if (snprintf(path, sizeof(path), "%s/kist", root) >= (int)sizeof(path))
		return err_set(err, ERR_INVALID, "%s: path too long", root);
	r = dir_ensure(AT_FDCWD, path, 0700, &fd, err);
	if (r == 0)
		r = own_check(fd, path, err);
	if (r < 0)
		return r;
	/* The last one is made last, so that its presence means all are there. */
	if (faccessat(fd, subs[n - 1], F_OK, 0) < 0)
		for (i = 0; i < n; i++)
			if (mkdirat(fd, subs[i], 0700) < 0 && errno != EEXIST)
				return err_sys(err, errno, "creating %s/%s", path, subs[i]);
	*ret = TAKE_FD(fd);
	return 0;
}

int state_open(const char *graphroot, const char *runroot, struct state *ret, struct err *err)
{
	static const char *const graph_subs[] = {"containers", "creating", "trash", "names"};
	static const char *const run_subs[] = {"containers"};
	AUTO_CLOSE int graph = -1, run = -1;
	int r;

	r = open_top(graphroot, graph_subs, ARRAY_LEN(graph_subs), &graph, err);
	if (r < 0)
		return r;
	r = open_top(runroot, run_subs, ARRAY_LEN(run_subs), &run, err);
	/* It may be in /tmp. */
	if (r == 0)
		r = own_check_above(run, runroot, err);
	if (r < 0)
		return r;
	ret->graph = TAKE_FD(graph);
	ret->run = TAKE_FD(run);
	return 0;
}

void state_close(struct state *s)
{
	if (s->graph >= 0)
		(void)close(s->graph);
	if (s->run >= 0)
		(void)close(s->run);
	s->graph = s->run = -1;
}

static int remove_tree(const struct state *s, const char *path, struct err *err)
{
	return s->remove ? s->remove(s->remove_ctx, s->graph, path, err)
			 : tree_remove(s->graph, path, err);
}

/* Unlinks every name of an entry that nobody can ask for its name any more. */
static int drop_names(const struct state *s, const char *id, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	char target[ID_HEX_LEN + 2];
	AUTO_CLOSE int dir = -1;
	ssize_t n;
	size_t i;
	int r;

	r = dir_open(s->graph, "names", &dir, err);
	if (r == 0)
		r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++) {
		n = readlinkat(dir, names.v[i], target, sizeof(target));
		if (n == ID_HEX_LEN && memcmp(target, id, ID_HEX_LEN) == 0 &&
		    unlinkat(dir, names.v[i], 0) < 0 && errno != ENOENT)
			r = err_sys(err, errno, "removing kist/names/%s", names.v[i]);
	}
	return r;
}

int state_remove_run(const struct state *s, const char *id, struct err *err)
{
	const struct timespec pause = {0, HELD_PAUSE_NS};
	char path[ENTRY_PATH_MAX];
	struct err e;
	int i, r;

	(void)entry_path(path, "containers", id);
	/* Another command may make its lock file meanwhile: it finds the container gone, and comes
	 * here too. */
	for (i = 0;; i++) {
		e = (struct err)ERR_INIT;
		r = tree_remove(s->run, path, &e);
		if (r == 0 || !err_is_errno(&e, ENOTEMPTY) || i == HELD_TRIES)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (r < 0)
		*err = e;
	return r;
}

/* One entry of creating/ or trash/, if its owner is dead. The directory goes last, since it is what
 * tells that there is something left to be done. */
static int gc_entry(const struct state *s, const char *in, const char *id, struct err *err)
{
	char path[ENTRY_PATH_MAX];
	AUTO_CLOSE int lock = -1;
	int r;

	r = lock_try_dir(s->graph, entry_path(path, in, id), &lock, err);
	if (r <= 0)
		return r;
	r = drop_names(s, id, err);
	if (r >= 0)
		r = state_remove_run(s, id, err);
	return r < 0 ? r : remove_tree(s, entry_path(path, in, id), err);
}

static int gc_dir(const struct state *s, const char *in, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	size_t i;
	int r;

	r = dir_list(s->graph, in, &names, err);
	for (i = 0; r == 0 && i < names.n; i++)
		if (is_id(names.v[i]))
			r = gc_entry(s, in, names.v[i], err);
	return r;
}

int state_gc(const struct state *s, struct err *err)
{
	int r = gc_dir(s, "creating", err);

	return r < 0 ? r : gc_dir(s, "trash", err);
}

int state_begin(const struct state *s, struct state_entry *ret, struct err *err)
{
	struct state_entry e = STATE_ENTRY_INIT;
	char path[ENTRY_PATH_MAX];
	int r;

	/* A cleaner may hold the fresh directory for a moment: then another ID is as good. */
	do {
		rand_id(e.id);
		if (mkdirat(s->graph, entry_path(path, "creating", e.id), 0700) < 0)
			return err_sys(err, errno, "making %s", path);
		r = lock_try_dir(s->graph, path, &e.dir, err);
	} while (r == 0);
	if (r < 0)
		return r;
	e.building = true;
	*ret = e;
	return 0;
}

static int exists(const struct state *s, const char *in, const char *id, struct err *err)
{
	char path[ENTRY_PATH_MAX];

	if (faccessat(s->graph, entry_path(path, in, id), F_OK, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : err_sys(err, errno, "looking for kist/%s", path);
}

int state_has(const struct state *s, const char *id, struct err *err)
{
	return exists(s, "containers", id, err);
}

static int entry_exists(const struct state *s, const char *id, struct err *err)
{
	/* creating before containers: the commit moves that way. */
	int r = exists(s, "creating", id, err);

	return r != 0 ? r : state_has(s, id, err);
}

/* Reads names/<name>: 1 with the ID, 0 when the name is free. */
static int read_name(const struct state *s, const char *name, char id[ID_HEX_LEN + 1],
		     struct err *err)
{
	char path[NAME_MAX + 16], target[ID_HEX_LEN + 2];
	ssize_t n;

	if (snprintf(path, sizeof(path), "names/%s", name) >= (int)sizeof(path))
		return 0;
	n = readlinkat(s->graph, path, target, sizeof(target));
	if (n < 0 && (errno == ENOENT || errno == ENAMETOOLONG))
		return 0;
	if (n < 0 && errno != EINVAL)
		return err_sys(err, errno, "reading kist/names/%s", name);
	if (n != ID_HEX_LEN || !str_is_hex(target, ID_HEX_LEN))
		return err_set(err, ERR_CORRUPT, "kist/names/%s is not a link to a container",
			       name);
	memcpy(id, target, ID_HEX_LEN);
	id[ID_HEX_LEN] = '\0';
	return 1;
}

/* Frees a name whose container does not exist (its command was killed). */
static int free_stale_name(const struct state *s, const char *name, struct err *err)
{
	char path[NAME_MAX + 16], id[ID_HEX_LEN + 1];
	AUTO_CLOSE int lock = -1;
	int r;

	r = lock_open(s->graph, "names.lock", LOCK_EXCLUSIVE, &lock, err);
	if (r < 0)
		return r;
	r = read_name(s, name, id, err);
	if (r <= 0)
		return r;
	r = entry_exists(s, id, err);
	if (r != 0)
		return r;
	(void)snprintf(path, sizeof(path), "names/%s", name);
	if (unlinkat(s->graph, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing %s", path);
	return 0;
}

int state_claim_name(const struct state *s, const char *name, const char *id,
		     char ret_holder[ID_HEX_LEN + 1], struct err *err)
{
	char path[NAME_MAX + 16];
	int r, i;

	if (snprintf(path, sizeof(path), "names/%s", name) >= (int)sizeof(path))
		return err_set(err, ERR_INVALID, "the name %.32s... is longer than %d bytes", name,
			       NAME_MAX);
	for (i = 0; i < CLAIM_TRIES; i++) {
		if (symlinkat(id, s->graph, path) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(err, errno, "claiming the name %s", name);
		r = read_name(s, name, ret_holder, err);
		if (r > 0)
			r = entry_exists(s, ret_holder, err);
		if (r < 0)
			return r;
		if (r > 0)
			break;
		r = free_stale_name(s, name, err);
		if (r < 0)
			return r;
	}
	return err_set(err, ERR_EXISTS, "the container name \"%s\" is already in use", name);
}

int state_commit(const struct state *s, struct state_entry *e, struct err *err)
{
	char from[ENTRY_PATH_MAX], to[ENTRY_PATH_MAX];

	if (renameat(s->graph, entry_path(from, "creating", e->id), s->graph,
		     entry_path(to, "containers", e->id)) < 0)
		return err_sys(err, errno, "committing container %s", e->id);
	(void)flock(e->dir, LOCK_UN);
	e->building = false;
	return 0;
}

int state_sync(const struct state *s, struct err *err)
{
	int r = dir_sync(s->graph, "containers", err);

	return r < 0 ? r : dir_sync(s->graph, "names", err);
}

void state_abort(const struct state *s, struct state_entry *e)
{
	struct err ignored = ERR_INIT;
	char path[ENTRY_PATH_MAX];

	if (e->building && drop_names(s, e->id, &ignored) == 0)
		/* What cannot be removed now is removed by the next command. */
		(void)remove_tree(s, entry_path(path, "creating", e->id), &ignored);
	state_entry_close(e);
}

void state_entry_close(struct state_entry *e)
{
	if (e->dir >= 0)
		(void)close(e->dir);
	e->dir = -1;
}

/* Only when the name is this entry's: it may have been given away. */
static int unlink_name(const struct state *s, const char *name, const char *id, struct err *err)
{
	char path[NAME_MAX + 16], holder[ID_HEX_LEN + 1];
	struct err e = ERR_INIT;
	int r;

	r = read_name(s, name, holder, &e);
	/* What is no link of ours is not ours to remove. */
	if (r == -ERR_CORRUPT || r == 0 || (r > 0 && !streq(holder, id)))
		return 0;
	if (r < 0) {
		*err = e;
		return r;
	}
	if (snprintf(path, sizeof(path), "names/%s", name) < (int)sizeof(path) &&
	    unlinkat(s->graph, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "removing kist/%s", path);
	return 0;
}

/* Just committed, it may still be held for a moment; else somebody else is removing it: 0. */
static int hold_for_removal(const struct state *s, const char *path, int *ret, struct err *err)
{
	const struct timespec pause = {0, HELD_PAUSE_NS};
	int i, r = 0;

	for (i = 0; r == 0 && i < HELD_TRIES; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		r = lock_try_dir(s->graph, path, ret, err);
		if (r == 0 && faccessat(s->graph, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : err_sys(err, errno, "looking for %s", path);
	}
	return r;
}

int state_remove(const struct state *s, const char *id, const char *name, struct err *err)
{
	char from[ENTRY_PATH_MAX], to[ENTRY_PATH_MAX];
	AUTO_CLOSE int lock = -1;
	int r;

	(void)entry_path(from, "containers", id);
	r = hold_for_removal(s, from, &lock, err);
	if (r <= 0)
		return r;
	if (renameat(s->graph, from, s->graph, entry_path(to, "trash", id)) < 0)
		return err_sys(err, errno, "removing container %s", id);
	r = name ? unlink_name(s, name, id, err) : drop_names(s, id, err);
	if (r == 0)
		r = state_remove_run(s, id, err);
	/* Last: after a failure it says that there is something left to be done. */
	return r < 0 ? r : remove_tree(s, to, err);
}

void state_await_removal(const struct state *s, const char *id)
{
	const struct timespec pause = {0, HELD_PAUSE_NS};
	char path[ENTRY_PATH_MAX];
	int i;

	/* The name is free, and the run directory gone, before the entry is. */
	(void)entry_path(path, "trash", id);
	for (i = 0; i < HELD_TRIES && faccessat(s->graph, path, F_OK, 0) == 0; i++)
		(void)nanosleep(&pause, NULL);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const struct state *s, struct strv *ret, struct err *err)
{
	int r = dir_list(s->graph, "containers", ret, err);
	size_t i = 0;

	if (r < 0)
		return r;
	while (i < ret->n)
		if (is_id(ret->v[i]))
			i++;
		else
			strv_remove(ret, i);
	if (ret->n > 1)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return 0;
}

static int find_prefix(const struct state *s, const char *key, char ret_id[ID_HEX_LEN + 1],
		       struct err *err)
{
	AUTO_STRV struct strv ids = STRV_INIT;
	const char *found = NULL;
	size_t i;
	int r;

	r = state_list(s, &ids, err);
	if (r < 0)
		return r;
	for (i = 0; i < ids.n; i++) {
		if (!str_starts(ids.v[i], key))
			continue;
		if (found)
			return err_set(
			    err, ERR_INVALID,
			    "more than one container has an ID that begins with %s: give "
			    "more digits",
			    key);
		found = ids.v[i];
	}
	if (found)
		memcpy(ret_id, found, ID_HEX_LEN + 1);
	return found != NULL;
}

int state_find(const struct state *s, const char *key, char ret_id[ID_HEX_LEN + 1], struct err *err)
{
	size_t len = strlen(key);
	int r;

	if (len == 0 || strchr(key, '/'))
		return 0;
	r = read_name(s, key, ret_id, err);
	if (r != 0)
		return r;
	if (len > ID_HEX_LEN || !str_is_hex(key, len))
		return 0;
	if (len < ID_HEX_LEN)
		return find_prefix(s, key, ret_id, err);
	memcpy(ret_id, key, ID_HEX_LEN + 1);
	return state_has(s, key, err);
}

static int find_dir(int top, const char *id, int *ret_dir, struct err *err)
{
	char path[ENTRY_PATH_MAX];
	int fd;

	fd = openat(top, entry_path(path, "containers", id),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, errno, "opening container %s", id);
	*ret_dir = fd;
	return 1;
}

int state_open_entry(const struct state *s, const char *id, int *ret_dir, struct err *err)
{
	return find_dir(s->graph, id, ret_dir, err);
}

int state_find_run(const struct state *s, const char *id, int *ret_dir, struct err *err)
{
	return find_dir(s->run, id, ret_dir, err);
}

int state_open_run(const struct state *s, const char *id, int *ret_dir, struct err *err)
{
	char path[ENTRY_PATH_MAX];

	return dir_ensure(s->run, entry_path(path, "containers", id), 0700, ret_dir, err);
}
