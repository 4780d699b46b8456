#include "dispatch.h"
#include "gen_walk.h"
#include "base/buf.h"

static const char head[] =
    "# fish completion for kist. Made from the tables of verbs by \"make gen\"; do not edit.\n"
    "\n"
    "# The words of the command so far: \"image ls\".\n"
    "function __kist_command\n"
    "    set -l command\n"
    "    set -l skip 0\n"
    "    for word in (commandline -opc)[2..-1]\n"
    "        if test $skip = 1\n"
    "            set skip 0\n"
    "        else if contains -- $word $__kist_global_values\n"
    "            set skip 1\n"
    "        else if not string match -q -- '-*' $word\n"
    "            set -a command $word\n"
    "            contains -- $command[1] $__kist_groups; and test (count $command) = 1; or break\n"
    "        end\n"
    "    end\n"
    "    echo \"$command\"\n"
    "end\n"
    "\n"
    "function __kist_at\n"
    "    contains -- (__kist_command) $argv\n"
    "end\n"
    "\n"
    "function __kist_names\n"
    "    kist __complete $argv[1] 2>/dev/null\n"
    "end\n"
    "\n"
    "complete -c kist -f\n";

static void add_quoted(const char *s, struct buf *out)
{
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}

/* complete -c kist -n "__kist_at 'run' 'container run'" */
static void add_condition(const struct verb *v, struct buf *out)
{
	struct str paths[GEN_PATHS_MAX];
	size_t n = gen_paths(v, paths), i;

	buf_adds(out, "complete -c kist -n \"__kist_at");
	for (i = 0; i < n; i++)
		buf_addf(out, " '%.*s'", (int)paths[i].len, paths[i].ptr);
	buf_addc(out, '"');
}

static void add_what(const char *choices, const char *complete, struct buf *out)
{
	if (choices) {
		buf_adds(out, " -a '");
		for (; *choices; choices++)
			buf_addc(out, *choices == '|' ? ' ' : *choices);
		buf_addc(out, '\'');
	} else if (complete && streq(complete, "files")) {
		buf_adds(out, " -F");
	} else if (complete && streq(complete, "dirs")) {
		buf_adds(out, " -a '(__fish_complete_directories)'");
	} else if (complete) {
		buf_addf(out, " -a '(__kist_names %s)'", complete);
	}
}

static bool wants_files(const struct opt *o)
{
	return !o->choices && o->complete && streq(o->complete, "files");
}

/* v NULL: before the verb. */
static void add_option(const struct verb *v, const struct opt *o, struct buf *out)
{
	if (v)
		add_condition(v, out);
	else
		buf_adds(out, "complete -c kist -n \"__kist_at ''\"");
	if (o->letter)
		buf_addf(out, " -s %c", o->letter);
	buf_addf(out, " -l %s", o->name);
	if (opt_takes_value(o) && !o->bare)
		buf_adds(out, wants_files(o) ? " -r" : " -x");
	if (opt_takes_value(o))
		add_what(o->choices, gen_complete(o->complete), out);
	buf_adds(out, " -d ");
	add_quoted(o->help ? o->help : "", out);
	buf_addc(out, '\n');
}

static void add_options(const struct verb *v, const struct opt_group *groups, struct buf *out)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = groups; g->opts; g++)
		for (o = g->opts; o->name; o++)
			if (gen_is_shown(o))
				add_option(v, o, out);
}

struct group_arg {
	struct buf *out;
	const char *path;
};

static void add_command(struct str word, const char *summary, void *arg)
{
	struct group_arg *g = arg;

	buf_addf(g->out, "complete -c kist -n \"__kist_at '%s'\" -a %.*s -d ", g->path,
		 (int)word.len, word.ptr);
	add_quoted(summary, g->out);
	buf_addc(g->out, '\n');
}

static void add_lists(const struct program *p, struct buf *out)
{
	const struct verb_group *g;
	const struct opt *o;

	buf_adds(out, "\nset -g __kist_groups");
	for (g = p->groups; g && g->path; g++)
		buf_addf(out, " %s", g->path);
	buf_adds(out, "\nset -g __kist_global_values");
	for (o = global_opts; o->name; o++)
		if (opt_takes_value(o))
			buf_addf(out, " --%s", o->name);
	buf_addc(out, '\n');
}

void gen_fish(const struct program *p, struct buf *out)
{
	const struct opt_group globals[] = {{global_opts, 0, NULL}, {NULL, 0, NULL}};
	struct opt_group groups[VERB_GROUPS_MAX + 2];
	const struct verb_group *g;
	struct group_arg top = {out, ""};
	size_t i;

	buf_adds(out, head);
	add_lists(p, out);
	gen_subcommands(p, "", add_command, &top);
	for (g = p->groups; g && g->path; g++) {
		struct group_arg arg = {out, g->path};

		gen_subcommands(p, g->path, add_command, &arg);
	}
	add_options(NULL, globals, out);
	for (i = 0; p->verbs[i]; i++) {
		const struct verb *v = p->verbs[i];

		if (v->flags & VERB_HIDDEN)
			continue;
		verb_opt_groups(v, groups);
		add_options(v, groups, out);
		if (gen_complete(v->complete)) {
			add_condition(v, out);
			add_what(NULL, v->complete, out);
			buf_addc(out, '\n');
		}
	}
}
