#include "family.h"
#include "base/err.h"
#include "spec/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD                                                                                       \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_"     \
	"ids\":["
#define MIDDLE "]},\"history\":["
#define ONE "{\"created\":\"2026-01-02T03:04:05Z\",\"created_by\":\"x\"}"
#define TWO ",{\"created_by\":\"y\"}"
#define LABEL ",{\"created_by\":\"LABEL\",\"empty_layer\":true}"
#define END "]}"

static bool is_parent(const char *parent, const char *child)
{
	AUTO_IMAGE_CONFIG struct image_config p = {0}, c = {0};
	struct err err = ERR_INIT;

	if (image_config_read(parent, strlen(parent), &p, &err) < 0 ||
	    image_config_read(child, strlen(child), &c, &err) < 0)
		fail_msg("%s", err.text);
	return family_is_parent(&p, &c);
}

static void a_child_has_one_entry_of_history_more(void **state)
{
	const char *base = HEAD "\"" A "\"" MIDDLE ONE END;

	(void)state;
	assert_true(is_parent(base, HEAD "\"" A "\",\"" B "\"" MIDDLE ONE TWO END));
	assert_true(is_parent(base, HEAD "\"" A "\"" MIDDLE ONE LABEL END));
	assert_false(is_parent(base, base));
	assert_false(is_parent(base, HEAD "\"" A "\",\"" B "\"" MIDDLE ONE TWO LABEL END));
	assert_false(is_parent(HEAD "\"" A "\",\"" B "\"" MIDDLE ONE TWO END, base));
}

static void layers_and_history_must_agree(void **state)
{
	const char *base = HEAD "\"" A "\"" MIDDLE ONE END;

	(void)state;
	assert_false(is_parent(base, HEAD "\"" B "\",\"" A "\"" MIDDLE ONE TWO END));
	assert_false(
	    is_parent(base, HEAD "\"" A "\",\"" B "\"" MIDDLE "{\"created_by\":\"x\"}" TWO END));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_child_has_one_entry_of_history_more),
	    cmocka_unit_test(layers_and_history_must_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
