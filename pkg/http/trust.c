/* Whose certificates are believed, and our own. */
#include "client.h"

#include "base/auto.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define AUTHORITIES_MAX (4 * 1024 * 1024)
#define READ_SIZE (16 * 1024)

/* 1, or 0 when it is not there. */
static int add_file(const char *path, struct buf *out, struct err *err)
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

/* libcurl's own list, which a list of ours would replace. */
static int add_system_list(struct trust *t, struct err *err)
{
	CURL *e = curl.easy_init();
	char *path = t->ca_file;
	int r = 0;

	if (!e)
		return err_nomem(err);
	if (!path)
		(void)curl.easy_getinfo(e, CURLINFO_CAINFO, &path);
	if (path)
		r = add_file(path, &t->authorities, err);
	curl.easy_cleanup(e);
	return r < 0 ? r : 0;
}

static int add_files(struct trust *t, const char *const *files, struct err *err)
{
	int r;

	if (!files || !*files)
		return 0;
	r = add_system_list(t, err);
	for (; r >= 0 && *files; files++)
		r = add_file(*files, &t->authorities, err);
	return r < 0 ? r : 0;
}

int trust_init(struct trust *t, const struct http_options *o, struct err *err)
{
	int r;

	t->authorities = (struct buf)BUF_INIT(AUTHORITIES_MAX);
	if (!o->client_cert != !o->client_key)
		return err_set(err, ERR_INVALID, "a client certificate needs its key");
	r = str_set(&t->ca_file, getenv("SSL_CERT_FILE"), err);
	if (r == 0)
		r = str_set(&t->ca_path, getenv("SSL_CERT_DIR"), err);
	if (r == 0)
		r = str_set(&t->client_cert, o->client_cert, err);
	if (r == 0)
		r = str_set(&t->client_key, o->client_key, err);
	if (r == 0)
		r = add_files(t, o->ca_files, err);
	return r;
}

void trust_fini(struct trust *t)
{
	buf_fini(&t->authorities);
	free(t->ca_file);
	free(t->ca_path);
	free(t->client_cert);
	free(t->client_key);
}
