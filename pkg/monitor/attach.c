/*
 * attach.c - a client's session with the monitor.
 *
 * One frame of output is held at a time; the next is received when all of it is written. After
 * FRAME_LAG the output comes from the log, which the frame carries along, until its end; then
 * FRAME_RESUME asks for live frames again (the answer is another FRAME_LAG when more was logged
 * meanwhile). After FRAME_EXIT the rest of the log is shown and the session ends.
 */
#include "base/auto.h"
#include "base/err.h"
#include "catchup.h"
#include "monitor/client.h"
#include "monitor/setup.h"
#include "session.h"
#include "shim/frame.h"
#include "sys/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct attach {
	int sock;
	const struct monitor_attach *opts;
	struct monitor_result *result;
	struct session s;
	/* Output not yet written: a part of message or of the log. */
	struct out *to;
	const char *at;
	size_t len;
	/* fd -1: output is live. Else it is read, or (its end was reached, and FRAME_RESUME sent)
	 * the answer is awaited. */
	struct catchup log;
	bool reads_log;
	bool has_exit;	   /* FRAME_EXIT came, or the connection ended */
	bool input_ok;	   /* the container has an open stdin */
	bool input_busy;   /* FRAME_TAKEN is still to come */
	bool input_unsent; /* input is filled, and the socket was full */
	size_t input_len;
	bool done;
	bool told[2]; /* that stdout, stderr are closed */
	char message[FRAME_MESSAGE_MAX];
	char input[FRAME_MESSAGE_MAX];
};

int monitor_connect(int run_fd, int *ret_fd, struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	AUTO_CLOSE int fd = -1;
	char dir[FD_PATH_MAX];

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "making a socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/attach", fd_path(run_fd, dir));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0) {
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_set(err, ERR_NOT_FOUND, "no monitor is there to attach to");
	return err_sys(err, errno, "connecting to the monitor");
}

unsigned monitor_wants(const struct monitor_attach *a)
{
	return (a->user.want_stdin ? MONITOR_WANT_STDIN : 0) |
	       (a->user.want_stdout ? MONITOR_WANT_STDOUT : 0) |
	       (a->user.want_stderr ? MONITOR_WANT_STDERR : 0) |
	       (a->foreground ? MONITOR_WANT_FOREGROUND : 0) |
	       (a->will_remove ? MONITOR_WANT_REMOVE : 0);
}

/* The monitor always takes small frames soon, so this may wait. What fails here shows as the end
 * of the connection at the next receive. */
static void send_small(const struct attach *a, const struct frame_small *f)
{
	while (send(a->sock, f, frame_size(f), MSG_NOSIGNAL) < 0 && errno == EINTR)
		continue;
}

static void send_size(const struct attach *a, struct tty_size size)
{
	struct frame_small f = frame_make(FRAME_RESIZE);

	if (size.rows == 0 && size.cols == 0)
		return;
	f.u.resize.rows = size.rows;
	f.u.resize.cols = size.cols;
	send_small(a, &f);
}

static void send_hello(struct attach *a)
{
	struct frame_small f = frame_make(FRAME_HELLO);
	struct tty_size size = session_size(&a->s);

	if (!a->opts->is_first) {
		f.u.hello.version = FRAME_VERSION;
		f.u.hello.wants = monitor_wants(a->opts);
		send_small(a, &f);
		/* A change makes full-screen programs draw anew for the newcomer. */
		size.rows += size.rows > 0;
		send_size(a, size);
	}
	send_size(a, session_size(&a->s));
}

static void send_input(struct attach *a)
{
	const struct frame_head head = {FRAME_STDIN, (uint32_t)a->input_len};
	size_t n = sizeof(head) + a->input_len;

	memcpy(a->input, &head, sizeof(head));
	a->input_unsent = send(a->sock, a->input, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
			  (errno == EAGAIN || errno == EINTR || errno == ENOBUFS);
	a->input_busy = true;
}

static void on_input(struct attach *a)
{
	const struct frame_small eof = frame_make(FRAME_STDIN_EOF);
	enum session_input what;

	what = session_read(&a->s, a->input + sizeof(struct frame_head), &a->input_len);
	if (a->input_len > 0)
		send_input(a);
	if (what == INPUT_EOF)
		send_small(a, &eof);
	if (what == INPUT_DETACH) {
		a->result->end = MONITOR_DETACHED;
		a->done = true;
	}
}

/* The monitor is told once for each stream. A mere spectator leaves. */
static void on_broken(struct attach *a, const struct out *o)
{
	struct frame_small f = frame_make(FRAME_CLOSED);
	bool is_err = o == &a->s.err;

	if (!o->broken || a->told[is_err])
		return;
	a->told[is_err] = true;
	a->result->stdout_broken = true;
	if (!a->opts->foreground) {
		a->result->end = MONITOR_DETACHED;
		a->done = true;
		return;
	}
	f.u.closed.stream = is_err ? FRAME_STDERR : FRAME_STDOUT;
	send_small(a, &f);
}

static void write_some(struct attach *a)
{
	size_t n = out_write(a->to, a->at, a->len);

	a->at += n;
	a->len -= n;
	on_broken(a, a->to);
}

static void set_output(struct attach *a, bool is_stderr, const char *data, size_t len)
{
	a->to = is_stderr ? &a->s.err : &a->s.out;
	a->at = data;
	a->len = len;
	write_some(a);
}

static void on_exit_frame(struct attach *a, const struct frame_exit *e)
{
	const struct frame_small confirm = frame_make(FRAME_CONFIRM);

	a->has_exit = true;
	a->reads_log = a->log.fd >= 0;
	a->result->end = MONITOR_EXITED;
	a->result->code = e->code;
	a->result->finished_ns = e->finished_ns;
	a->result->oom = e->oom != 0;
	if (a->opts->will_remove)
		send_small(a, &confirm);
}

static int on_bye(uint32_t reason, struct err *err)
{
	if (reason == BYE_FULL)
		return err_set(err, ERR_LIMIT, "too many clients are attached to this container");
	if (reason == BYE_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "the container was started by another version of this program; its "
			       "monitor does not understand this one");
	return err_set(
	    err, ERR_TIMEOUT,
	    "the output was not read for too long, and the container went on without us");
}

static int on_frame(struct attach *a, enum frame_type type, int *take_fd, struct err *err)
{
	struct frame_small f = frame_make(FRAME_BAD);
	size_t n = frame_body_size(type) > 0 ? (size_t)frame_body_size(type) : 0;

	memcpy(&f, a->message, sizeof(f.head) + n);
	switch (type) {
	case FRAME_STDOUT:
	case FRAME_STDERR:
		catchup_end(&a->log);
		set_output(a, type == FRAME_STDERR, a->message + sizeof(f.head), f.head.len);
		break;
	case FRAME_TAKEN:
		a->input_busy = false;
		break;
	case FRAME_WELCOME:
		a->input_ok = f.u.welcome.has_stdin != 0;
		break;
	case FRAME_LAG:
		catchup_begin(&a->log, TAKE_FD(*take_fd), (int64_t)f.u.offset.offset);
		a->reads_log = true;
		break;
	case FRAME_EXIT:
		on_exit_frame(a, &f.u.exit);
		break;
	case FRAME_BYE:
		return on_bye(f.u.bye.reason, err);
	default:
		break;
	}
	return 0;
}

/* *ret_fd: a descriptor that came along, or -1. */
static ssize_t receive(struct attach *a, int *ret_fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {a->message, sizeof(a->message)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(a->sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return n;
}

static int on_socket(struct attach *a, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	enum frame_type type;
	ssize_t n = receive(a, &fd);

	/* A reset (something of ours was unread when the monitor ended) is reported once, and
	 * before the frames that the monitor had sent: those come next, then the end of file. */
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET))
		return 0;
	if (n <= 0) {
		/* The monitor is gone. Without FRAME_EXIT it was killed. */
		a->result->end = MONITOR_LOST;
		a->has_exit = true;
		a->reads_log = a->log.fd >= 0;
		return 0;
	}
	type = frame_check(a->message, (size_t)n, false);
	if (type == FRAME_BAD)
		return err_set(err, ERR_CORRUPT, "the monitor sent something unknown");
	return on_frame(a, type, &fd, err);
}

/* The next part of the log; at its end back to live output. */
static int from_log(struct attach *a, struct err *err)
{
	struct frame_small f = frame_make(FRAME_RESUME);
	bool is_stderr;
	int r;

	r = catchup_next(&a->log, &is_stderr, &a->at, &a->len, err);
	if (r < 0)
		return r;
	if (r > 0) {
		set_output(a, is_stderr, a->at, a->len);
		return 0;
	}
	a->reads_log = false;
	f.u.offset.offset = (uint64_t)a->log.offset;
	if (!a->has_exit)
		send_small(a, &f);
	return 0;
}

enum { AT_SIGNAL, AT_SOCKET, AT_OUTPUT, AT_INPUT, AT_END };

static void poll_fill(const struct attach *a, struct pollfd *p)
{
	bool reads = a->len == 0 && !a->reads_log && !a->has_exit;

	p[AT_SIGNAL] = (struct pollfd){.fd = a->s.sig_fd, .events = POLLIN};
	p[AT_SOCKET] = (struct pollfd){.fd = reads || a->input_unsent ? a->sock : -1};
	p[AT_SOCKET].events = (short)((reads ? POLLIN : 0) | (a->input_unsent ? POLLOUT : 0));
	p[AT_OUTPUT] = (struct pollfd){.fd = a->len > 0 ? a->to->fd : -1, .events = POLLOUT};
	p[AT_INPUT] = (struct pollfd){.fd = a->s.in_fd, .events = POLLIN};
	if (!a->input_ok || a->input_busy || a->has_exit)
		p[AT_INPUT].fd = -1;
}

static int serve(struct attach *a, struct err *err)
{
	struct pollfd p[AT_END];
	int r = 0;

	poll_fill(a, p);
	/* With the log at hand there is always something to do. */
	if (poll(p, AT_END, a->reads_log && a->len == 0 ? 0 : -1) < 0 && errno != EINTR)
		return err_sys(err, errno, "waiting for the container's output");
	if (p[AT_SIGNAL].revents && session_signals(&a->s))
		send_size(a, session_size(&a->s));
	if (p[AT_OUTPUT].revents)
		write_some(a);
	else if (p[AT_SOCKET].revents & ~POLLOUT && a->len == 0)
		r = on_socket(a, err);
	else if (a->len == 0 && a->reads_log)
		r = from_log(a, err);
	if (r == 0 && p[AT_SOCKET].revents & POLLOUT && a->input_unsent)
		send_input(a);
	if (r == 0 && p[AT_INPUT].revents && !a->done)
		on_input(a);
	if (a->has_exit && a->len == 0 && !a->reads_log)
		a->done = true;
	return r;
}

int monitor_attach(int sock, const struct monitor_attach *opts, struct monitor_result *ret,
		   struct err *err)
{
	struct monitor_result result = {.end = MONITOR_LOST};
	AUTO_FREE struct attach *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_nomem(err);
	a->s = (struct session)SESSION_INIT;
	a->log = (struct catchup)CATCHUP_INIT;
	a->sock = sock;
	a->opts = opts;
	a->result = &result;
	a->input_ok = opts->is_first;
	r = session_begin(&a->s, &opts->user, err);
	if (r == 0)
		send_hello(a);
	while (r == 0 && !a->done)
		r = serve(a, err);
	catchup_end(&a->log);
	session_end(&a->s);
	if (r == 0)
		*ret = result;
	return r;
}
