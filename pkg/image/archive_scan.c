/*
 * The scanning process sends one record a member into a memory file: a fixed header, the name, the
 * link's target. The reader checks them as foreign input.
 */
#include "archive_scan.h"
#include "archive_in.h"
#include "archive/compress.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/archive.h"
#include "sys/fd.h"
#include "sys/spawn.h"
#include "tree/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* All records of one archive. */
#define RECORDS_MAX ((size_t)64 << 20)
/* Behind its end: tar programs fill up their last record. */
#define TAIL_MAX ((uint64_t)64 << 20)

struct record {
	uint64_t at, size;
	uint32_t name_len, target_len; /* target_len 0: a regular file */
};

struct scan {
	int fd, spool, out;
	struct stream *raw, *plain;
	uint64_t base; /* of the first byte in the file */
	struct err spool_err;
	uint64_t end; /* of the archive itself; 0: not met yet */
	struct buf records;
	size_t n;
};

/* ---- in the process without rights ---- */

static void to_spool(void *arg, const void *data, size_t n)
{
	struct scan *s = arg;

	if (s->spool_err.code == ERR_NONE)
		(void)fd_write_all(s->spool, data, n, "the archive's copy", &s->spool_err);
}

static int add_record(struct scan *s, const struct tar_entry *e, uint64_t at, struct err *err)
{
	AUTO_FREE char *name = archive_path(e->name, NULL), *target = NULL;
	struct record rec = {.at = s->base + at, .size = e->size};

	/* What no reader can ask for is left out. */
	if (!name)
		return 0;
	if (e->type == TAR_SYMLINK || e->type == TAR_LINK) {
		target = archive_path(e->link, e->type == TAR_SYMLINK ? name : NULL);
		if (!target)
			return 0;
		rec.target_len = (uint32_t)strlen(target);
	} else if (e->type != TAR_FILE || e->sparse) {
		return 0;
	}
	if (++s->n > ARCHIVE_MEMBERS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d files in the archive",
			       ARCHIVE_MEMBERS_MAX);
	rec.name_len = (uint32_t)strlen(name);
	buf_add(&s->records, &rec, sizeof(rec));
	buf_add(&s->records, name, rec.name_len);
	buf_add(&s->records, target ? target : "", rec.target_len);
	return buf_check(&s->records, "the list of an archive's files", err);
}

/* Whenever something of the archive was read. */
static int check_scan(const struct scan *s, struct err *err)
{
	uint64_t have = stream_arrived(s->plain);

	if (s->spool_err.code != ERR_NONE) {
		*err = s->spool_err;
		return -(int)err->code;
	}
	if (have > ARCHIVE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "the archive is larger than %llu bytes",
			       (unsigned long long)ARCHIVE_BYTES_MAX);
	if (s->end > 0 && have - s->end > TAIL_MAX)
		return err_set(err, ERR_LIMIT, "more than %llu bytes behind the archive's end",
			       (unsigned long long)TAIL_MAX);
	return tree_check_growth(stream_arrived(s->raw), have, TREE_MAX_GROWTH, "the archive", err);
}

static int on_raw(void *arg, const void *data, size_t n, struct err *err)
{
	(void)data;
	(void)n;
	return check_scan(arg, err);
}

static int pass_data(const struct scan *s, struct tar_reader *tar, struct err *err)
{
	const void *data;
	size_t n;
	int r;

	while ((r = tar_data(tar, &data, &n, err)) > 0) {
		r = check_scan(s, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int scan_members(struct scan *s, struct err *err)
{
	AUTO(tar_reader_free_p) struct tar_reader *tar = NULL;
	const struct tar_entry *e;
	int r;

	r = tar_reader_new(s->plain, on_raw, s, &tar, err);
	while (r == 0 && (r = tar_next(tar, &e, err)) > 0) {
		r = add_record(s, e, stream_consumed(s->plain), err);
		if (r == 0)
			r = pass_data(s, tar, err);
	}
	s->end = stream_consumed(s->plain);
	if (r == 0)
		r = tar_finish(tar, err);
	return r < 0 ? r : check_scan(s, err);
}

static int scan_streams(struct scan *s, struct err *err)
{
	int r;

	r = stream_of_fd(s->fd, "the archive", &s->raw, err);
	if (r == 0)
		r = decompress_open(s->raw, &s->plain, NULL, err);
	if (r == 0)
		r = tree_confine_streams(err);
	if (r < 0)
		return r;
	if (s->spool >= 0)
		stream_tap(s->plain, to_spool, s);
	r = scan_members(s, err);
	return r < 0 ? r
		     : fd_write_all(s->out, buf_str(&s->records), s->records.len, "the list", err);
}

static int scan_main(void *arg, struct err *err)
{
	struct scan *s = arg;
	int r = scan_streams(s, err);

	stream_close(s->plain); /* before what it reads from */
	stream_close(s->raw);
	return r;
}

/* ---- here ---- */

void members_fini(struct members *ms)
{
	size_t i;

	for (i = 0; i < ms->n; i++) {
		free(ms->v[i].name);
		free(ms->v[i].target);
	}
	free(ms->v);
	*ms = (struct members){0};
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

const struct member *members_find(const struct members *ms, const char *name)
{
	const struct member key = {.name = (char *)name};

	return ms->n ? bsearch(&key, ms->v, ms->n, sizeof(*ms->v), compare) : NULL;
}

static int take_record(struct members *ms, struct str *rest, struct err *err)
{
	struct member m = {0};
	struct record rec;

	if (rest->len < sizeof(rec) || ms->n >= ARCHIVE_MEMBERS_MAX)
		return err_set(err, ERR_BUG, "the list of the archive's files is malformed");
	memcpy(&rec, rest->ptr, sizeof(rec));
	*rest = (struct str){rest->ptr + sizeof(rec), rest->len - sizeof(rec)};
	if (rec.name_len >= ARCHIVE_NAME_MAX || rec.target_len >= ARCHIVE_NAME_MAX ||
	    rest->len < rec.name_len + rec.target_len || rec.at > INT64_MAX || rec.size > INT64_MAX)
		return err_set(err, ERR_BUG, "the list of the archive's files is malformed");
	m = (struct member){.at = rec.at, .size = rec.size};
	m.name = str_dup((struct str){rest->ptr, rec.name_len});
	if (rec.target_len > 0)
		m.target = str_dup((struct str){rest->ptr + rec.name_len, rec.target_len});
	rest->ptr += rec.name_len + rec.target_len;
	rest->len -= rec.name_len + rec.target_len;
	ms->v[ms->n++] = m;
	return m.name && (m.target || rec.target_len == 0) ? 0 : err_nomem(err);
}

/* Readers would disagree about which of the two counts. */
static int refuse_twins(const struct members *ms, struct err *err)
{
	size_t i;

	for (i = 1; i < ms->n; i++)
		if (streq(ms->v[i - 1].name, ms->v[i].name) &&
		    (!ms->v[i - 1].target || !ms->v[i].target))
			return err_set(err, ERR_INVALID, "%s is there twice", ms->v[i].name);
	return 0;
}

int members_take(const struct buf *text, struct members *ms, struct err *err)
{
	struct str rest = {text->ptr, text->len};
	int r = 0;

	ms->v = calloc(text->len / sizeof(struct record) + 1, sizeof(*ms->v));
	if (!ms->v)
		return err_nomem(err);
	while (r == 0 && rest.len > 0)
		r = take_record(ms, &rest, err);
	if (r == 0 && ms->n > 0) {
		qsort(ms->v, ms->n, sizeof(*ms->v), compare);
		r = refuse_twins(ms, err);
	}
	return r;
}

bool scan_is_compressed(int fd)
{
	char head[COMPRESSION_PEEK];
	off_t at = lseek(fd, 0, SEEK_CUR);
	ssize_t n = at < 0 ? -1 : pread(fd, head, sizeof(head), at);

	return n < 0 || compression_detect(head, (size_t)n) != COMPRESSION_NONE;
}

int scan_tar(int fd, int spool, struct members *ret, struct err *err)
{
	AUTO_CLOSE int out = memfd_create("kist-members", MFD_CLOEXEC);
	AUTO(members_fini) struct members ms = {0};
	AUTO_BUF struct buf text = BUF_INIT(RECORDS_MAX);
	struct scan s = {.fd = fd, .spool = spool, .out = out, .records = BUF_INIT(RECORDS_MAX)};
	const int fds[] = {fd, out, spool};
	struct spawn role = {
	    .name = "archive reader",
	    .flags = SPAWN_CONFINED | SPAWN_NULL_STDIO,
	    .fds = fds,
	    .n_fds = spool < 0 ? 2 : 3,
	    .main = scan_main,
	    .arg = &s,
	};
	off_t at = lseek(fd, 0, SEEK_CUR);
	int r;

	if (out < 0)
		return err_sys(err, errno, "making a memory file");
	s.base = spool < 0 && at > 0 ? (uint64_t)at : 0;
	r = spawn_run(&role, err);
	if (r == 0 && lseek(out, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewinding a memory file");
	if (r == 0)
		r = fd_read_all(out, "the list of the archive's files", &text, err);
	if (r == 0)
		r = members_take(&text, &ms, err);
	if (r < 0)
		return r;
	*ret = ms;
	ms = (struct members){0};
	return 0;
}
