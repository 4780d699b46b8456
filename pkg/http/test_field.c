#include "base/err.h"
#include "http/field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void challenge_of_a_token_server_is_read(void **state)
{
	const char *f = "Bearer realm=\"https://auth.example/token\",service=\"reg \\\"x\\\"\", "
			"scope=\"repository:a/b:pull,push\"";
	struct http_challenge c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(http_challenge_next(&f, &c, &err), 1);
	assert_string_equal(c.scheme, "bearer");
	assert_string_equal(http_challenge_get(&c, "realm"), "https://auth.example/token");
	assert_string_equal(http_challenge_get(&c, "service"), "reg \"x\"");
	assert_string_equal(http_challenge_get(&c, "scope"), "repository:a/b:pull,push");
	assert_null(http_challenge_get(&c, "error"));
	http_challenge_fini(&c);
	assert_int_equal(http_challenge_next(&f, &c, &err), 0);
}

static void several_challenges_in_one_field_are_told_apart(void **state)
{
	const char *f = " , Negotiate abc==, Basic realm = x ,charset=\"UTF-8\" , Bearer realm=y";
	struct http_challenge c;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(http_challenge_next(&f, &c, &err), 1);
	assert_string_equal(c.scheme, "negotiate");
	assert_string_equal(c.token68, "abc==");
	http_challenge_fini(&c);
	assert_int_equal(http_challenge_next(&f, &c, &err), 1);
	assert_string_equal(c.scheme, "basic");
	assert_string_equal(http_challenge_get(&c, "realm"), "x");
	assert_string_equal(http_challenge_get(&c, "charset"), "UTF-8");
	http_challenge_fini(&c);
	assert_int_equal(http_challenge_next(&f, &c, &err), 1);
	assert_string_equal(c.scheme, "bearer");
	http_challenge_fini(&c);
	assert_int_equal(http_challenge_next(&f, &c, &err), 0);
}

static void malformed_challenges_are_refused(void **state)
{
	static const char *const bad[] = {"\"x\"", "Basic realm=\"x", "Basic realm=\"x\" y",
					  "B@sic"};
	struct http_challenge c;
	struct err err = ERR_INIT;
	const char *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = bad[i];
		assert_int_equal(http_challenge_next(&f, &c, &err), -ERR_INVALID);
		assert_ptr_equal(f, bad[i]);
	}
}

static void content_range_is_read_exactly(void **state)
{
	static const char *const bad[] = {"bytes 5-4/10",
					  "bytes 0-9/9",
					  "bytes */10",
					  "bytes 0-9",
					  "items 0-9/10",
					  "bytes -9/10",
					  "bytes 0-/10",
					  "bytes 0-9/x",
					  "bytes 0-99999999999999999999/*",
					  ""};
	uint64_t first = 7, last = 7;
	int64_t total = 7;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(http_content_range(bad[i], &first, &last, &total, &err),
				 -ERR_INVALID);
	assert_int_equal(first, 7);
	assert_int_equal(http_content_range("bytes 100-299/300", &first, &last, &total, &err), 0);
	assert_int_equal(first, 100);
	assert_int_equal(last, 299);
	assert_int_equal(total, 300);
	assert_int_equal(http_content_range("Bytes  0-0/*", &first, &last, &total, &err), 0);
	assert_int_equal(total, -1);
}

static void next_link_is_found_among_others(void **state)
{
	struct err err = ERR_INIT;
	char *next = NULL;

	(void)state;
	assert_int_equal(http_link_next("<a>; rel=prev, </v2/x/tags/list?last=z,y&n=2>; "
					"title=\"a,b\"; REL=\"foo next\"",
					&next, &err),
			 1);
	assert_string_equal(next, "/v2/x/tags/list?last=z,y&n=2");
	free(next);
	assert_int_equal(http_link_next("<a>; rel=prev", &next, &err), 0);
	assert_int_equal(http_link_next("", &next, &err), 0);
	assert_int_equal(http_link_next("<a; rel=next", &next, &err), -ERR_INVALID);
	assert_int_equal(http_link_next("a; rel=next", &next, &err), -ERR_INVALID);
	assert_int_equal(http_link_next("<a> x", &next, &err), -ERR_INVALID);
}

static void retry_after_takes_seconds_and_dates(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after("7"), 7);
	assert_int_equal(http_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), 0);
	assert_int_equal(http_retry_after("soon"), -1);
	assert_int_equal(http_retry_after("-1"), -1);
	assert_int_equal(http_retry_after("Wed, 21 Oct 9999 07:28:00 GMT"), 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(challenge_of_a_token_server_is_read),
	    cmocka_unit_test(several_challenges_in_one_field_are_told_apart),
	    cmocka_unit_test(malformed_challenges_are_refused),
	    cmocka_unit_test(content_range_is_read_exactly),
	    cmocka_unit_test(next_link_is_found_among_others),
	    cmocka_unit_test(retry_after_takes_seconds_and_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
