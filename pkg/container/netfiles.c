#include "netfiles.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/containers.h"
#include "containers.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <errno.h>

#define NET_FILE_MAX ((size_t)1 << 20)

/* Written in place: these live on tmpfs and are read only once the container runs. */
static int put(int run, const char *name, const struct buf *text, struct err *err)
{
	AUTO_CLOSE int fd = -1;

	fd = openat(run, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_sys(err, errno, "creating %s", name);
	return fd_write_all(fd, buf_str(text), text->len, name, err);
}

static int write_hosts(struct container *c, int run, const char *hostname, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(NET_FILE_MAX);
	int r;

	/* The host's own names hold when its network is shared. */
	if (streq(c->def.network, "host")) {
		r = file_read(AT_FDCWD, "/etc/hosts", &b, err);
		if (r < 0)
			return r;
	}
	if (b.len == 0)
		buf_adds(&b, "127.0.0.1\tlocalhost localhost.localdomain\n"
			     "::1\tlocalhost localhost.localdomain\n");
	else if (b.ptr[b.len - 1] != '\n')
		buf_addc(&b, '\n');
	buf_addf(&b, "127.0.0.1\t%s %s\n", hostname, c->def.name);
	r = buf_check(&b, "hosts", err);
	return r < 0 ? r : put(run, "hosts", &b, err);
}

static void add_list(struct buf *b, const char *key, const struct strv *list, bool one_line)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (i == 0 || !one_line)
			buf_adds(b, key);
		buf_addf(b, " %s%s", list->v[i], one_line && i + 1 < list->n ? "" : "\n");
	}
}

static int write_resolv(struct container *c, int run, struct err *err)
{
	const struct containers_conf *conf = c->owner->conf;
	AUTO_BUF struct buf b = BUF_INIT(NET_FILE_MAX);
	AUTO_CLOSE int host = -1;
	int r;

	if (conf->dns_servers.n == 0) {
		/* Often a symlink of the host's own making. */
		host = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		r = host < 0 ? 0 : fd_read_all(host, "/etc/resolv.conf", &b, err);
		if (r < 0)
			return r;
		if (b.len > 0 && b.ptr[b.len - 1] != '\n')
			buf_addc(&b, '\n');
	}
	add_list(&b, "search", &conf->dns_searches, true);
	add_list(&b, "nameserver", &conf->dns_servers, false);
	add_list(&b, "options", &conf->dns_options, true);
	r = buf_check(&b, "resolv.conf", err);
	return r < 0 ? r : put(run, "resolv.conf", &b, err);
}

int netfiles_write(struct container *c, int run, const char *hostname, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(SMALL_FILE_MAX);
	int r;

	buf_addf(&b, "%s\n", hostname);
	r = put(run, "hostname", &b, err);
	if (r == 0)
		r = write_hosts(c, run, hostname, err);
	return r < 0 ? r : write_resolv(c, run, err);
}
