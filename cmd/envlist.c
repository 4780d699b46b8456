#include "envlist.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ENV_FILE_MAX ((size_t)4 << 20)

static int add_matching(const char *pattern, struct strv *ret, struct err *err)
{
	size_t len = strlen(pattern) - 1;
	char **e;
	int r = 0;

	for (e = environ; r == 0 && *e; e++)
		if (strncmp(*e, pattern, len) == 0 && strchr(*e, '='))
			r = strv_env_set(ret, *e, err);
	return r;
}

static int add_one(const char *given, struct strv *ret, struct err *err)
{
	AUTO_FREE char *with = NULL;
	const char *value;

	if (*given == '=' || !*given)
		return err_set(err, ERR_INVALID, "invalid environment variable: %s", given);
	if (strchr(given, '='))
		return strv_env_set(ret, given, err);
	if (str_ends(given, "*"))
		return add_matching(given, ret, err);
	value = getenv(given);
	if (!value)
		return 0;
	with = str_fmt("%s=%s", given, value);
	return with ? strv_env_set(ret, with, err) : err_nomem(err);
}

static int add_label(const char *given, struct strv *ret, struct err *err)
{
	return strv_add(ret, given, err);
}

typedef int add_fn(const char *line, struct strv *ret, struct err *err);

static int add_lines(const char *path, const struct buf *text, add_fn *add, struct strv *ret,
		     struct err *err)
{
	struct str rest = {buf_str(text), text->len}, line;
	int r = 0;

	while (r == 0 && (line = str_cut(&rest, '\n')).ptr) {
		AUTO_FREE char *s = NULL;

		while (line.len > 0 && (*line.ptr == ' ' || *line.ptr == '\t')) {
			line.ptr++;
			line.len--;
		}
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0 || *line.ptr == '#')
			continue;
		s = str_dup(line);
		if (!s)
			return err_nomem(err);
		r = add(s, ret, err);
	}
	return r < 0 ? err_wrap(err, "%s", path) : 0;
}

static int add_file(const char *path, const char *option, add_fn *add, struct strv *ret,
		    struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(ENV_FILE_MAX);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "%s: opening %s", option, path);
	r = fd_read_all(fd, path, &text, err);
	return r < 0 ? r : add_lines(path, &text, add, ret, err);
}

int labellist_add(const struct strv *files, struct strv *ret, struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < files->n; i++)
		r = add_file(files->v[i], "--label-file", add_label, ret, err);
	return r;
}

int envlist_add_host(struct strv *ret, struct err *err)
{
	char **e;
	int r = 0;

	for (e = environ; r == 0 && *e; e++)
		if (**e != '=' && strchr(*e, '='))
			r = strv_env_set(ret, *e, err);
	return r;
}

int envlist_build(const struct strv *files, const struct strv *vars, struct strv *ret,
		  struct err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < files->n; i++)
		r = add_file(files->v[i], "--env-file", add_one, ret, err);
	for (i = 0; r == 0 && i < vars->n; i++)
		r = add_one(vars->v[i], ret, err);
	return r;
}
