#include "lowers.h"
#include "base/err.h"
#include "base/str.h"
#include "store/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void lowers_fini(struct lowers *l)
{
	while (l->n > 0)
		(void)close(l->fds[--l->n]);
	free(l->fds);
	l->fds = NULL;
}

int lowers_open(struct store *s, const char *top, struct lowers *ret, struct err *err)
{
	AUTO_STORE_LOWERS struct store_lowers list = {0};
	AUTO_LOWERS struct lowers l = {0};
	size_t i;
	int r = 0;

	if (!str_empty(top))
		r = store_layer_lowers(s, top, &list, err);
	if (r < 0)
		return r;
	l.fds = calloc(list.n + LOWERS_SPARE, sizeof(*l.fds));
	if (!l.fds)
		return err_nomem(err);
	for (i = 0; i < list.n; i++) {
		l.fds[i] = openat(list.v[i].overlay_fd, list.v[i].path,
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (l.fds[i] < 0)
			return err_sys(err, errno, "opening %s", list.v[i].path);
		l.n++;
	}
	*ret = l;
	l = (struct lowers){0};
	return 0;
}
