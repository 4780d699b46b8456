/* What is in which of our roots, when an image store holds images apart from the graphroot. */
#include "priv.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Versions from 1.58 on keep the records of an image store's layers there, and this file is their
 * sign; earlier ones keep them in the graphroot. Both are read by all that know both. */
#define OWN_RECORDS "overlay-layers/layers.json"

size_t layer_places(const struct store *s, struct layer_place out[LAYER_PLACES_MAX])
{
	size_t n, where;

	for (n = where = 0; where < s->n_own; where++)
		out[n++] = (struct layer_place){where, IX_LAYERS};
	out[n++] = (struct layer_place){0, IX_VOLATILE_LAYERS};
	return n;
}

size_t layer_home(const struct store *s)
{
	if (s->img == 0 || faccessat(s->roots[s->img].fd, OWN_RECORDS, F_OK, 0) < 0)
		return 0;
	return s->img;
}

int layer_find_own(struct store *s, struct str id, struct layer_place *ret_place, struct rec **ret,
		   struct err *err)
{
	struct layer_place places[LAYER_PLACES_MAX];
	size_t n = layer_places(s, places), i;
	struct index *ix;
	int r;

	for (i = 0; i < n; i++) {
		r = store_index(s, places[i].where, places[i].kind, &ix, err);
		if (r < 0)
			return r;
		*ret = index_find(ix, id);
		if (!*ret)
			continue;
		*ret_place = places[i];
		return 1;
	}
	return 0;
}

int layer_dir_where(const struct store *s, const char *id)
{
	size_t i;

	for (i = 0; i < s->n_own; i++)
		if (faccessat(s->roots[i].overlay_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return (int)i;
		else if (errno != ENOENT)
			return -1;
	errno = ENOENT;
	return -1;
}
