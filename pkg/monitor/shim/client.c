/*
 * client.c - attached clients: coming, small frames, going.
 */
#include "monitor.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* What we ask the kernel for; it gives as much as its limit allows, and doubles it. */
#define SNDBUF_ALL 212992

static void set_sndbuf(int fd, int size)
{
	(void)sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Output may fill two thirds of the buffer; what a client must be told finds room in the rest. */
static int reserve_sndbuf(int fd)
{
	int size = SNDBUF_ALL, len = sizeof(size);

	set_sndbuf(fd, SNDBUF_ALL);
	(void)sys5(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, &len);
	set_sndbuf(fd, size / 3);
	return size / 3;
}

void client_add(int fd, uint32_t wants, bool hello)
{
	struct frame_small bye = frame_make(FRAME_BYE);
	struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		if (c->fd != NO_FD)
			continue;
		*c = (struct client){.fd = fd, .wants = wants, .hello = hello};
		c->sndbuf = reserve_sndbuf(fd);
		return;
	}
	bye.u.bye.reason = BYE_FULL;
	(void)SYS_CALL(SYS_sendto, fd, &bye, frame_size(&bye), MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	fd_close(&fd);
}

void client_accept(void)
{
	long fd = sys4(SYS_accept4, mon.listen_fd, 0, 0, SOCK_CLOEXEC);

	if (fd >= 0)
		client_add((int)fd, 0, false);
}

void client_drop(struct client *c)
{
	bool had_stdin = c->hello && c->wants & MONITOR_WANT_STDIN;

	fd_close(&c->fd);
	c->pending = false;
	if (had_stdin && mon.wire.flags & MONITOR_STDIN_ONCE && !mon.is_tty)
		input_eof();
}

void client_tell(struct client *c, const struct frame_small *f, int pass_fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {(void *)(uintptr_t)f, frame_size(f)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	long r;

	if (pass_fd != NO_FD) {
		*(int *)(void *)CMSG_DATA(&control.head) = pass_fd;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	r = sys3(SYS_sendmsg, c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r == -EAGAIN) {
		set_sndbuf(c->fd, SNDBUF_ALL);
		r = sys3(SYS_sendmsg, c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		set_sndbuf(c->fd, c->sndbuf);
	}
	if (r < 0)
		client_drop(c);
}

void client_bye(struct client *c, uint32_t reason)
{
	struct frame_small f = frame_make(FRAME_BYE);

	f.u.bye.reason = reason;
	client_tell(c, &f, NO_FD);
	if (c->fd != NO_FD)
		client_drop(c);
}

void client_lag(struct client *c, uint64_t from)
{
	struct frame_small f = frame_make(FRAME_LAG);

	c->lagging = true;
	f.u.offset.offset = from;
	client_tell(c, &f, mon.log.fd);
}

static void hello(struct client *c, const struct frame_hello *h)
{
	struct frame_small f = frame_make(FRAME_WELCOME);

	if (h->version != FRAME_VERSION) {
		client_bye(c, BYE_VERSION);
		return;
	}
	/* A first client may change its mind only about what it promises. */
	c->wants = h->wants;
	c->hello = true;
	f.u.welcome.version = FRAME_VERSION;
	f.u.welcome.has_stdin = mon.in.fd != NO_FD;
	client_tell(c, &f, NO_FD);
	if (!mon.running && c->fd != NO_FD)
		tell_exit(c);
}

static void resize(const struct frame_resize *r)
{
	struct winsize size = {.ws_row = r->rows, .ws_col = r->cols};

	if (mon.is_tty)
		(void)sys3(SYS_ioctl, FD_TTY, TIOCSWINSZ, &size);
}

static void resume(struct client *c, uint64_t offset)
{
	if (!c->lagging)
		return;
	if (offset == mon.log.end)
		c->lagging = false;
	else
		client_lag(c, offset);
}

/* The foreground client has nobody to show this stream to: the container is to notice it as a
 * local program would, unless others still take it. */
static void stream_closed(struct client *from, uint32_t type)
{
	uint32_t want = type == FRAME_STDOUT ? MONITOR_WANT_STDOUT : MONITOR_WANT_STDERR;
	const struct client *c;
	struct source *s;

	from->wants &= ~want;
	if (mon.is_tty || !(from->wants & MONITOR_WANT_FOREGROUND))
		return;
	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++)
		if (c->fd != NO_FD && c->wants & want)
			return;
	for (s = mon.sources; s < mon.sources + 2; s++)
		if (s->type == type)
			fd_close(&s->fd);
}

static void small_frame(struct client *c, const struct frame_small *f)
{
	switch (f->head.type) {
	case FRAME_HELLO:
		hello(c, &f->u.hello);
		break;
	case FRAME_STDIN_EOF:
		if (c->wants & MONITOR_WANT_STDIN)
			input_eof();
		break;
	case FRAME_RESIZE:
		resize(&f->u.resize);
		break;
	case FRAME_RESUME:
		resume(c, f->u.offset.offset);
		break;
	case FRAME_CLOSED:
		stream_closed(c, f->u.closed.stream);
		break;
	case FRAME_CONFIRM:
		c->confirmed = true;
		break;
	default:
		break;
	}
}

void client_read(struct client *c)
{
	struct frame_small f;
	struct frame_head head;
	void *to = in_data;
	size_t room = sizeof(in_data);
	long n;

	/* While input waits, only what is not input can be taken. */
	if (mon.in.len > 0) {
		n = SYS_CALL(SYS_recvfrom, c->fd, &head, sizeof(head), MSG_DONTWAIT | MSG_PEEK, 0,
			     0);
		if (n == sizeof(head) && head.type == FRAME_STDIN) {
			c->blocked = true;
			return;
		}
		to = &f;
		room = sizeof(f);
	}
	n = SYS_CALL(SYS_recvfrom, c->fd, to, room, MSG_DONTWAIT | MSG_TRUNC, 0, 0);
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0 || (size_t)n > room || frame_check(to, (size_t)n, true) == FRAME_BAD) {
		client_drop(c);
		return;
	}
	__builtin_memcpy(&head, to, sizeof(head));
	if (head.type == FRAME_STDIN) {
		input_message(c, (size_t)n);
		return;
	}
	if (to != &f)
		__builtin_memcpy(&f, to, (size_t)n);
	small_frame(c, &f);
}
