#include "dispatch.h"
#include "gen_walk.h"
#include "base/buf.h"

/* Text of a manual page: what roff would take for its own is escaped. */
static void add_text(const char *s, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((i == 0 || s[i - 1] == '\n') && (s[i] == '.' || s[i] == '\''))
			buf_adds(out, "\\&");
		if (s[i] == '\\')
			buf_adds(out, "\\e");
		else if (s[i] == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, s[i]);
	}
}

static void add_string(const char *s, struct buf *out)
{
	add_text(s, strlen(s), out);
}

/* "image ls" as "image\\-ls", the rest of a page's name. */
static void add_page_name(const char *path, struct buf *out)
{
	for (; *path; path++)
		if (*path == ' ' || *path == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *path);
}

static void add_title(const struct program *p, const char *path, struct buf *out)
{
	buf_adds(out,
		 ".\\\" Made from the tables of verbs by \"make gen\"; do not edit.\n.TH \"KIST");
	if (path)
		buf_addc(out, '-');
	for (; path && *path; path++)
		buf_addc(out, *path == ' '		     ? '-'
			      : *path >= 'a' && *path <= 'z' ? (char)(*path & ~0x20)
							     : *path);
	buf_addf(out, "\" 1 \"\" \"kist %s\" \"kist manual\"\n", p->version);
}

static void add_option(const struct opt *o, struct buf *out)
{
	const char *meta = opt_meta(o);

	buf_adds(out, ".TP\n");
	if (o->letter)
		buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
	buf_adds(out, "\\fB\\-\\-");
	add_string(o->name, out);
	buf_adds(out, "\\fR");
	if (meta) {
		buf_adds(out, o->bare ? "[=\\fI" : "=\\fI");
		add_string(meta, out);
		buf_adds(out, o->bare ? "\\fR]" : "\\fR");
	}
	buf_addc(out, '\n');
	add_string(o->help ? o->help : "", out);
	buf_adds(out, ".\n");
}

static void add_options(const struct opt_group *groups, const char *heading, struct buf *out)
{
	const struct opt_group *g;
	const struct opt *o;

	for (g = groups; g->opts; g++) {
		if (g == groups)
			buf_addf(out, ".SH %s\n", heading);
		if (g->title)
			buf_addf(out, ".SS %s\n", g->title);
		for (o = g->opts; o->name; o++)
			if (gen_is_shown(o))
				add_option(o, out);
	}
}

/* Paragraphs: an empty line between them. */
static void add_paragraphs(const char *s, struct buf *out)
{
	struct str rest = str_of(s), line;

	for (line = str_cut(&rest, '\n'); line.ptr; line = str_cut(&rest, '\n')) {
		if (line.len == 0)
			buf_adds(out, ".PP");
		else
			add_text(line.ptr, line.len, out);
		buf_addc(out, '\n');
	}
}

static void add_aliases(const struct verb *v, struct buf *out)
{
	struct str paths[GEN_PATHS_MAX];
	size_t n = gen_paths(v, paths), i;

	for (i = 1; i < n; i++) {
		buf_adds(out, i == 1 ? ".SH ALIASES\n" : ".br\n");
		buf_adds(out, "\\fBkist ");
		add_text(paths[i].ptr, paths[i].len, out);
		buf_adds(out, "\\fR\n");
	}
}

void gen_man_verb(const struct program *p, const struct verb *v, struct buf *out)
{
	struct opt_group groups[VERB_GROUPS_MAX + 2];

	verb_opt_groups(v, groups);
	add_title(p, v->path, out);
	buf_adds(out, ".SH NAME\nkist\\-");
	add_page_name(v->path, out);
	buf_adds(out, " \\- ");
	add_string(v->summary, out);
	buf_adds(out, "\n.SH SYNOPSIS\n\\fBkist ");
	add_string(v->path, out);
	buf_adds(out, "\\fR ");
	add_string(v->usage ? v->usage : "", out);
	buf_adds(out, "\n.SH DESCRIPTION\n");
	if (v->help) {
		add_paragraphs(v->help, out);
	} else {
		add_string(v->summary, out);
		buf_adds(out, ".\n");
	}
	add_aliases(v, out);
	add_options(groups, "OPTIONS", out);
	if (v->examples) {
		buf_adds(out, ".SH EXAMPLES\n.nf\n");
		add_string(v->examples, out);
		buf_adds(out, "\n.fi\n");
	}
	buf_adds(out, ".SH SEE ALSO\n\\fBkist\\fR(1)\n");
}

static void add_command(struct str word, const char *summary, void *arg)
{
	struct buf *out = arg;

	buf_adds(out, ".TP\n\\fB");
	add_text(word.ptr, word.len, out);
	buf_adds(out, "\\fR\n");
	add_string(summary, out);
	buf_adds(out, ".\n");
}

static const char exit_status[] =
    ".SH EXIT STATUS\n"
    "Commands that run something in a container end with its exit status. Otherwise:\n"
    ".TP\n\\fB0\\fR\nDone.\n"
    ".TP\n\\fB125\\fR\nkist itself failed; the reason is on standard error.\n"
    ".TP\n\\fB126\\fR\nThe command in the container cannot be invoked.\n"
    ".TP\n\\fB127\\fR\nThe command was not found in the container.\n";

void gen_man_program(const struct program *p, struct buf *out)
{
	const struct opt_group globals[] = {{global_opts, 0, NULL}, {NULL, 0, NULL}};
	const struct verb_group *g;

	add_title(p, NULL, out);
	buf_adds(out, ".SH NAME\nkist \\- ");
	add_string(p->summary, out);
	buf_adds(out, "\n.SH SYNOPSIS\n\\fBkist\\fR [\\fIoptions\\fR] \\fIcommand\\fR ...\n"
		      ".SH COMMANDS\nEach has a page of its own, such as \\fBkist\\-run\\fR(1).\n");
	gen_subcommands(p, "", add_command, out);
	for (g = p->groups; g && g->path; g++) {
		buf_addf(out, ".SS kist %s\n", g->path);
		gen_subcommands(p, g->path, add_command, out);
	}
	add_options(globals, "OPTIONS", out);
	buf_adds(out, exit_status);
}
