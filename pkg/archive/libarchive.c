/* bzip2 and xz: rare as layers, so their speed is not worth an own decoder loop. */
#include "base/err.h"
#include "base/lib.h"
#include "codec.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/resource.h>

static struct {
	__typeof__(archive_read_new) *new;
	__typeof__(archive_read_free) *free;
	__typeof__(archive_read_support_filter_bzip2) *bzip2;
	__typeof__(archive_read_support_filter_xz) *xz;
	__typeof__(archive_read_support_format_raw) *raw;
	__typeof__(archive_read_open) *open;
	__typeof__(archive_read_next_header) *next_header;
	__typeof__(archive_read_data) *data;
	__typeof__(archive_errno) *error_number;
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_filter_code) *filter_code;
} la;

static const struct lib_sym la_syms[] = {
    {"archive_read_new", &la.new},
    {"archive_read_free", &la.free},
    {"archive_read_support_filter_bzip2", &la.bzip2},
    {"archive_read_support_filter_xz", &la.xz},
    {"archive_read_support_format_raw", &la.raw},
    {"archive_read_open", &la.open},
    {"archive_read_next_header", &la.next_header},
    {"archive_read_data", &la.data},
    {"archive_errno", &la.error_number},
    {"archive_error_string", &la.error_string},
    {"archive_filter_code", &la.filter_code},
    {NULL, NULL},
};
LIB_NOTE("bzip2-xz", "layers in bzip2 or xz form", "suggested", "libarchive.so.13");

struct decoder {
	struct stream *from;
	struct archive *a;
	enum compression kind;
	size_t borrowed; /* of what libarchive was given last */
	struct err failed;
	struct rlimit memory; /* as it was at the beginning */
	bool opened, empty;
};

static void decoder_close(void *arg)
{
	struct decoder *d = arg;

	if (d->a)
		(void)la.free(d->a);
	free(d);
}

static la_ssize_t feed(struct archive *a, void *arg, const void **ret)
{
	struct decoder *d = arg;
	size_t n = 0;
	int r;

	(void)a;
	stream_consume(d->from, d->borrowed);
	d->borrowed = 0;
	r = stream_peek(d->from, ret, &n, &d->failed);
	if (r < 0)
		return -1;
	d->borrowed = r > 0 ? n : 0;
	return (la_ssize_t)d->borrowed;
}

static int failed(struct decoder *d, struct err *err)
{
	const char *why = la.error_string(d->a);

	if (d->failed.code != ERR_NONE) {
		*err = d->failed;
		return -(int)err->code;
	}
	/* xz may ask for gigabytes; whoever runs us limits what there is. */
	if (la.error_number(d->a) == ENOMEM)
		return err_set(err, ERR_LIMIT,
			       "%s: decompressing needs more memory than it may have (%llu MiB)",
			       compression_name(d->kind),
			       (unsigned long long)d->memory.rlim_cur >> 20);
	return err_set(err, ERR_CORRUPT, "%s: %s", compression_name(d->kind),
		       why ? why : "damaged data");
}

static int filter_of(enum compression kind)
{
	return kind == COMPRESSION_XZ ? ARCHIVE_FILTER_XZ : ARCHIVE_FILTER_BZIP2;
}

/* libarchive reads ahead here, so it waits for the first read. */
static int open_archive(struct decoder *d, struct err *err)
{
	struct archive_entry *e;
	int r;

	d->opened = true;
	if (la.open(d->a, d, NULL, feed, NULL) != ARCHIVE_OK)
		return failed(d, err);
	r = la.next_header(d->a, &e);
	if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
		return failed(d, err);
	/* What libarchive does not recognise (cut off within its header) it would pass through. */
	if (la.filter_code(d->a, 0) != filter_of(d->kind))
		return err_set(err, ERR_CORRUPT, "%s: damaged header", compression_name(d->kind));
	d->empty = r == ARCHIVE_EOF;
	return 0;
}

static int64_t decoder_read(void *arg, void *dst, size_t n, struct err *err)
{
	struct decoder *d = arg;
	la_ssize_t got;
	int r;

	if (!d->opened) {
		r = open_archive(d, err);
		if (r < 0)
			return r;
	}
	if (d->empty)
		return 0;
	got = la.data(d->a, dst, n);
	if (got < 0)
		return failed(d, err);
	return got;
}

int libarchive_open(struct stream *from, enum compression kind, struct stream **ret,
		    struct err *err)
{
	static const struct stream_ops ops = {.read = decoder_read, .close = decoder_close};
	struct decoder *d;
	int r;

	r = lib_load("libarchive.so.13", la_syms, err);
	if (r < 0)
		return r;
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_nomem(err);
	d->from = from;
	d->kind = kind;
	(void)getrlimit(RLIMIT_DATA, &d->memory);
	d->a = la.new();
	if (!d->a || la.raw(d->a) < ARCHIVE_WARN ||
	    (kind == COMPRESSION_XZ ? la.xz : la.bzip2)(d->a) != ARCHIVE_OK) {
		decoder_close(d);
		return err_set(err, ERR_UNSUPPORTED, "this libarchive cannot read %s",
			       compression_name(kind));
	}
	return stream_new(&ops, d, 0, ret, err);
}
