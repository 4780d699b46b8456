#include "sources.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/strv.h"
#include "spec/ref.h"
#include "store/image.h"

/* The first of these names that is in another repository of the registry; caller frees. */
static int other_repository(const struct strv *names, const struct ref *ref, char **ret,
			    struct err *err)
{
	struct err ignored = ERR_INIT;
	size_t i;

	for (i = 0; i < names->n && !*ret; i++) {
		AUTO_REF struct ref other = REF_INIT;

		/* Other tools may write names that we do not understand. */
		if (ref_parse(names->v[i], &other, &ignored) == 0 && other.domain && other.path &&
		    streq(other.domain, ref->domain) && !streq(other.path, ref->path)) {
			*ret = str_dup(str_of(other.path));
			if (!*ret)
				return err_nomem(err);
		}
		err_clear(&ignored);
	}
	return 0;
}

/* An image's layers are those of ours up to its topmost one. */
static int add_source(const struct store_image *image, const struct ref *ref,
		      const struct strv *layers, struct strv *ret, struct err *err)
{
	long top = image->layer ? strv_find(layers, image->layer) : -1, i;
	AUTO_FREE char *path = NULL;
	int r;

	if (top < 0)
		return 0;
	r = other_repository(&image->names, ref, &path, err);
	if (r == 0 && !path)
		r = other_repository(&image->names_history, ref, &path, err);
	for (i = 0; r == 0 && path && i <= top; i++)
		if (!*ret->v[i])
			r = str_set(&ret->v[i], path, err);
	return r;
}

int sources_find(const struct image_ctx *ctx, const struct ref *ref, const struct strv *layers,
		 struct strv *ret, struct err *err)
{
	AUTO_STORE_IMAGES struct store_images images = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < layers->n; i++)
		r = strv_add(ret, "", err);
	if (r == 0)
		r = store_image_list(ctx->store, &images, err);
	for (i = 0; r == 0 && i < images.n; i++)
		r = add_source(images.v[i], ref, layers, ret, err);
	return r;
}
