#include "lowers.h"
#include "base/err.h"
#include "base/str.h"
#include "store/layer.h"
#include "store/store.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* upper and out */
#define MORE 2

void lowers_fini(struct lowers *l)
{
	while (l->n > 0)
		(void)close(l->fds[--l->n]);
	free(l->fds);
	l->fds = NULL;
}

static int open_layers(struct store *s, const char *top, struct lowers *l, struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers list = {0};
	size_t i;
	int r = 0;

	if (!str_empty(top))
		r = store_layer_lowers(s, top, &list, err);
	if (r < 0)
		return r;
	l->fds = calloc(list.n + MORE, sizeof(*l->fds));
	if (!l->fds)
		return err_nomem(err);
	for (i = 0; i < list.n; i++) {
		l->fds[i] = openat(list.v[i].overlay_fd, list.v[i].path,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (l->fds[i] < 0)
			return err_sys(err, errno, "opening %s", list.v[i].path);
		l->n++;
	}
	return 0;
}

int lowers_give(struct store *s, const char *top, int upper, int out, struct spawn *role,
		struct lowers *ret, struct err *err)
{
	int r = open_layers(s, top, ret, err);

	if (r == 0 && store_is_rootless(s)) {
		r = idmap_load(getuid(), getgid(), &ret->maps, err);
		ret->one_id = r == 0;
		role->clone_flags = CLONE_NEWUSER;
		role->maps = &ret->maps;
	}
	if (r < 0)
		return r;
	ret->fds[ret->n] = upper;
	ret->fds[ret->n + 1] = out;
	role->fds = ret->fds;
	role->n_fds = ret->n + MORE;
	return 0;
}
