#include "base/err.h"
#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check_parse(const char *in, const char *want)
{
	AUTO_URL struct url u = URL_INIT;
	struct err err = ERR_INIT;
	char *text;

	assert_int_equal(url_parse(in, &u, &err), 0);
	text = url_str(&u);
	assert_string_equal(text, want);
	free(text);
}

static void check_resolve(const char *base, const char *ref, const char *want)
{
	AUTO_URL struct url b = URL_INIT;
	AUTO_URL struct url u = URL_INIT;
	struct err err = ERR_INIT;
	char *text;

	assert_int_equal(url_parse(base, &b, &err), 0);
	assert_int_equal(url_resolve(&b, ref, &u, &err), 0);
	text = url_str(&u);
	assert_string_equal(text, want);
	free(text);
}

static void address_is_brought_into_one_form(void **state)
{
	(void)state;
	check_parse("http://Example.COM", "http://example.com/");
	check_parse("HTTPS://example.com:443/v2/?a=b#frag", "https://example.com/v2/?a=b");
	check_parse("https://example.com:80/", "https://example.com:80/");
	check_parse("http://[::1]:5000/v2/", "http://[::1]:5000/v2/");
	check_parse("http://h/a b%20c%zz|", "http://h/a%20b%20c%25zz%7C");
	check_parse("http://h?x=1", "http://h/?x=1");
	check_parse("http://h/?x=%3D", "http://h/?x=%3D");
	check_parse("http://h/?x=%3", "http://h/?x=%253");
	check_parse("http://h\\@evil/", "http://h/%5C@evil/");
}

static void address_that_could_mislead_is_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "ftp://h/",
	    "http:/h/",
	    "//h/",
	    "http://",
	    "http://u:p@h/",
	    "http://h:0/",
	    "http://h:65536/",
	    "http://h:99999999999/",
	    "http://h:/",
	    "http://h:80x/",
	    "http://[::1/",
	    "http://[::g]/",
	    "http://h%2f/",
	    "http://h\n/",
	    "http://h/\r\nX: y",
	    "http://-h/",
	    "http://h o/",
	    "http://[]/",
	    "file:///etc/passwd",
	};
	struct err err = ERR_INIT;
	struct url u = URL_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(url_parse(bad[i], &u, &err), -ERR_INVALID);
	assert_null(u.path);
}

static void relative_address_is_resolved_as_rfc_3986_says(void **state)
{
	static const char base[] = "http://a/b/c/d?q";

	(void)state;
	check_resolve(base, "https://x/y", "https://x/y");
	check_resolve(base, "//g", "http://g/");
	check_resolve(base, "/g", "http://a/g");
	check_resolve(base, "g", "http://a/b/c/g");
	check_resolve(base, "?y", "http://a/b/c/d?y");
	check_resolve(base, "", "http://a/b/c/d?q");
	check_resolve(base, "../g", "http://a/b/g");
	check_resolve(base, "../../../g", "http://a/g");
	check_resolve(base, "..", "http://a/b/");
	check_resolve(base, "./g/.", "http://a/b/c/g/");
	check_resolve(base, "/v2/x/../y?z=/../w", "http://a/v2/y?z=/../w");
	check_resolve("https://a:444/", "/g", "https://a:444/g");
}

static void origin_is_scheme_host_and_port(void **state)
{
	AUTO_URL struct url a = URL_INIT;
	AUTO_URL struct url b = URL_INIT;
	AUTO_URL struct url c = URL_INIT;
	AUTO_URL struct url d = URL_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(url_parse("https://h/a", &a, &err), 0);
	assert_int_equal(url_parse("https://H:443/b", &b, &err), 0);
	assert_int_equal(url_parse("http://h:443/b", &c, &err), 0);
	assert_int_equal(url_parse("https://127.0.0.1:444/", &d, &err), 0);
	assert_true(url_same_origin(&a, &b));
	assert_false(url_same_origin(&a, &c));
	assert_false(url_same_origin(&a, &d));
	assert_true(url_is_loopback(&d));
	assert_false(url_is_loopback(&a));
}

static void query_values_are_encoded(void **state)
{
	AUTO_URL struct url u = URL_INIT;
	struct err err = ERR_INIT;
	char *text;

	(void)state;
	assert_int_equal(url_parse("https://h/token", &u, &err), 0);
	assert_int_equal(url_add_query(&u, "service", "a&b c=\xc3\xa9", &err), 0);
	assert_int_equal(url_add_query(&u, "scope", "repository:x/y:pull,push", &err), 0);
	text = url_str(&u);
	assert_string_equal(text, "https://h/token?service=a%26b%20c%3D%C3%A9"
				  "&scope=repository:x/y:pull,push");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(address_is_brought_into_one_form),
	    cmocka_unit_test(address_that_could_mislead_is_refused),
	    cmocka_unit_test(relative_address_is_resolved_as_rfc_3986_says),
	    cmocka_unit_test(origin_is_scheme_host_and_port),
	    cmocka_unit_test(query_values_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
