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
	/* `kist run`, `kist start -a`: the session is the container's standard streams. It is
	 * waited for when slow; when our stdout breaks, the container's is closed, as in any
	 * pipeline (a terminal's output is dropped instead). Otherwise (`kist attach`) a broken
	 * stdout ends the session as a detach does. */
	bool foreground;
	/* This client also removes the container after its end (run --rm in the foreground): the
	 * monitor then does not start the cleanup command. If this client dies before the end of
	 * the container, the monitor does it. */
	bool will_remove;
	/* sock is the other end of client_fd in the setup; otherwise it is from monitor_connect. */
	bool is_first;
};

/* client_wants of the setup for a first client. */
unsigned monitor_wants(const struct monitor_attach *a);

/* Runs the session until the container ends, the user detaches or the connection is lost. sock is
 * borrowed; closing it afterwards ends the attachment. Signals that end us (no sig-proxy) end the
 * process here, after the terminal is restored. ERR_LIMIT: too many clients. ERR_TIMEOUT: the
 * monitor cut us off because we did not take our output and there was no log to keep it. */
int monitor_attach(int sock, const struct monitor_attach *a, struct monitor_result *ret,
		   struct err *err);

#endif
