#include "made.h"
#include "base/err.h"
#include "store/layer_new.h"

#include <errno.h>

void made_fini(struct made *m)
{
	made_release_room(m);
	strv_fini(&m->ids);
}

int made_begin(const struct image_ctx *ctx, struct made *m, struct err *err)
{
	return m->room >= 0 ? 0 : store_reserve(ctx->store, &m->room, err);
}

int made_add(struct made *m, const char *id, struct err *err)
{
	return strv_add(&m->ids, id, err);
}

void made_release_room(struct made *m)
{
	store_unreserve(m->room);
	m->room = -1;
}

bool made_disk_is_full(const struct err *why)
{
	return err_is_errno(why, ENOSPC) || err_is_errno(why, EDQUOT);
}

void made_give_back(const struct image_ctx *ctx, struct made *m, const struct err *why)
{
	AUTO_STRV struct strv down = STRV_INIT;
	struct err ignored = ERR_INIT;
	size_t i;
	int r = 0;

	if (!made_disk_is_full(why) || m->ids.n == 0)
		return;
	made_release_room(m);
	for (i = m->ids.n; r == 0 && i > 0; i--)
		r = strv_add(&down, m->ids.v[i - 1], &ignored);
	/* What stays is used by the next pull of the image. */
	if (r == 0)
		(void)store_layers_give_back(ctx->store, &down, &ignored);
}
