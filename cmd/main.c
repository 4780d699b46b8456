/* kist: from argv to a verb, and from its result to an exit code. */
#include "app.h"
#include "gen.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int exit_code(const struct err *err)
{
	switch (err->code) {
	case ERR_CMD_INVOKE:
		return EXIT_CANNOT_INVOKE;
	case ERR_CMD_MISSING:
		return EXIT_NOT_FOUND;
	default:
		return EXIT_ENGINE;
	}
}

static int run_verb(const struct program *program, const struct invocation *inv)
{
	struct err err = ERR_INIT;
	struct app app = {0};
	int r;

	r = app_open(&app, program, inv, &err);
	if (r == 0)
		r = inv->verb->run(&app, inv->args, &inv->rest, &err);
	app_close(&app);
	if (r >= 0)
		return r;
	say_error(&err);
	return exit_code(&err);
}

/* The words "__gen WHAT DIR" write completions and manual pages. */
static int generate(const struct program *program, char **argv)
{
	struct err err = ERR_INIT;

	if (gen_files(program, argv[2], argv[3], &err) == 0)
		return 0;
	say_error(&err);
	return EXIT_ENGINE;
}

/* Descriptors 0 to 2 that are closed would be given to files and sockets. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	struct program program = kist_program;
	struct invocation inv = {0};
	struct err err = ERR_INIT;
	int code;

	fill_stdio();
	(void)signal(SIGPIPE, SIG_IGN);
	program.name = program_name(argc > 0 ? argv[0] : NULL);
	if (argc == 4 && streq(argv[1], "__gen"))
		return generate(&program, argv);
	if (dispatch(&program, argc, argv, &inv, &err) < 0) {
		say_error(&err);
		code = EXIT_ENGINE;
	} else if (inv.text) {
		code = out_text(inv.text, strlen(inv.text), &err) < 0 ? EXIT_ENGINE : inv.code;
	} else {
		code = run_verb(&program, &inv);
	}
	invocation_fini(&inv);
	return code;
}
