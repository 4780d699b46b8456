/*
 * client.h - talking to a container's monitor: attach.
 *
 * The connection is a SOCK_SEQPACKET unix socket, one frame a message (pkg/monitor/shim/frame.h).
 * Output that a client does not take for a while is not lost as long as the container has a log
 * without size limit: the monitor goes on without the client, and the client reads what it missed
 * from the log (decision 0004).
 */
#ifndef MONITOR_CLIENT_H
#define MONITOR_CLIENT_H

#include "monitor/user.h"

/* Connects to `attach` in the container's run directory. ERR_NOT_FOUND: no monitor there. */
int monitor_connect(int run_fd, int *ret_fd, struct err *err);

struct monitor_attach {
	struct monitor_user user;
	/* This client also removes the container after its end (run --rm in the foreground): the
	 * monitor then does not start the cleanup command. If this client dies before the end of
	 * the container, the monitor does it. */
	bool will_remove;
	/* Given as client_fd and client_wants in the setup; otherwise the session begins with a
	 * request for what user wants. */
	bool is_first;
};

/* Runs the session until the container ends, the user detaches or the connection is lost. sock is
 * borrowed; closing it afterwards ends the attachment. Signals that end us (no sig-proxy) end the
 * process here, after the terminal is restored. ERR_LIMIT: too many clients. ERR_TIMEOUT: the
 * monitor cut us off because we did not take our output and there was no log to keep it. */
int monitor_attach(int sock, const struct monitor_attach *a, struct monitor_result *ret,
		   struct err *err);

#endif
