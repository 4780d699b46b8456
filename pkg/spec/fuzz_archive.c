/* manifest.json of a docker archive, index.json and oci-layout of an OCI layout. The first byte
 * chooses. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "spec/archive.h"
#include "spec/layout.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void docker(const char *text, size_t len)
{
	AUTO_ARCHIVE_INDEX struct archive_index x = {0}, again = {0};
	AUTO_BUF struct buf out = BUF_INIT(MANIFEST_SIZE_MAX);
	struct err err = ERR_INIT;

	if (archive_index_read(text, len, &x, &err) < 0)
		return;
	/* What was read can be written and read again. */
	if (archive_index_write(&x, &out, &err) == 0 &&
	    archive_index_read(buf_str(&out), out.len, &again, &err) < 0)
		abort();
}

static void oci(const char *text, size_t len)
{
	AUTO_INDEX struct index x = {0};
	struct err err = ERR_INIT;
	size_t i, n = 0;

	if (index_read(text, len, NULL, &x, &err) < 0)
		return;
	for (i = 0; i < x.n_entries; i++) {
		const char *name = index_entry_name(&x.entries[i]);
		AUTO_FREE char *path = name ? archive_path(name, "blobs/x") : NULL;

		n += path ? strlen(path) : 0;
	}
	if (n > len * 2 + x.n_entries * 8)
		abort();
}

/* An image can be added to whatever is taken for an index, and the result is one. */
static void layout(const char *text, size_t len)
{
	const struct layout_image image = {MEDIA_OCI_MANIFEST, "sha256:0", 1, "name"};
	AUTO_BUF struct buf out = BUF_INIT(MANIFEST_SIZE_MAX);
	AUTO_LAYOUT struct layout *x = NULL, *again = NULL;
	struct err err = ERR_INIT;

	if (layout_new(text, len, &x, &err) < 0 || layout_add(x, &image, &err) < 0 ||
	    layout_write(x, &out, &err) < 0)
		return;
	if (layout_new(buf_str(&out), out.len, &again, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct err err = ERR_INIT;

	if (size < 1)
		return 0;
	if (data[0] == 'd') {
		docker(text, size - 1);
	} else if (data[0] == 'i') {
		oci(text, size - 1);
		layout(text, size - 1);
	} else {
		(void)oci_layout_check(text, size - 1, &err);
	}
	return 0;
}
