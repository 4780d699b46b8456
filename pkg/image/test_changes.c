#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "changes.h"
#include "json/json.h"

#include <string.h>

static void check(const char *before, const char *change, const char *after)
{
	AUTO_BUF struct buf out = BUF_INIT(4096);
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(json_parse(before, strlen(before), 0, "test", &doc, &err), 0);
	assert_int_equal(change_apply(doc, json_root(doc), change, &err), 0);
	json_dump(json_root(doc), 0, &out);
	assert_string_equal(buf_str(&out), after);
}

static void every_instruction_changes_its_member(void **state)
{
	(void)state;
	check("{}", "CMD [\"a\",\"b c\"]", "{\"Cmd\":[\"a\",\"b c\"]}");
	check("{}", "entrypoint=/bin/sh", "{\"Entrypoint\":[\"/bin/sh\",\"-c\",\"/bin/sh\"]}");
	check("{\"Env\":[\"A=1\",\"B=2\"]}", "ENV A=\"x y\"", "{\"Env\":[\"A=x y\",\"B=2\"]}");
	check("{}", "ENV A b c", "{\"Env\":[\"A=b c\"]}");
	check("{}", "EXPOSE 80", "{\"ExposedPorts\":{\"80/tcp\":{}}}");
	check("{\"Labels\":null}", "LABEL a=b=c", "{\"Labels\":{\"a\":\"b=c\"}}");
	check("{}", "VOLUME [\"/a\",\"/b\"]", "{\"Volumes\":{\"/a\":{},\"/b\":{}}}");
	check("{}", "USER=app", "{\"User\":\"app\"}");
	check("{}", "WORKDIR /srv", "{\"WorkingDir\":\"/srv\"}");
	check("{}", "STOPSIGNAL SIGINT", "{\"StopSignal\":\"SIGINT\"}");
	check("{}", "ONBUILD RUN x", "{\"OnBuild\":[\"RUN x\"]}");
}

static void a_member_in_another_case_is_replaced(void **state)
{
	(void)state;
	check("{\"cmd\":[\"old\"]}", "CMD [\"new\"]", "{\"Cmd\":[\"new\"]}");
}

static void what_is_no_instruction_is_refused(void **state)
{
	static const char *const bad[] = {"", "CMD", "=x", "ENV A", "ENV =b", "RUN x", "CMD "};
	AUTO_JSON struct json_doc *doc = NULL;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	assert_int_equal(json_new(&doc, &err), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(change_apply(doc, json_object(doc), bad[i], &err), -ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_instruction_changes_its_member),
	    cmocka_unit_test(a_member_in_another_case_is_replaced),
	    cmocka_unit_test(what_is_no_instruction_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
