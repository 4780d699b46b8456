#include "help.h"
#include "dispatch.h"
#include "base/buf.h"
#include "base/strv.h"

/* A column of names is at most this wide; longer names get a line of their own. */
#define NAME_WIDTH_MAX 34

/* "  -m, --memory BYTES" */
static void option_name(const struct opt *o, struct buf *out)
{
	const char *meta = opt_meta(o);

	if (o->letter)
		buf_addf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_addf(out, "      --%s", o->name);
	if (meta)
		buf_addf(out, o->bare ? "[=%s]" : " %s", meta);
}

static bool is_shown(const struct opt *o)
{
	return !(o->flags & (OPT_HIDDEN | OPT_DEPRECATED));
}

static size_t name_width(const struct opt *opts)
{
	const struct opt *o;
	size_t width = 0;

	for (o = opts; o->name; o++) {
		AUTO_BUF struct buf b = BUF_INIT(4096);

		if (!is_shown(o))
			continue;
		option_name(o, &b);
		if (b.len > width && b.len <= NAME_WIDTH_MAX)
			width = b.len;
	}
	return width;
}

static void blanks(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_addc(out, ' ');
}

static void print_options(const struct opt *opts, size_t width, struct buf *out)
{
	const struct opt *o;

	for (o = opts; o->name; o++) {
		AUTO_BUF struct buf b = BUF_INIT(4096);

		if (!is_shown(o))
			continue;
		option_name(o, &b);
		buf_adds(out, buf_str(&b));
		if (b.len > width) {
			buf_addc(out, '\n');
			blanks(out, width + 3);
		} else {
			blanks(out, width + 3 - b.len);
		}
		buf_addf(out, "%s\n", o->help ? o->help : "");
	}
}

static void print_groups(const struct opt_group *groups, struct buf *out)
{
	const struct opt_group *g;
	size_t width = 0, w;

	for (g = groups; g->opts; g++) {
		w = name_width(g->opts);
		width = w > width ? w : width;
	}
	if (width == 0)
		return;
	buf_adds(out, "\nOptions:\n");
	for (g = groups; g->opts; g++)
		if (!g->title)
			print_options(g->opts, width, out);
	for (g = groups; g->opts; g++)
		if (g->title) {
			buf_addf(out, "\n%s:\n", g->title);
			print_options(g->opts, width, out);
		}
}

/* Each line, indented; "kist " at the beginning of a line becomes the program's name. */
static void print_lines(const struct program *p, const char *text, struct buf *out)
{
	struct str rest = str_of(text), line;
	const char *after;

	for (line = str_cut(&rest, '\n'); line.ptr; line = str_cut(&rest, '\n')) {
		after = line.len > 5 ? str_after(line.ptr, "kist ") : NULL;
		if (after)
			buf_addf(out, "  %s %.*s\n", p->name, (int)(line.len - 5), after);
		else if (line.len > 0)
			buf_addf(out, "  %.*s\n", (int)line.len, line.ptr);
		else
			buf_addc(out, '\n');
	}
}

static void print_aliases(const struct program *p, const struct verb *v, const char *path,
			  struct buf *out)
{
	struct str rest = str_of(v->aliases ? v->aliases : ""), alias;
	bool first = true;

	if (!streq(path, v->path)) {
		buf_addf(out, "\nAliases:\n  %s %s", p->name, v->path);
		first = false;
	}
	for (alias = str_cut(&rest, '|'); alias.ptr; alias = str_cut(&rest, '|')) {
		if (alias.len == 0 || str_eq(alias, path))
			continue;
		buf_addf(out, "%s%s %.*s", first ? "\nAliases:\n  " : ", ", p->name, (int)alias.len,
			 alias.ptr);
		first = false;
	}
	if (!first)
		buf_addc(out, '\n');
}

void help_verb(const struct program *p, const struct verb *v, const char *path, struct buf *out)
{
	struct opt_group groups[VERB_GROUPS_MAX + 2];

	verb_opt_groups(v, groups);
	buf_addf(out, "%s\n\nUsage:\n  %s %s%s%s\n", v->summary, p->name, path,
		 str_empty(v->usage) ? "" : " ", v->usage ? v->usage : "");
	if (v->help) {
		buf_adds(out, "\nDescription:\n");
		print_lines(p, v->help, out);
	}
	print_aliases(p, v, path, out);
	if (v->examples) {
		buf_adds(out, "\nExamples:\n");
		print_lines(p, v->examples, out);
	}
	print_groups(groups, out);
}

/* One line of a list of commands. */
struct entry {
	struct str name;
	const char *summary;
};

#define ENTRIES_MAX 256

struct entries {
	struct entry v[ENTRIES_MAX];
	size_t n;
};

static int compare(struct str a, struct str b)
{
	int r = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

/* Kept in order; a name that is there already is not added again. */
static void add_entry(struct entries *e, struct str name, const char *summary)
{
	size_t at = 0;

	while (at < e->n && compare(e->v[at].name, name) < 0)
		at++;
	if (e->n == ENTRIES_MAX || (at < e->n && compare(e->v[at].name, name) == 0))
		return;
	memmove(&e->v[at + 1], &e->v[at], (e->n - at) * sizeof(e->v[0]));
	e->v[at] = (struct entry){name, summary};
	e->n++;
}

/* The path, when it is one word below the group ("" is the top). */
static void add_path(struct entries *e, struct str path, const char *group, const char *summary)
{
	size_t len = strlen(group);

	if (len > 0) {
		if (path.len <= len + 1 || memcmp(path.ptr, group, len) != 0 ||
		    path.ptr[len] != ' ')
			return;
		path.ptr += len + 1;
		path.len -= len + 1;
	}
	if (path.len > 0 && !memchr(path.ptr, ' ', path.len))
		add_entry(e, path, summary);
}

static void list_verbs(const struct program *p, const char *group, struct buf *out)
{
	struct entries e = {.n = 0};
	const struct verb_group *g;
	struct str rest, alias;
	size_t i, width = 0;

	for (i = 0; p->verbs[i]; i++) {
		const struct verb *v = p->verbs[i];

		if (v->flags & VERB_HIDDEN)
			continue;
		add_path(&e, str_of(v->path), group, v->summary);
		rest = str_of(v->aliases ? v->aliases : "");
		for (alias = str_cut(&rest, '|'); alias.ptr; alias = str_cut(&rest, '|'))
			add_path(&e, alias, group, v->summary);
	}
	for (g = p->groups; g && g->path; g++)
		add_path(&e, str_of(g->path), group, g->summary);
	for (i = 0; i < e.n; i++)
		width = e.v[i].name.len > width ? e.v[i].name.len : width;
	buf_adds(out, "\nAvailable Commands:\n");
	for (i = 0; i < e.n; i++)
		buf_addf(out, "  %-*.*s  %s\n", (int)width, (int)e.v[i].name.len, e.v[i].name.ptr,
			 e.v[i].summary);
}

void help_group(const struct program *p, const char *path, struct buf *out)
{
	const struct verb_group *g;

	for (g = p->groups; g && g->path && !streq(g->path, path); g++)
		;
	buf_addf(out, "%s\n\nUsage:\n  %s %s [command]\n", g && g->path ? g->summary : path,
		 p->name, path);
	list_verbs(p, path, out);
}

void help_program(const struct program *p, struct buf *out)
{
	static const struct opt always[] = {
	    {'h', "help", OPT_FLAG, 0, NULL, "Show help for the program or a command", NULL},
	    {'v', "version", OPT_FLAG, 0, NULL, "Print the version", NULL},
	    {0},
	};
	const struct opt_group groups[] = {
	    {global_opts, 0, NULL}, {always, 0, NULL}, {NULL, 0, NULL}};

	buf_addf(out, "%s\n\nUsage:\n  %s [options] [command]\n", p->summary, p->name);
	list_verbs(p, "", out);
	print_groups(groups, out);
}
