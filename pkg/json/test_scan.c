#include "scan.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_values(const char *text, size_t want)
{
	assert_int_equal(json_scan_values(text, strlen(text)), want);
}

static void values_are_counted(void **state)
{
	(void)state;
	assert_values("1", 1);
	assert_values(" [ ] ", 1);
	assert_values("{}", 1);
	assert_values("[[],{}]", 3);
	assert_values("{\"a\":[1,2,{\"b\":null}],\"c\":\"[,\\\",{\"}", 7);
	assert_values("[\"\"]", 2);
}

static void assert_marked(const char *text, const char *want)
{
	char copy[128];

	memcpy(copy, text, strlen(text) + 1);
	json_scan_mark(copy, strlen(text));
	assert_string_equal(copy, want);
}

static void only_whole_numbers_that_do_not_fit_are_marked(void **state)
{
	(void)state;
	assert_marked("9223372036854775807", "9223372036854775807");
	assert_marked("-9223372036854775808", "-9223372036854775808");
	assert_marked("[9223372036854775808]", "[\"\\u0000000000001\"  ]");
	assert_marked("[-9223372036854775809]", "[\"\\u0000000000001\"   ]");
	assert_marked("\"9223372036854775808\\\"\"", "\"9223372036854775808\\\"\"");
	assert_marked("9223372036854775808.5", "9223372036854775808.5");
	assert_marked("0.9223372036854775808", "0.9223372036854775808");
	assert_marked("09223372036854775808", "09223372036854775808");
	assert_marked("\"\\u0000\\\\u0000", "\"\\x0000\\\\u0000");
}

static void a_mark_leads_to_the_number(void **state)
{
	static const char text[] = "[9223372036854775808]";
	struct str s;

	(void)state;
	assert_true(json_scan_unmark("\0000000000001", 10, text, strlen(text), &s));
	assert_int_equal(s.len, 19);
	assert_ptr_equal(s.ptr, text + 1);
	assert_false(json_scan_unmark("0000000001", 10, text, strlen(text), &s));
	assert_false(json_scan_unmark("\000000000099", 10, text, strlen(text), &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_counted),
	    cmocka_unit_test(only_whole_numbers_that_do_not_fit_are_marked),
	    cmocka_unit_test(a_mark_leads_to_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
