#include "build_cache.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "container/remove.h"
#include "image/measure.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "buildah-cache"

void build_cache_fini(struct build_cache *c)
{
	strv_fini(&c->paths);
}

static const char *parent_of(const struct app *app)
{
	const char *tmp = config_env_get(&app->env, "TMPDIR");

	return tmp ? tmp : "/var/tmp";
}

/* 1 a directory of ours. Anybody may make one of this name in /var/tmp. */
static int is_ours(int dir, const char *name, struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "looking for %s", name);
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int add(struct app *app, int dir, const char *name, struct build_cache *c, struct err *err)
{
	AUTO_STRV struct strv one = STRV_INIT;
	uint64_t bytes = 0;
	int r = is_ours(dir, name, err);

	if (r <= 0)
		return r;
	r = strv_add(&one, name, err);
	if (r == 0)
		r = store_measure_in(app->store, dir, &one, &bytes, err);
	c->bytes += bytes;
	return r < 0 ? r : strv_addf(&c->paths, err, "%s/%s", parent_of(app), name);
}

int build_cache_find(struct app *app, struct build_cache *ret, struct err *err)
{
	AUTO_BUILD_CACHE struct build_cache c = {0};
	AUTO_CLOSE int dir = -1;
	char name[64];
	int r;

	dir = open(parent_of(app), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", parent_of(app));
	/* Since buildah 1.29 each user has one. */
	(void)snprintf(name, sizeof(name), NAME "-%u", app->env.uid);
	r = add(app, dir, name, &c, err);
	if (r == 0)
		r = add(app, dir, NAME, &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct build_cache){0};
	return 0;
}

static int remove_one(const struct app *app, int dir, const char *name, struct err *err)
{
	if (app->env.rootless)
		return remove_tree_of_subids(NULL, dir, name, err);
	return tree_remove(dir, name, err);
}

int build_cache_remove(struct app *app, const struct build_cache *c, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	size_t i;
	int r;

	if (c->paths.n == 0)
		return 0;
	r = dir_open(AT_FDCWD, parent_of(app), &dir, err);
	for (i = 0; r == 0 && i < c->paths.n; i++)
		r = remove_one(app, dir, strrchr(c->paths.v[i], '/') + 1, err);
	return r;
}
