#include "text/toml.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct toml *parse(const char *text)
{
	struct toml *t = NULL;
	struct err err = ERR_INIT;

	if (toml_parse("f", text, strlen(text), &t, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return t;
}

static void check_refused(const char *text, const char *message)
{
	struct toml *t = NULL;
	struct err err = ERR_INIT;

	if (toml_parse("f", text, strlen(text), &t, &err) >= 0) {
		toml_free(t);
		fail_msg("accepted: %s", text);
	}
	assert_string_equal(err.text, message);
}

static void check_string(const char *text, const char *value)
{
	AUTO(toml_free_p) struct toml *t = parse(text);
	struct err err = ERR_INIT;
	const char *s = NULL;

	assert_int_equal(toml_get_string(toml_root(t), "k", &s, &err), 1);
	assert_string_equal(s, value);
}

static struct toml_value *only(struct toml *t)
{
	return toml_at(toml_root(t), 0);
}

static void registries_conf_is_read(void **state)
{
	AUTO(toml_free_p)
	struct toml *t = parse("# comment\n"
			       "unqualified-search-registries = [\"a\", 'b', # c\n"
			       "]\n"
			       "[[registry]]\r\n"
			       "location = \"x\"\r\n"
			       "[[registry.mirror]]\n"
			       "insecure = true\n"
			       "[[registry]]\n"
			       "prefix='y'\n"
			       "[aliases]\n"
			       "\"al.pine\" = \"docker.io/library/alpine\"\n");
	AUTO_STRV struct strv list = STRV_INIT;
	struct toml_value *reg = NULL, *mirror = NULL, *v;
	struct err err = ERR_INIT;
	bool b = false;
	const char *s = NULL;

	(void)state;
	assert_int_equal(
	    toml_get_strings(toml_root(t), "unqualified-search-registries", &list, &err), 1);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[1], "b");
	assert_int_equal(toml_get_array(toml_root(t), "registry", &reg, &err), 1);
	assert_int_equal(toml_count(reg), 2);
	assert_int_equal(toml_get_array(toml_at(reg, 0), "mirror", &mirror, &err), 1);
	assert_int_equal(toml_get_bool(toml_at(mirror, 0), "insecure", &b, &err), 1);
	assert_true(b);
	assert_int_equal(toml_get_string(toml_at(reg, 1), "prefix", &s, &err), 1);
	assert_string_equal(s, "y");
	assert_int_equal(toml_get_string(toml_at(reg, 1), "location", &s, &err), 0);
	assert_int_equal(toml_get_table(toml_root(t), "aliases", &v, &err), 1);
	assert_string_equal(toml_key(toml_at(v, 0)), "al.pine");
	assert_string_equal(toml_str(toml_find_key(v, "al.pine")), "docker.io/library/alpine");
	assert_int_equal(toml_line(toml_find_key(v, "al.pine")), 11);
}

static void all_string_forms_are_read(void **state)
{
	(void)state;
	check_string("k = \"a\\tb\\\"\\\\ \\u00e9\\U0001F600\"", "a\tb\"\\ \u00e9\U0001F600");
	check_string("k = 'a\\tb'", "a\\tb");
	check_string("k = \"\"\"\nfirst\nsecond\"\"\"", "first\nsecond");
	check_string("k = \"\"\"a \\\n   \n  b\"\"\"", "a b");
	check_string("k = \"\"\"say \"hi\"\"\"\"\"", "say \"hi\"\"");
	check_string("k = '''\r\nno \\ escape\n''x'''", "no \\ escape\n''x");
	check_string("k = \"\"", "");
	check_string("k = ''''''", "");
}

static void numbers_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} ints[] = {{"k=0", 0},
		    {"k=+99", 99},
		    {"k=-17", -17},
		    {"k=1_000", 1000},
		    {"k=0xDEAD_beef", 0xdeadbeef},
		    {"k=0o755", 0755},
		    {"k=0b1101", 13},
		    {"k=-9223372036854775808", INT64_MIN}};
	static const struct {
		const char *text;
		double value;
	} floats[] = {{"k=3.25", 3.25}, {"k=-0.5e2", -50}, {"k=1e3", 1000}, {"k=6_0.2_5", 60.25}};
	struct err err = ERR_INIT;
	int64_t i = 1;
	double d = 1;
	size_t n;

	(void)state;
	for (n = 0; n < ARRAY_LEN(ints); n++) {
		AUTO(toml_free_p) struct toml *t = parse(ints[n].text);

		assert_int_equal(toml_get_int(toml_root(t), "k", &i, &err), 1);
		assert_true(i == ints[n].value);
		assert_int_equal(toml_get_float(toml_root(t), "k", &d, &err), 1);
	}
	for (n = 0; n < ARRAY_LEN(floats); n++) {
		AUTO(toml_free_p) struct toml *t = parse(floats[n].text);

		assert_int_equal(toml_get_float(toml_root(t), "k", &d, &err), 1);
		assert_true(d == floats[n].value);
	}
	AUTO(toml_free_p) struct toml *t = parse("a = [inf, -inf, nan]");
	assert_true(isinf(toml_float(toml_at(only(t), 1))));
	assert_true(isnan(toml_float(toml_at(only(t), 2))));
}

static void dates_and_times_are_kept_as_text(void **state)
{
	AUTO(toml_free_p)
	struct toml *t =
	    parse("a = [1979-05-27T07:32:00Z, 1979-05-27 00:32:00.999-07:00, 1979-05-27, 07:32:00,"
		  " 1979-05-27T07:32:00 ]");

	(void)state;
	assert_int_equal(toml_count(only(t)), 5);
	assert_int_equal(toml_kind(toml_at(only(t), 0)), TOML_TIME);
	assert_string_equal(toml_str(toml_at(only(t), 1)), "1979-05-27 00:32:00.999-07:00");
	assert_string_equal(toml_str(toml_at(only(t), 3)), "07:32:00");
}

static void dotted_keys_and_headers_make_one_tree(void **state)
{
	AUTO(toml_free_p)
	struct toml *t = parse("a.b.c = 1\n"
			       "a . 'b' .d = 2\n"
			       "[x.y.z]\n"
			       "v = 1\n"
			       "[x]\n"
			       "w = { p.q = 1, p.r = {}, s = [ {t = 5}, [] ] }\n"
			       "[x.y]\n"
			       "u = 2\n");
	struct err err = ERR_INIT;
	int64_t i = 0;

	(void)state;
	assert_int_equal(toml_get_int(toml_root(t), "a.b.d", &i, &err), 1);
	assert_int_equal(i, 2);
	assert_int_equal(toml_get_int(toml_root(t), "x.w.p.q", &i, &err), 1);
	assert_int_equal(toml_get_int(toml_root(t), "x.y.u", &i, &err), 1);
	assert_int_equal(toml_get_int(toml_root(t), "x.y.z.v", &i, &err), 1);
	assert_int_equal(i, 1);
	assert_int_equal(toml_get_int(toml_root(t), "x.y.z.nope.more", &i, &err), 0);
}

static void errors_name_file_line_and_key(void **state)
{
	AUTO(toml_free_p)
	struct toml *t =
	    parse("[storage]\n[[storage.list]]\n\nlocation = 1\nnames = ['a', 2]\n\"o d\" = 1\n");
	AUTO_STRV struct strv list = STRV_INIT;
	struct toml_value *reg = NULL;
	struct err err = ERR_INIT;
	const char *s = "kept";
	int64_t i = 0;

	(void)state;
	assert_int_equal(toml_get_array(toml_root(t), "storage.list", &reg, &err), 1);
	assert_int_equal(toml_get_string(toml_at(reg, 0), "location", &s, &err), -ERR_INVALID);
	assert_string_equal(err.text, "f:4: storage.list.location: expected a string");
	assert_string_equal(s, "kept");
	assert_true(toml_get_strings(toml_at(reg, 0), "names", &list, &err) < 0);
	assert_string_equal(err.text,
			    "f:5: storage.list.names: expected only strings in the array");
	assert_true(toml_get_string(toml_at(reg, 0), "location.x", &s, &err) < 0);
	assert_string_equal(err.text, "f:4: storage.list.location: expected a table");
	assert_true(toml_get_int_range(toml_at(reg, 0), "location", 2, 9, &i, &err) < 0);
	assert_string_equal(err.text, "f:4: storage.list.location: 1 is not between 2 and 9");
	assert_true(toml_error(toml_find_key(toml_at(reg, 0), "o d"), &err, "bad %d", 7) < 0);
	assert_string_equal(err.text, "f:6: storage.list.\"o d\": bad 7");
}

static void syntax_errors_say_what_was_expected(void **state)
{
	(void)state;
	check_refused("a\n", "f:1: expected '=' after the key, found the end of the line");
	check_refused("a = \n", "f:1: a: a value is missing");
	check_refused("a = x\n", "f:1: a: \"x\" is not a value (a string needs quotes)");
	check_refused("a = \"x\n", "f:1: a: the string is not closed");
	check_refused("[t]\na = \"x\\q\"\n", "f:2: t.a: unknown escape \\q");
	check_refused("a = 1 b = 2\n", "f:1: expected the end of the line, found 'b'");
	check_refused("[a\n", "f:1: expected ']', found the end of the line");
	check_refused("[[a]\n", "f:1: expected ']]', found ']'");
	check_refused("a = [1, 2\n\nb = 3\n", "f:3: a: expected ',' or ']', found 'b'");
	check_refused("a = {b = 1,}\n", "f:1: a: expected a key, found '}'");
	check_refused("a = \"\\u0000\"", "f:1: a: a string cannot hold a NUL character");
	check_refused("a = \"\\ud800\"", "f:1: a: U+D800 is not a character");
	check_refused("a = 'x\x01'", "f:1: a: control character 0x01 in a string");
	check_refused("x = 1\na = '\xff'", "f:2: not UTF-8");
	check_refused("= 1", "f:1: expected a key, found '='");
	check_refused("a = 9223372036854775808",
		      "f:1: a: 9223372036854775808 does not fit into 64 bits");
}

static void wrong_numbers_are_refused(void **state)
{
	static const char *const bad[] = {
	    "01",    "1_",  "_1", "1__2", "0x",	 "+0x1", "1.",	       ".5",	   "1.e3",
	    "0x1.8", "--1", "1e", "00.1", "0_0", "inf1", "1979-13-01", "25:00:00", "1979-05-27T"};
	struct err err = ERR_INIT;
	struct toml *t = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_FREE char *text = str_fmt("k = %s\n", bad[i]);

		if (toml_parse("f", text, strlen(text), &t, &err) >= 0)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void nothing_is_defined_twice(void **state)
{
	(void)state;
	check_refused("a = 1\na = 2", "f:2: a: already defined in line 1");
	check_refused("[a]\n[a]", "f:2: a: already defined in line 1");
	check_refused("a.b = 1\n[a]\n", "f:2: a: already defined in line 1");
	check_refused("a = {b = 1}\na.c = 2", "f:2: a: already defined in line 1");
	check_refused("a = {b.c = 1}\n[a.b]", "f:2: a: already defined in line 1");
	check_refused("a = [1]\n[[a]]", "f:2: a: already defined in line 1");
	check_refused("[[a]]\n[a]", "f:2: a: already defined in line 1");
	check_refused("[a.b.c]\nz=1\n[a]\nb.c.t=2", "f:4: a.b.c: already defined in line 1");
	check_refused("a = 1\n[a.b]", "f:2: a: already defined in line 1");
}

static void limits_are_named(void **state)
{
	AUTO_FREE char *big = calloc(1, (1U << 20) + 2);
	AUTO_FREE char *deep = calloc(1, 300);
	struct err err = ERR_INIT;
	struct toml *t = NULL;

	(void)state;
	memset(big, '\n', (1U << 20) + 1);
	assert_int_equal(toml_parse("f", big, (1U << 20) + 1, &t, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "f: larger than 1048576 bytes");
	memset(deep, '[', 299);
	memcpy(deep, "a=", 2);
	assert_int_equal(toml_parse("f", deep, 299, &t, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "f:1: nested deeper than 64");
	for (size_t i = 0; i < 1U << 20; i += 2)
		memcpy(big + i, "1,", 2);
	memcpy(big, "a=[1", 4);
	assert_int_equal(toml_parse("f", big, 1U << 20, &t, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "f:1: more than 65536 values");
}

static void unused_keys_are_listed(void **state)
{
	AUTO(toml_free_p)
	struct toml *t = parse("a = 1\n[b]\nc = 1\nd = 2\n[e.f]\ng = 1\n"
			       "[[h]]\ni = 1\n");
	AUTO_STRV struct strv list = STRV_INIT;
	struct toml_value *h = NULL;
	struct err err = ERR_INIT;
	int64_t i;

	(void)state;
	assert_int_equal(toml_get_int(toml_root(t), "b.c", &i, &err), 1);
	assert_int_equal(toml_get_array(toml_root(t), "h", &h, &err), 1);
	assert_int_equal(toml_get_int(toml_at(h, 0), "j", &i, &err), 0);
	assert_int_equal(toml_unused(t, &list, &err), 0);
	assert_int_equal(list.n, 4);
	assert_string_equal(list.v[0], "f:1: a");
	assert_string_equal(list.v[1], "f:4: b.d");
	assert_string_equal(list.v[2], "f:5: e");
	assert_string_equal(list.v[3], "f:8: h.i");
	toml_use_all(toml_root(t));
	strv_fini(&list);
	assert_int_equal(toml_unused(t, &list, &err), 0);
	assert_int_equal(list.n, 0);
}

static void containers_conf_lists_may_append(void **state)
{
	AUTO(toml_free_p)
	struct toml *t = parse("env = ['A=1', {append=true}]\nx = [{append=1}]\n");
	AUTO_STRV struct strv list = STRV_INIT;
	struct err err = ERR_INIT;
	bool append = false;

	(void)state;
	assert_int_equal(toml_get_strings_append(toml_root(t), "env", &list, &append, &err), 1);
	assert_int_equal(list.n, 1);
	assert_true(append);
	assert_true(toml_get_strings(toml_root(t), "env", &list, &err) < 0);
	assert_true(toml_get_strings_append(toml_root(t), "x", &list, &append, &err) < 0);
	assert_string_equal(err.text, "f:2: x.append: expected true or false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(registries_conf_is_read),
	    cmocka_unit_test(all_string_forms_are_read),
	    cmocka_unit_test(numbers_are_read),
	    cmocka_unit_test(dates_and_times_are_kept_as_text),
	    cmocka_unit_test(dotted_keys_and_headers_make_one_tree),
	    cmocka_unit_test(errors_name_file_line_and_key),
	    cmocka_unit_test(syntax_errors_say_what_was_expected),
	    cmocka_unit_test(wrong_numbers_are_refused),
	    cmocka_unit_test(nothing_is_defined_twice),
	    cmocka_unit_test(limits_are_named),
	    cmocka_unit_test(unused_keys_are_listed),
	    cmocka_unit_test(containers_conf_lists_may_append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
