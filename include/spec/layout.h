/*
 * layout.h - the index.json of an OCI layout (OCI image spec 1.1) as a document that images are
 * added to. What others wrote there stays, also what kist does not know.
 */
#ifndef SPEC_LAYOUT_H
#define SPEC_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct layout;

struct layout_image {
	const char *media_type, *digest; /* of the manifest */
	size_t size;
	const char *name; /* or NULL */
};

/* text: what is there; NULL: nothing. ERR_INVALID, ERR_LIMIT. */
int layout_new(const char *text, size_t len, struct layout **ret, struct err *err);
void layout_free(struct layout *x);
static inline void layout_free_p(struct layout **x)
{
	layout_free(*x);
}
#define AUTO_LAYOUT __attribute__((cleanup(layout_free_p)))

/* As skopeo does: another image of this name loses it, and the same image without a name is
 * replaced. */
int layout_add(struct layout *x, const struct layout_image *image, struct err *err);
int layout_write(const struct layout *x, struct buf *out, struct err *err);

#endif
