/*
 * tarsplit.h - tar-split: what is needed besides the files' contents to build a tar again byte by
 * byte. Lines of JSON, gzip-compressed: segments (raw bytes, base64) and files (name, size, CRC-64
 * of the content), in the order of the archive. The form is that of containers/storage.
 */
#ifndef ARCHIVE_TARSPLIT_H
#define ARCHIVE_TARSPLIT_H

#include "archive/stream.h"

#include <stdbool.h>

/* Raw bytes in one segment line that we write. */
#define TARSPLIT_SEGMENT_MAX (1024 * 1024)
/* A line that we read; Go writes one pax header of up to 1 MiB and two long names into one. */
#define TARSPLIT_LINE_MAX (8 * 1024 * 1024)

struct tarsplit_writer;

/* Writes gzip into `to`. */
int tarsplit_writer_new(const struct sink *to, struct tarsplit_writer **ret, struct err *err);
void tarsplit_writer_free(struct tarsplit_writer *w);
DEFINE_AUTO(struct tarsplit_writer, tarsplit_writer_free)
/* Adds to the segment at hand; it ends with the next file, or when it is TARSPLIT_SEGMENT_MAX
 * long. Nothing is kept in memory but the compressor's buffers. */
int tarsplit_raw(struct tarsplit_writer *w, const void *data, size_t n, struct err *err);
/* Ends the segment at hand, so that the next bytes begin a new one. The Go tools do that behind the
 * end marker. */
int tarsplit_cut(struct tarsplit_writer *w, struct err *err);
/* A file with `size` bytes of content and their CRC (digest/digest.h; ignored when size is 0). */
int tarsplit_file(struct tarsplit_writer *w, const char *name, uint64_t size, uint64_t crc,
		  struct err *err);
int tarsplit_finish(struct tarsplit_writer *w, struct err *err);

struct tarsplit_reader;

/* One line. Borrowed until the next call. */
struct tarsplit_item {
	bool is_file;
	const char *name; /* file: any bytes except NUL, "" possible */
	uint64_t size;	  /* file: bytes of content */
	uint64_t crc;	  /* file */
	const void *data; /* segment */
	size_t len;	  /* segment */
};

/* Reads what `from` yields: gzip, or the bare lines. `from` stays the caller's. */
int tarsplit_reader_new(struct stream *from, struct tarsplit_reader **ret, struct err *err);
void tarsplit_reader_free(struct tarsplit_reader *r);
DEFINE_AUTO(struct tarsplit_reader, tarsplit_reader_free)
/* 1, or 0 at the end. ERR_CORRUPT names the line. */
int tarsplit_next(struct tarsplit_reader *r, struct tarsplit_item *ret, struct err *err);

#endif
