/*
 * Messages from a hostile peer, both ways: to a client (monitor_attach), and to the monitor, whose
 * own code is compiled in here. Input: a byte for the direction, then messages, each after two
 * bytes of length.
 */
#include "base/auto.h"
#include "base/err.h"
#include "monitor/client.h"
#include "shim/client.c"
#include "shim/input.c"

#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct monitor mon;
char chunk_data[FRAME_BODY_MAX];
char log_data[LOG_BUFFER];
char in_data[FRAME_MESSAGE_MAX];

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = NO_FD;
}

void tell_exit(struct client *c)
{
	c->confirmed = false;
}

static void to_client(int sock)
{
	struct monitor_attach a = {.user = {.want_stdout = true, .want_stderr = true},
				   .is_first = true,
				   .foreground = true};
	struct monitor_result r;
	struct err err = ERR_INIT;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	a.user.fds[0] = a.user.fds[1] = a.user.fds[2] = null;
	(void)monitor_attach(sock, &a, &r, &err);
	(void)close(null);
}

static void to_monitor(int sock, bool slow_container)
{
	int i, pipe_[2];

	mon = (struct monitor){.running = true, .pidfd = NO_FD, .listen_fd = NO_FD};
	mon.log.fd = mon.sources[0].fd = mon.sources[1].fd = NO_FD;
	if (pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	if (slow_container)
		while (write(pipe_[1], in_data, 4096) > 0)
			continue;
	mon.in.fd = pipe_[1];
	for (i = 0; i < CLIENTS_MAX; i++)
		mon.clients[i].fd = NO_FD;
	client_add(dup(sock), MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT, true);
	for (i = 0; i < 64 && mon.clients[0].fd != NO_FD; i++)
		client_read(&mon.clients[0]);
	fd_close(&mon.clients[0].fd);
	fd_close(&mon.in.fd);
	(void)close(pipe_[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 1, n;
	int pair[2];

	if (size < 1 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	while (at + 2 <= size) {
		n = (size_t)data[at] | (size_t)data[at + 1] << 8;
		at += 2;
		n = n < size - at ? n : size - at;
		if (send(pair[0], data + at, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		at += n;
	}
	(void)shutdown(pair[0], SHUT_WR);
	if (data[0] & 1)
		to_monitor(pair[1], data[0] & 2);
	else
		to_client(pair[1]);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
