#include "archive/tar.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "tar_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define MAX ((size_t)16 << 20)

static int into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

static struct tar_writer *writer(struct buf *out)
{
	struct sink to = {into_buf, out};
	struct tar_writer *w = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(tar_writer_new(&to, &w, &err), 0);
	return w;
}

static void write_one(struct buf *out, const struct tar_entry *e, const char *data)
{
	AUTO(tar_writer_free_p) struct tar_writer *w = writer(out);
	struct err err = ERR_INIT;

	assert_int_equal(tar_write_entry(w, e, &err), 0);
	assert_int_equal(tar_write_data(w, data, strlen(data), &err), 0);
	assert_int_equal(tar_write_end(w, &err), 0);
}

/* A header block with right checksum. size is octal text. */
static void block(struct buf *out, int type, const char *name, const char *size)
{
	uint8_t b[TAR_BLOCK] = {0};

	memcpy(b, name, strnlen(name, TAR_NAME_LEN));
	memcpy(b + TAR_MODE, "0000644", 8);
	memcpy(b + TAR_SIZE, size, strlen(size));
	memcpy(b + TAR_MAGIC, "ustar\00000", 8);
	b[TAR_TYPE] = (uint8_t)type;
	(void)snprintf((char *)b + TAR_CHECKSUM, 8, "%06o", tar_block_sum(b));
	buf_add(out, b, sizeof(b));
}

static void pad(struct buf *out)
{
	while (out->len % TAR_BLOCK)
		buf_addc(out, 0);
}

static void meta(struct buf *out, int type, const char *text, size_t n)
{
	char size[16];

	(void)snprintf(size, sizeof(size), "%011zo", n);
	block(out, type, "meta", size);
	buf_add(out, text, n);
	pad(out);
}

static void end(struct buf *out)
{
	static const char zero[2 * TAR_BLOCK];

	buf_add(out, zero, sizeof(zero));
}

struct reading {
	struct stream *s;
	struct tar_reader *t;
	struct buf raw;
	struct err err;
};

static void reading_open(struct reading *r, const struct buf *b)
{
	*r = (struct reading){.raw = BUF_INIT(MAX)};
	assert_int_equal(stream_of_memory(buf_str(b), b->len, &r->s, &r->err), 0);
	assert_int_equal(tar_reader_new(r->s, into_buf, &r->raw, &r->t, &r->err), 0);
}

static void reading_close(struct reading *r)
{
	tar_reader_free(r->t);
	stream_close(r->s);
	buf_fini(&r->raw);
}

static int first(const struct buf *b, struct reading *r, const struct tar_entry **e)
{
	reading_open(r, b);
	return tar_next(r->t, e, &r->err);
}

/* Raw bytes and data in order are the archive. */
static void assert_reproduces(const struct buf *b)
{
	const struct tar_entry *e;
	struct reading r;
	const void *p;
	size_t n;

	reading_open(&r, b);
	while (tar_next(r.t, &e, &r.err) > 0)
		while (tar_data(r.t, &p, &n, &r.err) > 0)
			buf_add(&r.raw, p, n);
	assert_int_equal(tar_finish(r.t, &r.err), 0);
	assert_int_equal(r.err.code, ERR_NONE);
	assert_int_equal(r.raw.len, b->len);
	assert_memory_equal(r.raw.ptr, b->ptr, b->len);
	reading_close(&r);
}

static void every_field_comes_back(void **state)
{
	static const struct tar_xattr xattrs[] = {{"security.capability", "\1\0\n\2", 4},
						  {"user.a=b", "x", 1}};
	struct tar_entry in = {.type = TAR_FILE,
			       .name = "dir/file",
			       .uname = "root",
			       .gname = "wheel",
			       .size = 5,
			       .mode = 04755,
			       .uid = 3000000000,
			       .gid = 12,
			       .mtime = {1700000000, 123456000},
			       .xattrs = xattrs,
			       .n_xattrs = 1};
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	const struct tar_entry *e;
	struct reading r;

	(void)state;
	write_one(&b, &in, "hello");
	assert_int_equal(b.len % TAR_BLOCK, 0);
	assert_int_equal(first(&b, &r, &e), 1);
	assert_int_equal(e->type, TAR_FILE);
	assert_string_equal(e->name, "dir/file");
	assert_string_equal(e->uname, "root");
	assert_string_equal(e->gname, "wheel");
	assert_int_equal(e->size, 5);
	assert_int_equal(e->mode, 04755);
	assert_true(e->uid == 3000000000);
	assert_int_equal(e->gid, 12);
	assert_int_equal(e->mtime.tv_sec, 1700000000);
	assert_int_equal(e->mtime.tv_nsec, 123456000);
	assert_int_equal(e->n_xattrs, 1);
	assert_string_equal(e->xattrs[0].name, "security.capability");
	assert_int_equal(e->xattrs[0].len, 4);
	assert_memory_equal(e->xattrs[0].value, "\1\0\n\2", 4);
	reading_close(&r);
	assert_reproduces(&b);
}

static void simple_entries_need_no_pax_header(void **state)
{
	struct tar_entry in = {.type = TAR_DIR, .name = "d/", .mode = 0755, .mtime = {1, 0}};
	AUTO_BUF struct buf b = BUF_INIT(MAX);

	(void)state;
	write_one(&b, &in, "");
	assert_int_equal(b.len, 3 * TAR_BLOCK);
}

static void names_of_every_length_come_back(void **state)
{
	char name[400], link[400];
	size_t n;

	(void)state;
	for (n = 1; n < sizeof(name); n += 3) {
		AUTO_BUF struct buf b = BUF_INIT(MAX);
		struct tar_entry in = {
		    .type = TAR_SYMLINK, .name = name, .link = link, .mtime = {-1, 500000000}};
		const struct tar_entry *e;
		struct reading r;

		memset(name, 'n', n);
		memset(link, 'l', n);
		if (n > 60)
			name[n / 2] = '/';
		name[n] = link[n] = '\0';
		write_one(&b, &in, "");
		assert_int_equal(first(&b, &r, &e), 1);
		assert_string_equal(e->name, name);
		assert_string_equal(e->link, link);
		assert_int_equal(e->mtime.tv_sec, -1);
		assert_int_equal(e->mtime.tv_nsec, 500000000);
		reading_close(&r);
	}
}

static void gnu_long_names_win_over_the_header(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	const struct tar_entry *e;
	struct reading r;

	(void)state;
	meta(&b, 'L', "long/name\0junk", 14);
	meta(&b, 'K', "long/target", 12);
	block(&b, '2', "short", "0");
	end(&b);
	assert_int_equal(first(&b, &r, &e), 1);
	assert_string_equal(e->name, "long/name");
	assert_string_equal(e->link, "long/target");
	assert_int_equal(tar_next(r.t, &e, &r.err), 0);
	reading_close(&r);
	assert_reproduces(&b);
}

static void numbers_in_all_forms(void **state)
{
	int64_t v;

	(void)state;
	assert_true(tar_number((const uint8_t *)"0000644\0", 8, &v) && v == 0644);
	assert_true(tar_number((const uint8_t *)"   644 \0", 8, &v) && v == 0644);
	assert_true(tar_number((const uint8_t *)"77777777", 8, &v) && v == 077777777);
	assert_true(tar_number((const uint8_t *)"\0\0\0\0\0\0\0\0", 8, &v) && v == 0);
	assert_true(tar_number((const uint8_t *)"\x80\0\0\0\0\0\0\x05", 8, &v) && v == 5);
	assert_true(tar_number((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xfe", 8, &v) &&
		    v == -2);
	assert_true(
	    tar_number((const uint8_t *)"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, &v) &&
	    v == INT64_MAX);
	assert_false(
	    tar_number((const uint8_t *)"\x80\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff", 12, &v));
	assert_false(tar_number((const uint8_t *)"00008\0\0\0", 8, &v));
	assert_false(tar_number((const uint8_t *)"12 34\0\0\0", 8, &v));
	assert_false(tar_number((const uint8_t *)"-0000012", 8, &v));
}

static void old_headers_without_magic_are_read(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	const struct tar_entry *e;
	uint8_t raw[TAR_BLOCK] = {0};
	struct reading r;

	(void)state;
	memcpy(raw, "olddir/", 7);
	memcpy(raw + TAR_SIZE, "00000001000", 11); /* no data, whatever it says */
	(void)snprintf((char *)raw + TAR_CHECKSUM, 8, "%06o", tar_block_sum(raw));
	buf_add(&b, raw, sizeof(raw));
	end(&b);
	assert_int_equal(first(&b, &r, &e), 1);
	assert_int_equal(e->type, TAR_DIR);
	assert_int_equal(e->size, 0);
	assert_int_equal(tar_next(r.t, &e, &r.err), 0);
	reading_close(&r);
}

static void links_and_devices_have_no_data_whatever_the_size_says(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	const struct tar_entry *e;
	struct reading r;

	(void)state;
	block(&b, '1', "link", "00000000777");
	block(&b, '5', "dir", "00000000777");
	end(&b);
	assert_int_equal(first(&b, &r, &e), 1);
	assert_int_equal(e->size, 0);
	assert_int_equal(tar_next(r.t, &e, &r.err), 1);
	assert_string_equal(e->name, "dir");
	reading_close(&r);
	assert_reproduces(&b);
}

static void pax_global_headers_are_entries_and_change_nothing(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	const struct tar_entry *e;
	struct reading r;

	(void)state;
	meta(&b, 'g', "13 path=evil\n", 13);
	block(&b, '0', "file", "0");
	end(&b);
	assert_int_equal(first(&b, &r, &e), 1);
	assert_int_equal(e->type, TAR_GLOBAL);
	assert_string_equal(e->name, "meta");
	assert_int_equal(tar_next(r.t, &e, &r.err), 1);
	assert_string_equal(e->name, "file");
	reading_close(&r);
	assert_reproduces(&b);
}

static void everything_behind_the_end_marker_is_given_to_raw(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	struct tar_entry in = {.type = TAR_FILE, .name = "f", .size = 3};

	(void)state;
	write_one(&b, &in, "abc");
	buf_adds(&b, "garbage, not a whole block");
	assert_reproduces(&b);
	buf_reset(&b);
	assert_reproduces(&b);
	block(&b, '0', "f", "0");
	assert_reproduces(&b); /* no end marker at all */
}

static void expect(struct buf *b, enum err_code code, const char *text)
{
	const struct tar_entry *e;
	struct reading r;
	int n;

	n = first(b, &r, &e);
	while (n > 0)
		n = tar_next(r.t, &e, &r.err);
	if (n != -(int)code || !strstr(r.err.text, text))
		print_message("expected \"%s\", got \"%s\"\n", text, r.err.text);
	assert_int_equal(n, -(int)code);
	assert_non_null(strstr(r.err.text, text));
	reading_close(&r);
	buf_reset(b);
}

static void malformed_archives_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *pax, *text;
	} bad[] = {
	    {"5 a=", "malformed record"},	{"99 path=x\n", "malformed record"},
	    {"10 path=xx", "malformed record"}, {"6 =bc\n", "without a key"},
	    {"11 size=-1\n", "\"size\""},	{"13 mtime=1.x\n", "\"mtime\""},
	    {"8 uid=x\n", "\"uid\""},		{"x path=1\n", "malformed record"},
	};
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		meta(&b, 'x', bad[i].pax, strlen(bad[i].pax));
		block(&b, '0', "file", "0");
		expect(&b, ERR_CORRUPT, bad[i].text);
	}
	buf_adds(&b, "this is not a tar, just text");
	expect(&b, ERR_CORRUPT, "this is not a tar archive");
	block(&b, '0', "file", "00000000010");
	expect(&b, ERR_CORRUPT, "cut off");
	block(&b, '0', "file", "0000000001x");
	expect(&b, ERR_CORRUPT, "entry \"file\" with a malformed size");
	block(&b, '0', "file", "0");
	b.ptr[3] = 'x';
	expect(&b, ERR_CORRUPT, "wrong checksum");
	block(&b, '0', "file", "0");
	block(&b, 'S', "sparse", "0");
	expect(&b, ERR_UNSUPPORTED, "unknown tar type 0x53"); /* GNU alone has it */
	block(&b, 'M', "multi", "0");
	expect(&b, ERR_UNSUPPORTED, "unknown tar type 0x4d");
	meta(&b, 'x', "15 path=a\0bcde\n", 15);
	block(&b, '0', "file", "0");
	expect(&b, ERR_CORRUPT, "\"path\"");
	block(&b, 'x', "huge", "77777777777");
	expect(&b, ERR_LIMIT, "more than 1048576 bytes");
	end(&b);
	b.ptr[600] = 1;
	expect(&b, ERR_CORRUPT, "zeros");
}

static void headers_of_one_entry_have_a_common_limit(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX);
	AUTO_FREE char *name = calloc(1, TAR_META_MAX / 2 + 1);

	(void)state;
	memset(name, 'n', TAR_META_MAX / 2);
	meta(&b, 'L', name, TAR_META_MAX / 2);
	meta(&b, 'K', name, TAR_META_MAX / 2);
	meta(&b, 'L', "x", 1);
	expect(&b, ERR_LIMIT, "headers of one entry");
}

static void sparse(struct buf *b, const char *records, size_t n, const char *data, size_t len)
{
	char size[16];

	(void)snprintf(size, sizeof(size), "%011zo", len);
	meta(b, 'x', records, n);
	block(b, '0', "GNUSparseFile.0/real", size);
	buf_add(b, data, len);
	pad(b);
	end(b);
}

static void assert_sparse(struct buf *b)
{
	const struct tar_entry *e;
	struct reading r;
	const void *p;
	size_t n;

	assert_int_equal(first(b, &r, &e), 1);
	assert_true(e->sparse);
	assert_string_equal(e->name, "real");
	assert_true(e->real_size == 1000000000000ULL);
	assert_int_equal(e->n_extents, 2);
	assert_int_equal(e->extents[0].at, 0);
	assert_int_equal(e->extents[0].len, 3);
	assert_int_equal(e->extents[1].at, 4096);
	assert_int_equal(e->extents[1].len, 4);
	assert_int_equal(e->size, 7);
	assert_int_equal(tar_data(r.t, &p, &n, &r.err), 1);
	assert_int_equal(n, 7);
	assert_memory_equal(p, "abcdefg", 7);
	assert_int_equal(tar_next(r.t, &e, &r.err), 0);
	reading_close(&r);
	assert_reproduces(b);
	buf_reset(b);
}

/* The length counts its own digits; all of ours have two. */
static void record(struct buf *b, const char *text)
{
	buf_addf(b, "%zu %s\n", strlen(text) + 4, text);
}

static void pax_sparse_files_of_all_three_formats(void **state)
{
	static const char *const v00[] = {"path=real",
					  "GNU.sparse.size=1000000000000",
					  "GNU.sparse.numblocks=2",
					  "GNU.sparse.offset=0",
					  "GNU.sparse.numbytes=3",
					  "GNU.sparse.offset=4096",
					  "GNU.sparse.numbytes=4"};
	static const char *const v01[] = {"GNU.sparse.size=1000000000000", "GNU.sparse.numblocks=2",
					  "GNU.sparse.name=real", "GNU.sparse.map=0,3,4096,4"};
	static const char *const v10[] = {"GNU.sparse.major=1", "GNU.sparse.minor=0",
					  "GNU.sparse.name=real",
					  "GNU.sparse.realsize=1000000000000"};
	AUTO_BUF struct buf b = BUF_INIT(MAX), r00 = BUF_INIT(MAX), r01 = BUF_INIT(MAX),
			    r10 = BUF_INIT(MAX);
	char data[TAR_BLOCK + 7] = "2\n0\n3\n4096\n4\n";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(v00); i++)
		record(&r00, v00[i]);
	for (i = 0; i < ARRAY_LEN(v01); i++)
		record(&r01, v01[i]);
	for (i = 0; i < ARRAY_LEN(v10); i++)
		record(&r10, v10[i]);
	memcpy(data + TAR_BLOCK, "abcdefg", 7);
	sparse(&b, r00.ptr, r00.len, "abcdefg", 7);
	assert_sparse(&b);
	sparse(&b, r01.ptr, r01.len, "abcdefg", 7);
	assert_sparse(&b);
	sparse(&b, r10.ptr, r10.len, data, sizeof(data));
	assert_sparse(&b);
}

static void sparse_maps_that_do_not_fit_are_refused(void **state)
{
	static const char *const maps[] = {"GNU.sparse.map=0,7,3,0", "GNU.sparse.map=4096,3,0,4",
					   "GNU.sparse.map=0,3,99,4", "GNU.sparse.map=0,6",
					   "GNU.sparse.map=0,9223372036854775807,1,9"};
	AUTO_BUF struct buf b = BUF_INIT(MAX), records = BUF_INIT(MAX);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(maps); i++) {
		buf_reset(&records);
		record(&records, "GNU.sparse.size=100");
		record(&records, maps[i]);
		sparse(&b, records.ptr, records.len, "abcdefg", 7);
		expect(&b, ERR_CORRUPT, "sparse map");
	}
	buf_reset(&records);
	record(&records, "GNU.sparse.size=100");
	record(&records, "GNU.sparse.map=1,2,3");
	sparse(&b, records.ptr, records.len, "", 0);
	expect(&b, ERR_CORRUPT, "GNU.sparse.map");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_field_comes_back),
	    cmocka_unit_test(simple_entries_need_no_pax_header),
	    cmocka_unit_test(names_of_every_length_come_back),
	    cmocka_unit_test(gnu_long_names_win_over_the_header),
	    cmocka_unit_test(numbers_in_all_forms),
	    cmocka_unit_test(old_headers_without_magic_are_read),
	    cmocka_unit_test(links_and_devices_have_no_data_whatever_the_size_says),
	    cmocka_unit_test(pax_global_headers_are_entries_and_change_nothing),
	    cmocka_unit_test(everything_behind_the_end_marker_is_given_to_raw),
	    cmocka_unit_test(malformed_archives_are_refused_with_a_reason),
	    cmocka_unit_test(headers_of_one_entry_have_a_common_limit),
	    cmocka_unit_test(pax_sparse_files_of_all_three_formats),
	    cmocka_unit_test(sparse_maps_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
