/* The same bytes as manifest, index, image configuration and container record. */
#include "base/buf.h"
#include "base/err.h"
#include "spec/container.h"
#include "spec/image.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_manifest(const char *text, size_t len)
{
	AUTO_BUF struct buf out = BUF_INIT(2 * MANIFEST_SIZE_MAX);
	AUTO_MANIFEST struct manifest m = {0}, again = {0};
	struct err err = ERR_INIT;

	if (manifest_read(text, len, MEDIA_DOCKER_MANIFEST, &m, &err) < 0)
		return;
	(void)manifest_is_image(&m, &err);
	if (manifest_write(&m, &out, &err) == 0 &&
	    manifest_read(out.ptr, out.len, NULL, &again, &err) < 0)
		abort();
}

static void as_index(const char *text, size_t len)
{
	const struct platform want = {"linux", "arm", "v7"};
	AUTO_INDEX struct index x = {0};
	const struct index_entry *e;
	struct err err = ERR_INIT;

	if (index_read(text, len, NULL, &x, &err) == 0)
		(void)index_choose(&x, &want, &e, &err);
}

static void as_container(const char *text, size_t len)
{
	AUTO_CONTAINER_DEF struct container_def d = CONTAINER_DEF_INIT, again = CONTAINER_DEF_INIT;
	AUTO_BUF struct buf out = BUF_INIT(CONTAINER_SIZE_MAX);
	struct err err = ERR_INIT;

	if (container_def_read(text, len, "fuzz", &d, &err) < 0)
		return;
	if (container_def_write(&d, &out, &err) == 0 &&
	    container_def_read(out.ptr, out.len, "again", &again, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_IMAGE_CONFIG struct image_config c = {0};
	const char *text = (const char *)data;
	struct err err = ERR_INIT;

	as_manifest(text, size);
	as_index(text, size);
	(void)image_config_read(text, size, &c, &err);
	as_container(text, size);
	return 0;
}
