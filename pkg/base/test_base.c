#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/times.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void buf_refuses_to_grow_past_its_ceiling(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(8);
	struct err err = ERR_INIT;

	(void)state;
	buf_add(&b, "1234567", 7);
	assert_true(buf_ok(&b));
	buf_addf(&b, "%d", 8);
	assert_true(buf_ok(&b));
	buf_addc(&b, '9');
	assert_false(buf_ok(&b));
	assert_int_equal(buf_check(&b, "it", &err), -ERR_LIMIT);
	assert_string_equal(err.text, "it is larger than 8 bytes");
	assert_null(buf_take(&b));
}

static void error_is_wrapped_and_keeps_its_code(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_sys(&err, ENOSPC, "writing %s", "a"), -ERR_SYS);
	assert_int_equal(err_wrap(&err, "layer %d", 2), -ERR_SYS);
	assert_string_equal(err.text, "layer 2: writing a: No space left on device");
	assert_true(err_is_errno(&err, ENOSPC));
}

static void error_travels_through_a_pipe(void **state)
{
	struct err a = ERR_INIT, b = ERR_INIT;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	(void)err_set(&a, ERR_DENIED, "no");
	err_send(p[1], &a);
	assert_int_equal(err_recv(p[0], &b), 1);
	assert_int_equal(b.code, ERR_DENIED);
	assert_string_equal(b.text, "no");
	a.code = 999;
	err_send(p[1], &a);
	close(p[1]);
	assert_int_equal(err_recv(p[0], &b), 1);
	assert_int_equal(b.code, ERR_BUG);
	assert_int_equal(err_recv(p[0], &b), 0);
	close(p[0]);
}

static void list_grows_and_finds(void **state)
{
	AUTO_STRV struct strv v = STRV_INIT;
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		assert_int_equal(strv_addf(&v, &err, "n%d=%d", i, i), 0);
		assert_null(v.v[v.n]);
	}
	assert_int_equal(strv_find(&v, "n39=39"), 39);
	assert_string_equal(strv_env_get(&v, "n7"), "7");
	assert_int_equal(strv_env_set(&v, "n7=x", &err), 0);
	assert_string_equal(strv_env_get(&v, "n7"), "x");
	assert_int_equal(strv_insert(&v, 0, "first", &err), 0);
	assert_string_equal(v.v[0], "first");
	strv_remove(&v, 0);
	assert_string_equal(v.v[0], "n0=0");
	assert_int_equal(v.n, 40);
}

static void sizes_are_read_as_docker_reads_them(void **state)
{
	struct err err = ERR_INIT;
	uint64_t v;

	(void)state;
	assert_int_equal(parse_size("512m", "--memory", &v, &err), 0);
	assert_int_equal(v, 512ULL << 20);
	assert_int_equal(parse_size("1.5GiB", "--memory", &v, &err), 0);
	assert_int_equal(v, 3ULL << 29);
	assert_int_equal(parse_size("100", "--memory", &v, &err), 0);
	assert_int_equal(v, 100);
	assert_int_equal(parse_size("1x", "--memory", &v, &err), -ERR_INVALID);
	assert_int_equal(parse_size("99999999999g", "--memory", &v, &err), -ERR_INVALID);
	assert_int_equal(parse_size("", "--memory", &v, &err), -ERR_INVALID);
	assert_int_equal(parse_nano("1.5", "--cpus", &v, &err), 0);
	assert_int_equal(v, 1500000000);
	assert_int_equal(parse_nano(".", "--cpus", &v, &err), -ERR_INVALID);
}

static void numbers_outside_their_range_are_refused(void **state)
{
	struct err err = ERR_INIT;
	uint64_t v = 7;
	int64_t i;

	(void)state;
	assert_int_equal(parse_u64("18446744073709551616", "n", 0, UINT64_MAX, &v, &err),
			 -ERR_INVALID);
	assert_int_equal(parse_u64("12a", "n", 0, 99, &v, &err), -ERR_INVALID);
	assert_int_equal(parse_u64("-1", "n", 0, 99, &v, &err), -ERR_INVALID);
	assert_int_equal(v, 7);
	assert_int_equal(parse_i64("-1", "n", -1, 99, &i, &err), 0);
	assert_int_equal(i, -1);
}

static void times_are_read_and_written(void **state)
{
	struct err err = ERR_INIT;
	char out[RFC3339_MAX];
	int64_t t;

	(void)state;
	assert_int_equal(time_parse_rfc3339("2026-11-22T00:45:53.11107932Z", &t, &err), 0);
	assert_string_equal(time_rfc3339(t, out), "2026-11-22T00:45:53.11107932Z");
	assert_int_equal(time_parse_rfc3339("2026-11-22T02:45:53+02:00", &t, &err), 0);
	assert_string_equal(time_rfc3339(t, out), "2026-11-22T00:45:53Z");
	assert_int_equal(time_parse_rfc3339("0001-01-01T00:00:00Z", &t, &err), 0);
	assert_int_equal(t, 0);
	assert_int_equal(time_parse_rfc3339("2026-13-22T00:00:00Z", &t, &err), -ERR_INVALID);
	assert_int_equal(time_parse_duration("1h30m", "d", &t, &err), 0);
	assert_int_equal(t, 5400 * NSEC_PER_SEC);
	assert_int_equal(time_parse_duration("300ms", "d", &t, &err), 0);
	assert_int_equal(t, 300000000);
	assert_int_equal(time_parse_duration("5 apples", "d", &t, &err), -ERR_INVALID);
	assert_int_equal(time_parse_when("0001-01-01", "--since", &t, &err), 0);
	assert_true(t == 0);
	assert_int_equal(time_parse_when("9999-01-01", "--since", &t, &err), -ERR_INVALID);
}

static void human_forms_are_dockers(void **state)
{
	char out[HUMAN_MAX];

	(void)state;
	assert_string_equal(human_size(5035008, out), "5.035MB");
	assert_string_equal(human_size(999, out), "999B");
	assert_string_equal(human_size_short(2141334, " ", out), "2.14 MB");
	assert_string_equal(human_size_short(10240, "", out), "10.2kB");
	assert_string_equal(human_size_short(999400, " ", out), "999 kB");
	assert_string_equal(human_size_short(999999, " ", out), "1 MB");
	assert_string_equal(time_words(90 * NSEC_PER_SEC, out), "About a minute");
	assert_string_equal(time_words(3 * 3600 * NSEC_PER_SEC, out), "3 hours");
	assert_string_equal(time_words(49LL * 3600 * NSEC_PER_SEC, out), "2 days");
}

static void utf8_is_checked(void **state)
{
	(void)state;
	assert_true(str_is_utf8("h\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	assert_false(str_is_utf8("\xff", 1));
	assert_false(str_is_utf8("\xc0\x80", 2));
	assert_false(str_is_utf8("\xed\xa0\x80", 3));
	assert_false(str_is_utf8("\xe2\x82", 2));
}

static void near_names_are_proposed(void **state)
{
	static const char *const names[] = {"run", "rm", "images", "pull"};

	(void)state;
	assert_string_equal(str_nearest("imges", names, 4), "images");
	assert_string_equal(str_nearest("pul", names, 4), "pull");
	assert_null(str_nearest("quux-other", names, 4));
}

static void parts_are_cut(void **state)
{
	struct str rest = str_of("a:b:"), part;

	(void)state;
	part = str_cut(&rest, ':');
	assert_true(str_eq(part, "a"));
	part = str_cut(&rest, ':');
	assert_true(str_eq(part, "b"));
	part = str_cut(&rest, ':');
	assert_true(str_eq(part, ""));
	part = str_cut(&rest, ':');
	assert_null(part.ptr);
}

static void ids_have_their_form(void **state)
{
	char id[ID_HEX_LEN + 1];
	unsigned char raw[32];

	(void)state;
	rand_id(id);
	assert_true(str_is_hex(id, ID_HEX_LEN));
	assert_int_equal(hex_decode(id, raw, 32), 0);
	assert_int_equal(hex_decode("zz", raw, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(buf_refuses_to_grow_past_its_ceiling),
	    cmocka_unit_test(error_is_wrapped_and_keeps_its_code),
	    cmocka_unit_test(error_travels_through_a_pipe),
	    cmocka_unit_test(list_grows_and_finds),
	    cmocka_unit_test(sizes_are_read_as_docker_reads_them),
	    cmocka_unit_test(numbers_outside_their_range_are_refused),
	    cmocka_unit_test(times_are_read_and_written),
	    cmocka_unit_test(human_forms_are_dockers),
	    cmocka_unit_test(utf8_is_checked),
	    cmocka_unit_test(near_names_are_proposed),
	    cmocka_unit_test(parts_are_cut),
	    cmocka_unit_test(ids_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
