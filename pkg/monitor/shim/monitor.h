/*
 * monitor.h - the state of the running monitor. One static struct, no allocation.
 *
 * Output: one chunk at a time is read from the container, sent to every client that takes part and
 * written to the log; the next is read when all of them have it. A client that does not take its
 * chunk for PATIENCE_MS is passed over: it "lags", and finds the rest in the log.
 * Input: one message at a time is kept until the container has taken it. A client sends the next
 * one only then, so that its small frames are never stuck behind input.
 */
#ifndef SHIM_MONITOR_H
#define SHIM_MONITOR_H

#include "frame.h"
#include "wire.h"

#include "monitor/setup.h"

#include <stdbool.h>
#include <stdint.h>

/* Attached at once. */
#define CLIENTS_MAX 16
/* A client may hold up the container's output for so long. */
#define PATIENCE_MS 10000
/* With a size-limited log the foreground client cannot catch up from it, so it gets so many times
 * more. */
#define PATIENCE_FOREGROUND 6
/* For the client that promised to remove the container to say so again. */
#define CONFIRM_MS 10000
/* Removing cgroups that are still busy. */
#define CGROUP_MS 2000
/* Without work for so long, buffers are given back to the system. */
#define IDLE_MS 500
/* After the end, a terminal that somebody else holds open is read for so long. */
#define TTY_DRAIN_MS 100
#define TTY_DRAIN_MAX (1U << 20)
#define LOG_BUFFER 65536U
#define PAGE 4096U

#define NO_FD (-1)

struct client {
	int fd; /* NO_FD: free */
	uint32_t wants;
	int sndbuf;	/* for output */
	bool hello;	/* takes part */
	bool owed;	/* an answer (FRAME_TAKEN) to its input */
	bool pending;	/* has not got the current chunk */
	bool lagging;	/* reads the log */
	bool blocked;	/* its next message is input that must wait */
	bool confirmed; /* will remove the container */
};

/* One stream of output. */
struct source {
	int fd;	       /* NO_FD: ended */
	uint32_t type; /* FRAME_STDOUT or FRAME_STDERR */
	uint32_t left; /* after the container's end: bytes still to come */
};

struct log {
	int fd; /* NO_FD: none */
	int32_t utc_offset;
	bool failed; /* the last write: the log cannot serve those who lag */
	uint64_t end;
};

struct input {
	int fd; /* NO_FD: closed */
	uint32_t at, len;
	bool eof;  /* close when all is written */
	char last; /* byte written last */
};

struct monitor {
	struct wire wire;
	bool is_tty, running;
	int pidfd, listen_fd;
	int slave_fd; /* keeps the terminal from hanging up while nobody in the container has it */
	int32_t code;
	int64_t finished_ns;
	int64_t quiet_since_ms; /* after the end: when output last came or was held up */
	uint32_t oom;
	struct source sources[2];
	struct log log;
	struct input in;
	struct client clients[CLIENTS_MAX];
	/* The current chunk: len bytes in chunk_data, while some client is pending. */
	uint32_t chunk_len, chunk_type;
	uint64_t chunk_log_at; /* where it begins in the log */
	int64_t chunk_since_ms;
	bool used_much; /* buffers hold more than their first page */
};

extern struct monitor mon;
extern char chunk_data[FRAME_BODY_MAX];
extern char log_data[LOG_BUFFER];
extern char in_data[FRAME_MESSAGE_MAX];

/* main.c */
int64_t now_ms(void);
int64_t now_ns(void);
void fd_close(int *fd);

/* output.c */
void output_read(struct source *s);
/* Sends the current chunk to those who have not got it; they are passed over when time is up. */
void output_retry(void);
bool output_pending(void);
/* Milliseconds until output_retry must be called, -1: no need. */
int output_timeout(void);

/* log.c */
void log_open(void);
void log_write(bool is_stderr, const char *data, size_t len);
/* May a client that missed output find it in the log? */
bool log_serves(void);

/* client.c */
void client_add(int fd, uint32_t wants, bool hello);
void client_accept(void);
void client_drop(struct client *c);
void client_bye(struct client *c, uint32_t reason);
/* Small frames always get through (or the client is dropped). */
void client_tell(struct client *c, const struct frame_small *f, int pass_fd);
void client_lag(struct client *c, uint64_t from);
void client_read(struct client *c);

/* input.c */
void input_message(struct client *c, size_t n);
void input_eof(void);
void input_flush(void);

/* finish.c */
void finish(char **argv, char **env) __attribute__((noreturn));
void tell_exit(struct client *c);

#endif
