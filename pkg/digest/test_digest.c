#include "base/auto.h"
#include "base/err.h"
#include "digest/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void sha256_of_known_texts(void **state)
{
	struct err err = ERR_INIT;
	char text[SHA256_TEXT_MAX];
	uint8_t d[SHA256_LEN];

	(void)state;
	assert_int_equal(sha256_once("abc", 3, d, &err), 0);
	assert_string_equal(sha256_text(d, text), ABC);
	assert_int_equal(sha256_once("", 0, d, &err), 0);
	assert_string_equal(sha256_text(d, text), EMPTY);
}

static void sha256_goes_on_in_parent_and_child_after_fork(void **state)
{
	AUTO(sha256_free_p) struct sha256 *h = NULL;
	struct err err = ERR_INIT;
	char text[SHA256_TEXT_MAX];
	uint8_t d[SHA256_LEN];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(sha256_new(&h, &err), 0);
	sha256_update(h, "ab", 2);
	pid = fork();
	sha256_tap(h, "c", 1);
	assert_int_equal(sha256_final(h, d, &err), 0);
	if (pid == 0)
		_exit(strcmp(sha256_text(d, text), ABC) == 0 ? 0 : 1);
	assert_string_equal(sha256_text(d, text), ABC);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	sha256_update(h, "abc", 3);
	assert_int_equal(sha256_final(h, d, &err), 0);
	assert_string_equal(sha256_text(d, text), ABC);
}

static void sha256_of_a_descriptor_counts_its_bytes(void **state)
{
	struct err err = ERR_INIT;
	char text[SHA256_TEXT_MAX];
	uint8_t d[SHA256_LEN];
	uint64_t size = 0;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "abc", 3), 3);
	close(p[1]);
	assert_int_equal(sha256_fd(p[0], "pipe", d, &size, &err), 0);
	assert_int_equal(size, 3);
	assert_string_equal(sha256_text(d, text), ABC);
	close(p[0]);
	assert_true(sha256_fd(p[0], "closed", d, &size, &err) < 0);
	assert_string_equal(err.text, "reading closed: Bad file descriptor");
}

static void digest_text_is_parsed_strictly(void **state)
{
	struct err err = ERR_INIT;
	uint8_t d[SHA256_LEN] = {0};

	(void)state;
	assert_int_equal(sha256_parse(ABC, d, &err), 0);
	assert_int_equal(d[0], 0xba);
	assert_int_equal(sha256_parse(ABC "0", d, &err), -ERR_INVALID);
	assert_int_equal(sha256_parse("sha512:00", d, &err), -ERR_INVALID);
	assert_int_equal(sha256_parse("", d, &err), -ERR_INVALID);
	assert_int_equal(d[0], 0xba);
}

static uint64_t crc_bitwise(const uint8_t *p, size_t n)
{
	uint64_t c = ~0ULL;
	int i;

	for (; n > 0; p++, n--) {
		c ^= *p;
		for (i = 0; i < 8; i++)
			c = c >> 1 ^ (c & 1 ? 0xd800000000000000ULL : 0);
	}
	return ~c;
}

static void crc64_of_known_texts(void **state)
{
	(void)state;
	assert_true(crc64_iso(0, "123456789", 9) == 0xb90956c775a41001ULL);
	assert_true(crc64_iso(0, "3\n", 2) == 0x6130400000000000ULL);
	assert_true(crc64_iso(0, "", 0) == 0);
}

static void crc64_equals_the_bitwise_definition_at_all_lengths_and_cuts(void **state)
{
	uint8_t data[700];
	size_t n, cut;

	(void)state;
	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)((n * 2654435761U) >> 13 ^ n);
	for (n = 0; n < sizeof(data); n++)
		assert_true(crc64_iso(0, data, n) == crc_bitwise(data, n));
	for (cut = 0; cut < sizeof(data); cut += 7)
		assert_true(crc64_iso(crc64_iso(0, data, cut), data + cut, sizeof(data) - cut) ==
			    crc_bitwise(data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_of_known_texts),
	    cmocka_unit_test(sha256_goes_on_in_parent_and_child_after_fork),
	    cmocka_unit_test(sha256_of_a_descriptor_counts_its_bytes),
	    cmocka_unit_test(digest_text_is_parsed_strictly),
	    cmocka_unit_test(crc64_of_known_texts),
	    cmocka_unit_test(crc64_equals_the_bitwise_definition_at_all_lengths_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
