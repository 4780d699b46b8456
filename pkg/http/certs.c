#include "certs.h"

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define READ_SIZE (16 * 1024)

void certs_fini(struct certs *c)
{
	buf_fini(&c->authorities);
	free(c->client_cert);
	free(c->client_key);
	c->client_cert = c->client_key = NULL;
}

int certs_add_file(const char *path, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	char *p;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "opening %s", path);
	while ((p = buf_space(out, READ_SIZE))) {
		n = read(fd, p, READ_SIZE);
		if (n < 0)
			return err_sys(err, errno, "reading %s", path);
		if (n == 0)
			break;
		buf_grew(out, (size_t)n);
	}
	buf_addc(out, '\n');
	r = buf_check(out, path, err);
	return r < 0 ? r : 1;
}

/* The pair of X.cert and X.key, whichever was met. */
static int add_client(const char *dir, struct str stem, struct certs *c, struct err *err)
{
	AUTO_FREE char *cert = str_fmt("%s/%.*s.cert", dir, (int)stem.len, stem.ptr);
	AUTO_FREE char *key = str_fmt("%s/%.*s.key", dir, (int)stem.len, stem.ptr);

	if (!cert || !key)
		return err_nomem(err);
	if (c->client_cert && streq(c->client_cert, cert))
		return 0;
	if (c->client_cert)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: more than one client certificate in a directory", dir);
	if (access(cert, F_OK) < 0)
		return err_set(err, ERR_INVALID, "client certificate %s is missing for key %s",
			       cert, key);
	if (access(key, F_OK) < 0)
		return err_set(err, ERR_INVALID,
			       "key %s is missing for client certificate %s (certificates of "
			       "authorities are named *.crt)",
			       key, cert);
	c->client_cert = TAKE(cert);
	c->client_key = TAKE(key);
	return 0;
}

static int add_entry(const char *dir, const char *name, struct certs *c, struct err *err)
{
	AUTO_FREE char *path = str_fmt("%s/%s", dir, name);
	size_t len = strlen(name);

	if (!path)
		return err_nomem(err);
	if (str_ends(name, ".crt"))
		return certs_add_file(path, &c->authorities, err);
	if (str_ends(name, ".cert"))
		return add_client(dir, (struct str){name, len - 5}, c, err);
	if (str_ends(name, ".key"))
		return add_client(dir, (struct str){name, len - 4}, c, err);
	return 0;
}

static int read_dir(const char *dir, struct certs *c, struct err *err)
{
	AUTO_CLOSEDIR DIR *d = opendir(dir);
	struct dirent *e;
	int r;

	if (!d && (errno == ENOENT || errno == EACCES || errno == ENOTDIR)) {
		log_debug("certificate directory %s is skipped: errno %d", dir, errno);
		return 0;
	}
	if (!d)
		return err_sys(err, errno, "opening %s", dir);
	while ((e = readdir(d))) {
		r = add_entry(dir, e->d_name, c, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int certs_read(const char *dir, struct certs *ret, struct err *err)
{
	struct certs c = CERTS_INIT;
	int r = read_dir(dir, &c, err);

	if (r < 0) {
		certs_fini(&c);
		return r;
	}
	*ret = c;
	return 0;
}
