/* source.h - from a blob to the bytes of its tar, hashed on the way, on one processor or two. */
#ifndef TREE_SOURCE_H
#define TREE_SOURCE_H

#include "archive/stream.h"
#include "tree/unpack.h"

struct source;

/* blob is borrowed. What it reports goes through o->progress. */
int source_open(int blob, const struct tree_unpack_options *o, struct source **ret,
		struct err *err);
void source_close(struct source *s);
DEFINE_AUTO(struct source, source_close)
/* The uncompressed bytes; borrowed. */
struct stream *source_stream(struct source *s);
/* Read of the blob for what the stream has shown so far. */
uint64_t source_blob_bytes(const struct source *s);
/* When the stream has ended: sizes, digests and kind of compression. */
int source_result(struct source *s, struct tree_layer *ret, struct err *err);

#endif
