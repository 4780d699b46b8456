#include "archive/compress.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <cmocka.h>

#define BIG ((size_t)3 * 1024 * 1024 + 17)

static int into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

/* Gives its bytes one at a time, as the slowest pipe would. */
struct drip {
	const char *data;
	size_t n;
};

static int drip_borrow(void *arg, const void **ret_data, size_t *ret_n, struct err *err)
{
	struct drip *d = arg;

	(void)err;
	if (d->n == 0)
		return 0;
	*ret_data = d->data++;
	*ret_n = 1;
	d->n--;
	return 1;
}

static int64_t drip_read(void *arg, void *dst, size_t n, struct err *err)
{
	const void *p;

	(void)n;
	if (!drip_borrow(arg, &p, &n, err))
		return 0;
	memcpy(dst, p, 1);
	return 1;
}

static void fill(char *p, size_t n)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(i % 1000 < 500 ? x >> 24 : i / 1000);
	}
}

static void pack(enum compression kind, const char *data, size_t n, struct buf *out)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	struct err err = ERR_INIT;
	struct sink to = {into_buf, out};
	size_t part;

	assert_int_equal(compressor_new(kind, COMPRESS_LEVEL_DEFAULT, &to, &c, &err), 0);
	for (; n > 0; data += part, n -= part) {
		part = n < 70001 ? n : 70001;
		assert_int_equal(compressor_write(c, data, part, &err), 0);
	}
	assert_int_equal(compressor_finish(c, &err), 0);
}

/* 0 and the content, or the error's code. */
static int unpack(struct stream *from, struct buf *out, enum compression *kind, struct err *err)
{
	AUTO(stream_close_p) struct stream *plain = NULL;
	const void *data;
	size_t n;
	int r;

	r = decompress_open(from, &plain, kind, err);
	while (r >= 0 && (r = stream_peek(plain, &data, &n, err)) > 0) {
		buf_add(out, data, n);
		stream_consume(plain, n);
	}
	return r;
}

static int unpack_memory(const void *data, size_t n, struct buf *out, enum compression *kind,
			 struct err *err)
{
	AUTO(stream_close_p) struct stream *s = NULL;

	assert_int_equal(stream_of_memory(data, n, &s, err), 0);
	return unpack(s, out, kind, err);
}

static void round_trip(enum compression kind)
{
	AUTO_BUF struct buf packed = BUF_INIT(2 * BIG), out = BUF_INIT(4 * BIG);
	AUTO_FREE char *data = malloc(BIG);
	struct err err = ERR_INIT;
	enum compression found;

	fill(data, BIG);
	pack(kind, data, BIG, &packed);
	assert_int_equal(unpack_memory(packed.ptr, packed.len, &out, &found, &err), 0);
	assert_int_equal(found, kind);
	assert_int_equal(out.len, BIG);
	assert_memory_equal(out.ptr, data, BIG);
	/* two members are one stream */
	buf_reset(&out);
	pack(kind, "tail", 4, &packed);
	assert_int_equal(unpack_memory(packed.ptr, packed.len, &out, &found, &err), 0);
	assert_int_equal(out.len, BIG + 4);
	assert_memory_equal(out.ptr + BIG, "tail", 4);
}

static void gzip_comes_back_with_many_members(void **state)
{
	(void)state;
	round_trip(COMPRESSION_GZIP);
}

static void zstd_comes_back_with_many_frames(void **state)
{
	(void)state;
	round_trip(COMPRESSION_ZSTD);
}

static void bytes_without_compression_pass_through(void **state)
{
	(void)state;
	round_trip(COMPRESSION_NONE);
}

static void nothing_at_all_is_an_empty_stream(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(16);
	enum compression kind = COMPRESSION_GZIP;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(unpack_memory("", 0, &out, &kind, &err), 0);
	assert_int_equal(kind, COMPRESSION_NONE);
	assert_int_equal(out.len, 0);
}

static void skippable_frames_of_zstd_are_skipped(void **state)
{
	AUTO_BUF struct buf packed = BUF_INIT(4096), out = BUF_INIT(4096);
	struct err err = ERR_INIT;
	enum compression kind;

	(void)state;
	buf_add(&packed, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
	pack(COMPRESSION_ZSTD, "hello", 5, &packed);
	buf_add(&packed, "\x5f\x2a\x4d\x18\x01\0\0\0z", 9);
	assert_int_equal(unpack_memory(packed.ptr, packed.len, &out, &kind, &err), 0);
	assert_int_equal(kind, COMPRESSION_ZSTD);
	assert_string_equal(buf_str(&out), "hello");
}

static void input_byte_by_byte_gives_the_same(void **state)
{
	static const enum compression kinds[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD,
						 COMPRESSION_NONE};
	static const struct stream_ops by_borrow = {.borrow = drip_borrow};
	static const struct stream_ops by_read = {.read = drip_read};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		AUTO_BUF struct buf packed = BUF_INIT(65536), out = BUF_INIT(65536);
		AUTO(stream_close_p) struct stream *s = NULL;
		char data[5000];
		struct drip d;

		fill(data, sizeof(data));
		pack(kinds[i / 2], data, sizeof(data), &packed);
		d = (struct drip){packed.ptr, packed.len};
		assert_int_equal(stream_new(i % 2 ? &by_read : &by_borrow, &d, 0, &s, &err), 0);
		assert_int_equal(unpack(s, &out, NULL, &err), 0);
		assert_int_equal(out.len, sizeof(data));
		assert_memory_equal(out.ptr, data, sizeof(data));
		assert_int_equal(stream_arrived(s), packed.len);
		assert_int_equal(stream_consumed(s), packed.len);
	}
}

static void truncated_data_are_corrupt_at_every_length(void **state)
{
	static const enum compression kinds[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};
	char data[3000];
	size_t i, n;

	(void)state;
	fill(data, sizeof(data));
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_BUF struct buf packed = BUF_INIT(65536), out = BUF_INIT(65536);

		pack(kinds[i], data, sizeof(data), &packed);
		for (n = 4; n < packed.len; n++) {
			struct err err = ERR_INIT;

			buf_reset(&out);
			assert_int_equal(unpack_memory(packed.ptr, n, &out, NULL, &err),
					 -ERR_CORRUPT);
		}
	}
}

static void damage_is_found(void **state)
{
	AUTO_BUF struct buf packed = BUF_INIT(65536), out = BUF_INIT(65536);
	struct err err = ERR_INIT;

	(void)state;
	pack(COMPRESSION_GZIP, "hello, hello, hello", 19, &packed);
	packed.ptr[packed.len - 6] ^= 1;
	assert_int_equal(unpack_memory(packed.ptr, packed.len, &out, NULL, &err), -ERR_CORRUPT);
	assert_string_equal(err.text, "gzip: checksum mismatch");
	packed.ptr[packed.len - 6] ^= 1;
	buf_adds(&packed, "garbage behind it");
	assert_int_equal(unpack_memory(packed.ptr, packed.len, &out, NULL, &err), -ERR_CORRUPT);
	assert_string_equal(err.text, "there is something else behind the gzip data");
}

static void zstd_windows_have_a_limit(void **state)
{
	/* frame header: no single segment, window log 10 + (0xa8 >> 3) = 31 */
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
	AUTO_BUF struct buf out = BUF_INIT(64);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(unpack_memory(frame, sizeof(frame) - 1, &out, NULL, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "zstd: window larger than 128 MiB");
}

static void equal_input_gives_equal_gzip_without_time_or_name(void **state)
{
	AUTO_BUF struct buf a = BUF_INIT(4096), b = BUF_INIT(4096);

	(void)state;
	pack(COMPRESSION_GZIP, "same", 4, &a);
	pack(COMPRESSION_GZIP, "same", 4, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.ptr, b.ptr, a.len);
	assert_memory_equal(a.ptr, "\x1f\x8b\x08\0\0\0\0\0", 8);
}

static void unknown_levels_and_kinds_are_refused(void **state)
{
	AUTO(compressor_free_p) struct compressor *c = NULL;
	struct sink to = {into_buf, NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(compressor_new(COMPRESSION_GZIP, 4, &to, &c, &err), -ERR_INVALID);
	assert_int_equal(compressor_new(COMPRESSION_ZSTD, 20, &to, &c, &err), -ERR_INVALID);
	assert_int_equal(compressor_new(COMPRESSION_XZ, -1, &to, &c, &err), -ERR_UNSUPPORTED);
	assert_string_equal(err.text, "writing xz is not supported (gzip, zstd)");
}

static void assert_level(enum compression kind, int64_t level, int want)
{
	struct err err = ERR_INIT;
	int got = -2;

	assert_int_equal(compression_level(kind, level, &got, &err), 0);
	assert_int_equal(got, want);
}

static void levels_of_users_become_those_of_the_encoders(void **state)
{
	struct err err = ERR_INIT;
	int level;

	(void)state;
	assert_level(COMPRESSION_GZIP, 0, 0);
	assert_level(COMPRESSION_GZIP, 6, 2);
	assert_level(COMPRESSION_GZIP, 9, 3);
	assert_level(COMPRESSION_GZIP, -1, COMPRESS_LEVEL_DEFAULT);
	assert_level(COMPRESSION_ZSTD, 0, 1);
	assert_level(COMPRESSION_ZSTD, 11, 11);
	assert_level(COMPRESSION_ZSTD, 20, 19);
	assert_level(COMPRESSION_NONE, 5, COMPRESS_LEVEL_DEFAULT);
	assert_int_equal(compression_level(COMPRESSION_GZIP, 10, &level, &err), -ERR_INVALID);
	assert_string_equal(err.text, "gzip has no level 10 (0 to 9)");
	assert_int_equal(compression_level(COMPRESSION_GZIP, -2, &level, &err), -ERR_INVALID);
	assert_int_equal(compression_level(COMPRESSION_ZSTD, 21, &level, &err), -ERR_INVALID);
	assert_int_equal(compression_level(COMPRESSION_ZSTD, INT64_MAX, &level, &err),
			 -ERR_INVALID);
}

static void check_program_output(const char *command, enum compression want)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);
	AUTO(stream_close_p) struct stream *s = NULL;
	struct err err = ERR_INIT;
	enum compression kind;
	FILE *f = popen(command, "re");

	assert_non_null(f);
	assert_int_equal(stream_of_fd(fileno(f), "pipe", &s, &err), 0);
	assert_int_equal(unpack(s, &out, &kind, &err), 0);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(kind, want);
	assert_int_equal(out.len, 12);
	assert_string_equal(buf_str(&out), "hello\nhello\n");
}

/* Twice the same, each compressed by the program. A skip leaves by longjmp: nothing is open then.
 */
static void program_output_is_read(const char *program, enum compression want)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) != 0)
		skip();
	(void)snprintf(command, sizeof(command), "echo hello | %s && echo hello | %s", program,
		       program);
	check_program_output(command, want);
}

static void xz_made_by_its_program_is_read(void **state)
{
	(void)state;
	program_output_is_read("xz", COMPRESSION_XZ);
}

static void bzip2_made_by_its_program_is_read_with_many_streams(void **state)
{
	(void)state;
	program_output_is_read("bzip2", COMPRESSION_BZIP2);
}

static void truncated_xz_and_bzip2_are_corrupt(void **state)
{
	static const char xz[] = "\xfd"
				 "7zXZ\0\0\x04\xe6\xd6\xb4\x46\x02\0\x21\x01";
	AUTO_BUF struct buf out = BUF_INIT(64);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(unpack_memory(xz, sizeof(xz) - 1, &out, NULL, &err), -ERR_CORRUPT);
	assert_int_equal(unpack_memory("BZh91AY&SY", 10, &out, NULL, &err), -ERR_CORRUPT);
}

static void an_error_of_a_stream_stays(void **state)
{
	AUTO(stream_close_p) struct stream *s = NULL;
	struct err err = ERR_INIT, again = ERR_INIT;
	const void *p;
	size_t n;

	(void)state;
	assert_int_equal(stream_of_fd(-1, "nothing", &s, &err), 0);
	assert_int_equal(stream_peek(s, &p, &n, &err), -ERR_SYS);
	assert_int_equal(stream_peek(s, &p, &n, &again), -ERR_SYS);
	assert_string_equal(again.text, "reading nothing: Bad file descriptor");
	assert_int_equal(stream_drain(s, &again), -ERR_SYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gzip_comes_back_with_many_members),
	    cmocka_unit_test(zstd_comes_back_with_many_frames),
	    cmocka_unit_test(bytes_without_compression_pass_through),
	    cmocka_unit_test(nothing_at_all_is_an_empty_stream),
	    cmocka_unit_test(skippable_frames_of_zstd_are_skipped),
	    cmocka_unit_test(input_byte_by_byte_gives_the_same),
	    cmocka_unit_test(truncated_data_are_corrupt_at_every_length),
	    cmocka_unit_test(damage_is_found),
	    cmocka_unit_test(zstd_windows_have_a_limit),
	    cmocka_unit_test(equal_input_gives_equal_gzip_without_time_or_name),
	    cmocka_unit_test(unknown_levels_and_kinds_are_refused),
	    cmocka_unit_test(levels_of_users_become_those_of_the_encoders),
	    cmocka_unit_test(xz_made_by_its_program_is_read),
	    cmocka_unit_test(bzip2_made_by_its_program_is_read_with_many_streams),
	    cmocka_unit_test(truncated_xz_and_bzip2_are_corrupt),
	    cmocka_unit_test(an_error_of_a_stream_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
