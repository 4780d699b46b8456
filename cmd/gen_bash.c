#include "dispatch.h"
#include "gen_walk.h"
#include "base/buf.h"

static const char head[] =
    "# bash completion for kist. Made from the tables of verbs by \"make gen\"; do not edit.\n"
    "# shellcheck shell=bash disable=SC2207\n";

/* The engine: finds the command in the words so far, then completes an option, the value of an
 * option, a further word of the command, or an operand. */
static const char engine[] =
    "# Words to choose from for what a table names.\n"
    "__kist_words() {\n"
    "	case $1 in\n"
    "	'') ;;\n"
    "	files) compopt -o default ;;\n"
    "	dirs) COMPREPLY=($(compgen -d -- \"$cur\")) && compopt -o filenames ;;\n"
    "	*'|'*) COMPREPLY=($(compgen -W \"${1//|/ }\" -- \"$cur\")) ;;\n"
    "	*) COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" \"${globals[@]}\" __complete \"$1\" "
    "\\\n"
    "		2>/dev/null)\" -- \"$cur\")) ;;\n"
    "	esac\n"
    "}\n"
    "\n"
    "# Reads the words before the cursor into command, globals, operands and option.\n"
    "__kist_scan() {\n"
    "	local i word\n"
    "	for ((i = 1; i < cword; i++)); do\n"
    "		word=${words[i]}\n"
    "		if [[ $word == -?* ]]; then\n"
    "			option=\n"
    "			[[ $(__kist_options \"$command\") == *\" $word= \"* ]] || continue\n"
    "			option=$word\n"
    "			[[ ${words[i + 1]} == = ]] && ((i++))\n"
    "			((i + 1 < cword)) || return\n"
    "			[[ $command ]] || globals+=(\"$word\" \"${words[i + 1]}\")\n"
    "			option=\n"
    "			((++i))\n"
    "		elif ((operands == 0)) && [[ $(__kist_commands \"$command\") == *\" $word \"* ]]; "
    "then\n"
    "			command=${command:+$command }$word\n"
    "		else\n"
    "			((++operands))\n"
    "		fi\n"
    "	done\n"
    "}\n"
    "\n"
    "_kist() {\n"
    "	local cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD command='' option='' operands=0 "
    "options\n"
    "	local -a words=(\"${COMP_WORDS[@]}\") globals=()\n"
    "	COMPREPLY=()\n"
    "	# A colon is part of an image's name, not the end of a word.\n"
    "	declare -F _get_comp_words_by_ref >/dev/null && _get_comp_words_by_ref -n : cur words "
    "cword\n"
    "	[[ $cur == = ]] && cur=\n"
    "	__kist_scan\n"
    "	if [[ $option ]]; then\n"
    "		__kist_words \"$(__kist_value \"$command\" \"$option\")\"\n"
    "	elif ((operands > 0)) && __kist_stops \"$command\"; then\n"
    "		compopt -o default\n"
    "	elif [[ $cur == -* ]]; then\n"
    "		options=$(__kist_options \"$command\")\n"
    "		COMPREPLY=($(compgen -W \"${options//=/}\" -- \"$cur\"))\n"
    "	elif ((operands == 0)) && [[ $(__kist_commands \"$command\") ]]; then\n"
    "		COMPREPLY=($(compgen -W \"$(__kist_commands \"$command\")\" -- \"$cur\"))\n"
    "	else\n"
    "		__kist_words \"$(__kist_operand \"$command\")\"\n"
    "	fi\n"
    "	declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions \"$cur\"\n"
    "}\n"
    "\n"
    "complete -F _kist kist\n";

/* 'run' | 'container run') */
static void add_pattern(const struct verb *v, struct buf *out)
{
	struct str paths[GEN_PATHS_MAX];
	size_t n = gen_paths(v, paths), i;

	buf_addc(out, '\t');
	for (i = 0; i < n; i++)
		buf_addf(out, "%s'%.*s'", i ? " | " : "", (int)paths[i].len, paths[i].ptr);
	buf_adds(out, ")");
}

static void add_options(const struct opt_group *groups, struct buf *out)
{
	const struct opt_group *g;
	const struct opt *o;

	buf_adds(out, " echo ' ");
	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++) {
			const char *equals = opt_takes_value(o) && !o->bare ? "=" : "";

			if (!gen_is_shown(o))
				continue;
			if (o->letter)
				buf_addf(out, "-%c%s ", o->letter, equals);
			buf_addf(out, "--%s%s ", o->name, equals);
		}
	buf_adds(out, "--help ' ;;\n");
}

static void option_table(const struct program *p, struct buf *out)
{
	const struct opt_group globals[] = {{global_opts, 0, NULL}, {NULL, 0, NULL}};
	struct opt_group groups[VERB_GROUPS_MAX + 2];
	size_t i;

	buf_adds(out, "\n# Options of a command; those with = take a value.\n"
		      "__kist_options() {\n\tcase $1 in\n\t'')");
	add_options(globals, out);
	for (i = 0; p->verbs[i]; i++) {
		if (p->verbs[i]->flags & VERB_HIDDEN)
			continue;
		verb_opt_groups(p->verbs[i], groups);
		add_pattern(p->verbs[i], out);
		add_options(groups, out);
	}
	buf_adds(out, "\tesac\n}\n");
}

/* 'run:--env-file' | 'container run:--env-file') echo 'files' ;; */
static void add_value(const struct str *paths, size_t n, const struct opt *o, struct buf *out)
{
	const char *what = o->choices ? o->choices : gen_complete(o->complete);
	size_t i;

	if (!what || !gen_is_shown(o))
		return;
	buf_addc(out, '\t');
	for (i = 0; i < n; i++) {
		buf_addf(out, "%s'%.*s:--%s'", i ? " | " : "", (int)paths[i].len, paths[i].ptr,
			 o->name);
		if (o->letter)
			buf_addf(out, " | '%.*s:-%c'", (int)paths[i].len, paths[i].ptr, o->letter);
	}
	buf_addf(out, ") echo '%s' ;;\n", what);
}

static void add_values(const struct str *paths, size_t n, const struct opt_group *groups,
		       struct buf *out)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			add_value(paths, n, o, out);
}

static void value_table(const struct program *p, struct buf *out)
{
	const struct opt_group globals[] = {{global_opts, 0, NULL}, {NULL, 0, NULL}};
	struct opt_group groups[VERB_GROUPS_MAX + 2];
	struct str paths[GEN_PATHS_MAX] = {str_of("")};
	size_t i;

	buf_adds(out, "\n# What the value of an option is.\n"
		      "__kist_value() {\n\tcase $1:$2 in\n");
	add_values(paths, 1, globals, out);
	for (i = 0; p->verbs[i]; i++) {
		if (p->verbs[i]->flags & VERB_HIDDEN)
			continue;
		verb_opt_groups(p->verbs[i], groups);
		add_values(paths, gen_paths(p->verbs[i], paths), groups, out);
	}
	buf_adds(out, "\tesac\n}\n");
}

static void add_word(struct str word, const char *summary, void *arg)
{
	(void)summary;
	buf_addf(arg, "%.*s ", (int)word.len, word.ptr);
}

static void command_table(const struct program *p, struct buf *out)
{
	const struct verb_group *g;

	buf_adds(out, "\n# Words that may follow the words of a command.\n"
		      "__kist_commands() {\n\tcase $1 in\n\t'' | help) echo ' ");
	gen_subcommands(p, "", add_word, out);
	buf_adds(out, "help ' ;;\n");
	for (g = p->groups; g && g->path; g++) {
		buf_addf(out, "\t'%s') echo ' ", g->path);
		gen_subcommands(p, g->path, add_word, out);
		buf_adds(out, "' ;;\n");
	}
	buf_adds(out, "\tesac\n}\n");
}

static void operand_tables(const struct program *p, struct buf *out)
{
	size_t i;

	buf_adds(out, "\n# What a command's operands are.\n"
		      "__kist_operand() {\n\tcase $1 in\n");
	for (i = 0; p->verbs[i]; i++) {
		if ((p->verbs[i]->flags & VERB_HIDDEN) || !gen_complete(p->verbs[i]->complete))
			continue;
		add_pattern(p->verbs[i], out);
		buf_addf(out, " echo '%s' ;;\n", p->verbs[i]->complete);
	}
	buf_adds(out, "\tesac\n}\n\n# Commands whose options end at the first operand.\n"
		      "__kist_stops() {\n\tcase $1 in\n");
	for (i = 0; p->verbs[i]; i++) {
		if ((p->verbs[i]->flags & VERB_HIDDEN) ||
		    !(p->verbs[i]->flags & VERB_STOP_AT_OPERAND))
			continue;
		add_pattern(p->verbs[i], out);
		buf_adds(out, " return 0 ;;\n");
	}
	buf_adds(out, "\tesac\n\treturn 1\n}\n\n");
}

void gen_bash(const struct program *p, struct buf *out)
{
	buf_adds(out, head);
	command_table(p, out);
	option_table(p, out);
	value_table(p, out);
	operand_tables(p, out);
	buf_adds(out, engine);
}
