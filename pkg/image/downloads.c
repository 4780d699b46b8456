#include "downloads.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "spec/digest.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DOWNLOADS_DIR "downloads"

static int open_nameless(struct download *d, struct err *err)
{
	d->name[0] = '\0';
	d->fd = openat(d->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return d->fd < 0 ? err_sys(err, errno, "creating a download file") : 0;
}

int download_open(struct store *s, const char *digest, struct download *ret, struct err *err)
{
	struct download d = DOWNLOAD_INIT;
	int r;

	(void)snprintf(d.name, sizeof(d.name), "%s", digest_hex(digest));
	r = store_private_dir(s, DOWNLOADS_DIR, &d.dir, err);
	if (r < 0)
		return r;
	r = lock_try_named(d.dir, d.name, &d.fd, err);
	if (r == 0)
		r = open_nameless(&d, err);
	if (r < 0) {
		(void)close(d.dir);
		return r;
	}
	*ret = d;
	return 0;
}

void download_close(struct download *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	if (d->dir >= 0)
		(void)close(d->dir);
	d->fd = d->dir = -1;
}

void download_discard(struct download *d)
{
	if (d->dir >= 0 && d->name[0])
		(void)unlinkat(d->dir, d->name, 0); /* left behind, it would only be reused */
	download_close(d);
}

void download_forget(struct store *s, const char *digest)
{
	struct download d = DOWNLOAD_INIT;
	struct err ignored = ERR_INIT;

	(void)snprintf(d.name, sizeof(d.name), "%s", digest_hex(digest));
	if (store_private_dir(s, DOWNLOADS_DIR, &d.dir, &ignored) < 0)
		return;
	if (faccessat(d.dir, d.name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    lock_try_named(d.dir, d.name, &d.fd, &ignored) > 0)
		download_discard(&d);
	else
		download_close(&d);
}

int downloads_gc(struct store *s, struct err *err)
{
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	struct stat st;
	size_t i;
	int r;

	r = store_private_dir(s, DOWNLOADS_DIR, &dir, err);
	if (r == 0)
		r = dir_list(dir, ".", &names, err);
	for (i = 0; r == 0 && i < names.n; i++) {
		AUTO_CLOSE int lock = -1;
		struct err ignored = ERR_INIT;

		if (fstatat(dir, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mtime + DOWNLOAD_KEEP_SECONDS > time(NULL))
			continue;
		if (lock_try_open(dir, names.v[i], LOCK_EXCLUSIVE, &lock, &ignored) > 0)
			(void)unlinkat(dir, names.v[i], 0); /* the next pull tries again */
	}
	return r;
}
