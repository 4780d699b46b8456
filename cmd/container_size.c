#include "container_size.h"
#include "base/auto.h"
#include "base/err.h"
#include "image/measure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* st_blocks */
#define BLOCK 512

/* Of the directory itself, which is there before anything is written. */
static uint64_t empty_size(const struct container *c)
{
	struct stat st;

	return fstatat(c->dir, "upper", &st, AT_SYMLINK_NOFOLLOW) == 0
		   ? (uint64_t)st.st_blocks * BLOCK
		   : 0;
}

static int image_size(struct app *app, const struct container *c, uint64_t *ret, struct err *err)
{
	AUTO(store_image_free_p) struct store_image *image = NULL;
	int64_t size = 0;
	int r;

	if (str_empty(c->def.image.id))
		return 0;
	r = store_image_find(app->store, &(struct store_image_query){.id = c->def.image.id}, &image,
			     err);
	if (r > 0)
		r = store_image_size(app->store, image, &size, err);
	*ret = (uint64_t)size;
	return r;
}

int container_sizes(struct app *app, struct container *const *list, size_t n,
		    struct container_size *ret, struct err *err)
{
	AUTO_FREE uint64_t *bytes = calloc(n + 1, sizeof(*bytes));
	AUTO_STRV struct strv paths = STRV_INIT;
	size_t i;
	int r = 0;

	if (!bytes)
		return err_nomem(err);
	for (i = 0; r == 0 && i < n; i++)
		r = strv_addf(&paths, err, "kist/containers/%s/upper", list[i]->def.id);
	if (r == 0)
		r = store_measure(app->store, &paths, bytes, err);
	for (i = 0; r >= 0 && i < n; i++) {
		uint64_t empty = empty_size(list[i]);

		ret[i].rw = bytes[i] > empty ? bytes[i] - empty : 0;
		r = image_size(app, list[i], &ret[i].image, err);
	}
	return r < 0 ? r : 0;
}
