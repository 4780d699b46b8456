#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void assert_place(const char *text, enum transport t, const char *path, const char *name,
			 int64_t index)
{
	AUTO_PLACE struct image_place p = PLACE_INIT;
	struct err err = ERR_INIT;

	if (place_parse(text, &p, &err) != 1)
		fail_msg("%s: %s", text, err.text);
	assert_true(place_is_one(text));
	assert_int_equal(p.transport, t);
	assert_string_equal(p.path ? p.path : "(none)", path);
	assert_string_equal(p.name ? p.name : "(none)", name);
	assert_int_equal(p.index, index);
}

static void places_are_a_transport_a_path_and_a_name(void **state)
{
	(void)state;
	assert_place("dir:/a:b/c", TRANSPORT_DIR, "/a:b/c", "(none)", -1);
	assert_place("oci:x", TRANSPORT_OCI, "x", "(none)", -1);
	assert_place("oci:x:", TRANSPORT_OCI, "x", "(none)", -1);
	assert_place("oci:/a/b:foo:bar", TRANSPORT_OCI, "/a/b", "foo:bar", -1);
	assert_place("oci:x:UP--1_2", TRANSPORT_OCI, "x", "UP--1_2", -1);
	assert_place("oci-archive:a.tar:r.example:5000/x@sha256:1", TRANSPORT_OCI_ARCHIVE, "a.tar",
		     "r.example:5000/x@sha256:1", -1);
	assert_place("oci:x:@3", TRANSPORT_OCI, "x", "(none)", 3);
	assert_place("docker-archive:a.tar", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "(none)", -1);
	assert_place("docker-archive:a.tar:x", TRANSPORT_DOCKER_ARCHIVE, "a.tar",
		     "docker.io/library/x:latest", -1);
	assert_place("docker-archive:a.tar:r.example/x:1", TRANSPORT_DOCKER_ARCHIVE, "a.tar",
		     "r.example/x:1", -1);
	assert_place("docker-archive:a.tar:@0", TRANSPORT_DOCKER_ARCHIVE, "a.tar", "(none)", 0);
	assert_place("containers-storage:x:1", TRANSPORT_STORAGE, "(none)", "docker.io/library/x:1",
		     -1);
}

static void other_words_before_a_colon_are_names_of_images(void **state)
{
	static const char *const texts[] = {"busybox",	  "busybox:1", "docker:latest",
					    "docker://x", "dirs:1",    "r.example:5000/dir:1",
					    "DIR:x",	  ":x"};
	struct image_place p = PLACE_INIT;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(place_parse(texts[i], &p, &err), 0);
		assert_false(place_is_one(texts[i]));
	}
	assert_null(p.path);
}

static void assert_bad(const char *text, int code, const char *why)
{
	struct image_place p = PLACE_INIT;
	struct err err = ERR_INIT;

	if (place_parse(text, &p, &err) != -code)
		fail_msg("%s was accepted, or: %s", text, err.text);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
	assert_null(p.path);
	assert_null(p.name);
}

static void places_that_are_none_are_refused(void **state)
{
	(void)state;
	assert_bad("dir:", ERR_INVALID, "a path is missing");
	assert_bad("oci::x", ERR_INVALID, "a path is missing");
	assert_bad("docker-archive:", ERR_INVALID, "a path is missing");
	assert_bad("oci:x:b%d", ERR_INVALID, "no name of an image");
	assert_bad("oci:x:a\"b", ERR_INVALID, "no name of an image");
	assert_bad("oci:x:a//b", ERR_INVALID, "no name of an image");
	assert_bad("oci:x:a:", ERR_INVALID, "no name of an image");
	assert_bad("oci:x:a---b", ERR_INVALID, "no name of an image");
	assert_bad("oci:x:@", ERR_INVALID, "place in the archive");
	assert_bad("oci:x:@-1", ERR_INVALID, "place in the archive");
	assert_bad("oci-archive:x:@1x", ERR_INVALID, "place in the archive");
	assert_bad("oci:x:@99999999999999999999", ERR_INVALID, "place in the archive");
	assert_bad("docker-archive:a.tar:", ERR_INVALID, "invalid reference format");
	assert_bad("docker-archive:a.tar:UP", ERR_INVALID, "lowercase");
	assert_bad("docker-archive:a:x@sha256:"
		   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		   ERR_INVALID, "not a digest");
	assert_bad("containers-storage:[overlay@/x]y", ERR_UNSUPPORTED, "--root");
}

static void transports_that_kist_has_not_are_named(void **state)
{
	(void)state;
	assert_bad("docker-daemon:x:1", ERR_UNSUPPORTED, "\"docker-daemon:\" is not supported");
	assert_bad("ostree:x", ERR_UNSUPPORTED, "\"ostree:\"");
	assert_bad("sif:x", ERR_UNSUPPORTED, "\"sif:\"");
	assert_bad("tarball:x", ERR_UNSUPPORTED, "\"tarball:\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(places_are_a_transport_a_path_and_a_name),
	    cmocka_unit_test(other_words_before_a_colon_are_names_of_images),
	    cmocka_unit_test(places_that_are_none_are_refused),
	    cmocka_unit_test(transports_that_kist_has_not_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
