/*
 * logs_impl.h - reading a log by descriptor, for logs.c and its fuzz target.
 */
#ifndef MONITOR_LOGS_IMPL_H
#define MONITOR_LOGS_IMPL_H

#include "monitor/logs.h"

/* A line longer than this is no log entry (writers split at 8 kB or 16 kB) and is skipped. */
#define LOGS_LINE_MAX (128 * 1024)
#define LOGS_TAIL_BLOCK 65536

struct logs_reader {
	const struct logs_query *q;
	int fd;		/* borrowed */
	int64_t offset; /* of the next byte to read into block */
	char *block;	/* LOGS_LINE_MAX bytes; a beginning of a line of `have` bytes is in it */
	size_t have;
	bool skipping;	 /* in a line that is too long */
	bool in_line[2]; /* stdout, stderr: a piece without end was handed out last */
};

#define LOGS_READER_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

void logs_reader_fini(struct logs_reader *r);
int logs_reader_init(struct logs_reader *r, const struct logs_query *q, int fd, struct err *err);
/* Hands out all whole entries up to the end of the file as it is now. Positive: q->piece said stop.
 */
int logs_reader_run(struct logs_reader *r, struct err *err);
/* Where the last q->tail lines begin. */
int logs_tail_offset(int fd, const struct logs_query *q, int64_t *ret, struct err *err);

#endif
