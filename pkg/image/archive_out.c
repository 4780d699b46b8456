#include "archive_out.h"
#include "archive_in.h"
#include "out_dir.h"
#include "archive/tar.h"
#include "base/err.h"
#include "store/store.h"
#include "sys/fd.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_AT_ONCE ((size_t)1 << 30)
#define COPY_BUFFER 65536

void archive_out_fini(struct archive_out *o)
{
	strv_fini(&o->have);
}

bool archive_out_wrote(const struct archive_out *o, const char *name)
{
	return strv_find(&o->have, name) >= 0;
}

bool archive_out_has(const struct archive_out *o, const char *name, uint64_t size)
{
	return archive_out_wrote(o, name) || (o->is_dir && out_dir_has(o->fd, name, size));
}

int archive_out_spool(struct archive_out *o, int *ret_fd, struct err *err)
{
	return o->is_dir ? out_dir_spool(o->fd, ret_fd, err) : spool_open(o->store, ret_fd, err);
}

int archive_out_begin_member(struct archive_out *o, const char *name, uint64_t size,
			     struct err *err)
{
	AUTO(tar_writer_free_p) struct tar_writer *w = NULL;
	struct sink_fd to = {o->fd, "the archive"};
	struct sink sink = sink_to_fd(&to);
	const struct tar_entry e = {.type = TAR_FILE, .name = name, .mode = 0444, .size = size};
	int r;

	r = tar_writer_new(&sink, &w, err);
	if (r == 0)
		r = tar_write_entry(w, &e, err);
	return r < 0 ? r : strv_add(&o->have, name, err);
}

int archive_out_end_member(struct archive_out *o, uint64_t size, struct err *err)
{
	static const char zeros[TAR_BLOCK];
	size_t rest = size % TAR_BLOCK;

	return rest ? fd_write_all(o->fd, zeros, TAR_BLOCK - rest, "the archive", err) : 0;
}

static int copy_slowly(int from, int to, struct err *err)
{
	char buffer[COPY_BUFFER];
	ssize_t n;
	int r;

	while ((n = read(from, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading a layer's copy");
		r = fd_write_all(to, buffer, (size_t)n, "the archive", err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Some kinds of output do not take it: those get read and write from where it stopped. */
static int copy(int from, int to, struct err *err)
{
	ssize_t n;

	if (lseek(from, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a layer's copy");
	do
		n = sendfile(to, from, NULL, COPY_AT_ONCE);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno != EINVAL && errno != ENOSYS)
		return err_sys(err, errno, "writing the archive");
	return n < 0 ? copy_slowly(from, to, err) : 0;
}

int archive_out_place(struct archive_out *o, const char *name, int spool, struct err *err)
{
	struct stat st;
	int r;

	if (o->is_dir) {
		r = out_dir_place(o->fd, name, spool, err);
		return r < 0 ? r : strv_add(&o->have, name, err);
	}
	if (fstat(spool, &st) < 0)
		return err_sys(err, errno, "a layer's copy");
	r = archive_out_begin_member(o, name, (uint64_t)st.st_size, err);
	if (r == 0)
		r = copy(spool, o->fd, err);
	return r < 0 ? r : archive_out_end_member(o, (uint64_t)st.st_size, err);
}

int archive_out_text(struct archive_out *o, const char *name, const void *data, size_t n,
		     struct err *err)
{
	int r;

	if (o->is_dir)
		return out_dir_text(o->fd, name, data, n, err);
	r = archive_out_begin_member(o, name, n, err);
	if (r == 0)
		r = fd_write_all(o->fd, data, n, "the archive", err);
	return r < 0 ? r : archive_out_end_member(o, n, err);
}

int archive_out_finish(struct archive_out *o, struct err *err)
{
	static const char zeros[2 * TAR_BLOCK];

	return o->is_dir ? 0 : fd_write_all(o->fd, zeros, sizeof(zeros), "the archive", err);
}
