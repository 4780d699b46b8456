#include "file.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "sys/fd.h"
#include "text/toml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_absent(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR;
}

int config_read(const char *path, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	/* O_NONBLOCK: a fifo in the place of a file must not make us wait. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && is_absent(errno))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "reading %s", path);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	return fd_read_all(fd, path, out, err) < 0 ? -(int)err->code : 1;
}

int config_toml(const char *path, struct toml **ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	int r = config_read(path, &text, err);

	if (r <= 0)
		return r;
	log_debug("reading %s", path);
	r = toml_parse(path, buf_str(&text), text.len, ret, err);
	return r < 0 ? r : 1;
}

int config_toml_given(const char *path, const char *why, struct toml **ret, struct err *err)
{
	int r = config_toml(path, ret, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no file %s", why, path);
	return r < 0 ? r : 0;
}

bool config_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int config_drop_ins(const char *dir, struct strv *ret, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = *dir ? opendir(dir) : NULL;
	size_t first = ret->n;
	struct dirent *e;
	int r;

	if (!d)
		return !*dir || is_absent(errno) || errno == EACCES
			   ? 0
			   : err_sys(err, errno, "reading %s", dir);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || !str_ends(e->d_name, ".conf"))
			continue;
		r = strv_addf(ret, err, "%s/%s", dir, e->d_name);
		if (r < 0)
			return r;
	}
	if (ret->n > first)
		qsort(ret->v + first, ret->n - first, sizeof(*ret->v), by_name);
	return 0;
}

void config_log_unused(struct toml *t)
{
	AUTO_STRV struct strv keys = STRV_INIT;
	struct err ignored = ERR_INIT;
	size_t i;

	if (!log_on(LOG_DEBUG) || toml_unused(t, &keys, &ignored) < 0)
		return;
	for (i = 0; i < keys.n; i++)
		log_debug("%s: not known, ignored", keys.v[i]);
}

int config_unsupported(const struct toml_value *v, struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)toml_error(v, err, "%s", text);
	err->code = ERR_UNSUPPORTED;
	return -(int)err->code;
}
