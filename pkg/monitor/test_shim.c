/* The monitor's pure parts, compiled as ordinary code: log format and frames. */
#include "base/times.h"
#include "shim/frame.h"
#include "shim/klog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define STAMP "2026-11-22T06:48:20.123456789+00:00"

static void stamps_agree_with_the_c_library(void **state)
{
	char got[KLOG_STAMP_LEN + 1] = "", want[64];
	int64_t sec;
	time_t t;
	struct tm tm;

	(void)state;
	for (sec = 0; sec < 7000000000LL; sec += 86399 * 7 + 11) {
		t = (time_t)sec;
		(void)gmtime_r(&t, &tm);
		(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000000042+00:00", &tm);
		klog_stamp(got, sec, 42, 0);
		assert_string_equal(got, want);
	}
	klog_stamp(got, 1795330100, 123456789, -(5 * 3600 + 1800));
	assert_string_equal(got, "2026-11-22T01:18:20.123456789-05:30");
	klog_stamp(got, 1795330100, 0, 9 * 3600);
	assert_string_equal(got, "2026-11-22T15:48:20.000000000+09:00");
}

static void lines_and_parts_get_their_tags(void **state)
{
	static const char want[] = STAMP " stdout F a\n" STAMP " stdout F \n" STAMP " stdout P b\n";
	char out[1024];
	size_t used = 0, n;

	(void)state;
	n = klog_fill(out, sizeof(out), STAMP, false, "a\n\nb", 4, &used);
	assert_int_equal(used, 4);
	assert_int_equal(n, sizeof(want) - 1);
	assert_memory_equal(out, want, n);
	used = 0;
	n = klog_fill(out, sizeof(out), STAMP, true, "x\n", 2, &used);
	assert_memory_equal(out, STAMP " stderr F x\n", n);
}

static void only_whole_entries_fit(void **state)
{
	char out[2 * (KLOG_PREFIX_LEN + 2)];
	size_t used = 0;

	(void)state;
	assert_int_equal(klog_fill(out, sizeof(out), STAMP, false, "a\nb\nc\n", 6, &used),
			 sizeof(out));
	assert_int_equal(used, 4);
	assert_int_equal(klog_fill(out, KLOG_PREFIX_LEN + 1, STAMP, false, "a\nb\nc\n", 6, &used),
			 0);
	assert_int_equal(used, 4);
}

static void long_lines_are_stored_in_parts(void **state)
{
	static const size_t sizes[] = {KLOG_TEXT_MAX - 1, KLOG_TEXT_MAX, KLOG_TEXT_MAX + 1,
				       2 * KLOG_TEXT_MAX, 20000};
	char *data = malloc(20001), *out = malloc(30000);
	size_t i, used, n, entries;
	const char *at;

	(void)state;
	memset(data, 'x', 20001);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		data[sizes[i]] = '\n';
		used = 0;
		n = klog_fill(out, 30000, STAMP, false, data, sizes[i] + 1, &used);
		assert_int_equal(used, sizes[i] + 1);
		for (at = out, entries = 0; at < out + n; entries++) {
			assert_true(memcmp(at + KLOG_STAMP_LEN, " stdout P ", 10) == 0 ||
				    memcmp(at + KLOG_STAMP_LEN, " stdout F ", 10) == 0);
			at = (char *)memchr(at, '\n', (size_t)(out + n - at)) + 1;
			assert_true(at - out <= (ssize_t)n);
		}
		assert_int_equal(entries,
				 sizes[i] / KLOG_TEXT_MAX + (sizes[i] % KLOG_TEXT_MAX > 0));
		assert_int_equal(n, sizes[i] + entries * (KLOG_PREFIX_LEN + 1));
		data[sizes[i]] = 'x';
	}
	free(data);
	free(out);
}

static void frames_are_checked(void **state)
{
	struct frame_small f = frame_make(FRAME_RESIZE);
	char big[FRAME_MESSAGE_MAX + 1];
	struct frame_head head = {FRAME_STDIN, FRAME_BODY_MAX};

	(void)state;
	assert_int_equal(frame_check(&f, frame_size(&f), true), FRAME_RESIZE);
	assert_int_equal(frame_check(&f, frame_size(&f), false), FRAME_BAD);
	assert_int_equal(frame_check(&f, frame_size(&f) - 1, true), FRAME_BAD);
	assert_int_equal(frame_check(&f, 7, true), FRAME_BAD);
	f.head.len = 4;
	assert_int_equal(frame_check(&f, 12, true), FRAME_BAD);
	f.head.type = 999;
	f.head.len = 8;
	assert_int_equal(frame_check(&f, 16, false), FRAME_BAD);
	f.head.type = FRAME_BAD;
	assert_int_equal(frame_check(&f, 16, true), FRAME_BAD);
	memcpy(big, &head, sizeof(head));
	assert_int_equal(frame_check(big, FRAME_MESSAGE_MAX, true), FRAME_STDIN);
	head.len++;
	memcpy(big, &head, sizeof(head));
	assert_int_equal(frame_check(big, sizeof(big), true), FRAME_BAD);
	head.len = 0;
	memcpy(big, &head, sizeof(head));
	assert_int_equal(frame_check(big, sizeof(head), true), FRAME_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stamps_agree_with_the_c_library),
	    cmocka_unit_test(lines_and_parts_get_their_tags),
	    cmocka_unit_test(only_whole_entries_fit),
	    cmocka_unit_test(long_lines_are_stored_in_parts),
	    cmocka_unit_test(frames_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
