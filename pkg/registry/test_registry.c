#include "session.h"

#include "base/auto.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check_reply(const char *body, const char *want, enum err_code code)
{
	char text[REPLY_TEXT_MAX];

	assert_int_equal(reply_parse(body, strlen(body), text), code);
	assert_string_equal(text, want);
}

static void error_bodies_are_shown_in_words(void **state)
{
	(void)state;
	check_reply(
	    "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}",
	    "manifest unknown", ERR_NOT_FOUND);
	check_reply("{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication "
		    "required\",\"detail\":null}]}",
		    "unauthorized: authentication required", ERR_DENIED);
	check_reply("{\"errors\":[{\"code\":\"DENIED\"},{\"message\":\"why\"}]}", "denied, why",
		    ERR_DENIED);
	check_reply("{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}", "name unknown", ERR_NOT_FOUND);
	check_reply("{\"details\":\"incorrect username or password\"}",
		    "incorrect username or password", ERR_NONE);
	check_reply("{\"error\":\"invalid_grant\",\"error_description\":\"expired\"}", "expired",
		    ERR_NONE);
}

static void hostile_error_bodies_do_no_harm(void **state)
{
	(void)state;
	check_reply("", "", ERR_NONE);
	check_reply("<html>", "", ERR_NONE);
	check_reply("[]", "", ERR_NONE);
	check_reply("{\"errors\":{\"code\":5}}", "", ERR_NONE);
	check_reply("{\"errors\":[{\"message\":\"a\\u001b[31mb\\n\"}]}", "a [31mb ", ERR_NONE);
	check_reply("{\"errors\":[{\"code\":\"A\"},{\"code\":\"B\"},{\"code\":\"C\"},{\"code\":"
		    "\"D\"}]}",
		    "a, b, c", ERR_NONE);
}

static int parse_token(const char *text, char **token, uint64_t *seconds)
{
	struct err err = ERR_INIT;

	return token_parse(text, strlen(text), token, seconds, &err);
}

static void token_answers_are_read(void **state)
{
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;
	uint64_t seconds = 0;

	(void)state;
	assert_int_equal(parse_token("{\"token\":\"abc\",\"expires_in\":300}", &a, &seconds), 0);
	assert_string_equal(a, "abc");
	assert_int_equal(seconds, 300);
	assert_int_equal(parse_token("{\"token\":\"\",\"access_token\":\"x\"}", &b, &seconds), 0);
	assert_string_equal(b, "x");
	assert_int_equal(seconds, 60);
}

static void token_that_would_break_a_header_is_refused(void **state)
{
	char *token = NULL;
	uint64_t seconds = 0;

	(void)state;
	assert_int_equal(parse_token("{\"token\":\"a\\r\\nX: y\"}", &token, &seconds),
			 -ERR_INVALID);
	assert_int_equal(parse_token("{\"token\":\"a b\"}", &token, &seconds), -ERR_INVALID);
	assert_int_equal(parse_token("{}", &token, &seconds), -ERR_INVALID);
	assert_int_equal(parse_token("{\"token\":5}", &token, &seconds), -ERR_INVALID);
	assert_null(token);
}

static void base_of(struct registry_session *s, const char *base)
{
	struct err err = ERR_INIT;

	s->base_text = str_dup(str_of(base));
	s->repository = str_dup(str_of("team/app"));
	assert_int_equal(url_parse(base, &s->base, &err), 0);
}

static void addresses_are_built_below_the_repository(void **state)
{
	AUTO(registry_close_p) struct registry_session *s = calloc(1, sizeof(*s));
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;

	(void)state;
	base_of(s, "https://127.0.0.1:5000");
	a = session_url(s, "manifests", "v1");
	b = session_url(s, "blobs/uploads", "");
	assert_string_equal(a, "https://127.0.0.1:5000/v2/team/app/manifests/v1");
	assert_string_equal(b, "https://127.0.0.1:5000/v2/team/app/blobs/uploads/");
}

static void uploads_are_sent_to_the_registry_only(void **state)
{
	static const char *const bad[] = {"http://r.example/v2/x", "https://r.example:444/v2/x",
					  "//evil/v2/x", "https://r.example@evil/", "ftp://x/"};
	AUTO(registry_close_p) struct registry_session *s = calloc(1, sizeof(*s));
	const char *from = "https://r.example/v2/team/app/blobs/uploads/";
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;
	char *none = NULL;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	base_of(s, "https://r.example");
	assert_int_equal(session_own_url(s, from, "7?_state=x%3D", &a, &err), 0);
	assert_string_equal(a, "https://r.example/v2/team/app/blobs/uploads/7?_state=x%3D");
	assert_int_equal(session_own_url(s, from, "https://R.example:443/v2/y", &b, &err), 0);
	assert_string_equal(b, "https://r.example/v2/y");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(session_own_url(s, from, bad[i], &none, &err), -ERR_INVALID);
	assert_null(none);
}

static void user_and_password_become_a_header(void **state)
{
	AUTO(registry_close_p) struct registry_session *s = calloc(1, sizeof(*s));
	const char *header = NULL;
	struct err err = ERR_INIT;

	(void)state;
	s->asked.kind = AUTH_BASIC;
	assert_int_equal(session_auth_header(s, NULL, 0, &header, &err), 0);
	assert_null(header);
	s->user = str_dup(str_of("Aladdin"));
	s->password = str_dup(str_of("open sesame"));
	assert_int_equal(session_auth_header(s, NULL, 0, &header, &err), 0);
	assert_string_equal(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

static void registry_that_does_not_answer_is_named(void **state)
{
	const struct registry_options o = {
	    .host = "127.0.0.1:1", .repository = "a/b", .access = REGISTRY_PULL, .insecure = true};
	const struct registry_options bad = {
	    .host = "127.0.0.1:1", .repository = "a/../b", .access = REGISTRY_PULL};
	struct registry_session *s = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(registry_open(&o, &s, &err), -ERR_NETWORK);
	assert_string_equal(err.text, "connecting to 127.0.0.1:1: connection refused");
	assert_int_equal(registry_open(&bad, &s, &err), -ERR_INVALID);
	assert_null(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(error_bodies_are_shown_in_words),
	    cmocka_unit_test(hostile_error_bodies_do_no_harm),
	    cmocka_unit_test(token_answers_are_read),
	    cmocka_unit_test(token_that_would_break_a_header_is_refused),
	    cmocka_unit_test(addresses_are_built_below_the_repository),
	    cmocka_unit_test(uploads_are_sent_to_the_registry_only),
	    cmocka_unit_test(user_and_password_become_a_header),
	    cmocka_unit_test(registry_that_does_not_answer_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
