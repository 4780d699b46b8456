/*
 * relay.c - a session straight with the descriptors of a child.
 */
#include "monitor/relay.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/times.h"
#include "session.h"
#include "sys/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* After the child's end, a terminal that other processes hold open is read for so long. */
#define TTY_DRAIN_NS (100 * 1000000LL)
#define TTY_DRAIN_MS 100
#define CTRL_D 4

/* One direction from the child to us. */
struct flow {
	int fd;	     /* -1: ended */
	bool is_tty; /* borrowed, also used for input */
	struct out *to;
	size_t at, len;
	long left; /* after the child's end: bytes still to come; -1 before it */
	char block[SESSION_BLOCK];
};

struct relaying {
	const struct relay *r;
	struct session s;
	struct monitor_result *result;
	struct flow flow[2];
	int in_fd; /* the child's input; -1: closed */
	bool eof;  /* close it when all is written */
	size_t in_at, in_len;
	char last; /* byte typed last */
	bool ended, done;
	int64_t ended_ns; /* or the last output after it */
	char input[SESSION_BLOCK];
};

static void flow_end(struct flow *f)
{
	if (f->fd >= 0 && !f->is_tty)
		(void)close(f->fd);
	f->fd = -1;
}

static void flow_write(struct relaying *x, struct flow *f)
{
	size_t n = out_write(f->to, f->block + f->at, f->len);

	f->at += n;
	f->len -= n;
	if (f->to->broken)
		x->result->stdout_broken = true;
}

static void flow_read(struct relaying *x, struct flow *f)
{
	size_t room = sizeof(f->block);
	ssize_t n;

	if (f->left >= 0 && (size_t)f->left < room)
		room = (size_t)f->left;
	n = room > 0 ? read(f->fd, f->block, room) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		flow_end(f);
		return;
	}
	if (f->left >= 0) {
		f->left -= n;
		x->ended_ns = time_monotonic_ns();
	}
	f->at = 0;
	f->len = (size_t)n;
	flow_write(x, f);
}

static void input_close(struct relaying *x)
{
	if (x->in_fd >= 0 && x->in_fd != x->r->tty_fd)
		(void)close(x->in_fd);
	x->in_fd = -1;
}

/* At the end of input a terminal gets the key that means it, twice when a line is unfinished. */
static void input_eof(struct relaying *x)
{
	if (x->in_fd != x->r->tty_fd) {
		input_close(x);
		return;
	}
	memset(x->input, CTRL_D, 2);
	x->in_at = 0;
	x->in_len = x->last == '\n' || x->last == CTRL_D ? 1 : 2;
	x->eof = false;
}

static void input_write(struct relaying *x)
{
	ssize_t n;

	while (x->in_fd >= 0 && (x->in_len > 0 || x->eof)) {
		if (x->in_len == 0) {
			input_eof(x);
			continue;
		}
		n = write(x->in_fd, x->input + x->in_at, x->in_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			x->in_len = 0;
			input_close(x);
			return;
		}
		x->last = x->input[x->in_at + (size_t)n - 1];
		x->in_at += (size_t)n;
		x->in_len -= (size_t)n;
	}
}

static void on_input(struct relaying *x)
{
	enum session_input what = session_read(&x->s, x->input, &x->in_len);

	x->in_at = 0;
	x->eof = what == INPUT_EOF;
	input_write(x);
	if (what == INPUT_DETACH) {
		x->result->end = MONITOR_DETACHED;
		x->done = true;
	}
}

static void child_ended(struct relaying *x)
{
	struct flow *f;
	int n;

	x->ended = true;
	x->ended_ns = time_monotonic_ns();
	x->in_len = 0;
	input_close(x);
	for (f = x->flow; f < x->flow + 2; f++) {
		n = 0;
		if (f->fd >= 0 && !f->is_tty)
			(void)ioctl(f->fd, FIONREAD, &n);
		f->left = f->is_tty ? 1 << 20 : n;
	}
}

static bool drained(struct relaying *x)
{
	if (!x->ended || x->flow[0].len > 0 || x->flow[1].len > 0)
		return false;
	if (x->flow[0].fd < 0 && x->flow[1].fd < 0)
		return true;
	return x->flow[0].is_tty && time_monotonic_ns() - x->ended_ns > TTY_DRAIN_NS;
}

enum { AT_SIGNAL, AT_CHILD, AT_INPUT, AT_CHILD_INPUT, AT_FLOW, AT_END = AT_FLOW + 2 };

static int wait_for_work(const struct relaying *x, struct pollfd *p, struct err *err)
{
	const struct flow *f;
	int timeout = -1, i;

	p[AT_SIGNAL] = (struct pollfd){.fd = x->s.sig_fd, .events = POLLIN};
	p[AT_CHILD] = (struct pollfd){.fd = x->ended ? -1 : x->r->pidfd, .events = POLLIN};
	p[AT_INPUT] = (struct pollfd){.fd = x->in_fd >= 0 && x->in_len == 0 ? x->s.in_fd : -1,
				      .events = POLLIN};
	p[AT_CHILD_INPUT] = (struct pollfd){.fd = x->in_len > 0 ? x->in_fd : -1, .events = POLLOUT};
	for (i = 0; i < 2; i++) {
		f = &x->flow[i];
		if (f->len > 0)
			p[AT_FLOW + i] = (struct pollfd){.fd = f->to->fd, .events = POLLOUT};
		else
			p[AT_FLOW + i] = (struct pollfd){.fd = f->fd, .events = POLLIN};
		if (x->ended && f->fd >= 0 && f->len == 0)
			timeout = f->is_tty ? TTY_DRAIN_MS : 0;
	}
	if (poll(p, AT_END, timeout) < 0 && errno != EINTR)
		return err_sys(err, errno, "waiting for the command's output");
	return 0;
}

static void serve_flow(struct relaying *x, struct flow *f, short revents)
{
	if (f->len > 0 && revents)
		flow_write(x, f);
	else if (f->fd >= 0 && f->len == 0 && (revents || (x->ended && !f->is_tty)))
		flow_read(x, f);
	/* The child learns that nobody reads, as in any pipeline. */
	if (f->to->broken && !f->is_tty && f->len == 0)
		flow_end(f);
}

static int serve(struct relaying *x, struct err *err)
{
	struct pollfd p[AT_END];
	struct err ignored = ERR_INIT;
	int i, r;

	r = wait_for_work(x, p, err);
	if (r < 0)
		return r;
	if (p[AT_SIGNAL].revents && session_signals(&x->s) && x->r->tty_fd >= 0 && x->s.tty_fd >= 0)
		(void)tty_set_size(x->r->tty_fd, session_size(&x->s), &ignored);
	for (i = 0; i < 2; i++)
		serve_flow(x, &x->flow[i], p[AT_FLOW + i].revents);
	if (p[AT_CHILD_INPUT].revents)
		input_write(x);
	if (p[AT_INPUT].revents && x->in_len == 0)
		on_input(x);
	if (p[AT_CHILD].revents)
		child_ended(x);
	return 0;
}

static int set_nonblock(const struct relaying *x, struct err *err)
{
	const int fds[] = {x->in_fd, x->flow[0].fd, x->flow[1].fd};
	size_t i;
	int r = 0;

	for (i = 0; i < ARRAY_LEN(fds) && r == 0; i++)
		if (fds[i] >= 0)
			r = fd_set_nonblock(fds[i], true, err);
	return r;
}

static int begin(struct relaying *x, struct err *err)
{
	const struct relay *r = x->r;
	struct err ignored = ERR_INIT;
	int ret;

	ret = set_nonblock(x, err);
	if (ret == 0)
		ret = session_begin(&x->s, &r->user, err);
	if (ret < 0)
		return ret;
	if (r->tty_fd >= 0 && x->s.tty_fd >= 0)
		(void)tty_set_size(r->tty_fd, session_size(&x->s), &ignored);
	/* Without input of ours the child sees its end at once. */
	if (!r->user.want_stdin && r->tty_fd < 0)
		input_close(x);
	return 0;
}

static void close_pipes(const struct relay *r)
{
	const int fds[] = {r->take_stdin_fd, r->take_stdout_fd, r->take_stderr_fd};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

static struct relaying *relaying_new(const struct relay *r, struct monitor_result *result)
{
	struct relaying *x = calloc(1, sizeof(*x));
	bool tty = r->tty_fd >= 0;

	if (!x)
		return NULL;
	x->s = (struct session)SESSION_INIT;
	x->r = r;
	x->result = result;
	x->in_fd = tty ? r->tty_fd : r->take_stdin_fd;
	x->last = '\n';
	x->flow[0].fd = tty ? r->tty_fd : r->take_stdout_fd;
	x->flow[0].is_tty = tty;
	x->flow[0].to = &x->s.out;
	x->flow[1].fd = tty ? -1 : r->take_stderr_fd;
	x->flow[1].to = &x->s.err;
	x->flow[0].left = x->flow[1].left = -1;
	return x;
}

int relay_run(const struct relay *r, struct monitor_result *ret, struct err *err)
{
	struct monitor_result result = {.end = MONITOR_EXITED};
	AUTO_FREE struct relaying *x = relaying_new(r, &result);
	int done;

	if (!x) {
		close_pipes(r);
		return err_nomem(err);
	}
	done = begin(x, err);
	while (done == 0 && !x->done && !drained(x))
		done = serve(x, err);
	input_close(x);
	flow_end(&x->flow[0]);
	flow_end(&x->flow[1]);
	session_end(&x->s);
	if (done == 0)
		*ret = result;
	return done;
}
