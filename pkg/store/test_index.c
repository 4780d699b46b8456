#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index.h"
#include "slice.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* more brackets than any index file has */
#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[["

static int parse(struct index *ix, const char *text)
{
	struct err err = ERR_INIT;

	return index_parse(ix, strdup(text), strlen(text), "test.json", &err);
}

static void empty_files_are_empty_lists(void **state)
{
	static const char *const texts[] = {"", "  \n", "[]", "null", " [ ] "};
	struct index ix = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(parse(&ix, texts[i]), 0);
		assert_int_equal(ix.n, 0);
	}
	index_reset(&ix);
}

static void damaged_files_are_refused(void **state)
{
	static const char *const texts[] = {
	    "{",
	    "[",
	    "[}",
	    "[{}]",
	    "[1]",
	    "[{\"id\":\"a\"}",
	    "[{\"id\":1}]",
	    "[{\"id\":\"a\"}]]",
	    "[{\"id\":\"a\"} {\"id\":\"b\"}]",
	    "{\"id\":1}",
	    "[{\"id\" \"a\"}]",
	    "[{\"id\":\"a\",}]",
	    "[{\"id\":\"]",
	    "[{\"id\":\"a\\\"}]",
	    "[{\"id\":\"a\",\"x\":" DEEP DEEP DEEP,
	};
	struct index ix = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(parse(&ix, texts[i]), -ERR_CORRUPT);
		assert_false(ix.loaded);
	}
}

static void records_are_found_by_id_and_name(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	struct index ix = {0};
	char id[16];
	int i;

	(void)state;
	buf_addc(&b, '[');
	for (i = 0; i < 500; i++)
		buf_addf(&b, "%s{\"names\":[\"x%d\",\"y\\\"%d\"],\"id\":\"%d\"}", i ? "," : "", i,
			 i, (i * 7919) % 500);
	buf_addc(&b, ']');
	assert_int_equal(parse(&ix, buf_str(&b)), 0);
	for (i = 0; i < 500; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		assert_non_null(index_find_id(&ix, id));
		assert_true(str_eq(index_find_id(&ix, id)->m[REC_ID], id));
	}
	assert_null(index_find_id(&ix, "500"));
	assert_null(index_find_id(&ix, ""));
	assert_ptr_equal(index_find_name(&ix, "x499"), &ix.v[499]);
	assert_null(index_find_name(&ix, "x"));
	index_reset(&ix);
}

static void unchanged_records_are_written_byte_for_byte(void **state)
{
	static const char text[] =
	    "[ {\"id\" : \"a\", \"future\":{\"n\":1.50e3, \"u\":\"\\u003c\"}},\n"
	    "{\"id\":\"b\"},{\"id\":\"c\",\"x\":[1 ,2]} ]";
	static const char want[] =
	    "[{\"id\" : \"a\", \"future\":{\"n\":1.50e3, \"u\":\"\\u003c\"}},"
	    "{\"id\":\"B\",\"names\":[]},{\"id\":\"c\",\"x\":[1 ,2]},"
	    "{\"id\":\"d\"}]";
	char dir[] = "/tmp/kist-index-XXXXXX";
	AUTO_BUF struct buf got = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct index ix = {0};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(file_create(fd, "i.json", 0600, text, strlen(text), &err), 0);
	assert_int_equal(index_load(&ix, fd, "i.json", false, &err), 0);
	assert_int_equal(
	    index_put(&ix, index_find_id(&ix, "b"), strdup("{\"id\":\"B\",\"names\":[]}"), &err),
	    0);
	assert_int_equal(index_put(&ix, NULL, strdup("{\"id\":\"d\"}"), &err), 0);
	assert_int_equal(index_save(&ix, fd, "i.json", true, &err), 0);
	assert_int_equal(file_read(fd, "i.json", &got, &err), 1);
	assert_string_equal(buf_str(&got), want);
	index_remove(&ix, index_find_id(&ix, "a"));
	assert_null(index_find_id(&ix, "a"));
	assert_non_null(index_find_id(&ix, "c"));
	index_reset(&ix);
	close(fd);
	assert_int_equal(tree_remove(AT_FDCWD, dir, &err), 0);
}

static void incomplete_records_are_seen(void **state)
{
	struct index ix = {0};

	(void)state;
	assert_int_equal(parse(&ix, "[{\"id\":\"a\",\"flags\":{\"incomplete\":true}},"
				    "{\"id\":\"b\",\"flags\":{\"incomplete\":false}},"
				    "{\"flags\":{},\"id\":\"c\"}]"),
			 0);
	assert_true(ix.v[0].incomplete);
	assert_false(ix.v[1].incomplete);
	assert_false(ix.v[2].incomplete);
	index_reset(&ix);
}

static void numbers_are_read_exactly(void **state)
{
	int64_t n = 0;

	(void)state;
	assert_true(slice_i64(str_of("9223372036854775807"), &n));
	assert_true(n == INT64_MAX);
	assert_true(slice_i64(str_of("-1"), &n));
	assert_true(n == -1);
	assert_false(slice_i64(str_of("9223372036854775808"), &n));
	assert_false(slice_i64(str_of("1.5"), &n));
	assert_false(slice_i64(str_of("-"), &n));
	assert_false(slice_i64(str_of(""), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty_files_are_empty_lists),
	    cmocka_unit_test(damaged_files_are_refused),
	    cmocka_unit_test(records_are_found_by_id_and_name),
	    cmocka_unit_test(unchanged_records_are_written_byte_for_byte),
	    cmocka_unit_test(incomplete_records_are_seen),
	    cmocka_unit_test(numbers_are_read_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
