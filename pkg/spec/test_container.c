#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"
#include "spec/labels.h"
#include "spec/platform.h"
#include "spec/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char record[] =
    "{\"version\":1,\"id\":\"ab\",\"name\":\"web\",\"createdAt\":\"2026-11-22T06:48:20.5Z\","
    "\"image\":{\"id\":\"cd\",\"name\":\"nginx\",\"digest\":\"sha256:x\",\"topLayer\":\"ef\"},"
    "\"process\":{\"args\":[\"sh\",\"-c\",\"a<b\"],\"env\":[\"A=b\"],\"cwd\":\"/\","
    "\"terminal\":true,\"stopTimeout\":10,\"later\":[1]},\"hostname\":\"h\","
    "\"network\":\"private\",\"mounts\":[{\"type\":\"bind\",\"source\":\"/a\","
    "\"destination\":\"/b\",\"options\":[\"ro\"]}],"
    "\"resources\":{\"memory\":1073741824,\"pidsLimit\":-1},"
    "\"log\":{\"driver\":\"k8s-file\",\"path\":\"/l\"},\"labels\":{\"k\":\"v\"},"
    "\"future\":{\"x\":18446744073709551615}}\n";

static void the_record_survives_reading_and_writing(void **state)
{
	AUTO_CONTAINER_DEF struct container_def d = CONTAINER_DEF_INIT;
	AUTO_BUF struct buf out = BUF_INIT(CONTAINER_SIZE_MAX);
	struct err err = ERR_INIT;

	(void)state;
	if (container_def_read(record, strlen(record), "container.json", &d, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(d.process.args.v[2], "a<b");
	assert_string_equal(d.log_path, "/l");
	assert_int_equal(d.resources.memory, 1 << 30);
	assert_string_equal(d.extra, "{\"future\":{\"x\":18446744073709551615}}");
	assert_int_equal(container_def_write(&d, &out, &err), 0);
	assert_string_equal(buf_str(&out), record);
}

static void mounts_are_added(void **state)
{
	AUTO_CONTAINER_DEF struct container_def d = CONTAINER_DEF_INIT;
	AUTO_STRV struct strv options = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(strv_add(&options, "ro", &err), 0);
	assert_int_equal(container_def_add_mount(&d, "tmpfs", NULL, "/t", NULL, &err), 0);
	assert_int_equal(container_def_add_mount(&d, "bind", "/a", "/b", &options, &err), 0);
	assert_int_equal(d.n_mounts, 2);
	assert_string_equal(d.mounts[1].options.v[0], "ro");
}

static void records_that_are_wrong_or_newer_are_refused(void **state)
{
	static const char newer[] = "{\"version\":2,\"id\":{}}", none[] = "{\"id\":\"a\"}";
	struct container_def d = CONTAINER_DEF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(container_def_read(newer, strlen(newer), "c", &d, &err), -ERR_UNSUPPORTED);
	assert_int_equal(container_def_read(none, strlen(none), "c", &d, &err), -ERR_INVALID);
	assert_string_equal(err.text, "c: /version: missing");
	assert_int_equal(container_def_read(record, strlen(record) / 2, "c", &d, &err),
			 -ERR_INVALID);
}

static void container_names_are_checked(void **state)
{
	struct err err = ERR_INIT;
	char longest[300];

	(void)state;
	assert_int_equal(container_name_check("web-1.x_y", &err), 0);
	assert_int_equal(container_name_check("-x", &err), -ERR_INVALID);
	assert_int_equal(container_name_check("", &err), -ERR_INVALID);
	assert_int_equal(container_name_check("a/b", &err), -ERR_INVALID);
	assert_int_equal(container_name_check("..", &err), -ERR_INVALID);
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(container_name_check(longest, &err), -ERR_INVALID);
}

static void signals_have_names_and_numbers(void **state)
{
	char out[SIGNAL_NAME_MAX];
	struct err err = ERR_INIT;
	int sig, again;

	(void)state;
	assert_int_equal(signal_parse("SIGTERM", &sig, &err), 0);
	assert_int_equal(sig, SIGTERM);
	assert_int_equal(signal_parse("term", &sig, &err), 0);
	assert_int_equal(sig, SIGTERM);
	assert_int_equal(signal_parse("9", &sig, &err), 0);
	assert_int_equal(sig, SIGKILL);
	assert_int_equal(signal_parse("SIGRTMIN+3", &sig, &err), 0);
	assert_int_equal(sig, 37);
	assert_int_equal(signal_parse("rtmax-1", &sig, &err), 0);
	assert_int_equal(sig, 63);
	assert_int_equal(signal_parse("0", &sig, &err), -ERR_INVALID);
	assert_int_equal(signal_parse("65", &sig, &err), -ERR_INVALID);
	assert_int_equal(signal_parse("SIGNOPE", &sig, &err), -ERR_INVALID);
	assert_string_equal(err.text, "invalid signal: SIGNOPE");
	assert_int_equal(signal_parse("RTMIN-1", &sig, &err), -ERR_INVALID);
	assert_string_equal(signal_name(SIGCHLD, out), "SIGCHLD");
	for (sig = 34; sig <= 64; sig++) {
		assert_int_equal(signal_parse(signal_name(sig, out), &again, &err), 0);
		assert_int_equal(again, sig);
	}
	assert_string_equal(signal_name(33, out), "");
}

static void platforms_are_parsed_and_matched(void **state)
{
	struct platform host, p, image = {"linux", "x86_64", ""};
	char out[3 * PLATFORM_MAX];
	struct err err = ERR_INIT;

	(void)state;
	platform_host("x86_64", &host);
	assert_string_equal(host.os, "linux");
	host = (struct platform){"linux", "amd64", ""};
	assert_int_equal(platform_parse("arm64/v8", &host, &p, &err), 0);
	assert_string_equal(platform_string(&p, out), "linux/arm64/v8");
	assert_int_equal(platform_parse("linux/aarch64", &host, &p, &err), 0);
	assert_string_equal(platform_string(&p, out), "linux/arm64");
	assert_int_equal(platform_parse("windows", &host, &p, &err), 0);
	assert_string_equal(platform_string(&p, out), "windows/amd64");
	assert_int_equal(platform_parse("linux//v8", &host, &p, &err), -ERR_INVALID);
	assert_int_equal(platform_parse("a/b/c/d", &host, &p, &err), -ERR_INVALID);
	assert_int_equal(platform_parse("", &host, &p, &err), -ERR_INVALID);
	assert_true(platform_match(&host, &image) > 0);
	image = (struct platform){"linux", "amd64", "v3"};
	assert_int_equal(platform_match(&host, &image), 0);
	image = (struct platform){"unknown", "unknown", ""};
	assert_int_equal(platform_match(&host, &image), 0);
}

static void labels_are_matched_as_filters_say(void **state)
{
	static char web[] = "app=web", empty[] = "empty=", dotted[] = "org.example.kind=a=b";
	char *v[] = {web, empty, dotted, NULL};
	struct strv labels = {v, 3};

	(void)state;
	assert_true(labels_match(&labels, "app"));
	assert_true(labels_match(&labels, "app="));
	assert_true(labels_match(&labels, "app=web"));
	assert_false(labels_match(&labels, "app=we"));
	assert_false(labels_match(&labels, "ap"));
	assert_true(labels_match(&labels, "empty"));
	assert_false(labels_match(&labels, "empty=x"));
	assert_true(labels_match(&labels, "org.*=a=b"));
	assert_false(labels_match(&labels, "org.?xample.kind"));
	assert_false(labels_match(&labels, "app=*"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_record_survives_reading_and_writing),
	    cmocka_unit_test(mounts_are_added),
	    cmocka_unit_test(records_that_are_wrong_or_newer_are_refused),
	    cmocka_unit_test(container_names_are_checked),
	    cmocka_unit_test(signals_have_names_and_numbers),
	    cmocka_unit_test(platforms_are_parsed_and_matched),
	    cmocka_unit_test(labels_are_matched_as_filters_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
