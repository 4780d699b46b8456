#include "base/auto.h"
#include "base/err.h"
#include "spec/digest.h"
#include "spec/ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

static void assert_normalised(const char *text, const char *full, const char *familiar)
{
	AUTO_REF struct ref r = REF_INIT;
	AUTO_FREE char *s = NULL, *f = NULL;
	struct err err = ERR_INIT;

	if (ref_parse(text, &r, &err) < 0)
		fail_msg("%s", err.text);
	s = ref_string(&r);
	f = ref_familiar(&r);
	assert_string_equal(s, full);
	assert_string_equal(f, familiar);
}

static void names_are_normalised_as_docker_does(void **state)
{
	(void)state;
	assert_normalised("busybox", "docker.io/library/busybox", "busybox");
	assert_normalised("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36");
	assert_normalised("user/app", "docker.io/user/app", "user/app");
	assert_normalised("index.docker.io/busybox", "docker.io/library/busybox", "busybox");
	assert_normalised("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b");
	assert_normalised("localhost/x", "localhost/x", "localhost/x");
	assert_normalised("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000");
	assert_normalised("localhost:5000/a/b:t@" DIGEST, "localhost:5000/a/b:t@" DIGEST,
			  "localhost:5000/a/b:t@" DIGEST);
	assert_normalised("reg.example.com/a__b/c.d/e--f", "reg.example.com/a__b/c.d/e--f",
			  "reg.example.com/a__b/c.d/e--f");
	assert_normalised("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x");
	assert_normalised("docker.io/x.y/z", "docker.io/x.y/z", "docker.io/x.y/z");
	assert_normalised("docker://UPPER.example/x", "UPPER.example/x", "UPPER.example/x");
}

static void assert_bad(const char *text, const char *why)
{
	AUTO_REF struct ref r = REF_INIT;
	struct err err = ERR_INIT;

	if (ref_parse(text, &r, &err) == 0)
		fail_msg("%s was accepted", text);
	assert_int_equal(err.code, ERR_INVALID);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
	assert_null(r.path);
}

static void malformed_references_are_refused_in_podmans_words(void **state)
{
	static const char *const bad[] = {
	    "",		  "/",	    ":",	   "foo:",	":x",
	    "a//b",	  "a/",	    "/a",	   "a:b:c/d:e", "-a",
	    "a-",	  "a..b",   "a___b",	   "a:-x",	"a:t@",
	    "a@sha256:",  "a@x",    "a@sha256:12", "x:lat@est", "exa mple.com/x",
	    "x.y:port/z", "x.-y/z", "[::1/x",	   "[::1]x/y",	"h.x:123456/x",
	    "a:\xff",	  "a\nb",
	};
	char longest[300];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_bad(bad[i], "invalid reference format");
	assert_bad("Foo", "repository name must be lowercase");
	assert_bad("reg.example/Foo", "repository name must be lowercase");
	assert_bad(HEX64, "64 hexadecimal digits");
	assert_bad("a@sha512:" HEX64 HEX64, "algorithm sha512 is not supported");
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	assert_bad(longest, "must not be more than 255 characters");
	memset(longest, 'a', sizeof(longest));
	longest[0] = 'x';
	longest[1] = ':';
	longest[2 + 129] = '\0';
	assert_bad(longest, "invalid reference format");
	longest[2 + 128] = '\0';
	assert_true(ref_is_short(longest));
}

static void short_names_are_told_apart(void **state)
{
	AUTO_REF struct ref r = REF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(ref_is_short("busybox"));
	assert_true(ref_is_short("user/app:1"));
	assert_true(ref_is_short("localhost:5000"));
	assert_false(ref_is_short("localhost/x"));
	assert_false(ref_is_short("docker.io/busybox"));
	assert_false(ref_is_short("not a reference"));
	assert_int_equal(ref_parse_given("a/b:t", &r, &err), 0);
	assert_null(r.domain);
	assert_string_equal(r.path, "a/b");
}

static void tag_and_digest_have_their_rules(void **state)
{
	AUTO_REF struct ref r = REF_INIT, c = REF_INIT;
	struct err err = ERR_INIT;
	AUTO_FREE char *name = NULL;

	(void)state;
	assert_int_equal(ref_parse("x", &r, &err), 0);
	assert_int_equal(ref_add_latest(&r, &err), 0);
	assert_string_equal(r.tag, "latest");
	assert_int_equal(ref_copy(&c, &r, &err), 0);
	assert_true(ref_equal(&c, &r));
	name = ref_name(&r);
	assert_string_equal(name, "docker.io/library/x");
	ref_fini(&r);
	assert_int_equal(ref_parse("x:1@" DIGEST, &r, &err), 0);
	assert_int_equal(ref_add_latest(&r, &err), 0);
	ref_drop_tag_of_digest(&r);
	assert_null(r.tag);
	assert_string_equal(r.digest, DIGEST);
	assert_false(ref_equal(&c, &r));
	assert_true(ref_is_tag("v1.0_x-y"));
	assert_false(ref_is_tag("-v"));
	assert_false(ref_is_tag(""));
}

static void digests_are_checked(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(digest_check(DIGEST, "d", &err), 0);
	assert_string_equal(digest_hex(DIGEST), HEX64);
	assert_int_equal(digest_check("sha512:" HEX64 HEX64, "d", &err), -ERR_UNSUPPORTED);
	assert_int_equal(digest_check("sha256:ABC", "d", &err), -ERR_INVALID);
	assert_int_equal(digest_check("../../etc", "d", &err), -ERR_INVALID);
	assert_int_equal(digest_check("", "d", &err), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_normalised_as_docker_does),
	    cmocka_unit_test(malformed_references_are_refused_in_podmans_words),
	    cmocka_unit_test(short_names_are_told_apart),
	    cmocka_unit_test(tag_and_digest_have_their_rules),
	    cmocka_unit_test(digests_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
