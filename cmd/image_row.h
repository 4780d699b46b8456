/* image_row.h - an image under one of its names, as images shows it. */
#ifndef CMD_IMAGE_ROW_H
#define CMD_IMAGE_ROW_H

#include "app.h"
#include "image/inventory.h"
#include "text/report.h"

struct image_config;

struct image_row {
	const struct store_image *image; /* borrowed */
	char *repository, *tag;		 /* owned; "<none>" */
	int64_t size;			 /* bytes */
	size_t at;			 /* in the order of the store */
	bool no_trunc;
	/* For fields that cost more; NULL and 0 when no format asks for them. Borrowed. */
	const struct image_config *config;
	size_t containers;
	const struct store_image *parent;
};

extern const struct report_type image_row_type;

/* Does the format ask for what costs more? */
bool image_row_wants_config(const char *format);
bool image_row_wants_containers(const char *format);
bool image_row_wants_parent(const char *format);

void image_row_fini(struct image_row *row);
/* "host/repo:tag" in its two halves; what has a digest or no tag has the tag "<none>". The caller
 * frees both. */
int image_split_name(const char *name, char **ret_repository, char **ret_tag, struct err *err);
/* Names with a tag. */
int image_repo_tags(const struct store_image *image, struct strv *ret, struct err *err);
/* "host/repo@sha256:..." of each repository that the image has a name in, sorted. */
int image_repo_digests(const struct store_image *image, struct strv *ret, struct err *err);

#endif
