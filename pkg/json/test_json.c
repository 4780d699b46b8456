#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "json/table.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct json_doc *must_parse(const char *text)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	if (json_parse(text, strlen(text), 0, "it", &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

static void assert_dump(const struct json *v, unsigned flags, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 20);

	json_dump(v, flags, &out);
	assert_string_equal(buf_str(&out), want);
}

static void assert_refused(const char *text, const char *message)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	assert_true(json_parse(text, strlen(text), 0, "it", &doc, &err) < 0);
	assert_null(doc);
	assert_string_equal(err.text, message);
}

static void what_is_read_is_written_again_in_its_order(void **state)
{
	static const char text[] = "{\"z\":1,\"a\":[true,false,null,-0.5,\"x\"],"
				   "\"m\":{},\"big\":18446744073709551615,\"e\":[]}";
	AUTO_JSON struct json_doc *doc = must_parse(text);

	(void)state;
	assert_dump(json_root(doc), 0, text);
}

static void large_integers_stay_exact(void **state)
{
	AUTO_JSON struct json_doc *doc =
	    must_parse("[9223372036854775807,-9223372036854775808,18446744073709551615,"
		       "9223372036854775808,1.0,-1,-9223372036854775809]");
	const struct json *root = json_root(doc);
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(json_get_i64(json_at(root, 0), &i));
	assert_true(i == INT64_MAX);
	assert_true(json_get_i64(json_at(root, 1), &i));
	assert_true(i == INT64_MIN);
	assert_true(json_get_u64(json_at(root, 2), &u));
	assert_true(u == UINT64_MAX);
	assert_false(json_get_i64(json_at(root, 3), &i));
	assert_false(json_get_i64(json_at(root, 4), &i));
	assert_false(json_get_u64(json_at(root, 5), &u));
	assert_false(json_get_i64(json_at(root, 6), &i));
}

static void whole_numbers_of_any_size_keep_their_digits(void **state)
{
	static const char text[] = "{\"18446744073709551615\":[-9223372036854775809,"
				   "\"\\\\u0000\",{\"k\":123456789012345678901234567890}],"
				   "\"s\":\"99999999999999999999\"}";
	AUTO_JSON struct json_doc *doc = must_parse(text);

	(void)state;
	assert_dump(json_root(doc), 0, text);
	assert_refused("{18446744073709551615:1}", "it: line 1, column 18: not a member name");
	assert_refused("[018446744073709551615]", "it: line 1, column 2: invalid token");
	assert_refused("[18446744073709551615 1]", "it: line 1, column 23: ']' expected");
	assert_refused("[18446744073709551615,\"\\u0000000000001\"]",
		       "it: line 1, column 25: invalid escape");
}

static void other_numbers_become_the_shortest_text_of_a_double(void **state)
{
	AUTO_JSON struct json_doc *doc =
	    must_parse("[1.50,-0.50e+3,1.0,0.1,1e20,9007199254740993.0,2.5E-8,-0.0]");

	(void)state;
	assert_dump(json_root(doc), 0,
		    "[1.5,-500.0,1.0,0.1,1e+20,9007199254740992.0,2.5e-08,-0.0]");
	assert_refused("[1e400]", "it: line 1, column 6: real number overflow");
}

static void escapes_are_read_and_written_as_go_does(void **state)
{
	AUTO_JSON struct json_doc *doc =
	    must_parse("[\"\\u0041\\n\\/\\ud83d\\ude00\",\"<&>\\u2028\\u001f\\b\"]");
	const struct json *root = json_root(doc);

	(void)state;
	assert_string_equal(json_text(json_at(root, 0)), "A\n/\xf0\x9f\x98\x80");
	assert_dump(json_at(root, 1), 0, "\"\\u003c\\u0026\\u003e\\u2028\\u001f\\b\"");
	assert_dump(json_at(root, 1), JSON_PLAIN, "\"<&>\\u2028\\u001f\\b\"");
}

static void bytes_that_are_not_utf8_become_the_replacement_character(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(100);

	(void)state;
	json_dump_string("a\xff\xe2\x82\xc3\xa9", 0, &out);
	assert_string_equal(buf_str(&out), "\"a\\ufffd\\ufffd\\ufffd\xc3\xa9\"");
}

static void malformed_text_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused("", "it: line 1, column 0: unexpected token near end of file");
	assert_refused("{\"a\":1,}", "it: line 1, column 8: string or '}' expected");
	assert_refused("{\n \"a\": 01}", "it: line 2, column 7: invalid token");
	assert_refused("[1 2]", "it: line 1, column 4: ']' expected");
	assert_refused("[\"a\tb\"]", "it: line 1, column 3: control character 0x9");
	assert_refused("[\"\\u0000\"]", "it: line 1, column 9: a NUL character is not accepted");
	assert_refused("[\"\xff\"]", "it: line 1, column 2: unable to decode byte 0xff");
	assert_refused("[\"\\ud800x\"]", "it: line 1, column 10: invalid Unicode '\\uD800'");
	assert_refused("{} x", "it: line 1, column 4: end of file expected");
	assert_refused("nul", "it: line 1, column 3: invalid token");
	assert_refused("[1.]", "it: line 1, column 3: invalid token");
	assert_refused("\"\\x\"", "it: line 1, column 3: invalid escape");
	assert_refused("\"abc", "it: line 1, column 4: premature end of input");
}

static void errors_do_not_quote_the_text(void **state)
{
	(void)state;
	assert_refused("{\"auth\" \"c2VjcmV0\"}", "it: line 1, column 18: ':' expected");
	assert_refused("\x1b[2J", "it: line 1, column 1: invalid token");
}

static void a_nul_byte_is_refused(void **state)
{
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(json_parse("[\0]", 3, 0, "it", &doc, &err) < 0);
	assert_true(json_parse("[\"\0\"]", 5, 0, "it", &doc, &err) < 0);
	assert_true(json_parse("[]\0", 3, 0, "it", &doc, &err) < 0);
}

static void depth_has_a_limit(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 8];
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(json_parse(text, (size_t)2 * JSON_DEPTH_MAX, 0, "it", &doc, &err), 0);
	json_free(doc);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(json_parse(text, (size_t)2 * JSON_DEPTH_MAX + 2, 0, "it", &doc, &err),
			 -ERR_LIMIT);
}

static void values_have_a_limit_that_is_met_before_memory_is_spent(void **state)
{
	size_t len = 2 * JSON_VALUES_MAX + 1, i;
	AUTO_FREE char *text = malloc(len);
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < len; i++)
		text[i] = i % 2 ? '1' : ',';
	text[0] = '[';
	text[len - 1] = ']';
	assert_int_equal(json_parse(text, len, 0, "it", &doc, &err), -ERR_LIMIT);
	len = 2 * JSON_FOREIGN_VALUES_MAX + 1;
	text[len - 1] = ']';
	assert_int_equal(json_parse(text, len, JSON_FOREIGN, "it", &doc, &err), -ERR_LIMIT);
	assert_int_equal(json_parse(text, len, 0, "it", &doc, &err), 0);
	json_free(doc);
}

static void repeated_members_are_refused_or_the_last_counts(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":2,\"a\":3}";
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_refused(text, "it: line 1, column 16: this object has a member name twice");
	assert_int_equal(json_parse(text, strlen(text), JSON_DUPLICATES, "it", &doc, &err), 0);
	assert_dump(json_root(doc), 0, "{\"a\":3,\"b\":2}");
}

static void repeated_members_are_found_in_large_objects(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	int i;

	(void)state;
	buf_addc(&text, '{');
	for (i = 0; i < 1000; i++)
		buf_addf(&text, "\"k%d\":%d,", i, i);
	buf_adds(&text, "\"z\":0}");
	assert_int_equal(json_parse(text.ptr, text.len, 0, "it", &doc, &err), 0);
	assert_int_equal(json_count(json_root(doc)), 1001);
	json_free(doc);
	doc = NULL;
	buf_truncate(&text, text.len - 7);
	buf_adds(&text, ",\"k500\":0}");
	assert_int_equal(json_parse(text.ptr, text.len, 0, "it", &doc, &err), -ERR_INVALID);
}

static void a_document_is_edited_and_the_rest_survives(void **state)
{
	AUTO_JSON struct json_doc *doc = must_parse("[{\"id\":\"a\",\"x\":1.5,\"names\":[\"n\"]},"
						    "{\"id\":\"b\"}]");
	struct json *rec = json_at(json_root(doc), 0), *other = json_at(json_root(doc), 1);
	AUTO_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(strv_add(&names, "m", &err), 0);
	assert_int_equal(json_set(doc, rec, "names", json_strv(doc, &names), &err), 0);
	assert_int_equal(json_append(json_get(rec, "names"), json_string(doc, "o"), &err), 0);
	assert_int_equal(json_prepend(json_get(rec, "names"), json_bool(doc, true), &err), 0);
	assert_int_equal(json_set(doc, rec, "n", json_i64(doc, -5), &err), 0);
	assert_int_equal(json_set(doc, other, "copy", json_copy(doc, rec), &err), 0);
	assert_true(json_remove(rec, "id"));
	assert_false(json_remove(rec, "id"));
	assert_dump(json_root(doc), 0,
		    "[{\"x\":1.5,\"names\":[true,\"m\",\"o\"],\"n\":-5},{\"id\":\"b\",\"copy\":"
		    "{\"id\":\"a\",\"x\":1.5,\"names\":[true,\"m\",\"o\"],\"n\":-5}}]");
	assert_true(json_remove_value(json_root(doc), other));
	assert_int_equal(json_prepend(json_root(doc), other, &err), 0);
	assert_true(json_remove_at(json_root(doc), 1));
	assert_int_equal(json_append(json_root(doc), json_null(doc), &err), 0);
	assert_int_equal(json_count(json_root(doc)), 2);
	assert_int_equal(json_set(doc, rec, "x", NULL, &err), -ERR_NOMEM);
	assert_int_equal(json_set(doc, json_root(doc), "x", json_null(doc), &err), -ERR_BUG);
}

static void indents_are_those_of_podman(void **state)
{
	AUTO_JSON struct json_doc *doc = must_parse("{\"a\":[1,{}],\"b\":[]}");

	(void)state;
	assert_dump(json_root(doc), JSON_INDENT4,
		    "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": []\n}");
	assert_dump(json_root(doc), JSON_TABS,
		    "{\n\t\"a\": [\n\t\t1,\n\t\t{}\n\t],\n\t\"b\": []\n}");
}

static void values_are_compared(void **state)
{
	AUTO_JSON struct json_doc *a = must_parse("{\"a\":[1,2],\"b\":\"x\"}");
	AUTO_JSON struct json_doc *b = must_parse("{\"b\":\"x\",\"a\":[1,2]}");
	AUTO_JSON struct json_doc *c = must_parse("{\"b\":\"x\",\"a\":[2,1]}");

	(void)state;
	assert_true(json_same(json_root(a), json_root(b)));
	assert_false(json_same(json_root(a), json_root(c)));
}

static void jansson_keeps_its_functions_of_the_same_names(void **state)
{
	(void)state;
	assert_non_null(dlsym(RTLD_DEFAULT, "json_loadb"));
	assert_true(dlsym(RTLD_DEFAULT, "json_object") != (void *)json_object);
	assert_true(dlsym(RTLD_DEFAULT, "json_copy") != (void *)json_copy);
}

struct part {
	char *name;
	int64_t size;
};

struct thing {
	char *id;
	bool on;
	int64_t i;
	uint64_t u;
	int64_t when;
	struct strv list, map, set;
	struct part part;
	struct part *parts;
	size_t n_parts;
	char *raw;
	char *extra;
};

static const struct json_field part_fields[] = {
    JSON_F_STR(struct part, name, "name", JSON_REQUIRED),
    JSON_F_I64(struct part, size, "size", JSON_OMIT_EMPTY),
    {0},
};
static const struct json_table part_table = {part_fields, sizeof(struct part)};
static const struct json_field thing_fields[] = {
    JSON_F_STR(struct thing, id, "id", JSON_REQUIRED),
    JSON_F_BOOL(struct thing, on, "on", 0),
    JSON_F_I64(struct thing, i, "i", 0),
    JSON_F_U64(struct thing, u, "u", JSON_OMIT_EMPTY),
    JSON_F_TIME(struct thing, when, "when", 0),
    JSON_F_STRV(struct thing, list, "list", JSON_NULLABLE),
    JSON_F_MAP(struct thing, map, "map", 0),
    JSON_F_SET(struct thing, set, "set", JSON_OMIT_EMPTY),
    JSON_F_OBJECT(struct thing, part, "part", JSON_OMIT_EMPTY, &part_table),
    JSON_F_LIST(struct thing, parts, n_parts, "parts", JSON_OMIT_EMPTY, &part_table),
    JSON_F_RAW(struct thing, raw, "raw", JSON_OMIT_EMPTY),
    JSON_F_EXTRA(struct thing, extra),
    {0},
};
static const struct json_table thing_table = {thing_fields, sizeof(struct thing)};

static void a_structure_is_read_and_written_by_table(void **state)
{
	static const char text[] =
	    "{\"id\":\"x\",\"on\":true,\"i\":-7,\"u\":18446744073709551615,"
	    "\"when\":\"2026-11-22T06:48:20.5Z\",\"list\":[\"a\",\"b\"],"
	    "\"map\":{\"k\":\"v=w\",\"e\":\"\"},\"set\":{\"80/tcp\":{}},"
	    "\"part\":{\"name\":\"p\",\"size\":3},\"parts\":[{\"name\":\"q\"},{\"name\":\"r\"}],"
	    "\"raw\":{\"any\":[1.5]},\"new\":{\"x\":1},\"other\":2}";
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	struct thing t;

	(void)state;
	assert_int_equal(json_read_text(text, strlen(text), 0, &thing_table, 0, "thing", &t, &err),
			 0);
	assert_string_equal(t.id, "x");
	assert_true(t.u == UINT64_MAX);
	assert_string_equal(t.map.v[0], "k=v=w");
	assert_string_equal(t.set.v[0], "80/tcp");
	assert_string_equal(t.parts[1].name, "r");
	assert_string_equal(t.raw, "{\"any\":[1.5]}");
	assert_string_equal(t.extra, "{\"new\":{\"x\":1},\"other\":2}");
	assert_int_equal(json_put_text(&thing_table, &t, 0, &out, &err), 0);
	assert_string_equal(buf_str(&out), text);
	json_release(&thing_table, &t);
	json_release(&thing_table, &t);
	assert_null(t.parts);
}

static void empty_fields_are_left_out_or_null(void **state)
{
	AUTO_BUF struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	struct thing t = {0};

	(void)state;
	assert_int_equal(json_put_text(&thing_table, &t, 0, &out, &err), 0);
	assert_string_equal(buf_str(&out), "{\"id\":\"\",\"on\":false,\"i\":0,\"when\":"
					   "\"0001-01-01T00:00:00Z\",\"list\":null,\"map\":{}}");
}

static void members_that_a_table_does_not_name_survive_json_put(void **state)
{
	AUTO_JSON struct json_doc *doc =
	    must_parse("{\"x\":1,\"name\":\"old\",\"size\":5,\"y\":[2]}");
	char name[] = "new";
	struct part p = {name, 0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(json_put(doc, json_root(doc), &part_table, &p, &err), 0);
	assert_dump(json_root(doc), 0, "{\"x\":1,\"name\":\"new\",\"y\":[2]}");
}

static void assert_thing_refused(const char *text, const char *message)
{
	struct thing t = {.i = 42};
	struct err err = ERR_INIT;

	assert_true(json_read_text(text, strlen(text), 0, &thing_table, 0, "thing", &t, &err) < 0);
	assert_string_equal(err.text, message);
	assert_int_equal(t.i, 42);
}

static void errors_name_the_member_at_fault(void **state)
{
	(void)state;
	assert_thing_refused("[]", "thing: expected an object");
	assert_thing_refused("{}", "thing: /id: missing");
	assert_thing_refused("{\"id\":null}", "thing: /id: missing");
	assert_thing_refused("{\"id\":1}", "thing: /id: expected a string");
	assert_thing_refused("{\"id\":\"\",\"parts\":[{\"name\":\"a\"},{\"name\":[]}]}",
			     "thing: /parts/1/name: expected a string");
	assert_thing_refused("{\"id\":\"\",\"map\":{\"a/~b\":1}}",
			     "thing: /map/a~1~0b: expected a string");
	assert_thing_refused("{\"id\":\"\",\"i\":1.5}",
			     "thing: /i: expected a whole number of 64 bits");
	assert_thing_refused("{\"id\":\"\",\"when\":\"today\"}",
			     "thing: /when: expected an RFC 3339 time");
	assert_thing_refused("{\"id\":\"\",\"on\":\"yes\"}", "thing: /on: expected true or false");
}

static void names_are_matched_in_any_case_when_asked(void **state)
{
	static const char text[] = "{\"ID\":\"x\",\"On\":true,\"on\":false}";
	struct err err = ERR_INIT;
	struct thing t;

	(void)state;
	assert_int_equal(
	    json_read_text(text, strlen(text), 0, &thing_table, JSON_ANY_CASE, "thing", &t, &err),
	    0);
	assert_string_equal(t.id, "x");
	assert_false(t.on);
	json_release(&thing_table, &t);
}

static void arrays_of_structures_are_read(void **state)
{
	AUTO_JSON struct json_doc *doc = must_parse("[{\"name\":\"a\"},{\"name\":\"b\"}]");
	struct err err = ERR_INIT;
	struct part *parts;
	void *items;
	size_t n;

	(void)state;
	assert_int_equal(json_read_items(json_root(doc), &part_table, 0, "parts", &items, &n, &err),
			 0);
	parts = items;
	assert_int_equal(n, 2);
	assert_string_equal(parts[1].name, "b");
	json_release_items(&part_table, items, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_read_is_written_again_in_its_order),
	    cmocka_unit_test(large_integers_stay_exact),
	    cmocka_unit_test(whole_numbers_of_any_size_keep_their_digits),
	    cmocka_unit_test(other_numbers_become_the_shortest_text_of_a_double),
	    cmocka_unit_test(escapes_are_read_and_written_as_go_does),
	    cmocka_unit_test(bytes_that_are_not_utf8_become_the_replacement_character),
	    cmocka_unit_test(malformed_text_is_refused_with_its_place),
	    cmocka_unit_test(errors_do_not_quote_the_text),
	    cmocka_unit_test(a_nul_byte_is_refused),
	    cmocka_unit_test(depth_has_a_limit),
	    cmocka_unit_test(values_have_a_limit_that_is_met_before_memory_is_spent),
	    cmocka_unit_test(repeated_members_are_refused_or_the_last_counts),
	    cmocka_unit_test(repeated_members_are_found_in_large_objects),
	    cmocka_unit_test(a_document_is_edited_and_the_rest_survives),
	    cmocka_unit_test(indents_are_those_of_podman),
	    cmocka_unit_test(values_are_compared),
	    cmocka_unit_test(jansson_keeps_its_functions_of_the_same_names),
	    cmocka_unit_test(a_structure_is_read_and_written_by_table),
	    cmocka_unit_test(empty_fields_are_left_out_or_null),
	    cmocka_unit_test(members_that_a_table_does_not_name_survive_json_put),
	    cmocka_unit_test(errors_name_the_member_at_fault),
	    cmocka_unit_test(names_are_matched_in_any_case_when_asked),
	    cmocka_unit_test(arrays_of_structures_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
