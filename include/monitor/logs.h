/*
 * logs.h - reading logs in podman's k8s-file format back:
 *
 *	2026-11-22T06:48:20.123456789+00:00 stdout F a whole line, or the end of one
 *	2026-11-22T06:48:20.123456789+00:00 stderr P a part of a line, without its newline
 *
 * Lines are handed out in pieces as they are stored, so that a line of any length costs no memory.
 * What is not of this form (a crash in the middle of a write, another program) is skipped.
 */
#ifndef MONITOR_LOGS_H
#define MONITOR_LOGS_H

#include "base/str.h"
#include "base/times.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

struct log_piece {
	int64_t time_ns;
	bool is_stderr;
	bool begin, end; /* first piece of its line; last piece: a newline follows */
	struct str text; /* without newline; borrowed for the call */
	struct str time; /* as stored */
};

#define LOGS_TAIL_ALL (-1)

struct logs_query {
	int64_t tail;	  /* lines from the end, or LOGS_TAIL_ALL */
	int64_t since_ns; /* 0: none. Lines of this time or later */
	int64_t until_ns; /* 0: none. Lines of this time or earlier */
	bool follow;	  /* wait for more until running() says no, or until_ns has passed */
	bool skip_stdout, skip_stderr;
	/* Negative (with err set): stop and return that; positive: stop, return 0. */
	int (*piece)(void *arg, const struct log_piece *piece, struct err *err);
	/* With follow: does the container still run? Asked about once a second. */
	bool (*running)(void *arg);
	void *arg;
};

/* While following, a log that was replaced by an empty one (size limit) or truncated goes on from
 * its beginning. ERR_NOT_FOUND: no such log. */
int logs_read(int dir, const char *name, const struct logs_query *q, struct err *err);

/* One stored line without its newline; false when it is not of the form. begin is not set. */
bool log_parse(struct str line, struct log_piece *ret);
/* What `logs -t` prints in front of a line, before a blank: the stored time in Go's RFC3339Nano. */
const char *log_time_text(const struct log_piece *piece, char out[RFC3339_MAX]);

#endif
