/* image_filter.h - images --filter. */
#ifndef CMD_IMAGE_FILTER_H
#define CMD_IMAGE_FILTER_H

#include "app.h"
#include "image/inventory.h"

struct image_filter_one {
	int key; /* index into the table of keys */
	const char *value;
	bool negate;
	bool flag;    /* dangling, containers ... */
	int64_t time; /* before, since, until: ns since 1970 */
};

struct image_filter {
	struct image_filter_one *v;
	size_t n;
	bool needs_inventory;
};

void image_filter_fini(struct image_filter *f);
#define AUTO_IMAGE_FILTER __attribute__((cleanup(image_filter_fini)))

/* texts: "KEY=VALUE" or "KEY!=VALUE", borrowed. Images that are named there must exist. */
int image_filter_read(struct app *app, const struct strv *texts, struct image_filter *ret,
		      struct err *err);
/* Must all match, of several reference=... one. inv may be NULL unless needs_inventory is set;
 * i: the image's index there. */
int image_filter_matches(struct app *app, const struct image_filter *f,
			 const struct store_image *image, const struct inventory *inv, size_t i,
			 struct err *err);

#endif
