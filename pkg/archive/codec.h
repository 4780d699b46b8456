/* codec.h - one decompressor for each library; called by decompress_open. */
#ifndef CODEC_H
#define CODEC_H

#include "archive/compress.h"

#include <stdbool.h>

/* Above, a reader needs more memory than it may want to give. */
#define ZSTD_LEVEL_TOP 19

/* Each reads `from` to its end; see decompress_open. */
int gzip_open(struct stream *from, struct stream **ret, struct err *err);
int zstd_open(struct stream *from, struct stream **ret, struct err *err);
/* bzip2 and xz */
int libarchive_open(struct stream *from, enum compression kind, struct stream **ret,
		    struct err *err);

/* What struct compressor is made of: one for each format that can be written. */
struct encoder {
	/* Consumes all of it, passing output to `to`; last: writes the trailer, too. */
	int (*write)(void *arg, const void *data, size_t n, bool last, const struct sink *to,
		     struct err *err);
	void (*close)(void *arg);
};

extern const struct encoder gzip_encoder, zstd_encoder;
int gzip_encoder_new(int level, void **ret, struct err *err);
int zstd_encoder_new(int level, void **ret, struct err *err);

#endif
