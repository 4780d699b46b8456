/*
 * An archive from a server. A child fetches it, since a process that has loaded libcurl makes no
 * other processes (http/http.h), and what is done with the archive needs some.
 */
#include "archive_in.h"
#include "base/err.h"
#include "http/http.h"
#include "image/archive.h"
#include "sys/fd.h"
#include "sys/spawn.h"

#include <errno.h>
#include <unistd.h>

/* Enough for any image; whoever sends more wants to fill the disk. */
#define ARCHIVE_BYTES_MAX ((uint64_t)1 << 40)

struct fetching {
	const char *url;
	int fd;
	uint64_t have;
};

static int keep(void *ctx, const void *data, size_t n, struct err *err)
{
	struct fetching *f = ctx;

	f->have += n;
	if (f->have > ARCHIVE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "an archive of more than %llu bytes",
			       (unsigned long long)ARCHIVE_BYTES_MAX);
	return fd_write_all(f->fd, data, n, "the archive", err);
}

static int fetch_main(void *arg, struct err *err)
{
	struct fetching *f = arg;
	AUTO(http_client_free_p) struct http_client *client = NULL;
	AUTO(http_transfer_free_p) struct http_transfer *t = NULL;
	struct http_request rq = {.url = f->url, .write = keep, .ctx = f};
	int r;

	r = http_client_new(&(struct http_options){.insecure = false}, &client, err);
	if (r == 0)
		r = http_do(client, &rq, &t, err);
	if (r < 0)
		return r;
	if (http_status(t) != 200)
		return err_set(err, http_status(t) == 404 ? ERR_NOT_FOUND : ERR_NETWORK,
			       "the server answered %d", http_status(t));
	return 0;
}

bool archive_is_url(const char *path)
{
	return str_starts(path, "http://") || str_starts(path, "https://");
}

int image_fetch_archive(struct store *s, const char *url, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct fetching f = {.url = url};
	struct spawn role = {
	    .name = "download",
	    .flags = SPAWN_CONFINED,
	    .fds = &f.fd,
	    .n_fds = 1,
	    .main = fetch_main,
	    .arg = &f,
	};
	int r = spool_open(s, &fd, err);

	if (r < 0)
		return r;
	f.fd = fd;
	r = spawn_run(&role, err);
	if (r < 0)
		return err_wrap(err, "fetching %s", url);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "reading the archive");
	*ret_fd = TAKE_FD(fd);
	return 0;
}
