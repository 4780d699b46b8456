/* -v and --tmpfs. */
#include "plan.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "spec/container.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const bind_options[] = {
    "ro",     "rw",	"z",	   "Z",	     "bind", "rbind", "private", "rprivate", "slave",
    "rslave", "shared", "rshared", "nosuid", "suid", "nodev", "dev",	 "noexec",   "exec",
};

/* What docker and podman know, and kist does not do yet. */
static const char *const later_options[] = {"U", "O", "copy", "nocopy", "idmap", "upperdir"};

static bool is_in(const char *s, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (streq(s, list[i]))
			return true;
	return false;
}

static int split_options(const char *text, const char *whole, struct strv *ret, struct err *err)
{
	struct str rest = str_of(text), part;
	int r = 0;

	while (r == 0 && (part = str_cut(&rest, ',')).ptr)
		if (part.len > 0)
			r = strv_addn(ret, part, err);
	if (r == 0 && *text == '\0')
		return err_set(err, ERR_INVALID, "%s: the options are empty", whole);
	return r;
}

static int check_bind_options(const struct strv *options, const char *whole, struct err *err)
{
	const char *near;
	size_t i;

	for (i = 0; i < options->n; i++) {
		const char *o = options->v[i];

		if (is_in(o, bind_options, ARRAY_LEN(bind_options)))
			continue;
		if (is_in(o, later_options, ARRAY_LEN(later_options)))
			return err_set(err, ERR_UNSUPPORTED,
				       "-v %s: the option %s is not built yet", whole, o);
		near = str_nearest(o, bind_options, ARRAY_LEN(bind_options));
		return err_set(err, ERR_INVALID, "-v %s: unknown option %s%s%s", whole, o,
			       near ? ": did you mean " : "", near ? near : "");
	}
	return 0;
}

/* The host's path, absolute; it must exist. */
static int host_path(const char *source, const char *whole, char **ret, struct err *err)
{
	AUTO_FREE char *cwd = NULL, *path = NULL;
	struct stat st;

	if (*source != '/' && *source != '.')
		return err_set(
		    err, ERR_UNSUPPORTED,
		    "-v %s: named volumes are not built yet: give a path that begins with / or .",
		    whole);
	if (*source == '/') {
		path = strdup(source);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_sys(err, errno, "finding the current directory");
		path = str_fmt("%s/%s", cwd, source);
	}
	if (!path)
		return err_nomem(err);
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "-v %s: %s", whole, source);
	*ret = TAKE(path);
	return 0;
}

static int check_target(const char *target, const char *whole, struct err *err)
{
	if (*target != '/')
		return err_set(err, ERR_INVALID,
			       "-v %s: the path in the container must be absolute (begin with /)",
			       whole);
	if (target[strspn(target, "/.")] == '\0')
		return err_set(err, ERR_INVALID,
			       "-v %s: the container's root cannot be a mount point", whole);
	return 0;
}

static int plan_volume(const char *whole, struct container_def *def, struct err *err)
{
	AUTO_FREE char *source = NULL, *target = NULL, *path = NULL, *options = NULL;
	AUTO_STRV struct strv list = STRV_INIT;
	struct str rest = str_of(whole);
	int r;

	source = str_dup(str_cut(&rest, ':'));
	if (!source)
		return err_nomem(err);
	if (!rest.ptr)
		return err_set(err, ERR_UNSUPPORTED,
			       "-v %s: anonymous volumes are not built yet: give SOURCE:TARGET",
			       whole);
	target = str_dup(str_cut(&rest, ':'));
	if (rest.ptr)
		options = str_dup(rest);
	if (!target || (rest.ptr && !options))
		return err_nomem(err);
	r = check_target(target, whole, err);
	if (r == 0)
		r = host_path(source, whole, &path, err);
	if (r == 0 && options)
		r = split_options(options, whole, &list, err);
	if (r == 0)
		r = check_bind_options(&list, whole, err);
	return r < 0 ? r : container_def_add_mount(def, "bind", path, target, &list, err);
}

static int plan_tmpfs(const char *whole, struct container_def *def, struct err *err)
{
	AUTO_FREE char *target = NULL, *options = NULL;
	AUTO_STRV struct strv list = STRV_INIT;
	struct str rest = str_of(whole);
	int r;

	target = str_dup(str_cut(&rest, ':'));
	options = rest.ptr ? str_dup(rest) : NULL;
	if (!target || (rest.ptr && !options))
		return err_nomem(err);
	r = check_target(target, whole, err);
	if (r == 0 && options)
		r = split_options(options, whole, &list, err);
	return r < 0 ? r : container_def_add_mount(def, "tmpfs", "tmpfs", target, &list, err);
}

int plan_volumes(const struct strv *volumes, const struct strv *tmpfs, struct container_def *def,
		 struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && volumes && i < volumes->n; i++)
		r = plan_volume(volumes->v[i], def, err);
	for (i = 0; r == 0 && tmpfs && i < tmpfs->n; i++)
		r = plan_tmpfs(tmpfs->v[i], def, err);
	return r;
}
