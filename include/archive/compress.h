/*
 * compress.h - gzip (RFC 1952, ISA-L), zstd (RFC 8878, libzstd), bzip2 and xz (libarchive), told
 * apart by content, never by name. Each library is loaded when the first such stream is met.
 */
#ifndef ARCHIVE_COMPRESS_H
#define ARCHIVE_COMPRESS_H

#include "archive/stream.h"

#include <stdint.h>

/* The numbers of containers/storage (layers.json, "compression"). */
enum compression {
	COMPRESSION_NONE,
	COMPRESSION_BZIP2,
	COMPRESSION_GZIP,
	COMPRESSION_XZ,
	COMPRESSION_ZSTD,
};

/* "none", "bzip2", "gzip", "xz", "zstd" */
const char *compression_name(enum compression c);

/* Bytes that compression_detect wants to see, if there are as many. */
#define COMPRESSION_PEEK 10
/* Anything not recognised, also nothing at all, is COMPRESSION_NONE. */
enum compression compression_detect(const void *data, size_t n);

/*
 * A stream of the decompressed bytes of `from`. *ret_kind (may be NULL) says what was found. `from`
 * stays the caller's and must outlive the result; it is read to its end: many gzip members, many
 * zstd frames (also skippable ones) are one stream. A truncated or damaged stream is ERR_CORRUPT;
 * a zstd window above 128 MiB is ERR_LIMIT. For COMPRESSION_NONE the bytes pass through.
 */
int decompress_open(struct stream *from, struct stream **ret, enum compression *ret_kind,
		    struct err *err);

/* A level as users count (gzip 0 to 9, zstd 0 to 20; COMPRESS_LEVEL_DEFAULT) to one of
 * compressor_new, whose encoders have fewer. ERR_INVALID when there is none such. */
int compression_level(enum compression kind, int64_t level, int *ret, struct err *err);

struct compressor;

/* Levels: gzip 0 (fastest) to 3, zstd 1 to 19; -1 is the default (gzip 2, zstd 3). Only GZIP, ZSTD
 * and NONE can be written (else ERR_UNSUPPORTED). Equal input gives equal output on one machine:
 * no time and no name is written. */
#define COMPRESS_LEVEL_DEFAULT (-1)
int compressor_new(enum compression kind, int level, const struct sink *to, struct compressor **ret,
		   struct err *err);
int compressor_write(struct compressor *c, const void *data, size_t n, struct err *err);
/* Writes what is left and the trailer; nothing can be written afterwards. */
int compressor_finish(struct compressor *c, struct err *err);
void compressor_free(struct compressor *c);
DEFINE_AUTO(struct compressor, compressor_free)
/* A sink that writes into the compressor. */
struct sink compressor_sink(struct compressor *c);

#endif
