/*
 * main.c - the loop. See monitor.h for how output and input are paced.
 */
#include "monitor.h"
#include "mem.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

struct monitor mon;
char chunk_data[FRAME_BODY_MAX] __attribute__((aligned(PAGE)));
char log_data[LOG_BUFFER] __attribute__((aligned(PAGE)));
char in_data[FRAME_MESSAGE_MAX] __attribute__((aligned(PAGE)));

void monitor_main(long *stack) __attribute__((noreturn, used));

static int64_t clock_ns(int clock)
{
	struct timespec t = {0};

	(void)sys2(SYS_clock_gettime, clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)sys1(SYS_close, *fd);
	*fd = NO_FD;
}

static int given(int fd)
{
	return mon.wire.fds & 1U << fd ? fd : NO_FD;
}

static bool begin(void)
{
	int i;

	if (sys3(SYS_read, FD_SETUP, &mon.wire, sizeof(mon.wire)) != (long)sizeof(mon.wire) ||
	    mon.wire.magic != WIRE_MAGIC)
		return false;
	(void)sys1(SYS_close, FD_SETUP);
	(void)sys2(SYS_prctl, PR_SET_NAME, "kist-monitor");
	mon.running = true;
	mon.is_tty = given(FD_TTY) != NO_FD;
	mon.pidfd = (int)sys2(SYS_pidfd_open, mon.wire.pid, 0);
	mon.listen_fd = given(FD_LISTEN);
	mon.slave_fd = NO_FD;
	if (mon.is_tty)
		mon.slave_fd =
		    (int)sys3(SYS_ioctl, FD_TTY, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	mon.sources[0] = (struct source){given(mon.is_tty ? FD_TTY : FD_STDOUT), FRAME_STDOUT, 0};
	mon.sources[1] = (struct source){given(FD_STDERR), FRAME_STDERR, 0};
	mon.in = (struct input){.fd = given(mon.is_tty ? FD_TTY : FD_STDIN), .last = '\n'};
	for (i = 0; i < CLIENTS_MAX; i++)
		mon.clients[i].fd = NO_FD;
	log_open();
	if (given(FD_CLIENT) != NO_FD)
		client_add(FD_CLIENT, mon.wire.client_wants, true);
	return mon.pidfd >= 0;
}

/* The container's first process has ended: nothing more is written after what is there now, except
 * by processes outside its pid namespace, which nobody waits for. */
static void container_ended(void)
{
	struct source *s;
	int status = 0, n;
	long r;

	do
		r = sys4(SYS_wait4, mon.wire.pid, &status, 0, 0);
	while (r == -EINTR);
	mon.finished_ns = now_ns();
	mon.quiet_since_ms = now_ms();
	mon.running = false;
	mon.code = 255;
	if (r > 0)
		mon.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	fd_close(&mon.pidfd);
	fd_close(&mon.slave_fd);
	mon.in.len = 0;
	if (!mon.is_tty)
		fd_close(&mon.in.fd);
	mon.in.fd = NO_FD; /* the terminal is still read */
	for (s = mon.sources; s < mon.sources + 2; s++) {
		n = 0;
		if (s->fd != NO_FD && !mon.is_tty)
			(void)sys3(SYS_ioctl, s->fd, FIONREAD, &n);
		s->left = mon.is_tty ? TTY_DRAIN_MAX : (uint32_t)n;
	}
}

static void give_back_buffers(void)
{
	mon.used_much = false;
	(void)sys3(SYS_madvise, chunk_data, sizeof(chunk_data), MADV_DONTNEED);
	(void)sys3(SYS_madvise, log_data, sizeof(log_data), MADV_DONTNEED);
	if (mon.in.len == 0)
		(void)sys3(SYS_madvise, in_data, sizeof(in_data) & ~(size_t)(PAGE - 1),
			   MADV_DONTNEED);
}

enum {
	AT_PID,
	AT_LISTEN,
	AT_INPUT,
	AT_SOURCE,
	AT_CLIENT = AT_SOURCE + 2,
	AT_END = AT_CLIENT + CLIENTS_MAX
};

static void poll_fill(struct pollfd *p, bool pending)
{
	int i;

	for (i = 0; i < AT_END; i++)
		p[i] = (struct pollfd){.fd = NO_FD, .events = POLLIN};
	p[AT_PID].fd = mon.running ? mon.pidfd : NO_FD;
	p[AT_LISTEN].fd = mon.listen_fd;
	if (mon.in.len > 0)
		p[AT_INPUT] = (struct pollfd){.fd = mon.in.fd, .events = POLLOUT};
	for (i = 0; i < 2 && !pending; i++)
		p[AT_SOURCE + i].fd = mon.sources[i].fd;
	for (i = 0; i < CLIENTS_MAX; i++) {
		p[AT_CLIENT + i].fd = mon.clients[i].fd;
		if (mon.clients[i].blocked)
			p[AT_CLIENT + i].events = 0;
		if (mon.clients[i].pending)
			p[AT_CLIENT + i].events |= POLLOUT;
	}
}

static long poll_all(struct pollfd *p, int timeout_ms)
{
	struct timespec t = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	return sys5(SYS_ppoll, p, AT_END, timeout_ms < 0 ? 0 : &t, 0, 0);
}

static void serve_clients(const struct pollfd *p)
{
	struct client *c;
	int i;

	for (i = 0; i < CLIENTS_MAX; i++) {
		c = &mon.clients[i];
		if (p[i].revents == 0 || c->fd != p[i].fd)
			continue;
		if (p[i].revents & POLLIN && !c->blocked)
			client_read(c);
		else if (p[i].revents & (POLLHUP | POLLERR))
			client_drop(c);
	}
}

/* Nothing more to come: all output is read and delivered. */
static bool drained(bool pending)
{
	if (mon.running || pending)
		return false;
	if (mon.is_tty && now_ms() - mon.quiet_since_ms > TTY_DRAIN_MS)
		return true;
	return mon.sources[0].fd == NO_FD && mon.sources[1].fd == NO_FD;
}

static void serve(void)
{
	struct pollfd p[AT_END];
	bool pending = output_pending();
	int timeout, i;
	long n;

	while (!drained(pending)) {
		timeout = pending ? output_timeout() : mon.used_much ? IDLE_MS : -1;
		if (!mon.running && !pending)
			timeout = mon.is_tty ? TTY_DRAIN_MS : 0;
		poll_fill(p, pending);
		n = poll_all(p, timeout);
		if (n == 0 && mon.used_much && !pending)
			give_back_buffers();
		serve_clients(p + AT_CLIENT);
		if (p[AT_INPUT].revents)
			input_flush();
		if (p[AT_LISTEN].revents)
			client_accept();
		if (pending)
			output_retry();
		/* Each with the chunk free; after the end also without being ready: what is not
		 * there then does not come. */
		for (i = 0; i < 2; i++)
			if (mon.sources[i].fd != NO_FD && !output_pending() &&
			    (p[AT_SOURCE + i].revents || (!mon.running && !mon.is_tty && !pending)))
				output_read(&mon.sources[i]);
		if (p[AT_PID].revents)
			container_ended();
		pending = output_pending();
		if (pending)
			mon.quiet_since_ms = now_ms();
	}
}

void monitor_main(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1;

	if (!begin())
		(void)sys1(SYS_exit_group, 125);
	serve();
	finish(stack[0] > WIRE_ARGS_FIXED ? argv + WIRE_ARGS_FIXED : 0, env);
}
