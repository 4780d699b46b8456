/*
 * relay.h - a session without a monitor: relays our standard streams to a pty master or pipes of a
 * child (kist exec) until it ends.
 */
#ifndef MONITOR_RELAY_H
#define MONITOR_RELAY_H

#include "monitor/user.h"

/* -1 where there is none. Pipes are closed at the end of their stream, and all of them in any case;
 * the pty master and pidfd are borrowed. The master becomes non-blocking. */
struct relay {
	struct monitor_user user;
	int pidfd;	   /* readable when the child has ended; not waited for here */
	int tty_fd;	   /* pty master; then there are no pipes */
	int take_stdin_fd; /* write end */
	int take_stdout_fd, take_stderr_fd; /* read ends */
};

/* Runs until pidfd says that the child ended and its output is drained (what other processes write
 * after that is not waited for), or the user detaches. The result has no code: the caller waits
 * for the child. */
int relay_run(const struct relay *r, struct monitor_result *ret, struct err *err);

#endif
