/* Any bytes: read as a tar; data and raw bytes in order must be the input as far as it was read. */
#include "archive/tar.h"
#include "base/err.h"

#include <string.h>

struct seen {
	const uint8_t *data;
	size_t at;
};

static int see(void *arg, const void *data, size_t n, struct err *err)
{
	struct seen *s = arg;

	(void)err;
	if (memcmp(s->data + s->at, data, n) != 0)
		abort();
	s->at += n;
	return 0;
}

static size_t touch(const struct tar_entry *e)
{
	size_t sum = strlen(e->name) + strlen(e->link) + strlen(e->uname) + strlen(e->gname), i;
	uint64_t stored = 0;

	for (i = 0; i < e->n_xattrs; i++)
		sum += strlen(e->xattrs[i].name) + (uint8_t)e->xattrs[i].value[0];
	for (i = 0; i < e->n_extents; i++)
		stored += e->extents[i].len;
	if (e->sparse && stored != e->size)
		abort();
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(tar_reader_free_p) struct tar_reader *t = NULL;
	AUTO(stream_close_p) struct stream *s = NULL;
	struct seen seen = {data, 0};
	struct err err = ERR_INIT;
	const struct tar_entry *e;
	const void *p;
	size_t n;
	int r;

	if (stream_of_memory(data, size, &s, &err) < 0 ||
	    tar_reader_new(s, see, &seen, &t, &err) < 0)
		return 0;
	while ((r = tar_next(t, &e, &err)) > 0) {
		(void)touch(e);
		while ((r = tar_data(t, &p, &n, &err)) > 0)
			(void)see(&seen, p, n, &err);
		if (r < 0)
			return 0;
	}
	if (r == 0 && tar_finish(t, &err) == 0 && seen.at != size)
		abort();
	return 0;
}
