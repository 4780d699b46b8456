#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "user.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# comment:x:5:5::/:\n"
			     "alice:x:1000:1001::/home/alice:/bin/sh\n"
			     "1000:x:7:8::/seven:/bin/sh\n"
			     "short:x:9:9\n";
static const char group[] = "root:x:0:\nwheel:x:10:root,alice\naudio:x:11:bob, alice\n";

static int resolve(const char *spec, struct user *u, struct err *err)
{
	return user_resolve(spec, NULL, passwd, strlen(passwd), group, strlen(group), u, err);
}

static void nobody_named_is_root(void **state)
{
	struct user u;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(resolve(NULL, &u, &err), 0);
	assert_int_equal(u.uid, 0);
	assert_string_equal(u.home, "/root");
	assert_int_equal(u.n_groups, 1);
	assert_int_equal(u.groups[0], 10);
}

static void a_name_brings_its_groups_and_home(void **state)
{
	struct user u;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(resolve("alice", &u, &err), 0);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 1001);
	assert_int_equal(u.n_groups, 2);
	assert_string_equal(u.home, "/home/alice");
	/* A named group takes the place of all others. */
	assert_int_equal(resolve("alice:wheel", &u, &err), 0);
	assert_int_equal(u.gid, 10);
	assert_int_equal(u.n_groups, 0);
}

static void a_name_of_digits_comes_before_the_number(void **state)
{
	struct user u;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(resolve("1000", &u, &err), 0);
	assert_int_equal(u.uid, 7);
}

static void a_number_needs_no_entry(void **state)
{
	struct user u;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(resolve("4242:77", &u, &err), 0);
	assert_int_equal(u.uid, 4242);
	assert_int_equal(u.gid, 77);
	assert_string_equal(u.home, "/");
	assert_int_equal(resolve("9", &u, &err), 0);
	assert_int_equal(u.gid, 9);
	assert_string_equal(u.home, "/");
	/* Above what Go's runtimes take it is a name. */
	assert_int_equal(resolve("4294967295", &u, &err), -ERR_NOT_FOUND);
	assert_int_equal(user_resolve("root", NULL, "", 0, "", 0, &u, &err), 0);
	assert_int_equal(u.uid, 0);
}

static void unknown_names_are_errors_in_podmans_words(void **state)
{
	struct user u;
	struct err err = ERR_INIT;
	const char *const more[] = {"nogroup", NULL};

	(void)state;
	assert_int_equal(resolve("foo", &u, &err), -ERR_NOT_FOUND);
	assert_string_equal(err.text,
			    "unable to find user foo: no matching entries in passwd file");
	assert_int_equal(resolve("root:foo", &u, &err), -ERR_NOT_FOUND);
	assert_string_equal(err.text,
			    "unable to find group foo: no matching entries in group file");
	assert_int_equal(
	    user_resolve("root", more, passwd, strlen(passwd), group, strlen(group), &u, &err),
	    -ERR_NOT_FOUND);
}

static void too_many_groups_are_refused(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(65536);
	struct user u;
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i <= USER_GROUPS_MAX; i++)
		buf_addf(&b, "g%d:x:%d:root\n", i, i);
	assert_int_equal(
	    user_resolve("root", NULL, passwd, strlen(passwd), buf_str(&b), b.len, &u, &err),
	    -ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_named_is_root),
	    cmocka_unit_test(a_name_brings_its_groups_and_home),
	    cmocka_unit_test(a_name_of_digits_comes_before_the_number),
	    cmocka_unit_test(a_number_needs_no_entry),
	    cmocka_unit_test(unknown_names_are_errors_in_podmans_words),
	    cmocka_unit_test(too_many_groups_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
