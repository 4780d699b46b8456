#include "inodes.h"
#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP ((size_t)256)

void inodes_fini(struct inodes *s)
{
	size_t i;

	for (i = 0; i < s->cap; i++)
		free(s->v[i].path);
	free(s->v);
	s->v = NULL;
	s->n = s->cap = 0;
}

/* The inode's place, or the free one where it belongs. */
static struct inode *place(const struct inodes *s, dev_t dev, ino_t ino)
{
	size_t i = (size_t)(((uint64_t)ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15ULL >> 20);

	for (i &= s->cap - 1; s->v[i].path; i = (i + 1) & (s->cap - 1))
		if (s->v[i].dev == dev && s->v[i].ino == ino)
			break;
	return &s->v[i];
}

static int grow(struct inodes *s, struct err *err)
{
	struct inodes bigger = {.n = s->n, .cap = s->cap ? s->cap * 2 : FIRST_CAP};
	size_t i;

	bigger.v = calloc(bigger.cap, sizeof(*bigger.v));
	if (!bigger.v)
		return err_nomem(err);
	for (i = 0; i < s->cap; i++)
		if (s->v[i].path)
			*place(&bigger, s->v[i].dev, s->v[i].ino) = s->v[i];
	free(s->v);
	*s = bigger;
	return 0;
}

int inodes_note(struct inodes *s, const struct stat *st, const char *path, const char **ret_first,
		struct err *err)
{
	struct inode *i;
	int r;

	if (s->n * 4 >= s->cap * 3) {
		r = grow(s, err);
		if (r < 0)
			return r;
	}
	i = place(s, st->st_dev, st->st_ino);
	*ret_first = i->path;
	if (i->path)
		return 0;
	i->path = strdup(path);
	if (!i->path)
		return err_nomem(err);
	i->dev = st->st_dev;
	i->ino = st->st_ino;
	s->n++;
	return 0;
}
