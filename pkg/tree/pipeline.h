/*
 * pipeline.h - one layer on two processors: a helper reads and decompresses, a second one hashes,
 * the caller writes files (docs/decisions/0005-unpack-pipeline.md).
 */
#ifndef TREE_PIPELINE_H
#define TREE_PIPELINE_H

#include "archive/compress.h"
#include "tree/unpack.h"

struct pipeline;

/* *ret_plain belongs to the caller and must be closed first. */
int pipeline_open(int blob, const struct tree_unpack_options *o, struct pipeline **ret,
		  struct stream **ret_plain, struct err *err);
/* Read of the blob when what the stream shows was decompressed. */
uint64_t pipeline_blob_bytes(const struct pipeline *p);
int pipeline_result(struct pipeline *p, struct tree_layer *ret, struct err *err);
void pipeline_close(struct pipeline *p);
DEFINE_AUTO(struct pipeline, pipeline_close)

/* The first stage, also used without helpers (source.c). */
struct decoder {
	const struct tree_unpack_options *o;
	struct stream *blob, *plain;
	struct sha256 *hash; /* of the blob; NULL: not wanted */
	enum compression kind;
};

/* *d must be zero before; on failure, too, decoder_close. */
int decoder_open(struct decoder *d, int blob, const struct tree_unpack_options *o, struct err *err);
int decoder_result(struct decoder *d, struct tree_layer *ret, struct err *err);
void decoder_close(struct decoder *d);

#endif
