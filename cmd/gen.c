#include "gen_walk.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>

#define FILE_MAX (4U << 20)
#define WORDS_MAX 256

bool gen_is_shown(const struct opt *o)
{
	return !(o->flags & (OPT_HIDDEN | OPT_DEPRECATED));
}

size_t gen_paths(const struct verb *v, struct str out[GEN_PATHS_MAX])
{
	struct str rest = str_of(v->aliases ? v->aliases : ""), alias;
	size_t n = 0;

	out[n++] = str_of(v->path);
	for (alias = str_cut(&rest, '|'); alias.ptr; alias = str_cut(&rest, '|'))
		if (alias.len > 0 && n < GEN_PATHS_MAX)
			out[n++] = alias;
	return n;
}

struct subcommand {
	struct str word;
	const char *summary;
};

struct subcommands {
	struct subcommand v[WORDS_MAX];
	size_t n;
};

static int compare_words(const void *a, const void *b)
{
	struct str x = ((const struct subcommand *)a)->word,
		   y = ((const struct subcommand *)b)->word;
	int r = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);

	return r ? r : (x.len > y.len) - (x.len < y.len);
}

/* The word of path behind the group, when path is exactly one word longer. */
static void add_word(struct subcommands *s, struct str path, const char *group, const char *summary)
{
	size_t len = strlen(group), i;

	if (len > 0) {
		if (path.len <= len + 1 || memcmp(path.ptr, group, len) != 0 ||
		    path.ptr[len] != ' ')
			return;
		path.ptr += len + 1;
		path.len -= len + 1;
	}
	if (path.len == 0 || memchr(path.ptr, ' ', path.len) || s->n == WORDS_MAX)
		return;
	for (i = 0; i < s->n; i++)
		if (s->v[i].word.len == path.len && !memcmp(s->v[i].word.ptr, path.ptr, path.len))
			return;
	s->v[s->n++] = (struct subcommand){path, summary};
}

void gen_subcommands(const struct program *p, const char *group,
		     void (*each)(struct str word, const char *summary, void *arg), void *arg)
{
	struct str paths[GEN_PATHS_MAX];
	const struct verb_group *g;
	struct subcommands s = {.n = 0};
	size_t i, k, n;

	for (i = 0; p->verbs[i]; i++) {
		n = p->verbs[i]->flags & VERB_HIDDEN ? 0 : gen_paths(p->verbs[i], paths);
		for (k = 0; k < n; k++)
			add_word(&s, paths[k], group, p->verbs[i]->summary);
	}
	for (g = p->groups; g && g->path; g++)
		add_word(&s, str_of(g->path), group, g->summary);
	qsort(s.v, s.n, sizeof(s.v[0]), compare_words);
	for (i = 0; i < s.n; i++)
		each(s.v[i].word, s.v[i].summary, arg);
}

const char *gen_complete(const char *complete)
{
	return str_empty(complete) || streq(complete, "none") ? NULL : complete;
}

static int write_file(int dir, const char *name, const struct buf *b, struct err *err)
{
	int r = buf_check(b, name, err);

	return r < 0 ? r : file_replace(dir, name, 0644, buf_str(b), b->len, 0, err);
}

static int write_pages(const struct program *p, int dir, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FILE_MAX), name = BUF_INIT(256);
	const char *c;
	size_t i;
	int r;

	gen_man_program(p, &b);
	r = write_file(dir, "kist.1", &b, err);
	for (i = 0; r >= 0 && p->verbs[i]; i++) {
		if (p->verbs[i]->flags & VERB_HIDDEN)
			continue;
		buf_reset(&b);
		buf_reset(&name);
		gen_man_verb(p, p->verbs[i], &b);
		buf_adds(&name, "kist-");
		for (c = p->verbs[i]->path; *c; c++)
			buf_addc(&name, *c == ' ' ? '-' : *c);
		buf_adds(&name, ".1");
		r = write_file(dir, buf_str(&name), &b, err);
	}
	return r;
}

int gen_files(const struct program *program, const char *what, const char *dir, struct err *err)
{
	static const struct {
		const char *what, *file;
		void (*gen)(const struct program *p, struct buf *out);
	} shells[] = {{"bash", "kist.bash", gen_bash},
		      {"zsh", "kist.zsh", gen_zsh},
		      {"fish", "kist.fish", gen_fish}};
	AUTO_BUF struct buf b = BUF_INIT(FILE_MAX);
	struct program p = *program;
	AUTO_CLOSE int fd = -1;
	size_t i;
	int r;

	p.name = "kist"; /* whatever it is called as now */
	r = dir_ensure(AT_FDCWD, dir, 0755, &fd, err);
	if (r < 0)
		return r;
	if (streq(what, "man"))
		return write_pages(&p, fd, err);
	for (i = 0; i < ARRAY_LEN(shells); i++) {
		if (!streq(what, shells[i].what))
			continue;
		shells[i].gen(&p, &b);
		return write_file(fd, shells[i].file, &b, err);
	}
	return err_set(err, ERR_INVALID, "cannot make \"%s\": bash, zsh, fish or man", what);
}
