/*
 * The index of the OCI layout that images are saved to. Others may write to it at the same time: it
 * is read, changed and written in one go at the end, while the directory is held.
 */
#include "out_dir.h"
#include "save.h"
#include "base/err.h"
#include "spec/layout.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <stdio.h>
#include <stdlib.h>

struct saved {
	const char *media_type; /* static */
	char digest[SHA256_TEXT_MAX];
	size_t size;
	struct strv names;
};

void save_layout_fini(struct save *s)
{
	size_t i;

	for (i = 0; i < s->n_saved; i++)
		strv_fini(&s->saved[i].names);
	free(s->saved);
}

int save_layout_note(struct outgoing *g, size_t size, struct err *err)
{
	struct save *s = g->s;
	struct saved *more = realloc(s->saved, (s->n_saved + 1) * sizeof(*more));
	struct saved *x;

	if (!more)
		return err_nomem(err);
	s->saved = more;
	x = &more[s->n_saved++];
	*x = (struct saved){.media_type = manifest_media_type(g->m.kind), .size = size};
	(void)snprintf(x->digest, sizeof(x->digest), "%s", g->digest);
	return strv_copy(&x->names, &g->names, err);
}

/* Of an index that is there what others wrote stays. */
static int read_index(struct save *s, struct layout **ret, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	int r = 0;

	if (s->o->format == SAVE_OCI_DIR)
		r = file_read(s->out.fd, "index.json", &text, err);
	return r < 0 ? r : layout_new(r > 0 ? buf_str(&text) : NULL, text.len, ret, err);
}

int save_layout_check(struct save *s, struct err *err)
{
	AUTO_LAYOUT struct layout *x = NULL;

	return read_index(s, &x, err);
}

/* Once for each name. */
static int add(struct layout *x, const struct saved *saved, struct err *err)
{
	struct layout_image image = {saved->media_type, saved->digest, saved->size, NULL};
	size_t i;
	int r = 0;

	if (saved->names.n == 0)
		return layout_add(x, &image, err);
	for (i = 0; r == 0 && i < saved->names.n; i++) {
		image.name = saved->names.v[i];
		r = layout_add(x, &image, err);
	}
	return r;
}

static int write_index(struct save *s, const struct layout *x, struct err *err)
{
	AUTO_BUF struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	int r;

	r = layout_write(x, &text, err);
	if (r == 0)
		r = archive_out_text(&s->out, "oci-layout", OCI_LAYOUT, strlen(OCI_LAYOUT), err);
	return r < 0 ? r : archive_out_text(&s->out, "index.json", buf_str(&text), text.len, err);
}

static int add_all(struct save *s, struct err *err)
{
	AUTO_LAYOUT struct layout *x = NULL;
	size_t i;
	int r = read_index(s, &x, err);

	for (i = 0; r == 0 && i < s->n_saved; i++)
		r = add(x, &s->saved[i], err);
	return r < 0 ? r : write_index(s, x, err);
}

/* Blobs are written without holding the directory. */
static int sweep(struct save *s, struct err *err)
{
	int r = out_dir_sweep(s->out.fd, "index.json", s->alone, err);

	return r < 0 ? r : out_dir_sweep(s->out.fd, "blobs/sha256/", false, err);
}

int save_layout(struct save *s, struct err *err)
{
	int r;

	if (s->o->format != SAVE_OCI_DIR)
		return add_all(s, err);
	r = lock_dir(s->out.fd, err);
	s->alone = r > 0;
	if (r >= 0)
		r = add_all(s, err);
	return r < 0 ? r : sweep(s, err);
}
