#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/image.h"
#include "spec/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRY(digest, notes) "{\"mediaType\":\"m\",\"digest\":\"" digest "\",\"size\":7" notes "}"
#define NAMED(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"

/* Adds to what text says, and compares what is written. */
static void assert_added(const char *text, const char *digest, const char *name, const char *want)
{
	const struct layout_image image = {"m", digest, 7, name};
	AUTO_BUF struct buf out = BUF_INIT(MANIFEST_SIZE_MAX);
	AUTO_LAYOUT struct layout *x = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(layout_new(text, text ? strlen(text) : 0, &x, &err), 0);
	assert_int_equal(layout_add(x, &image, &err), 0);
	assert_int_equal(layout_write(x, &out, &err), 0);
	assert_string_equal(buf_str(&out), want);
}

static void an_index_begins_with_its_first_image(void **state)
{
	(void)state;
	assert_added(NULL, "d", NULL, "{\"schemaVersion\":2,\"manifests\":[" ENTRY("d", "") "]}");
	assert_added(NULL, "d", "a:1",
		     "{\"schemaVersion\":2,\"manifests\":[" ENTRY("d", NAMED("a:1")) "]}");
	assert_added("{}", "d", NULL, "{\"manifests\":[" ENTRY("d", "") "]}");
}

static void what_others_wrote_stays(void **state)
{
	(void)state;
	assert_added("{\"x\":{\"y\":1},\"manifests\":[{\"digest\":\"e\",\"z\":[]}],\"t\":2}", "d",
		     "n",
		     "{\"x\":{\"y\":1},\"manifests\":[{\"digest\":\"e\",\"z\":[]}," ENTRY(
			 "d", NAMED("n")) "],\"t\":2}");
}

static void a_name_belongs_to_one_image(void **state)
{
	(void)state;
	assert_added("{\"manifests\":[" ENTRY("e", NAMED("n")) "]}", "d", "n",
		     "{\"manifests\":[" ENTRY("e", "") "," ENTRY("d", NAMED("n")) "]}");
	assert_added("{\"manifests\":[" ENTRY("d", NAMED("n")) "]}", "d", "n",
		     "{\"manifests\":[" ENTRY("d", NAMED("n")) "]}");
	assert_added("{\"manifests\":[" ENTRY("d", NAMED("n")) "]}", "d", "m",
		     "{\"manifests\":[" ENTRY("d", NAMED("n")) "," ENTRY("d", NAMED("m")) "]}");
}

static void an_image_without_a_name_is_there_once(void **state)
{
	(void)state;
	assert_added("{\"manifests\":[" ENTRY("d", "") "," ENTRY("e", "") "]}", "d", NULL,
		     "{\"manifests\":[" ENTRY("e", "") "," ENTRY("d", "") "]}");
}

static void assert_refused(const char *text, const char *why)
{
	AUTO_LAYOUT struct layout *x = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(layout_new(text, strlen(text), &x, &err), -ERR_INVALID);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
	assert_null(x);
}

static void an_index_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_refused("", "index.json");
	assert_refused("[]", "expected an object");
	assert_refused("{\"manifests\":{}}", "expected an array");
	assert_refused("{\"manifests\":[]} x", "index.json");
}

static void entries_that_are_none_do_no_harm(void **state)
{
	(void)state;
	assert_added(
	    "{\"manifests\":[1,null,\"x\",[],{\"annotations\":[]}]}", "d", "n",
	    "{\"manifests\":[1,null,\"x\",[],{\"annotations\":[]}," ENTRY("d", NAMED("n")) "]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_index_begins_with_its_first_image),
	    cmocka_unit_test(what_others_wrote_stays),
	    cmocka_unit_test(a_name_belongs_to_one_image),
	    cmocka_unit_test(an_image_without_a_name_is_there_once),
	    cmocka_unit_test(an_index_that_is_none_is_refused),
	    cmocka_unit_test(entries_that_are_none_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
