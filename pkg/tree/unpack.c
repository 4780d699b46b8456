#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "source.h"
#include "unpacker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void unpacker_fini(struct unpacker *u)
{
	tarsplit_writer_free(u->split);
	tar_reader_free(u->tar);
	dirs_free(u->dirs);
	seen_fini(&u->seen);
	ids_fini(&u->uids);
	ids_fini(&u->gids);
}

void tree_layer_fini(struct tree_layer *l)
{
	free(l->uids);
	free(l->gids);
	l->uids = l->gids = NULL;
}

static void fill_limits(struct tree_limits *l)
{
	l->entries = l->entries ? l->entries : TREE_MAX_ENTRIES;
	l->bytes = l->bytes ? l->bytes : TREE_MAX_BYTES;
	l->growth = l->growth ? l->growth : TREE_MAX_GROWTH;
	l->ids = l->ids ? l->ids : TREE_MAX_IDS;
}

int tree_check_growth(uint64_t blob, uint64_t plain, uint64_t growth, const char *what,
		      struct err *err)
{
	if (plain <= growth || (plain - growth) / TREE_MAX_RATIO <= blob)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "%s is a decompression bomb: %llu bytes became more than %llu and %d for "
		       "each of them",
		       what, (unsigned long long)blob, (unsigned long long)growth, TREE_MAX_RATIO);
}

/* As the bytes come, whatever headers say of them. */
static int check_tar_size(const struct unpacker *u, struct err *err)
{
	uint64_t have = stream_consumed(source_stream(u->source));

	if (have > u->o.limits.bytes)
		return err_set(err, ERR_LIMIT, "the layer is larger than %llu bytes",
			       (unsigned long long)u->o.limits.bytes);
	return tree_check_growth(source_blob_bytes(u->source), have, u->o.limits.growth,
				 "the layer", err);
}

/* Every byte that is not a file's content. */
static int on_raw(void *arg, const void *data, size_t n, struct err *err)
{
	struct unpacker *u = arg;
	int r = check_tar_size(u, err);

	if (r < 0)
		return r;
	return u->split ? tarsplit_raw(u->split, data, n, err) : 0;
}

/* As tar_data. */
static int next_data(struct unpacker *u, const void **ret, size_t *ret_n, struct err *err)
{
	int r = tar_data(u->tar, ret, ret_n, err);

	if (r > 0 && check_tar_size(u, err) < 0)
		return -(int)err->code;
	return r;
}

static int note_file(struct unpacker *u, const struct tar_entry *e, uint64_t size, uint64_t crc,
		     struct err *err)
{
	return u->split ? tarsplit_file(u->split, e->name, size, crc, err) : 0;
}

static int write_all(const struct target *t, int fd, const void *data, size_t n, struct err *err)
{
	const char *p = data;
	ssize_t done;

	while (n > 0) {
		done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, errno, "%s: writing", t->path.text);
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* An ordinary file: tar-split points at it. */
static int copy_plain(struct unpacker *u, const struct target *t, int fd, struct err *err)
{
	const void *data;
	uint64_t crc = 0;
	size_t n;
	int r;

	while ((r = next_data(u, &data, &n, err)) > 0) {
		if (u->split)
			crc = crc64_iso(crc, data, n);
		r = write_all(t, fd, data, n, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : note_file(u, t->e, t->e->size, crc, err);
}

/* What has no file of that very content on disk is kept in tar-split itself. */
static int keep_data(struct unpacker *u, const void *data, size_t n, struct err *err)
{
	return u->split ? tarsplit_raw(u->split, data, n, err) : 0;
}

/* Pieces of the archive's data go to the extents one after the other. */
static int copy_sparse(struct unpacker *u, const struct target *t, int fd, struct err *err)
{
	const struct tar_entry *e = t->e;
	uint64_t left = 0;
	size_t i = 0, n, part;
	const char *data;
	int r;

	if (ftruncate(fd, (off_t)e->real_size) < 0)
		return err_sys(err, errno, "%s: setting the size", t->path.text);
	r = note_file(u, e, 0, 0, err);
	while (r == 0 && (r = next_data(u, (const void **)&data, &n, err)) > 0) {
		r = keep_data(u, data, n, err);
		for (; n > 0 && r == 0; data += part, n -= part, left -= part) {
			for (; left == 0; left = e->extents[i++].len)
				if (lseek(fd, (off_t)e->extents[i].at, SEEK_SET) < 0)
					return err_sys(err, errno, "%s: seeking", t->path.text);
			part = n < left ? n : (size_t)left;
			r = write_all(t, fd, data, part, err);
		}
	}
	return r;
}

static int check_size(struct unpacker *u, const struct tar_entry *e, struct err *err)
{
	uint64_t size = e->real_size > e->size ? e->real_size : e->size;

	if (size > u->o.limits.bytes || u->disk_bytes > u->o.limits.bytes - size)
		return err_set(err, ERR_LIMIT,
			       "\"%.200s\": the layer's files need more than %llu "
			       "bytes",
			       e->name, (unsigned long long)u->o.limits.bytes);
	u->disk_bytes += size;
	return 0;
}

static int unpack_file(struct unpacker *u, struct target *t, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	r = make_file(u, t, &fd, err);
	if (r < 0)
		return r;
	r = t->e->sparse ? copy_sparse(u, t, fd, err) : copy_plain(u, t, fd, err);
	return r < 0 ? r : meta_of_fd(u, t, fd, err);
}

/* Of an entry that leaves no file: nothing but tar-split gets it. */
static int drop_data(struct unpacker *u, const struct tar_entry *e, struct err *err)
{
	const void *data;
	size_t n;
	int r;

	r = note_file(u, e, 0, 0, err);
	while (r == 0 && (r = next_data(u, &data, &n, err)) > 0)
		r = keep_data(u, data, n, err);
	return r;
}

static int note_owners(struct unpacker *u, const struct tar_entry *e, struct err *err)
{
	int r;

	r = ids_add(&u->uids, e->type == TAR_GLOBAL ? 0 : (uint32_t)e->uid, u->o.limits.ids, err);
	if (r < 0)
		return r;
	return ids_add(&u->gids, e->type == TAR_GLOBAL ? 0 : (uint32_t)e->gid, u->o.limits.ids,
		       err);
}

static int unpack_target(struct unpacker *u, struct target *t, bool whiteout, struct err *err)
{
	int r;

	if (t->e->type == TAR_GLOBAL || t->path.len == 0)
		return drop_data(u, t->e, err);
	if (t->e->type == TAR_FILE && !whiteout)
		return unpack_file(u, t, err);
	r = whiteout ? make_whiteout(u, t, err) : make_entry(u, t, err);
	return r < 0 ? r : drop_data(u, t->e, err);
}

static int count_entry(struct unpacker *u, struct err *err)
{
	uint64_t n = ++u->layer.entries + dirs_made(u->dirs), blob;

	if (n > u->o.limits.entries)
		return err_set(err, ERR_LIMIT, "the layer has more than %llu entries",
			       (unsigned long long)u->o.limits.entries);
	if (n <= TREE_FREE_ENTRIES)
		return 0;
	blob = source_blob_bytes(u->source);
	if (n - TREE_FREE_ENTRIES <= blob / TREE_ENTRY_BYTES)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "the layer is a decompression bomb: %llu bytes became %llu entries, more "
		       "than %d and one for every %d of them",
		       (unsigned long long)blob, (unsigned long long)n, TREE_FREE_ENTRIES,
		       TREE_ENTRY_BYTES);
}

static int unpack_entry(struct unpacker *u, const struct tar_entry *e, struct err *err)
{
	struct target t = {.e = e, .parent = -1};
	bool whiteout = false;
	int r;

	r = count_entry(u, err);
	if (r == 0)
		r = meta_check(e, err);
	if (r == 0)
		r = tree_path_clean(e->name, "entry", &t.path, err);
	if (r == 0)
		r = check_size(u, e, err);
	if (r < 0)
		return r;
	if (u->o.whiteouts == TREE_WHITEOUT_OVERLAY && e->type != TAR_GLOBAL) {
		whiteout = str_starts(t.path.name, WHITEOUT_PREFIX);
		if (tree_path_below_whiteout(&t.path))
			return err_set(err, ERR_INVALID, "\"%.200s\" is below a whiteout", e->name);
	}
	if (!str_starts(t.path.name, WHITEOUT_PREFIX))
		r = note_owners(u, e, err);
	t.hash = tree_path_hash(&t.path);
	if (r == 0)
		r = unpack_target(u, &t, whiteout, err);
	return r < 0 ? r : seen_add(&u->seen, t.hash, err);
}

static int unpack_all(struct unpacker *u, struct err *err)
{
	const struct tar_entry *e;
	int r;

	while ((r = tar_next(u->tar, &e, err)) > 0) {
		r = unpack_entry(u, e, err);
		if (r < 0)
			return r;
	}
	if (r == 0 && u->split)
		r = tarsplit_cut(u->split, err);
	if (r == 0)
		r = tar_finish(u->tar, err);
	if (r == 0 && u->split)
		r = tarsplit_finish(u->split, err);
	if (r < 0)
		return r;
	if (seen_twins(&u->seen))
		return err_set(err, ERR_INVALID, "a path is in the layer twice");
	return dirs_set_times(u->dirs, err);
}

static int unpack_stream(struct unpacker *u, struct source *s, int tarsplit, struct err *err)
{
	struct sink_fd to = {tarsplit, "tar-split"};
	struct sink sink = sink_to_fd(&to);
	int r;

	r = dirs_new(u->root, &u->dirs, err);
	if (r == 0)
		r = tar_reader_new(source_stream(s), on_raw, u, &u->tar, err);
	if (r == 0 && tarsplit >= 0)
		r = tarsplit_writer_new(&sink, &u->split, err);
	if (r == 0)
		r = unpack_all(u, err);
	return r < 0 ? r : source_result(s, &u->layer, err);
}

static void give_ids(struct ids *from, uint32_t **v, size_t *n)
{
	*v = TAKE(from->v);
	*n = from->n;
}

int tree_unpack(int blob, int diff, int tarsplit, const struct tree_unpack_options *options,
		struct tree_layer *ret, struct err *err)
{
	AUTO(unpacker_fini) struct unpacker u = {.root = diff, .o = *options};
	AUTO(source_close_p) struct source *s = NULL;
	mode_t mask;
	int r;

	fill_limits(&u.o.limits);
	r = source_open(blob, &u.o, &s, err);
	if (r < 0)
		return r;
	u.source = s;
	mask = umask(0);
	r = unpack_stream(&u, s, tarsplit, err);
	(void)umask(mask);
	if (r < 0)
		return r;
	give_ids(&u.uids, &u.layer.uids, &u.layer.n_uids);
	give_ids(&u.gids, &u.layer.gids, &u.layer.n_gids);
	*ret = u.layer;
	return 0;
}
