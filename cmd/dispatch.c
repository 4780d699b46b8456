#include "dispatch.h"
#include "help.h"
#include "not_yet.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (1U << 20)
/* Words of a verb's path. */
#define PATH_WORDS_MAX 3
#define CANDIDATES_MAX 512

#define AT(member) offsetof(struct globals, member)

const struct opt global_opts[] = {
    {0, "cgroup-manager", OPT_CHOICE, AT(cgroup_manager), "MANAGER",
     "How cgroups are made: cgroupfs or systemd", .choices = "cgroupfs|systemd"},
    {0, "imagestore", OPT_STRING, AT(imagestore), "DIR", "Keep images apart from containers, here",
     .complete = "dirs"},
    {0, "log-level", OPT_STRING, AT(log_level), "LEVEL",
     "Diagnostic messages: trace, debug, info, warn, error, fatal, panic",
     .choices = "trace|debug|info|warn|warning|error|fatal|panic"},
    {0, "root", OPT_STRING, AT(root), "DIR", "Where images and containers are kept",
     .complete = "dirs"},
    {0, "runroot", OPT_STRING, AT(runroot), "DIR", "Where the state of this boot is kept",
     .complete = "dirs"},
    {0, "storage-driver", OPT_STRING, AT(storage_driver), "DRIVER",
     "The storage driver, which must be overlay"},
    {0, "storage-opt", OPT_STRINGS, AT(storage_opt), "OPTION", "An option of the storage driver"},
    {0, "tmpdir", OPT_STRING, AT(tmpdir), "DIR", "Where temporary state is kept",
     .complete = "dirs"},
    {0},
};

/* Before the verb only. */
static const struct opt version_opts[] = {
    {'v', "version", OPT_FLAG, AT(version), NULL, "Print the version"},
    {0},
};

const char *program_name(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL, *name = slash ? slash + 1 : argv0;

	if (name && streq(name, "podman"))
		return "podman";
	if (name && streq(name, "docker"))
		return "docker";
	return "kist";
}

void verb_opt_groups(const struct verb *v, struct opt_group out[VERB_GROUPS_MAX + 2])
{
	size_t n = 0, i;

	if (v->opts)
		out[n++] = (struct opt_group){v->opts, 0, NULL};
	for (i = 0; v->groups && v->groups[i].opts && i < VERB_GROUPS_MAX; i++)
		out[n++] = v->groups[i];
	out[n] = (struct opt_group){NULL, 0, NULL};
}

/* Is path the verb's own, or one of its aliases? */
static bool has_path(const struct verb *v, const char *path)
{
	struct str rest = str_of(v->aliases ? v->aliases : ""), alias;

	if (streq(v->path, path))
		return true;
	for (alias = str_cut(&rest, '|'); alias.ptr; alias = str_cut(&rest, '|'))
		if (alias.len > 0 && str_eq(alias, path))
			return true;
	return false;
}

const struct verb *verb_find(const struct program *p, const char *path)
{
	size_t i;

	for (i = 0; p->verbs[i]; i++)
		if (has_path(p->verbs[i], path))
			return p->verbs[i];
	return NULL;
}

static const struct verb_group *find_group(const struct program *p, const char *path)
{
	const struct verb_group *g;

	for (g = p->groups; g && g->path; g++)
		if (streq(g->path, path))
			return g;
	return NULL;
}

/* The longest path that the words begin with. *ret_words of them belong to it. */
static int find_verb(const struct program *p, int argc, char *const *argv, const struct verb **ret,
		     int *ret_words, struct buf *path, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	const struct verb *v;
	int i;

	*ret = NULL;
	for (i = 0; i < argc && i < PATH_WORDS_MAX && argv[i][0] != '-'; i++) {
		buf_addf(&b, "%s%s", i ? " " : "", argv[i]);
		v = buf_ok(&b) ? verb_find(p, buf_str(&b)) : NULL;
		if (v) {
			*ret = v;
			*ret_words = i + 1;
			buf_reset(path);
			buf_adds(path, buf_str(&b));
		}
	}
	return buf_check(path, "the command", err);
}

/* How many of the words name a group ("image"), into path; 0: none. */
static int match_group(const struct program *p, int argc, char *const *argv, struct buf *path)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	int i, found = 0;

	for (i = 0; i < argc && i < PATH_WORDS_MAX && argv[i][0] != '-'; i++) {
		buf_addf(&b, "%s%s", i ? " " : "", argv[i]);
		if (buf_ok(&b) && find_group(p, buf_str(&b))) {
			found = i + 1;
			buf_reset(path);
			buf_adds(path, buf_str(&b));
		}
	}
	return found;
}

/* The word of path that follows the group's words, when path is within group ("" is the top). */
static int add_candidate(struct strv *list, struct str path, const char *group, struct err *err)
{
	size_t len = strlen(group);
	struct str word;

	if (len > 0) {
		if (path.len <= len || memcmp(path.ptr, group, len) != 0 || path.ptr[len] != ' ')
			return 0;
		path.ptr += len + 1;
		path.len -= len + 1;
	}
	word = str_cut(&path, ' ');
	return list->n < CANDIDATES_MAX ? strv_addn(list, word, err) : 0;
}

static int candidates(const struct program *p, const char *group, struct strv *list,
		      struct err *err)
{
	struct str rest, alias;
	size_t i;
	int r;

	for (i = 0; p->verbs[i]; i++) {
		if (p->verbs[i]->flags & VERB_HIDDEN)
			continue;
		r = add_candidate(list, str_of(p->verbs[i]->path), group, err);
		rest = str_of(p->verbs[i]->aliases ? p->verbs[i]->aliases : "");
		for (alias = str_cut(&rest, '|'); r >= 0 && alias.ptr; alias = str_cut(&rest, '|'))
			r = add_candidate(list, alias, group, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int unknown_verb(const struct program *p, const char *group, const char *word,
			struct err *err)
{
	AUTO_STRV struct strv list = STRV_INIT;
	const char *near, *blank = *group ? " " : "";
	int r;

	r = candidates(p, group, &list, err);
	if (r < 0)
		return r;
	near = list.n ? str_nearest(word, (const char *const *)list.v, list.n) : NULL;
	if (near)
		return err_set(err, ERR_INVALID,
			       "unrecognized command `%s %s%s%s`\n\nDid you mean this?\n\t%s\n",
			       p->name, group, blank, word, near);
	return err_set(err, ERR_INVALID,
		       "unrecognized command `%s %s%s%s`\nTry '%s%s%s --help' for more information",
		       p->name, group, blank, word, p->name, blank, group);
}

static int check_args(const struct program *p, const struct verb *v, const char *path, int n,
		      struct err *err)
{
	int min = v->min_args, max = v->max_args;

	if (n >= min && (max == VERB_ANY_ARGS || n <= max))
		return 0;
	if (n < min && v->missing)
		return err_set(err, ERR_INVALID, "%s", v->missing);
	if (max == 0)
		return err_set(err, ERR_INVALID, "`%s %s` takes no arguments", p->name, path);
	if (max == VERB_ANY_ARGS)
		return err_set(err, ERR_INVALID, "requires at least %d arg(s), only received %d",
			       min, n);
	if (min == max)
		return err_set(err, ERR_INVALID, "accepts %d arg(s), received %d", max, n);
	if (min == 0)
		return err_set(err, ERR_INVALID, "accepts at most %d arg(s), received %d", max, n);
	return err_set(err, ERR_INVALID, "accepts between %d and %d arg(s), received %d", min, max,
		       n);
}

/* text into inv, to be printed instead of running a verb. */
static int answer(struct invocation *inv, struct buf *text, int code, struct err *err)
{
	int r = buf_check(text, "the help text", err);

	if (r < 0)
		return r;
	inv->text = buf_take(text);
	inv->code = code;
	return inv->text ? 0 : err_nomem(err);
}

/* Where struct globals stands behind the verb's arguments while options are parsed. */
static size_t globals_at(const struct verb *v)
{
	size_t align = _Alignof(max_align_t);

	return (v->args_size + align - 1) / align * align;
}

/* The verb's options, then the global ones, which may stand behind the verb as well. */
static void scan_groups(const struct verb *v, struct opt_group out[VERB_GROUPS_MAX + 3])
{
	size_t n = 0;

	verb_opt_groups(v, out);
	while (out[n].opts)
		n++;
	out[n++] = (struct opt_group){global_opts, globals_at(v), NULL};
	out[n] = (struct opt_group){NULL, 0, NULL};
}

/* The words behind the verb's path. 1: help was asked for. */
static int parse_verb(const struct program *p, struct invocation *inv, int argc, char *const *argv,
		      struct err *err)
{
	AUTO_FREE char *command = str_fmt("%s %s", p->name, inv->path);
	struct opt_group groups[VERB_GROUPS_MAX + 3];
	const struct verb *v = inv->verb;
	struct opt_scan scan = {
	    .groups = groups, .command = command, .not_yet = not_yet_of(v->path)};
	int used = argc, r, i;
	char *args;

	inv->args = args = calloc(1, globals_at(v) + sizeof(struct globals));
	if (!args || !command)
		return err_nomem(err);
	scan_groups(v, groups);
	if (v->defaults)
		memcpy(args, v->defaults, v->args_size);
	memcpy(args + globals_at(v), &inv->globals, sizeof(struct globals));
	scan.args = args;
	scan.stop_at_operand = v->flags & VERB_STOP_AT_OPERAND;
	r = opt_parse(&scan, argc, argv, &inv->rest, &used, err);
	memcpy(&inv->globals, args + globals_at(v), sizeof(struct globals));
	if (r < 0 || r == OPT_WANTS_HELP)
		return r;
	for (i = used; i < argc; i++) {
		r = strv_add(&inv->rest, argv[i], err);
		if (r < 0)
			return r;
	}
	return check_args(p, v, inv->path, (int)inv->rest.n, err);
}

/* A verb was found; argv is what follows its path. */
static int dispatch_verb(const struct program *p, struct invocation *inv, int argc,
			 char *const *argv, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	int i, r = 0;

	for (i = 0; i < argc && r >= 0; i++)
		r = strv_add(&inv->words, argv[i], err);
	if (r >= 0)
		r = parse_verb(p, inv, argc, argv, err);
	if (r < 0 || r == OPT_DONE)
		return r;
	help_verb(p, inv->verb, inv->path, &text);
	return answer(inv, &text, 0, err);
}

/* No verb: a group alone, its help, or something unknown. */
static int dispatch_group(const struct program *p, struct invocation *inv, int argc,
			  char *const *argv, struct err *err)
{
	AUTO_BUF struct buf path = BUF_INIT(4096), text = BUF_INIT(TEXT_MAX);
	int n = match_group(p, argc, argv, &path);

	if (n == 0)
		return unknown_verb(p, "", argv[0], err);
	if (n < argc && argv[n][0] != '-')
		return unknown_verb(p, buf_str(&path), argv[n], err);
	if (n < argc && !streq(argv[n], "--help") && !streq(argv[n], "-h"))
		return err_set(err, ERR_INVALID, "unknown flag: %s\nSee '%s %s --help'", argv[n],
			       p->name, buf_str(&path));
	help_group(p, buf_str(&path), &text);
	return answer(inv, &text, n < argc ? 0 : 125, err);
}

/* "help run": as "run --help". */
static int dispatch_help(const struct program *p, struct invocation *inv, int argc,
			 char *const *argv, struct err *err)
{
	AUTO_BUF struct buf path = BUF_INIT(4096), text = BUF_INIT(TEXT_MAX);
	const struct verb *v = NULL;
	int words = 0, r;

	r = find_verb(p, argc, argv, &v, &words, &path, err);
	if (r < 0)
		return r;
	if (v)
		help_verb(p, v, buf_str(&path), &text);
	else if (argc == 0)
		help_program(p, &text);
	else if (match_group(p, argc, argv, &path) == argc)
		help_group(p, buf_str(&path), &text);
	else
		return unknown_verb(p, "", argv[0], err);
	return answer(inv, &text, 0, err);
}

/* Options before the verb. 1: answered. */
static int dispatch_globals(const struct program *p, int argc, char *const *argv,
			    struct invocation *inv, int *ret_used, struct err *err)
{
	const struct opt_group groups[] = {
	    {global_opts, 0, NULL}, {version_opts, 0, NULL}, {NULL, 0, NULL}};
	struct opt_scan scan = {.groups = groups,
				.args = &inv->globals,
				.command = p->name,
				.stop_at_operand = true,
				.not_yet = not_yet_of("")};
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX);
	int r;

	r = opt_parse(&scan, argc, argv, &inv->rest, ret_used, err);
	if (r < 0)
		return r;
	if (r == OPT_WANTS_HELP)
		help_program(p, &text);
	else if (inv->globals.version)
		buf_addf(&text, "%s version %s\n", p->name, p->version);
	else
		return 0;
	r = answer(inv, &text, 0, err);
	return r < 0 ? r : 1;
}

int dispatch(const struct program *p, int argc, char *const *argv, struct invocation *inv,
	     struct err *err)
{
	AUTO_BUF struct buf path = BUF_INIT(4096);
	int used = 0, words = 0, r;

	argc -= argc > 0;
	argv++;
	r = dispatch_globals(p, argc, argv, inv, &used, err);
	if (r != 0)
		return r < 0 ? r : 0;
	argc -= used;
	argv += used;
	if (argc == 0)
		return err_set(err, ERR_INVALID,
			       "missing command '%s COMMAND'\nTry '%s --help' for more information",
			       p->name, p->name);
	r = find_verb(p, argc, argv, &inv->verb, &words, &path, err);
	if (r < 0)
		return r;
	if (!inv->verb && streq(argv[0], "help"))
		return dispatch_help(p, inv, argc - 1, argv + 1, err);
	if (!inv->verb)
		return dispatch_group(p, inv, argc, argv, err);
	inv->path = buf_take(&path);
	if (!inv->path)
		return err_nomem(err);
	return dispatch_verb(p, inv, argc - words, argv + words, err);
}

bool invocation_given(const struct invocation *inv, const char *option)
{
	struct opt_group groups[VERB_GROUPS_MAX + 3];
	struct opt_scan scan = {.groups = groups, .command = ""};

	scan_groups(inv->verb, groups);
	scan.stop_at_operand = inv->verb->flags & VERB_STOP_AT_OPERAND;
	return opt_given(&scan, (int)inv->words.n, inv->words.v, option);
}

void invocation_fini(struct invocation *inv)
{
	struct opt_group groups[VERB_GROUPS_MAX + 2];

	if (inv->verb && inv->args) {
		verb_opt_groups(inv->verb, groups);
		opt_release(groups, inv->args);
	}
	strv_fini(&inv->globals.storage_opt);
	strv_fini(&inv->rest);
	strv_fini(&inv->words);
	free(inv->args);
	free(inv->path);
	free(inv->text);
}
