#include "archive/compress.h"
#include "archive/tarsplit.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define MAX ((size_t)16 << 20)

static int into_buf(void *arg, const void *data, size_t n, struct err *err)
{
	(void)err;
	buf_add(arg, data, n);
	return 0;
}

static struct tarsplit_writer *writer(struct buf *out)
{
	struct sink to = {into_buf, out};
	struct tarsplit_writer *w = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(tarsplit_writer_new(&to, &w, &err), 0);
	return w;
}

static void text_of(const struct buf *gz, struct buf *out)
{
	AUTO(stream_close_p) struct stream *s = NULL, *plain = NULL;
	struct err err = ERR_INIT;
	const void *p;
	size_t n;

	assert_int_equal(stream_of_memory(gz->ptr, gz->len, &s, &err), 0);
	assert_int_equal(decompress_open(s, &plain, NULL, &err), 0);
	while (stream_peek(plain, &p, &n, &err) > 0) {
		buf_add(out, p, n);
		stream_consume(plain, n);
	}
	assert_int_equal(err.code, ERR_NONE);
}

static void lines_are_those_of_the_go_tools(void **state)
{
	AUTO_BUF struct buf gz = BUF_INIT(MAX), text = BUF_INIT(MAX);
	AUTO(tarsplit_writer_free_p) struct tarsplit_writer *w = writer(&gz);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(tarsplit_raw(w, "ab", 2, &err), 0);
	assert_int_equal(tarsplit_raw(w, "cde", 3, &err), 0);
	assert_int_equal(tarsplit_file(w, "run/", 0, 1, &err), 0);
	assert_int_equal(tarsplit_file(w, "three", 2, 0x6130400000000000, &err), 0);
	assert_int_equal(tarsplit_file(w, "\xff\xfe", 0, 0, &err), 0);
	assert_int_equal(tarsplit_file(w, "<&>\"\\\n\x01\xe2\x80\xa8\xc3\xa4", 0, 0, &err), 0);
	assert_int_equal(tarsplit_file(w, "", 0, 0, &err), 0);
	assert_int_equal(tarsplit_raw(w, "x", 1, &err), 0);
	assert_int_equal(tarsplit_finish(w, &err), 0);
	text_of(&gz, &text);
	assert_string_equal(
	    buf_str(&text),
	    "{\"type\":2,\"payload\":\"YWJjZGU=\",\"position\":0}\n"
	    "{\"type\":1,\"name\":\"run/\",\"payload\":null,\"position\":1}\n"
	    "{\"type\":1,\"name\":\"three\",\"size\":2,\"payload\":\"YTBAAAAAAAA=\",\"position\":2}"
	    "\n"
	    "{\"type\":1,\"name_raw\":\"//4=\",\"payload\":null,\"position\":3}\n"
	    "{\"type\":1,\"name\":\"\\u003c\\u0026\\u003e\\\"\\\\\\n\\u0001\\u2028\xc3\xa4\","
	    "\"payload\":null,\"position\":4}\n"
	    "{\"type\":1,\"payload\":null,\"position\":5}\n"
	    "{\"type\":2,\"payload\":\"eA==\",\"position\":6}\n");
}

static void what_is_written_is_read(void **state)
{
	static const char *const names[] = {"a/b", "\xff\xfe", "<&>\"\\\n\x01\xe2\x80\xa9", "",
					    "\xf0\x9f\x98\x80"};
	AUTO_BUF struct buf gz = BUF_INIT(MAX), got = BUF_INIT(MAX);
	AUTO(tarsplit_writer_free_p) struct tarsplit_writer *w = writer(&gz);
	AUTO(tarsplit_reader_free_p) struct tarsplit_reader *r = NULL;
	AUTO(stream_close_p) struct stream *s = NULL;
	AUTO_FREE char *raw = malloc(3 * TARSPLIT_SEGMENT_MAX);
	size_t total = 2 * TARSPLIT_SEGMENT_MAX + 12345, i, n;
	struct tarsplit_item item;
	struct err err = ERR_INIT;
	int segments = 0;

	(void)state;
	for (i = 0; i < total; i++)
		raw[i] = (char)(i * 7 + i / 977);
	for (i = 0; i < total; i += n) {
		n = total - i < 997 * (i % 13 + 1) ? total - i : 997 * (i % 13 + 1);
		assert_int_equal(tarsplit_raw(w, raw + i, n, &err), 0);
	}
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(tarsplit_file(w, names[i], i, 0xfedcba9876543210 + i, &err), 0);
	assert_int_equal(tarsplit_finish(w, &err), 0);

	assert_int_equal(stream_of_memory(gz.ptr, gz.len, &s, &err), 0);
	assert_int_equal(tarsplit_reader_new(s, &r, &err), 0);
	while (tarsplit_next(r, &item, &err) == 1 && !item.is_file) {
		segments++;
		assert_true(item.len <= TARSPLIT_SEGMENT_MAX);
		buf_add(&got, item.data, item.len);
	}
	assert_int_equal(segments, 3);
	assert_int_equal(got.len, total);
	assert_memory_equal(got.ptr, raw, total);
	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(item.is_file);
		assert_string_equal(item.name, names[i]);
		assert_int_equal(item.size, i);
		assert_true(item.crc == (i ? 0xfedcba9876543210 + i : 0));
		assert_int_equal(tarsplit_next(r, &item, &err), i + 1 < ARRAY_LEN(names));
	}
}

static int read_text(const char *text, size_t n, struct tarsplit_item *item, struct buf *name,
		     struct err *err)
{
	AUTO(tarsplit_reader_free_p) struct tarsplit_reader *r = NULL;
	AUTO(stream_close_p) struct stream *s = NULL;
	int ret;

	assert_int_equal(stream_of_memory(text, n, &s, err), 0);
	assert_int_equal(tarsplit_reader_new(s, &r, err), 0);
	ret = tarsplit_next(r, item, err);
	if (ret > 0 && item->is_file)
		buf_adds(name, item->name);
	return ret;
}

static void forms_of_other_writers_are_accepted(void **state)
{
	static const struct {
		const char *line, *name;
		unsigned long long size;
	} good[] = {
	    {" { \"position\" : 3 , \"name\" : \"a\\/b\" , \"type\" : 1 } \r\n", "a/b", 0},
	    {"{\"type\":1,\"name\":\"\\ud83d\\ude00\\ud800\",\"more\":{\"x\":[1,\"}\"]},\"size\":9,"
	     "\"payload\":\"YTBAAAAAAAA=\"}",
	     "\xf0\x9f\x98\x80\xef\xbf\xbd", 9},
	    {"\n{\"type\":1,\"name_raw\":null,\"payload\":\"\",\"x\":true}\n", "", 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		AUTO_BUF struct buf name = BUF_INIT(MAX);
		struct err err = ERR_INIT;
		struct tarsplit_item item;

		assert_int_equal(read_text(good[i].line, strlen(good[i].line), &item, &name, &err),
				 1);
		assert_true(item.is_file);
		assert_string_equal(buf_str(&name), good[i].name);
		assert_int_equal(item.size, good[i].size);
	}
}

static void malformed_lines_are_refused(void **state)
{
	static const char *const bad[] = {
	    "{",
	    "{}",
	    "[]",
	    "null",
	    "{\"type\":3}",
	    "{\"type\":-1}",
	    "{\"type\":1,\"type\":1}",
	    "{\"type\":1,\"size\":5}",
	    "{\"type\":1,\"size\":5,\"payload\":\"AAAA\"}",
	    "{\"type\":1,\"size\":99999999999999999999,\"payload\":\"YTBAAAAAAAA=\"}",
	    "{\"type\":2,\"payload\":\"A\"}",
	    "{\"type\":2,\"payload\":\"A===\"}",
	    "{\"type\":2,\"payload\":\"AA=A\"}",
	    "{\"type\":2,\"payload\":\"AA!A\"}",
	    "{\"type\":1,\"name\":\"a\\u0000b\"}",
	    "{\"type\":1,\"name_raw\":\"AAAA\"}",
	    "{\"type\":1,\"name\":\"a\\x\"}",
	    "{\"type\":1,\"name\":\"a\\u12\"}",
	    "{\"type\":1,\"name\":\"a",
	    "{\"type\":1,\"name\":\"a\\",
	    "{\"type\":1,}",
	    "{\"type\":1}x",
	    "{\"type\":1,\"x\":[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}",
	    "{\"type\":1 \"name\":\"a\"}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_BUF struct buf name = BUF_INIT(MAX);
		struct err err = ERR_INIT;
		struct tarsplit_item item;
		int r = read_text(bad[i], strlen(bad[i]), &item, &name, &err);

		if (r != -ERR_CORRUPT)
			print_message("accepted: %s\n", bad[i]);
		assert_int_equal(r, -ERR_CORRUPT);
		assert_string_equal(err.text, "tar-split: line 1 is malformed");
	}
}

static void lines_have_a_limit(void **state)
{
	AUTO_FREE char *line = malloc(TARSPLIT_LINE_MAX + 1);
	AUTO_BUF struct buf name = BUF_INIT(MAX);
	struct err err = ERR_INIT;
	struct tarsplit_item item;

	(void)state;
	memset(line, ' ', TARSPLIT_LINE_MAX + 1);
	assert_int_equal(read_text(line, TARSPLIT_LINE_MAX + 1, &item, &name, &err), -ERR_LIMIT);
}

static void base64_of_every_length(void **state)
{
	char text[64], data[40], back[64];
	size_t n, len;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (char)(n * 37 + 200);
	for (n = 0; n < sizeof(data); n++) {
		len = base64_encode(data, n, text);
		assert_int_equal(len, 4 * ((n + 2) / 3));
		assert_int_equal(base64_decode(text, len, back), n);
		assert_memory_equal(back, data, n);
		assert_int_equal(base64_decode(text, len, text), n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_those_of_the_go_tools),
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(forms_of_other_writers_are_accepted),
	    cmocka_unit_test(malformed_lines_are_refused),
	    cmocka_unit_test(lines_have_a_limit),
	    cmocka_unit_test(base64_of_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
