/* Media types. */
#include "base/auto.h"
#include "base/str.h"
#include "spec/image.h"

const char *const manifest_accept =
    MEDIA_OCI_MANIFEST ", " MEDIA_OCI_INDEX ", " MEDIA_DOCKER_MANIFEST ", " MEDIA_DOCKER_LIST
		       ", " MEDIA_DOCKER_SCHEMA1_SIGNED "; q=0.1, " MEDIA_DOCKER_SCHEMA1 "; q=0.1";

const char *manifest_media_type(enum manifest_kind k)
{
	static const char *const types[] = {
	    [MANIFEST_OCI] = MEDIA_OCI_MANIFEST,
	    [MANIFEST_DOCKER] = MEDIA_DOCKER_MANIFEST,
	    [MANIFEST_OCI_INDEX] = MEDIA_OCI_INDEX,
	    [MANIFEST_DOCKER_LIST] = MEDIA_DOCKER_LIST,
	};

	return types[k];
}

static const struct {
	const char *type;
	enum layer_compression compression;
} layer_types[] = {
    {MEDIA_OCI_LAYER, LAYER_PLAIN},
    {MEDIA_OCI_LAYER_GZIP, LAYER_GZIP},
    {MEDIA_OCI_LAYER_ZSTD, LAYER_ZSTD},
    {MEDIA_DOCKER_LAYER, LAYER_PLAIN},
    {MEDIA_DOCKER_LAYER_GZIP, LAYER_GZIP},
    {MEDIA_DOCKER_LAYER_FOREIGN, LAYER_GZIP},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", LAYER_PLAIN},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", LAYER_PLAIN},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LAYER_GZIP},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", LAYER_ZSTD},
};

enum layer_compression layer_compression_of(const char *media_type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(layer_types); i++)
		if (streq(media_type, layer_types[i].type))
			return layer_types[i].compression;
	return LAYER_UNKNOWN;
}

const char *layer_media_type(enum manifest_kind kind, enum layer_compression c)
{
	bool docker = kind == MANIFEST_DOCKER || kind == MANIFEST_DOCKER_LIST;

	switch (c) {
	case LAYER_PLAIN:
		return docker ? MEDIA_DOCKER_LAYER : MEDIA_OCI_LAYER;
	case LAYER_GZIP:
		return docker ? MEDIA_DOCKER_LAYER_GZIP : MEDIA_OCI_LAYER_GZIP;
	case LAYER_ZSTD:
		return docker ? NULL : MEDIA_OCI_LAYER_ZSTD;
	case LAYER_UNKNOWN:
		break;
	}
	return NULL;
}
