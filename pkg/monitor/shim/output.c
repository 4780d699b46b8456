/*
 * output.c - from the container to clients and log.
 */
#include "monitor.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* True when the client needs no further care for the current chunk. */
static bool chunk_send(struct client *c)
{
	struct frame_head head = {mon.chunk_type, mon.chunk_len};
	struct iovec iov[2] = {{&head, sizeof(head)}, {chunk_data, mon.chunk_len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	long r = sys3(SYS_sendmsg, c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r == -EAGAIN || r == -ENOBUFS || r == -ENOMEM || r == -EINTR)
		return false;
	if (r < 0)
		client_drop(c);
	return true;
}

static void chunk_deliver(void)
{
	uint32_t want = mon.chunk_type == FRAME_STDOUT ? MONITOR_WANT_STDOUT : MONITOR_WANT_STDERR;
	struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		if (c->fd == NO_FD || !c->hello || c->lagging || !(c->wants & want))
			continue;
		c->pending = !chunk_send(c);
	}
	mon.chunk_since_ms = output_pending() ? now_ms() : 0;
}

static void source_end(struct source *s)
{
	/* A terminal's descriptor is used for input as well. */
	if (mon.is_tty)
		s->fd = NO_FD;
	else
		fd_close(&s->fd);
}

void output_read(struct source *s)
{
	uint32_t max = sizeof(chunk_data);
	long n;

	if (!mon.running && s->left < max)
		max = s->left;
	n = max > 0 ? sys3(SYS_read, s->fd, chunk_data, max) : 0;
	if (n == -EINTR || n == -EAGAIN)
		return;
	if (n <= 0) {
		/* End of file; EIO of a terminal whose other side is closed (while the container
		 * runs we keep that open). */
		source_end(s);
		return;
	}
	if (!mon.running) {
		s->left -= (uint32_t)n;
		mon.quiet_since_ms = now_ms();
	}
	mon.used_much |= n > (long)PAGE / 2;
	mon.chunk_type = s->type;
	mon.chunk_len = (uint32_t)n;
	mon.chunk_log_at = mon.log.end;
	chunk_deliver();
	log_write(s->type == FRAME_STDERR, chunk_data, (size_t)n);
}

bool output_pending(void)
{
	const struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++)
		if (c->fd != NO_FD && c->pending)
			return true;
	return false;
}

/* How long this client may keep the chunk; -1: for ever. */
static int patience(const struct client *c)
{
	int ms = mon.wire.patience_ms > 0 ? (int)mon.wire.patience_ms : PATIENCE_MS;

	if (log_serves() || !(c->wants & MONITOR_WANT_FOREGROUND))
		return ms;
	/* Without a log nobody but the container waits for the foreground client, as in a pipe. */
	return mon.log.fd == NO_FD ? -1 : ms * PATIENCE_FOREGROUND;
}

void output_retry(void)
{
	int64_t waited = now_ms() - mon.chunk_since_ms;
	struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		if (c->fd == NO_FD || !c->pending)
			continue;
		c->pending = !chunk_send(c);
		if (c->fd == NO_FD || !c->pending || patience(c) < 0 || waited < patience(c))
			continue;
		c->pending = false;
		if (log_serves())
			client_lag(c, mon.chunk_log_at);
		else
			client_bye(c, BYE_SLOW);
	}
}

int output_timeout(void)
{
	int64_t left, least = -1;
	const struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		if (c->fd == NO_FD || !c->pending || patience(c) < 0)
			continue;
		left = patience(c) - (now_ms() - mon.chunk_since_ms);
		if (left < 0)
			left = 0;
		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}
