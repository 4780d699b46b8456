#include "opt.h"
#include "base/auto.h"
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct shared {
	const char *user;
	int tls;
};

struct args {
	bool detach, interactive, tty;
	const char *name, *pull, *mode;
	struct strv env, caps;
	int64_t last, wait;
	uint64_t shares, memory;
	int custom;
	struct shared shared;
};

static int parse_custom(void *args, const char *value, struct err *err)
{
	struct args *a = args;

	if (streq(value, "bad"))
		return err_set(err, ERR_INVALID, "not good");
	a->custom = (int)strlen(value);
	return 0;
}

#define AT(member) offsetof(struct args, member)
static const struct opt own[] = {
    {'d', "detach", OPT_FLAG, AT(detach), NULL, "Detach"},
    {'i', "interactive", OPT_FLAG, AT(interactive), NULL, "Interactive"},
    {'t', "tty", OPT_FLAG, AT(tty), NULL, "Terminal"},
    {'n', "name", OPT_STRING, AT(name), NULL, "Name"},
    {'e', "env", OPT_STRINGS, AT(env), NULL, "Environment"},
    {0, "cap-add", OPT_CSV, AT(caps), NULL, "Capabilities"},
    {'l', "last", OPT_INT, AT(last), NULL, "Last"},
    {0, "wait", OPT_DURATION, AT(wait), NULL, "Wait"},
    {'s', "shares", OPT_UINT, AT(shares), NULL, "Shares"},
    {'m', "memory", OPT_SIZE, AT(memory), NULL, "Memory"},
    {0, "pull", OPT_STRING, AT(pull), NULL, "Pull", .bare = "always"},
    {0, "mode", OPT_CHOICE, AT(mode), NULL, "Mode", .choices = "none|host"},
    {'c', "custom", OPT_CUSTOM, 0, NULL, "Custom", parse_custom},
    {0, "nothing", OPT_NOTHING, 0, NULL, "No effect", .flags = OPT_NO_VALUE},
    {0},
};
static const struct opt shared[] = {
    {'u', "user", OPT_STRING, offsetof(struct shared, user), NULL, "User"},
    {0, "tls-verify", OPT_TRISTATE, offsetof(struct shared, tls), NULL, "TLS"},
    {0},
};
static const struct opt_group groups[] = {
    {own, 0, NULL}, {shared, AT(shared), "Shared"}, {NULL, 0, NULL}};

#define WORDS_MAX 16

/* Parses words up to NULL. */
static int parse(struct args *a, struct strv *rest, bool stop, struct err *err, int *used,
		 char *const *words)
{
	struct opt_scan scan = {groups, a, "kist run", stop};
	int n = 0;

	while (words[n])
		n++;
	return opt_parse(&scan, n, words, rest, used, err);
}

/* opt_parse changes none of them. */
#define WORDS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static void values_are_stored_by_kind(void **state)
{
	AUTO_STRV struct strv rest = STRV_INIT;
	struct args a = {.shared.tls = -1, .last = -1};
	struct err err = ERR_INIT;
	char *const *words =
	    WORDS("--detach", "--name=x", "one", "--env", "A=1", "-eB=2", "-e=C=3", "-l", "-5",
		  "--wait=1m30s", "-s7", "--memory", "512m", "--cap-add=a,b", "--cap-add", "c",
		  "--mode=host", "-c", "four", "--user", "root", "two", "--tls-verify=false",
		  "--nothing", "--pull", "three", "-");
	int used = 0;

	(void)state;
	assert_int_equal(parse(&a, &rest, false, &err, &used, words), OPT_DONE);
	assert_true(a.detach);
	assert_false(a.tty);
	assert_string_equal(a.name, "x");
	assert_int_equal(a.env.n, 3);
	assert_string_equal(a.env.v[1], "B=2");
	assert_string_equal(a.env.v[2], "C=3");
	assert_int_equal(a.last, -5);
	assert_true(a.wait == 90LL * 1000000000);
	assert_int_equal(a.shares, 7);
	assert_int_equal(a.memory, 512 << 20);
	assert_int_equal(a.caps.n, 3);
	assert_string_equal(a.mode, "host");
	assert_int_equal(a.custom, 4);
	assert_string_equal(a.shared.user, "root");
	assert_int_equal(a.shared.tls, 0);
	assert_string_equal(a.pull, "always");
	assert_int_equal(rest.n, 4);
	assert_string_equal(rest.v[2], "three");
	assert_string_equal(rest.v[3], "-");
	opt_release(groups, &a);
	assert_int_equal(a.env.n + a.caps.n, 0);
}

static void short_flags_are_bundled(void **state)
{
	AUTO_STRV struct strv rest = STRV_INIT;
	struct err err = ERR_INIT;
	struct args a = {0};

	(void)state;
	assert_int_equal(parse(&a, &rest, false, &err, NULL, WORDS("-dit")), OPT_DONE);
	assert_true(a.detach && a.interactive && a.tty);
	a = (struct args){0};
	assert_int_equal(parse(&a, &rest, false, &err, NULL, WORDS("-itn", "web")), OPT_DONE);
	assert_string_equal(a.name, "web");
	assert_int_equal(parse(&a, &rest, false, &err, NULL, WORDS("-dnname", "-i=false")),
			 OPT_DONE);
	assert_string_equal(a.name, "name");
	assert_false(a.interactive);
}

static void options_end_at_two_dashes_or_at_the_first_operand(void **state)
{
	AUTO_STRV struct strv rest = STRV_INIT;
	struct err err = ERR_INIT;
	struct args a = {0};
	int used = 0;

	(void)state;
	assert_int_equal(parse(&a, &rest, false, &err, &used, WORDS("x", "--", "-d", "--", "--no")),
			 OPT_DONE);
	assert_int_equal(rest.n, 4);
	assert_string_equal(rest.v[1], "-d");
	assert_string_equal(rest.v[2], "--");
	assert_false(a.detach);
	strv_fini(&rest);
	assert_int_equal(parse(&a, &rest, true, &err, &used, WORDS("-d", "image", "-x", "--help")),
			 OPT_DONE);
	assert_int_equal(used, 1);
	assert_int_equal(rest.n, 0);
	assert_true(a.detach);
	assert_int_equal(parse(&a, &rest, true, &err, &used, WORDS("--", "-x")), OPT_DONE);
	assert_int_equal(used, 1);
}

static void help_is_recognised(void **state)
{
	AUTO_STRV struct strv rest = STRV_INIT;
	struct err err = ERR_INIT;
	struct args a = {0};

	(void)state;
	assert_int_equal(parse(&a, &rest, true, &err, NULL, WORDS("-d", "--help", "--bad")),
			 OPT_WANTS_HELP);
	assert_int_equal(parse(&a, &rest, true, &err, NULL, WORDS("-h")), OPT_WANTS_HELP);
}

static void check_refused(char *const *words, const char *message)
{
	AUTO_STRV struct strv rest = STRV_INIT;
	AUTO_FREE char *with_hint = str_fmt("%s\nSee 'kist run --help'", message);
	struct err err = ERR_INIT;
	struct args a = {0};

	assert_int_equal(parse(&a, &rest, false, &err, NULL, words), -ERR_INVALID);
	assert_string_equal(err.text, with_hint);
	opt_release(groups, &a);
}

static void errors_are_worded_as_podman_does(void **state)
{
	(void)state;
	check_refused(WORDS("--xyzzyxyzzy"), "unknown flag: --xyzzyxyzzy");
	check_refused(WORDS("--memry=1"), "unknown flag: --memry\nDid you mean --memory?");
	check_refused(WORDS("-dz"), "unknown shorthand flag: 'z' in -dz");
	check_refused(WORDS("--name"), "flag needs an argument: --name");
	check_refused(WORDS("-dn"), "flag needs an argument: 'n' in -dn");
	check_refused(
	    WORDS("--detach=maybe"),
	    "invalid argument \"maybe\" for \"-d, --detach\" flag: expected true or false");
	check_refused(WORDS("--last", "x"),
		      "invalid argument \"x\" for \"-l, --last\" flag: \"x\" is "
		      "not a whole number");
	check_refused(WORDS("--mode=x"),
		      "invalid argument \"x\" for \"--mode\" flag: expected one of none|host");
	check_refused(WORDS("-c", "bad"),
		      "invalid argument \"bad\" for \"-c, --custom\" flag: not good");
	check_refused(WORDS("--tls-verify="),
		      "invalid argument \"\" for \"--tls-verify\" flag: expected true or false");
}

static void whether_an_option_was_given_can_be_asked(void **state)
{
	char *const *words = WORDS("-dn", "--tty", "x", "--", "-i");
	struct opt_scan scan = {groups, NULL, "kist run", false};

	(void)state;
	assert_true(opt_given(&scan, 5, words, "detach"));
	assert_true(opt_given(&scan, 5, words, "name"));
	assert_false(opt_given(&scan, 5, words, "tty"));
	assert_false(opt_given(&scan, 5, words, "interactive"));
}

static void required_options_must_be_given(void **state)
{
	static const struct opt needed[] = {
	    {'o', "output", OPT_STRING, 0, NULL, "File", .flags = OPT_REQUIRED}, {0}};
	static const struct opt_group one[] = {{needed, 0, NULL}, {NULL, 0, NULL}};
	AUTO_STRV struct strv rest = STRV_INIT;
	struct err err = ERR_INIT;
	const char *output = NULL;
	struct opt_scan scan = {one, &output, "kist save", false};

	(void)state;
	assert_true(opt_parse(&scan, 1, WORDS("x"), &rest, NULL, &err) < 0);
	assert_string_equal(err.text, "required flag \"output\" not set\nSee 'kist save --help'");
	assert_int_equal(opt_parse(&scan, 1, WORDS("-of"), &rest, NULL, &err), OPT_DONE);
	assert_string_equal(output, "f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_stored_by_kind),
	    cmocka_unit_test(short_flags_are_bundled),
	    cmocka_unit_test(options_end_at_two_dashes_or_at_the_first_operand),
	    cmocka_unit_test(help_is_recognised),
	    cmocka_unit_test(errors_are_worded_as_podman_does),
	    cmocka_unit_test(whether_an_option_was_given_can_be_asked),
	    cmocka_unit_test(required_options_must_be_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
