#include "base/err.h"
#include "keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct monitor_keys parse(const char *text)
{
	struct monitor_keys k;
	struct err err = ERR_INIT;

	if (monitor_keys_parse(text, &k, &err) < 0)
		fail_msg("%s", err.text);
	return k;
}

/* Types the bytes one at a time; what passed, and whether it detached. */
static bool type(const char *keys, const char *in, char *out, size_t *ret_len)
{
	struct monitor_keys k = parse(keys);
	struct keys_match m = {0};
	size_t n, len = 0;

	for (; *in; in++) {
		if (keys_feed(&m, &k, in, 1, out + len, &n)) {
			*ret_len = len + n;
			return true;
		}
		len += n;
	}
	*ret_len = len + keys_flush(&m, &k, out + len);
	return false;
}

static void expect(const char *keys, const char *in, bool detach, const char *passed)
{
	struct monitor_keys k = parse(keys);
	struct keys_match m = {0};
	char out[64];
	size_t n;

	assert_int_equal(type(keys, in, out, &n), detach);
	assert_int_equal(n, strlen(passed));
	assert_memory_equal(out, passed, n);
	/* and all at once */
	assert_int_equal(keys_feed(&m, &k, in, strlen(in), out, &n), detach);
	n += detach ? 0 : keys_flush(&m, &k, out + n);
	assert_int_equal(n, strlen(passed));
	assert_memory_equal(out, passed, n);
}

static void the_sequence_detaches_and_all_else_passes(void **state)
{
	(void)state;
	expect("ctrl-p,ctrl-q", "ab\x10\x11zz", true, "ab");
	expect("ctrl-p,ctrl-q", "a\x10x\x11", false, "a\x10x\x11");
	expect("ctrl-p,ctrl-q", "a\x10\x10\x11", true, "a\x10");
	expect("ctrl-p,ctrl-q", "a\x10", false, "a\x10");
	expect("a,b,a,b,c", "abababc", true, "ab");
	expect("a,a,b", "aaaab", true, "aa");
	expect("a,a,b", "aacaab-", true, "aac");
}

static void no_keys_never_detach(void **state)
{
	(void)state;
	expect("", "\x10\x11", false, "\x10\x11");
}

static void keys_are_read_as_podman_reads_them(void **state)
{
	struct monitor_keys k = parse("ctrl-@,ctrl-a,ctrl-],z,ctrl-_");
	static const unsigned char want[] = {0, 1, 29, 'z', 31};

	(void)state;
	assert_int_equal(k.n, sizeof(want));
	assert_memory_equal(k.key, want, sizeof(want));
}

static void wrong_keys_are_refused(void **state)
{
	static const char *const wrong[] = {
	    "ctrl-",   "ctrl-P",   "ab",
	    "a,,b",    "a,",	   "ctrl-1",
	    "ctrl-pp", "\xc3\xa9", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"};
	struct monitor_keys k = {.n = 77};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(monitor_keys_parse(wrong[i], &k, &err), -ERR_INVALID);
		assert_int_equal(k.n, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_sequence_detaches_and_all_else_passes),
	    cmocka_unit_test(no_keys_never_detach),
	    cmocka_unit_test(keys_are_read_as_podman_reads_them),
	    cmocka_unit_test(wrong_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
