/*
 * user.h - the user's side of a session: which of our standard streams take part, the terminal,
 * the keys that detach, the signals that are passed on. Shared by monitor_attach (client.h) and
 * relay_run (relay.h).
 *
 * While a session runs, signals are blocked and read from a descriptor; the terminal is raw when
 * want_tty and our stdin is a terminal, and restored on every way out: end, detach, error, and
 * signals that end or stop us (which then take their ordinary effect). Our descriptors never
 * become non-blocking for others.
 *
 * A stdout or stderr that cannot be written any more (EPIPE) is given up: see client.h for what
 * that means for the container; the result says so. Descriptors 0, 1 and 2 must be open (the
 * program's start opens /dev/null in place of missing ones).
 */
#ifndef MONITOR_USER_H
#define MONITOR_USER_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define MONITOR_DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"
#define MONITOR_DETACH_KEYS_MAX 16

/* A parsed --detach-keys; n is 0 when detaching is disabled. */
struct monitor_keys {
	unsigned char key[MONITOR_DETACH_KEYS_MAX];
	unsigned n;
};
/* Comma-separated: one ASCII character, or ctrl- and one of a-z @ [ \ ] ^ _. "" disables.
 * ERR_INVALID. */
int monitor_keys_parse(const char *text, struct monitor_keys *ret, struct err *err);

struct monitor_user {
	bool want_stdin, want_stdout, want_stderr;
	bool want_tty; /* the container's side is a terminal */
	/* Looked for only when our stdin is a terminal in raw mode. */
	struct monitor_keys keys;
	/* Called for each signal that is to reach the container (not SIGCHLD, SIGPIPE, SIGURG,
	 * SIGWINCH, nor job control); NULL: signals take their ordinary effect on us. With a raw
	 * terminal they do so in any case: the keys already reach the container. Failures (the
	 * container is just gone) are the callee's to ignore. */
	void (*signal)(void *arg, int signo);
	void *arg;
	/* Descriptors to use as stdin, stdout and stderr; all 0 means 0, 1 and 2. */
	int fds[3];
};

enum monitor_end {
	MONITOR_EXITED,	  /* the container or command ended */
	MONITOR_DETACHED, /* the user typed the detach keys */
	MONITOR_LOST,	  /* the other side went away without a word (monitor killed) */
};

struct monitor_result {
	enum monitor_end end;
	/* Of a monitor_attach that ended with MONITOR_EXITED. */
	int code;
	int64_t finished_ns;
	bool oom;
	bool stdout_broken; /* our stdout or stderr could not be written any more */
};

#endif
