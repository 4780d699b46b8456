/*
 * catchup.h - the bytes a container wrote, taken back out of its log, for a client that was passed
 * over while it did not read.
 */
#ifndef MONITOR_CATCHUP_H
#define MONITOR_CATCHUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define CATCHUP_BLOCK 65536

struct catchup {
	int fd;		/* the log; -1: not in use */
	int64_t offset; /* of the first byte that is not handed out */
	char *block;
	size_t at, len; /* what is left in block */
};

#define CATCHUP_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

void catchup_begin(struct catchup *c, int take_fd, int64_t offset);
void catchup_end(struct catchup *c);
/* 1: len bytes of one stream, valid until the next call; 0: end of the log as it is now. */
int catchup_next(struct catchup *c, bool *ret_stderr, const char **ret_at, size_t *ret_len,
		 struct err *err);

#endif
