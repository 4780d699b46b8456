#include "seen.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_CAP ((size_t)8192)
#define SEARCHES_MAX 256

void seen_fini(struct seen *s)
{
	if (s->v)
		(void)munmap(s->v, s->cap * sizeof(*s->v));
	s->v = NULL;
}

static int seen_grow(struct seen *s, struct err *err)
{
	size_t cap = s->cap ? s->cap * 2 : FIRST_CAP;
	void *p;

	if (!s->v)
		p = mmap(NULL, cap * sizeof(*s->v), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		p = mremap(s->v, s->cap * sizeof(*s->v), cap * sizeof(*s->v), MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return err_nomem(err);
	s->v = p;
	s->cap = cap;
	return 0;
}

int seen_add(struct seen *s, uint64_t hash, struct err *err)
{
	int r = s->n == s->cap ? seen_grow(s, err) : 0;

	if (r < 0)
		return r;
	s->v[s->n++] = hash;
	return 0;
}

bool seen_has(struct seen *s, uint64_t hash)
{
	size_t i;

	if (s->searches++ >= SEARCHES_MAX)
		return false;
	for (i = 0; i < s->n; i++)
		if (s->v[i] == hash)
			return true;
	return false;
}

static void sift(uint64_t *v, size_t i, size_t n)
{
	uint64_t x = v[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && v[child + 1] > v[child])
			child++;
		if (v[child] <= x)
			break;
		v[i] = v[child];
		i = child;
	}
	v[i] = x;
}

/* Heap sort: qsort(3) would take as much memory again. */
bool seen_twins(struct seen *s)
{
	uint64_t last;
	size_t i;

	for (i = s->n / 2; i-- > 0;)
		sift(s->v, i, s->n);
	for (i = s->n; i-- > 1;) {
		last = s->v[i];
		s->v[i] = s->v[0];
		s->v[0] = last;
		sift(s->v, 0, i);
	}
	for (i = 1; i < s->n; i++)
		if (s->v[i] == s->v[i - 1])
			return true;
	return false;
}

void ids_fini(struct ids *s)
{
	free(s->v);
	s->v = NULL;
}

static size_t ids_place(const struct ids *s, uint32_t id)
{
	size_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (s->v[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int ids_add(struct ids *s, uint32_t id, size_t max, struct err *err)
{
	size_t at = ids_place(s, id);
	uint32_t *v;

	if (at < s->n && s->v[at] == id)
		return 0;
	if (s->n >= max)
		return err_set(err, ERR_LIMIT, "more than %zu different owners", max);
	if (s->n == s->cap) {
		v = reallocarray(s->v, s->cap ? s->cap * 2 : 16, sizeof(*v));
		if (!v)
			return err_nomem(err);
		s->v = v;
		s->cap = s->cap ? s->cap * 2 : 16;
	}
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof(*s->v));
	s->v[at] = id;
	s->n++;
	return 0;
}
