/*
 * stream.h - bytes that come one after the other: pulled from a stream, pushed into a sink.
 *
 * A stream is read through a window that it owns: stream_peek shows bytes, stream_consume drops
 * them. An error is sticky: whatever failed once fails again with the same text. Taps see every
 * byte once, when it arrives from below, in order (hashes, counters).
 */
#ifndef ARCHIVE_STREAM_H
#define ARCHIVE_STREAM_H

#include "base/auto.h"

#include <stddef.h>
#include <stdint.h>

struct err;
struct stream;

/* Where a stream's bytes come from. Exactly one of read and borrow is set. */
struct stream_ops {
	/* Up to n bytes into dst: how many (> 0), 0 at the end, or a negative error. */
	int64_t (*read)(void *arg, void *dst, size_t n, struct err *err);
	/* The next bytes, valid until the next call: 1, 0 at the end, or a negative error. */
	int (*borrow)(void *arg, const void **ret_data, size_t *ret_n, struct err *err);
	void (*close)(void *arg); /* may be NULL */
};

/* Takes arg over (ops->close), also when it fails. buffer: bytes to ask for at once (0: default);
 * only with read. */
int stream_new(const struct stream_ops *ops, void *arg, size_t buffer, struct stream **ret,
	       struct err *err);
/* fd is borrowed. `what` names it in errors. */
int stream_of_fd(int fd, const char *what, struct stream **ret, struct err *err);
/* data is borrowed. */
int stream_of_memory(const void *data, size_t n, struct stream **ret, struct err *err);
void stream_close(struct stream *s);
DEFINE_AUTO(struct stream, stream_close)

typedef void stream_tap_fn(void *arg, const void *data, size_t n);
#define STREAM_TAPS 2
/* At most STREAM_TAPS, before the first read. */
void stream_tap(struct stream *s, stream_tap_fn *tap, void *arg);

/* 1 with at least one byte (borrowed until the next call), 0 at the end. */
int stream_peek(struct stream *s, const void **ret_data, size_t *ret_n, struct err *err);
/* Drops n bytes; n is at most what the last peek showed. */
void stream_consume(struct stream *s, size_t n);
/* Copies the next n bytes (at most STREAM_LOOK_MAX, before anything was consumed) without consuming
 * them; fewer at the end: how many. */
#define STREAM_LOOK_MAX 64
int64_t stream_look(struct stream *s, void *dst, size_t n, struct err *err);
/* Reads until n bytes or the end: how many. Large reads go directly from the source. */
int64_t stream_read(struct stream *s, void *dst, size_t n, struct err *err);
/* Reads and drops the rest. */
int stream_drain(struct stream *s, struct err *err);
/* Bytes that came from below so far, and bytes consumed so far. */
uint64_t stream_arrived(const struct stream *s);
uint64_t stream_consumed(const struct stream *s);

/* Where bytes go. A plain value: arg belongs to whoever made it. */
struct sink {
	int (*write)(void *arg, const void *data, size_t n, struct err *err);
	void *arg;
};

static inline int sink_write(const struct sink *s, const void *data, size_t n, struct err *err)
{
	return s->write(s->arg, data, n, err);
}

/* A sink that writes to a descriptor; *to must live as long as the sink. */
struct sink_fd {
	int fd;
	const char *what;
};
struct sink sink_to_fd(struct sink_fd *to);

#endif
