#include "archive_in.h"
#include "archive_scan.h"
#include "base/err.h"
#include "digest/digest.h"
#include "spec/archive.h"
#include "store/store.h"
#include "sys/confined.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 8

struct archive {
	bool is_dir;
	int fd; /* the plain tar, or the directory */
	struct members members;
	char *what;
};

bool archive_is_dir(const struct archive *a)
{
	return a->is_dir;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	members_fini(&a->members);
	if (a->fd >= 0)
		(void)close(a->fd);
	free(a->what);
	free(a);
}

int spool_open(struct store *s, int *ret_fd, struct err *err)
{
	AUTO_CLOSE int dir = -1;
	int fd, r;

	r = store_private_dir(s, "downloads", &dir, err);
	if (r < 0)
		return r;
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "creating a file for an archive in %s",
			       store_graphroot(s));
	*ret_fd = fd;
	return 0;
}

/* The same file with a position of its own. */
static int reopen(int fd, struct err *err)
{
	char path[FD_PATH_MAX];
	int again = open(fd_path(fd, path), O_RDONLY | O_CLOEXEC);

	return again < 0 ? err_sys(err, errno, "opening the archive again") : again;
}

/* Can members be read where they are? */
static bool is_usable(int fd)
{
	AUTO_CLOSE int again = -1;
	struct err ignored = ERR_INIT;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	again = reopen(fd, &ignored);
	return again >= 0 && !scan_is_compressed(fd);
}

static int open_tar(struct archive *a, struct store *s, int fd, struct err *err)
{
	AUTO_CLOSE int spool = -1;
	int r;

	if (!is_usable(fd)) {
		r = spool_open(s, &spool, err);
		if (r < 0)
			return r;
	}
	r = scan_tar(fd, spool, &a->members, err);
	if (r < 0)
		return r;
	if (spool >= 0) {
		a->fd = TAKE_FD(spool);
		return 0;
	}
	a->fd = reopen(fd, err);
	return a->fd < 0 ? a->fd : 0;
}

int archive_open(struct store *s, int fd, const char *what, struct archive **ret, struct err *err)
{
	AUTO(archive_close_p) struct archive *a = calloc(1, sizeof(*a));
	struct stat st;
	int r;

	if (!a)
		return err_nomem(err);
	a->fd = -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", what);
	a->is_dir = S_ISDIR(st.st_mode);
	r = str_set(&a->what, what, err);
	if (r == 0 && a->is_dir)
		r = dir_open(fd, ".", &a->fd, err);
	else if (r == 0)
		r = open_tar(a, s, fd, err);
	if (r < 0)
		return err_wrap(err, "%s", what);
	*ret = TAKE(a);
	return 0;
}

static int find_in_dir(const struct archive *a, const char *name, struct blob_at *ret,
		       struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	r = confined_find(a->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, err);
	if (r <= 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s: %s is no regular file", a->what, name);
	*ret = (struct blob_at){TAKE_FD(fd), 0, (uint64_t)st.st_size};
	return 1;
}

static const struct member *find_member(const struct archive *a, const char *name)
{
	const struct member *m = members_find(&a->members, name);
	int links;

	for (links = 0; m && m->target && links < LINKS_MAX; links++)
		m = members_find(&a->members, m->target);
	return m && !m->target ? m : NULL;
}

int archive_find(const struct archive *a, const char *name, struct blob_at *ret, struct err *err)
{
	const struct member *m;
	int fd;

	if (a->is_dir)
		return find_in_dir(a, name, ret, err);
	m = find_member(a, name);
	if (!m)
		return 0;
	fd = reopen(a->fd, err);
	if (fd < 0)
		return fd;
	*ret = (struct blob_at){fd, m->at, m->size};
	return 1;
}

bool archive_has(const struct archive *a, const char *name)
{
	if (a->is_dir)
		return faccessat(a->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	return find_member(a, name);
}

static int read_whole(const struct blob_at *at, char *to, const struct archive *a, const char *name,
		      struct err *err)
{
	size_t have = 0;
	ssize_t n;

	while (have < at->size) {
		n = pread(at->fd, to + have, at->size - have, (off_t)(at->at + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "%s: reading %s", a->what, name);
		if (n == 0)
			return err_set(err, ERR_CORRUPT, "%s: %s cannot be read to its end",
				       a->what, name);
		have += (size_t)n;
	}
	return 0;
}

int archive_read(const struct archive *a, const char *name, struct buf *out, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct blob_at at;
	char *to;
	int r;

	r = archive_find(a, name, &at, err);
	if (r <= 0)
		return r;
	fd = at.fd;
	if (at.size > out->max - 1)
		return err_set(err, ERR_LIMIT, "%s: %s is larger than %zu bytes", a->what, name,
			       out->max - 1);
	to = buf_space(out, at.size);
	if (!to)
		return err_nomem(err);
	r = read_whole(&at, to, a, name, err);
	if (r < 0)
		return r;
	buf_grew(out, at.size);
	return 1;
}

int archive_get(const struct archive *a, const char *name, const char *digest, struct buf *out,
		struct err *err)
{
	char got[SHA256_TEXT_MAX];
	uint8_t raw[SHA256_LEN];
	int r;

	r = archive_read(a, name, out, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: %s is missing", a->what, name);
	if (r < 0 || !digest)
		return r < 0 ? r : 0;
	r = sha256_once(buf_str(out), out->len, raw, err);
	if (r == 0 && !streq(sha256_text(raw, got), digest))
		r = err_set(err, ERR_CORRUPT, "%s: %s has digest %s, not %s", a->what, name, got,
			    digest);
	return r;
}
