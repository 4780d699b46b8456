#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/archive.h"

static int read_index(const char *text, struct archive_index *x, struct err *err)
{
	return archive_index_read(text, strlen(text), x, err);
}

static void docker_index_is_read_and_written_as_podman_writes_it(void **state)
{
	const char *text = "[{\"Config\":\"c.json\",\"RepoTags\":[\"localhost/e:1\"],"
			   "\"Layers\":[\"a.tar\",\"b.tar\"]}]";
	AUTO_ARCHIVE_INDEX struct archive_index x = {0};
	AUTO_BUF struct buf out = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_index(text, &x, &err), 0);
	assert_int_equal(x.n, 1);
	assert_string_equal(x.images[0].layers.v[1], "b.tar");
	assert_int_equal(archive_index_write(&x, &out, &err), 0);
	assert_string_equal(buf_str(&out), text);
}

static void paths_that_leave_the_archive_are_refused(void **state)
{
	static const char *const bad[] = {
	    "[{\"Config\":\"../c.json\",\"Layers\":[]}]",
	    "[{\"Config\":\"a/../../c.json\",\"Layers\":[]}]",
	    "[{\"Config\":\"c.json\",\"Layers\":[\"x/../..\"]}]",
	    "[{\"Config\":\"\",\"Layers\":[]}]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO_ARCHIVE_INDEX struct archive_index x = {0};
		struct err err = ERR_INIT;

		assert_int_equal(read_index(bad[i], &x, &err), -ERR_INVALID);
	}
}

static void an_index_without_images_or_with_too_many_layers_is_refused(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);
	AUTO_ARCHIVE_INDEX struct archive_index x = {0};
	struct err err = ERR_INIT;
	int i;

	(void)state;
	assert_int_equal(read_index("[]", &x, &err), -ERR_INVALID);
	assert_int_equal(read_index("{}", &x, &err), -ERR_INVALID);
	buf_adds(&text, "[{\"Config\":\"c\",\"Layers\":[");
	for (i = 0; i <= IMAGE_LAYERS_MAX; i++)
		buf_addf(&text, "%s\"l%d\"", i ? "," : "", i);
	buf_adds(&text, "]}]");
	assert_int_equal(read_index(buf_str(&text), &x, &err), -ERR_LIMIT);
}

static void member_names_are_cleaned_and_links_resolved_within_the_archive(void **state)
{
	static const struct {
		const char *name, *from, *want;
	} cases[] = {
	    {"./a//b", NULL, "a/b"},
	    {"/abs", NULL, "abs"},
	    {"../x.tar", "id/layer.tar", "x.tar"},
	    {"../../x", "id/layer.tar", NULL},
	    {"/x", "id/layer.tar", "x"},
	    {".", NULL, NULL},
	    {"..", NULL, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *got = archive_path(cases[i].name, cases[i].from);

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].want);
	}
}

static void the_layout_file_must_have_a_known_version(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(oci_layout_check(OCI_LAYOUT, strlen(OCI_LAYOUT), &err), 0);
	assert_int_equal(oci_layout_check("{\"imageLayoutVersion\":\"2.0\"}", 28, &err),
			 -ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(docker_index_is_read_and_written_as_podman_writes_it),
	    cmocka_unit_test(paths_that_leave_the_archive_are_refused),
	    cmocka_unit_test(an_index_without_images_or_with_too_many_layers_is_refused),
	    cmocka_unit_test(member_names_are_cleaned_and_links_resolved_within_the_archive),
	    cmocka_unit_test(the_layout_file_must_have_a_known_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
