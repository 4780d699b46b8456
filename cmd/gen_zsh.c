#include "dispatch.h"
#include "gen_walk.h"
#include "base/buf.h"

static const char head[] =
    "#compdef kist\n"
    "# zsh completion for kist. Made from the tables of verbs by \"make gen\"; do not edit.\n"
    "\n"
    "# Names that kist itself knows: images, containers (the last argument).\n"
    "_kist_names() {\n"
    "	local -a names\n"
    "	names=(${(f)\"$(kist __complete $@[-1] 2>/dev/null)\"})\n"
    "	compadd -a names\n"
    "}\n";

/* _arguments stands in _kist itself: what it does to words ends with the function it is called in.
 */
static const char main_head[] = "\n"
				"_kist() {\n"
				"	local curcontext=$curcontext state= line command\n"
				"	local -A opt_args\n"
				"\n"
				"	_arguments -s -S -C";

static const char main_tail[] = " \\\n			'1: :->command' '*:: :->rest'\n"
				"	case $state in\n"
				"	command)\n"
				"		_kist_commands ''\n"
				"		;;\n"
				"	rest)\n"
				"		command=$words[1]\n"
				"		if _kist_is_group $command; then\n"
				"			if ((CURRENT == 2)); then\n"
				"				_kist_commands $command\n"
				"				return\n"
				"			fi\n"
				"			command=\"$command $words[2]\"\n"
				"			shift words\n"
				"			((CURRENT--))\n"
				"		fi\n"
				"		_kist_command $command\n"
				"		;;\n"
				"	esac\n"
				"}\n"
				"\n"
				"_kist \"$@\"\n";

/* Text within single quotes; chars of `special` get a backslash. */
static void add_quoted(const char *s, const char *special, struct buf *out)
{
	for (; *s; s++) {
		if (*s == '\'') {
			buf_adds(out, "'\\''");
			continue;
		}
		if (strchr(special, *s))
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
}

/* ":NAME:action" */
static void add_action(const char *meta, const char *choices, const char *complete, struct buf *out)
{
	buf_addc(out, ':');
	add_quoted(meta, ":[]\\", out);
	buf_addc(out, ':');
	if (choices) {
		buf_addc(out, '(');
		for (; *choices; choices++)
			buf_addc(out, *choices == '|' ? ' ' : *choices);
		buf_addc(out, ')');
	} else if (!complete) {
		buf_addc(out, ' ');
	} else if (streq(complete, "files") || streq(complete, "dirs")) {
		buf_adds(out, *complete == 'f' ? "_files" : "_files -/");
	} else {
		buf_addf(out, "_kist_names %s", complete);
	}
}

/* '(-a --all)'{-a,--all}'[help]'  '--name=[help]:NAME: '  '*'{-e+,--env=}'[help]:NAME: ' */
static void add_option(const struct opt *o, struct buf *out)
{
	bool many = o->kind == OPT_STRINGS || o->kind == OPT_CSV, value = opt_takes_value(o);
	const char *equals = !value ? "" : o->bare ? "=-" : "=";

	buf_adds(out, " \\\n\t\t\t'");
	if (many)
		buf_addc(out, '*');
	else if (o->letter)
		buf_addf(out, "(-%c --%s)", o->letter, o->name);
	if (o->letter)
		buf_addf(out, "'{-%c%s,--%s%s}'[", o->letter, value && !o->bare ? "+" : "", o->name,
			 equals);
	else
		buf_addf(out, "--%s%s[", o->name, equals);
	add_quoted(o->help ? o->help : "", "[]\\:", out);
	buf_addc(out, ']');
	if (value)
		add_action(opt_meta(o), o->choices, gen_complete(o->complete), out);
	buf_addc(out, '\'');
}

static void add_options(const struct opt_group *groups, struct buf *out)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if (gen_is_shown(o))
				add_option(o, out);
	buf_adds(out, " \\\n\t\t\t'--help[Show help]'");
}

static void add_described(struct str word, const char *summary, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "\t\t\t'%.*s:", (int)word.len, word.ptr);
	add_quoted(summary, ":\\", out);
	buf_adds(out, "'\n");
}

static void command_tables(const struct program *p, struct buf *out)
{
	const struct verb_group *g;

	buf_adds(out, "\n_kist_is_group() {\n\tcase $1 in\n");
	for (g = p->groups; g && g->path; g++)
		buf_addf(out, "\t'%s') return 0 ;;\n", g->path);
	buf_adds(out, "\tesac\n\treturn 1\n}\n\n_kist_commands() {\n\tlocal -a commands\n"
		      "\tcase $1 in\n\t'')\n\t\tcommands=(\n");
	gen_subcommands(p, "", add_described, out);
	buf_adds(out, "\t\t)\n\t\t;;\n");
	for (g = p->groups; g && g->path; g++) {
		buf_addf(out, "\t'%s')\n\t\tcommands=(\n", g->path);
		gen_subcommands(p, g->path, add_described, out);
		buf_adds(out, "\t\t)\n\t\t;;\n");
	}
	buf_adds(out, "\tesac\n\t_describe -t commands command commands\n}\n");
}

static void verb_case(const struct verb *v, struct buf *out)
{
	struct opt_group groups[VERB_GROUPS_MAX + 2];
	struct str paths[GEN_PATHS_MAX];
	size_t n = gen_paths(v, paths), i;

	buf_addc(out, '\t');
	for (i = 0; i < n; i++)
		buf_addf(out, "%s'%.*s'", i ? " | " : "", (int)paths[i].len, paths[i].ptr);
	buf_adds(out, ")\n\t\t_arguments -s -S");
	verb_opt_groups(v, groups);
	add_options(groups, out);
	if (v->flags & VERB_STOP_AT_OPERAND) {
		buf_adds(out, " \\\n\t\t\t'1");
		add_action("name", NULL, gen_complete(v->complete), out);
		buf_adds(out, "' \\\n\t\t\t'*::argument:_normal'");
	} else if (v->max_args != 0) {
		buf_adds(out, " \\\n\t\t\t'*");
		add_action("name", NULL, gen_complete(v->complete), out);
		buf_addc(out, '\'');
	}
	buf_adds(out, "\n\t\t;;\n");
}

void gen_zsh(const struct program *p, struct buf *out)
{
	const struct opt_group globals[] = {{global_opts, 0, NULL}, {NULL, 0, NULL}};
	size_t i;

	buf_adds(out, head);
	command_tables(p, out);
	buf_adds(out, "\n_kist_command() {\n\tcase $1 in\n");
	for (i = 0; p->verbs[i]; i++)
		if (!(p->verbs[i]->flags & VERB_HIDDEN))
			verb_case(p->verbs[i], out);
	buf_adds(out, "\tesac\n}\n");
	buf_adds(out, main_head);
	add_options(globals, out);
	buf_adds(out, main_tail);
}
