#include "image/measure.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "store/store.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/userns.h"

#include <sys/mman.h>
#include <unistd.h>

struct measuring {
	int roots[STORE_ROOTS_MAX];
	size_t n_roots;
	const struct strv *paths;
	uint64_t *sizes; /* shared with the child */
};

static int measure_all(void *arg, struct err *err)
{
	const struct measuring *m = arg;
	unsigned long long bytes, inodes;
	size_t i, k;
	int r;

	for (i = 0; i < m->paths->n; i++) {
		m->sizes[i] = 0;
		for (k = 0; k < m->n_roots; k++) {
			r = tree_usage(m->roots[k], m->paths->v[i], &bytes, &inodes, err);
			if (r < 0)
				return r;
			m->sizes[i] += bytes;
		}
	}
	return 0;
}

static int measure_in_userns(struct measuring *m, uint64_t *ret, struct err *err)
{
	size_t len = m->paths->n * sizeof(uint64_t);
	struct idmaps maps;
	uint64_t *shared;
	int r;

	r = idmap_load(getuid(), getgid(), &maps, err);
	if (r < 0)
		return r;
	shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return err_nomem(err);
	m->sizes = shared;
	r = userns_run(&maps, 0, m->roots, m->n_roots, measure_all, m, err);
	if (r >= 0)
		memcpy(ret, shared, len);
	(void)munmap(shared, len);
	return r < 0 ? r : 0;
}

static int measure(struct store *s, struct measuring *m, struct err *err)
{
	if (m->paths->n == 0)
		return 0;
	/* As root of a namespace already there is nobody else to become. */
	if (!store_is_rootless(s) || geteuid() == 0)
		return measure_all(m, err);
	return measure_in_userns(m, m->sizes, err);
}

int store_measure(struct store *s, const struct strv *paths, uint64_t *ret, struct err *err)
{
	struct measuring m = {.paths = paths, .sizes = ret};

	m.n_roots = store_roots(s, m.roots);
	return measure(s, &m, err) < 0 ? err_wrap(err, "measuring %s", store_graphroot(s)) : 0;
}

int store_measure_in(struct store *s, int dir, const struct strv *paths, uint64_t *ret,
		     struct err *err)
{
	struct measuring m = {.roots = {dir}, .n_roots = 1, .paths = paths, .sizes = ret};

	return measure(s, &m, err);
}
