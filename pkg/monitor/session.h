/*
 * session.h - the user's end of attach.c and relay.c: streams, terminal, signals.
 */
#ifndef MONITOR_SESSION_H
#define MONITOR_SESSION_H

#include "keys.h"
#include "monitor/user.h"
#include "sys/tty.h"

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

/* Bytes moved at a time. */
#define SESSION_BLOCK 65536

/* One of our output streams. */
struct out {
	int fd;	     /* what we write to; -1: not wanted or broken */
	int own;     /* fd opened anew by us to be non-blocking, to close; -1 */
	bool socket; /* written with MSG_DONTWAIT */
	bool broken; /* EPIPE and the like */
};

struct session {
	const struct monitor_user *user;
	int in_fd;  /* -1: not wanted, or ended */
	int tty_fd; /* our terminal, -1: none */
	int sig_fd;
	bool raw;
	struct out out, err;
	struct tty_saved saved;
	struct keys_match match;
	sigset_t old_mask;
	struct sigaction old_pipe;
};

#define SESSION_INIT                                                                               \
	{                                                                                          \
		.in_fd = -1, .tty_fd = -1, .sig_fd = -1, .out = {.fd = -1, .own = -1},             \
		.err = {.fd = -1,                                                                  \
			.own = -1 }                                                                \
	}
#define AUTO_SESSION AUTO(session_end)

int session_begin(struct session *s, const struct monitor_user *user, struct err *err);
void session_end(struct session *s);

/* Writes what goes without waiting; the number of bytes that are done with. A broken stream takes
 * all. */
size_t out_write(struct out *o, const char *data, size_t n);

enum session_input { INPUT_NONE, INPUT_DATA, INPUT_EOF, INPUT_DETACH };
/* Call when in_fd is readable. buf has SESSION_BLOCK bytes; *ret_len are filled (also with EOF and
 * DETACH). After EOF in_fd is -1. */
enum session_input session_read(struct session *s, char *buf, size_t *ret_len);

/* Call when sig_fd is readable. True when the terminal's size may have changed. */
bool session_signals(struct session *s);
/* The size of our terminal, {0, 0} when we have none. */
struct tty_size session_size(const struct session *s);

#endif
