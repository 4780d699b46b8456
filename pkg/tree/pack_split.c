#include "archive/tar.h"
#include "archive/tarsplit.h"
#include "base/auto.h"
#include "base/err.h"
#include "dirs.h"
#include "pack_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories to look in: the layer's own, and those of copies of it with other owners. */
#define DIFFS_MAX 64
#define TYPE_AT 156 /* in a tar header */

static int out_write(void *arg, const void *data, size_t n, struct err *err)
{
	struct pack_out *o = arg;

	sha256_update(o->hash, data, n);
	o->size += n;
	return sink_write(&o->to, data, n, err);
}

int pack_out_init(struct pack_out *o, const struct sink *to, struct err *err)
{
	o->to = *to;
	o->buffer = malloc(PACK_BUFFER);
	if (!o->buffer)
		return err_nomem(err);
	return sha256_new(&o->hash, err);
}

void pack_out_fini(struct pack_out *o)
{
	free(o->buffer);
	sha256_free(o->hash);
}

struct sink pack_out_sink(struct pack_out *o)
{
	return (struct sink){out_write, o};
}

int pack_out_result(struct pack_out *o, struct tree_pack_result *ret, struct err *err)
{
	ret->size = o->size;
	return sha256_final(o->hash, ret->diff_id, err);
}

struct rebuilder {
	struct pack_out out;
	struct dirs *diffs[DIFFS_MAX];
	size_t n;
	bool after_link; /* the last header was one of an entry without data */
};

static void rebuilder_fini(struct rebuilder *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		dirs_free(b->diffs[i]);
	pack_out_fini(&b->out);
}

/* In one directory: 1 with *ret_fd, 0 when it is not there. */
static int find_in(struct dirs *diff, const struct tree_path *p, int *ret_fd, struct err *err)
{
	struct stat st;
	int dir, fd, r;

	r = dirs_parent_find(diff, p, &dir, err);
	if (r <= 0)
		return r;
	/* Before opening: devices and fifos do things when they are opened. */
	if (fstatat(dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s", p->text);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CORRUPT, "the layer's file %s is no regular file any more",
			       p->text);
	fd = openat(dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "opening %s", p->text);
	*ret_fd = fd;
	return 1;
}

static int open_file(struct rebuilder *b, const struct tree_path *p, int *ret_fd, struct err *err)
{
	size_t i;
	int r;

	if (p->len == 0)
		return err_set(err, ERR_CORRUPT, "tar-split: file without a name");
	for (i = 0; i < b->n; i++) {
		r = find_in(b->diffs[i], p, ret_fd, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return err_set(err, ERR_CORRUPT, "the layer's file %s is missing", p->text);
}

static int altered(const struct tree_path *p, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "the layer's file %s was altered", p->text);
}

static int copy_content(struct rebuilder *b, const struct tarsplit_item *item,
			const struct tree_path *p, int fd, struct err *err)
{
	struct sink to = pack_out_sink(&b->out);
	uint64_t left = item->size, crc = 0;
	ssize_t n;
	int r;

	while (left > 0) {
		n = read(fd, b->out.buffer, left < PACK_BUFFER ? (size_t)left : PACK_BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "reading %s", p->text);
		if (n == 0)
			return altered(p, err);
		crc = crc64_iso(crc, b->out.buffer, (size_t)n);
		left -= (uint64_t)n;
		r = sink_write(&to, b->out.buffer, (size_t)n, err);
		if (r < 0)
			return r;
	}
	return crc == item->crc ? 0 : altered(p, err);
}

static int put_file(struct rebuilder *b, const struct tarsplit_item *item, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	struct tree_path p;
	struct stat st;
	int r;

	/* Go's tools write the size of a hard link's header here, though it has no data. */
	if (item->size == 0 || (item->crc == 0 && b->after_link))
		return 0;
	r = tree_path_clean(item->name, "tar-split:", &p, err);
	if (r == 0)
		r = open_file(b, &p, &fd, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", p.text);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != item->size)
		return altered(&p, err);
	return copy_content(b, item, &p, fd, err);
}

static int put_segment(struct rebuilder *b, const struct tarsplit_item *item, struct err *err)
{
	struct sink to = pack_out_sink(&b->out);
	char type;

	if (item->len >= TAR_BLOCK) {
		type = ((const char *)item->data)[item->len - TAR_BLOCK + TYPE_AT];
		b->after_link = type >= TAR_LINK && type <= TAR_FIFO;
	}
	return item->len > 0 ? sink_write(&to, item->data, item->len, err) : 0;
}

static int rebuild(struct rebuilder *b, struct tarsplit_reader *t, struct err *err)
{
	struct tarsplit_item item;
	int r;

	while ((r = tarsplit_next(t, &item, err)) > 0) {
		r = item.is_file ? put_file(b, &item, err) : put_segment(b, &item, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int open_diffs(struct rebuilder *b, const int *diffs, size_t n, struct err *err)
{
	int r;

	if (n > DIFFS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d directories of one layer", DIFFS_MAX);
	for (; b->n < n; b->n++) {
		r = dirs_new(diffs[b->n], &b->diffs[b->n], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int tree_pack_split(int tarsplit, const int *diffs, size_t n, const struct sink *to,
		    struct tree_pack_result *ret, struct err *err)
{
	AUTO(rebuilder_fini) struct rebuilder b = {.n = 0};
	AUTO(stream_close_p) struct stream *s = NULL;
	AUTO(tarsplit_reader_free_p) struct tarsplit_reader *t = NULL;
	int r;

	r = pack_out_init(&b.out, to, err);
	if (r == 0)
		r = open_diffs(&b, diffs, n, err);
	if (r == 0)
		r = stream_of_fd(tarsplit, "tar-split", &s, err);
	if (r == 0)
		r = tarsplit_reader_new(s, &t, err);
	if (r == 0)
		r = rebuild(&b, t, err);
	return r < 0 ? r : pack_out_result(&b.out, ret, err);
}
