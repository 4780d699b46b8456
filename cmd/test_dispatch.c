/* Dispatch, help and generated files over a toy program. */
#include "dispatch.h"
#include "gen.h"
#include "help.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct run_args {
	bool detach;
	struct strv env;
	const char *name;
};

static const struct opt run_opts[] = {
    {'d', "detach", OPT_FLAG, offsetof(struct run_args, detach), NULL, "Run in the background"},
    {'e', "env", OPT_STRINGS, offsetof(struct run_args, env), "NAME=VALUE", "Set a variable"},
    {0, "env-file", OPT_NOTHING, 0, "FILE", "Read variables", .complete = "files"},
    {0, "name", OPT_STRING, offsetof(struct run_args, name), NULL, "It's a [name]: of any kind"},
    {0, "old-name", OPT_NOTHING, 0, NULL, "Not shown", .flags = OPT_DEPRECATED},
    {0},
};
static const struct verb verb_run = {
    .path = "run",
    .aliases = "container run",
    .summary = "Run a command in a new container",
    .help = "First paragraph.\n\n.Second - paragraph.",
    .usage = "[options] IMAGE [COMMAND [ARG...]]",
    .examples = "kist run debian",
    .opts = run_opts,
    .args_size = sizeof(struct run_args),
    .defaults = &(const struct run_args){.name = "default"},
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "images",
    .flags = VERB_STOP_AT_OPERAND,
};
static const struct verb verb_images = {
    .path = "images",
    .aliases = "image ls|image list",
    .summary = "List images",
    .usage = "[options] [NAME]",
    .max_args = 1,
    .complete = "images",
};
static const struct verb verb_tag = {.path = "tag",
				     .aliases = "image tag",
				     .summary = "Name an image",
				     .min_args = 2,
				     .max_args = 2};
static const struct verb verb_rm = {.path = "rm",
				    .summary = "Remove containers",
				    .max_args = VERB_ANY_ARGS,
				    .min_args = 1,
				    .missing = "you must provide at least one name or id"};
static const struct verb verb_push = {
    .path = "push", .summary = "Push an image", .min_args = 1, .max_args = 2};
static const struct verb verb_version = {.path = "version", .summary = "Show the version"};
static const struct verb verb_secret = {
    .path = "__complete", .summary = "Names", .max_args = 1, .flags = VERB_HIDDEN};
static const struct verb *const verbs[] = {&verb_run,  &verb_images,  &verb_tag,    &verb_rm,
					   &verb_push, &verb_version, &verb_secret, NULL};
static const struct verb_group groups[] = {
    {"image", "Manage images"}, {"container", "Manage containers"}, {NULL, NULL}};
static const struct program toy = {"kist", "1.2.3", "Manage containers and images", verbs, groups};

#define WORDS_MAX 16

/* "kist", then words up to NULL. */
static int call(struct invocation *inv, struct err *err, ...)
{
	char *argv[WORDS_MAX + 1] = {(char *)"kist"};
	int argc = 1;
	va_list ap;

	va_start(ap, err);
	while (argc < WORDS_MAX && (argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	return dispatch(&toy, argc, argv, inv, err);
}

#define CALL(inv, err, ...) call(inv, err, __VA_ARGS__, (char *)NULL)

static void a_verb_gets_its_arguments(void **state)
{
	AUTO(invocation_fini) struct invocation inv = {0};
	struct err err = ERR_INIT;
	const struct run_args *a;

	(void)state;
	assert_int_equal(CALL(&inv, &err, "--root", "/r", "--storage-opt=a=b", "run", "-d", "-eA=1",
			      "image", "sh", "-c", "--name"),
			 0);
	assert_null(inv.text);
	assert_ptr_equal(inv.verb, &verb_run);
	assert_string_equal(inv.path, "run");
	assert_string_equal(inv.globals.root, "/r");
	assert_int_equal(inv.globals.storage_opt.n, 1);
	a = inv.args;
	assert_true(a->detach);
	assert_int_equal(a->env.n, 1);
	assert_string_equal(a->name, "default");
	assert_int_equal(inv.rest.n, 4);
	assert_string_equal(inv.rest.v[3], "--name");
	assert_true(invocation_given(&inv, "detach"));
	assert_false(invocation_given(&inv, "name"));
}

static void aliases_and_global_options_behind_the_verb_work(void **state)
{
	AUTO(invocation_fini) struct invocation inv = {0}, two = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(CALL(&inv, &err, "image", "ls", "--log-level=debug", "x"), 0);
	assert_ptr_equal(inv.verb, &verb_images);
	assert_string_equal(inv.path, "image ls");
	assert_string_equal(inv.globals.log_level, "debug");
	assert_string_equal(inv.rest.v[0], "x");
	assert_int_equal(CALL(&two, &err, "container", "run", "--storage-opt", "x", "i"), 0);
	assert_ptr_equal(two.verb, &verb_run);
	assert_int_equal(two.globals.storage_opt.n, 1);
	assert_ptr_equal(verb_find(&toy, "image list"), &verb_images);
	assert_null(verb_find(&toy, "image l"));
}

static void check_refused(const char *a, const char *b, const char *c, const char *message)
{
	AUTO(invocation_fini) struct invocation inv = {0};
	struct err err = ERR_INIT;

	assert_int_equal(CALL(&inv, &err, a, b, c), -ERR_INVALID);
	assert_string_equal(err.text, message);
}

static void wrong_commands_are_answered_as_podman_does(void **state)
{
	(void)state;
	check_refused(
	    "zzzzzzzz", NULL, NULL,
	    "unrecognized command `kist zzzzzzzz`\nTry 'kist --help' for more information");
	check_refused("imagse", NULL, NULL,
		      "unrecognized command `kist imagse`\n\nDid you mean this?\n\timage\n");
	check_refused(
	    "image", "zzzzzzzz", NULL,
	    "unrecognized command `kist image zzzzzzzz`\nTry 'kist image --help' for more "
	    "information");
	check_refused("image", "lst", NULL,
		      "unrecognized command `kist image lst`\n\nDid you mean this?\n\tls\n");
	check_refused("image", "--zz", NULL, "unknown flag: --zz\nSee 'kist image --help'");
	check_refused("--zzzzzzz", NULL, NULL, "unknown flag: --zzzzzzz\nSee 'kist --help'");
	check_refused(NULL, NULL, NULL,
		      "missing command 'kist COMMAND'\nTry 'kist --help' for more information");
	check_refused("run", NULL, NULL, "requires at least 1 arg(s), only received 0");
	check_refused("rm", NULL, NULL, "you must provide at least one name or id");
	check_refused("tag", "a", NULL, "accepts 2 arg(s), received 1");
	check_refused("push", NULL, NULL, "accepts between 1 and 2 arg(s), received 0");
	check_refused("images", "a", "b", "accepts at most 1 arg(s), received 2");
	check_refused("version", "a", NULL, "`kist version` takes no arguments");
	check_refused("image", "ls", "--zzzzzzz",
		      "unknown flag: --zzzzzzz\nSee 'kist image ls --help'");
}

static void check_text(const char *a, const char *b, const char *c, int code, const char *begin)
{
	AUTO(invocation_fini) struct invocation inv = {0};
	struct err err = ERR_INIT;

	assert_int_equal(CALL(&inv, &err, a, b, c), 0);
	assert_non_null(inv.text);
	assert_int_equal(inv.code, code);
	if (!str_starts(inv.text, begin))
		assert_string_equal(inv.text, begin);
}

static void help_and_version_are_answered(void **state)
{
	static const char image[] =
	    "Manage images\n\nUsage:\n  kist image [command]\n\n"
	    "Available Commands:\n  list  List images\n  ls    List images\n"
	    "  tag   Name an image\n";

	(void)state;
	check_text("--version", NULL, NULL, 0, "kist version 1.2.3\n");
	check_text("-v", NULL, NULL, 0, "kist version 1.2.3\n");
	check_text("image", NULL, NULL, 125, image);
	check_text("image", "--help", NULL, 0, image);
	check_text("help", "image", NULL, 0, image);
	check_text(
	    "--help", NULL, NULL, 0,
	    "Manage containers and images\n\nUsage:\n  kist [options] [command]\n\n"
	    "Available Commands:\n  container  Manage containers\n  image      Manage images\n");
	check_text("image", "ls", "-h", 0,
		   "List images\n\nUsage:\n  kist image ls [options] [NAME]\n\nAliases:\n"
		   "  kist images, kist image list\n");
	check_text(
	    "run", "--help", NULL, 0,
	    "Run a command in a new container\n\nUsage:\n  kist run [options] IMAGE [COMMAND "
	    "[ARG...]]\n\nDescription:\n  First paragraph.\n\n  .Second - paragraph.\n\n"
	    "Aliases:\n  kist container run\n\nExamples:\n  kist run debian\n\nOptions:\n"
	    "  -d, --detach           Run in the background\n"
	    "  -e, --env NAME=VALUE   Set a variable\n"
	    "      --env-file FILE    Read variables\n"
	    "      --name STRING      It's a [name]: of any kind\n");
	check_text("help", "run", NULL, 0, "Run a command in a new container\n");
}

static void the_name_is_that_of_argv0_only_for_podman_and_docker(void **state)
{
	(void)state;
	assert_string_equal(program_name("/usr/bin/podman"), "podman");
	assert_string_equal(program_name("docker"), "docker");
	assert_string_equal(program_name("./bin/kist-old"), "kist");
	assert_string_equal(program_name(NULL), "kist");
}

static void check_file(int dir, const char *name, const char *part)
{
	AUTO_BUF struct buf b = BUF_INIT(1U << 20);
	struct err err = ERR_INIT;

	assert_int_equal(file_read(dir, name, &b, &err), 1);
	if (!strstr(buf_str(&b), part))
		fail_msg("%s: no %s in %s", name, part, buf_str(&b));
	assert_null(strstr(buf_str(&b), "__complete'"));
	assert_null(strstr(buf_str(&b), "old-name"));
}

static void completions_and_pages_are_made_from_the_table(void **state)
{
	char dir[] = "/tmp/kist-test-XXXXXX";
	struct err err = ERR_INIT;
	AUTO_CLOSE int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(gen_files(&toy, "bash", dir, &err), 0);
	assert_int_equal(gen_files(&toy, "zsh", dir, &err), 0);
	assert_int_equal(gen_files(&toy, "fish", dir, &err), 0);
	assert_int_equal(gen_files(&toy, "man", dir, &err), 0);
	assert_true(gen_files(&toy, "csh", dir, &err) < 0);
	check_file(fd, "kist.bash", "'run' | 'container run') echo ' -d --detach -e= --env= ");
	check_file(fd, "kist.bash", "'run:--env-file' | 'container run:--env-file') echo 'files'");
	check_file(fd, "kist.zsh", "'--name=[It'\\''s a \\[name\\]\\: of any kind]:STRING: '");
	check_file(fd, "kist.zsh", "'*'{-e+,--env=}'[Set a variable]:NAME=VALUE: '");
	check_file(fd, "kist.fish", "-l name -x -d 'It\\'s a [name]: of any kind'");
	check_file(fd, "kist-run.1", "\n\\&.Second \\- paragraph.\n");
	check_file(fd, "kist-run.1", "\\fB\\-e\\fR, \\fB\\-\\-env\\fR=\\fINAME=VALUE\\fR\n");
	check_file(fd, "kist.1", ".SS kist image\n");
	assert_int_equal(tree_remove(AT_FDCWD, dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_verb_gets_its_arguments),
	    cmocka_unit_test(aliases_and_global_options_behind_the_verb_work),
	    cmocka_unit_test(wrong_commands_are_answered_as_podman_does),
	    cmocka_unit_test(help_and_version_are_answered),
	    cmocka_unit_test(the_name_is_that_of_argv0_only_for_podman_and_docker),
	    cmocka_unit_test(completions_and_pages_are_made_from_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
