/*
 * setup.h - turning a process into a container's monitor, the process that stays with it.
 *
 * The monitor is a small freestanding program embedded in kist (docs/decisions/0004-monitor.md).
 * monitor_exec replaces the calling process with it: the caller must be the parent of the
 * container's first process, single-threaded, and in a session of its own. It then
 *  - keeps lock_fd open (and so the container's lock held) until it ends,
 *  - relays stdout, stderr or the terminal to the log and to attached clients, and their input
 * back,
 *  - after the container's end writes the file `exit` in state_fd ("<code> <finished ns> <oom
 * 0|1>\n", 128+N for signal N; by rename from "exit.tmp"), tells the clients, empties and removes
 * the cgroups that the file `cgroup` in run_fd names (absolute paths of cgroup directories, one a
 *    line; no file: nothing to remove), unlinks `attach` in run_fd, and ends,
 *  - with a cleanup command: executes it as its last act, with the lock given up before, unless a
 *    client confirmed that it removes the container itself.
 * Only SIGKILL ends it early; the lock is free then, and no `exit` file is there.
 */
#ifndef MONITOR_SETUP_H
#define MONITOR_SETUP_H

#include <stdint.h>
#include <sys/types.h>

struct err;

enum {
	/* Kill what is left in the cgroups before removing them (containers that share the host's
	 * pid namespace). Only for cgroups that belong to this container alone. */
	MONITOR_KILL_CGROUP = 1 << 0,
	/* The end of a client that had attached stdin closes the container's stdin (docker's
	 * StdinOnce: `run -i` in the foreground). Without it only an explicit end of input does. */
	MONITOR_STDIN_ONCE = 1 << 1,
};

/* What a client wants; of the first client in the setup, of later ones in monitor_attach. */
enum {
	MONITOR_WANT_STDIN = 1 << 0,
	MONITOR_WANT_STDOUT = 1 << 1,
	MONITOR_WANT_STDERR = 1 << 2,
	/* `kist run` in the foreground: it is waited for rather than cut off when it is slow. */
	MONITOR_WANT_FOREGROUND = 1 << 3,
	/* It will remove the container after its end (monitor_attach confirms it then). */
	MONITOR_WANT_REMOVE = 1 << 4,
};

/* All descriptors are borrowed; -1 where there is none. */
struct monitor_setup {
	const char *id; /* shown by ps(1) as argument of the monitor */
	pid_t pid;	/* the container's first process, a child of the caller */
	unsigned flags; /* MONITOR_KILL_CGROUP ... */

	int lock_fd;
	int state_fd; /* directory of `exit` */
	int run_fd;   /* directory of `attach` and `cgroup` */

	/* Log in podman's k8s-file format; -1: none. Opened O_RDWR | O_APPEND. A limit of 0 is
	 * none; else a file that would grow past it is replaced by an empty one of the same name
	 * in log_dir_fd (what conmon does), so log_dir_fd and log_name are needed then. */
	int log_fd;
	int log_dir_fd;
	const char *log_name;
	uint64_t log_size_max;

	/* Either tty_fd, the pty master, or the pipes: write end, read end, read end. */
	int tty_fd;
	int stdin_fd, stdout_fd, stderr_fd;

	int listen_fd; /* from monitor_listen */
	/* One end of a SOCK_SEQPACKET pair: the foreground client, attached from the first byte of
	 * output on. Its other end goes to monitor_attach. */
	int client_fd;
	unsigned client_wants;

	/* How long a client that does not read may hold up the container's output; 0: the usual
	 * 10 s (decision 0004 says what then happens). */
	unsigned patience_ms;

	/* argv (first an absolute path) and environment, NULL-terminated; argv NULL: none. */
	const char *const *cleanup_argv;
	const char *const *cleanup_env;
};

/* Binds `attach` in run_fd (replacing a left-over one) and listens; close-on-exec. Clients that
 * come before the monitor runs wait in the queue. */
int monitor_listen(int run_fd, int *ret_fd, struct err *err);

/* Returns only on failure, with descriptors and signals possibly changed: report and _exit. */
int monitor_exec(const struct monitor_setup *setup, struct err *err);

/* The `exit` file. When the disk was full the monitor may have put it in the run directory
 * instead: ask there when the state directory has none. */
struct monitor_exit {
	int code;
	int64_t finished_ns;
	int oom; /* 1: something in the container was killed for want of memory */
};
/* 1, or 0 when there is none. A malformed one is ERR_CORRUPT. */
int monitor_read_exit(int dir_fd, struct monitor_exit *ret, struct err *err);

#endif
