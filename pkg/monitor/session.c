/*
 * session.c - the user's end of a session.
 *
 * Signals that can end us are blocked and come through a signalfd, so that the terminal is always
 * restored first; those of job control are left alone where the terminal is not raw. Streams that
 * can block are opened anew where possible, since O_NONBLOCK belongs to the open file and would
 * be seen by the shell and all others who share it.
 */
#include "session.h"
#include "base/auto.h"
#include "base/err.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void out_open(struct out *o, int fd)
{
	char path[FD_PATH_MAX];
	struct stat st;

	o->fd = fd;
	if (fstat(fd, &st) < 0)
		return;
	o->socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !(S_ISCHR(st.st_mode) && tty_is(fd)))
		return;
	/* May fail (a terminal of another user, no /proc): then writes block. */
	o->own = open(fd_path(fd, path), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (o->own >= 0)
		o->fd = o->own;
}

static void out_close(struct out *o)
{
	if (o->own >= 0)
		(void)close(o->own);
	o->own = o->fd = -1;
}

size_t out_write(struct out *o, const char *data, size_t n)
{
	size_t done = 0;
	ssize_t r;

	while (done < n && o->fd >= 0) {
		r = o->socket ? send(o->fd, data + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : write(o->fd, data + done, n - done);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno == EAGAIN)
			return done;
		if (r < 0) {
			o->broken = true;
			out_close(o);
			break;
		}
		done += (size_t)r;
	}
	return n;
}

/* Left to the kernel: what cannot be blocked, what is caused by our own fault, job control. */
static bool is_left_alone(int signo)
{
	static const int left[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,	SIGILL, SIGFPE,
				   SIGTRAP, SIGABRT, SIGSYS,  SIGTTIN, SIGTTOU, SIGPIPE};
	size_t i;

	for (i = 0; i < ARRAY_LEN(left); i++)
		if (left[i] == signo)
			return true;
	return false;
}

static bool is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
	       now.sa_handler == SIG_IGN;
}

static int signals_begin(struct session *s, struct err *err)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	int i;

	(void)sigemptyset(&set);
	for (i = 1; i < NSIG; i++)
		if (!is_left_alone(i) && !is_ignored(i))
			(void)sigaddset(&set, i);
	if (!s->raw)
		(void)sigdelset(&set, SIGTSTP);
	if (sigprocmask(SIG_BLOCK, &set, &s->old_mask) < 0)
		return err_sys(err, errno, "blocking signals");
	(void)sigaction(SIGPIPE, &ignore, &s->old_pipe);
	s->sig_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->sig_fd >= 0)
		return 0;
	(void)sigaction(SIGPIPE, &s->old_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	return err_sys(err, errno, "watching for signals");
}

int session_begin(struct session *s, const struct monitor_user *user, struct err *err)
{
	const int *f = user->fds;
	bool given = f[0] || f[1] || f[2];
	int in = given ? f[0] : 0, out = given ? f[1] : 1, er = given ? f[2] : 2, r;

	s->user = user;
	if (user->want_tty)
		s->tty_fd = tty_is(in) ? in : tty_is(out) ? out : -1;
	s->raw = user->want_tty && user->want_stdin && tty_is(in);
	r = signals_begin(s, err);
	if (r < 0)
		return r;
	if (user->want_stdin)
		s->in_fd = in;
	if (user->want_stdout)
		out_open(&s->out, out);
	if (user->want_stderr)
		out_open(&s->err, er);
	return s->raw ? tty_raw(s->tty_fd, &s->saved, err) : 0;
}

void session_end(struct session *s)
{
	tty_restore(s->tty_fd, &s->saved);
	out_close(&s->out);
	out_close(&s->err);
	if (s->sig_fd < 0)
		return;
	/* What arrived meanwhile now takes its ordinary effect. */
	(void)close(s->sig_fd);
	s->sig_fd = -1;
	(void)sigaction(SIGPIPE, &s->old_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}

enum session_input session_read(struct session *s, char *buf, size_t *ret_len)
{
	char typed[SESSION_BLOCK - MONITOR_DETACH_KEYS_MAX];
	bool keys = s->raw && s->user->keys.n > 0;
	ssize_t n;

	*ret_len = 0;
	n = read(s->in_fd, keys ? typed : buf, sizeof(typed));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return INPUT_NONE;
	if (n <= 0) {
		s->in_fd = -1;
		*ret_len = keys ? keys_flush(&s->match, &s->user->keys, buf) : 0;
		return INPUT_EOF;
	}
	if (!keys) {
		*ret_len = (size_t)n;
		return INPUT_DATA;
	}
	if (keys_feed(&s->match, &s->user->keys, typed, (size_t)n, buf, ret_len))
		return INPUT_DETACH;
	return *ret_len > 0 ? INPUT_DATA : INPUT_NONE;
}

/* The signal's ordinary effect, with the terminal as it was before us; comes back when that did not
 * end us (we were stopped and continued, or there is a handler). */
static void take_effect(struct session *s, int signo)
{
	struct err ignored = ERR_INIT;
	bool was_raw = s->saved.valid;
	sigset_t one;

	tty_restore(s->tty_fd, &s->saved);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signo);
	(void)raise(signo);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	(void)sigprocmask(SIG_BLOCK, &one, NULL);
	if (was_raw)
		(void)tty_raw(s->tty_fd, &s->saved, &ignored);
}

/* Stopped and continued: the shell may have changed the terminal meanwhile. */
static void raw_again(struct session *s)
{
	struct tty_saved unused;
	struct err ignored = ERR_INIT;

	if (s->saved.valid)
		(void)tty_raw(s->tty_fd, &unused, &ignored);
}

static bool one_signal(struct session *s, int signo)
{
	switch (signo) {
	case SIGWINCH:
		return true;
	case SIGCONT:
		raw_again(s);
		return true;
	case SIGURG:
		return false;
	case SIGTSTP:
		take_effect(s, signo);
		return true;
	default:
		break;
	}
	if (s->user->signal && !s->raw)
		s->user->signal(s->user->arg, signo);
	else
		take_effect(s, signo);
	return false;
}

bool session_signals(struct session *s)
{
	struct signalfd_siginfo si;
	bool resized = false;

	while (read(s->sig_fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		resized |= one_signal(s, (int)si.ssi_signo);
	return resized;
}

struct tty_size session_size(const struct session *s)
{
	struct tty_size size = {0, 0};
	struct err ignored = ERR_INIT;

	if (s->tty_fd >= 0)
		(void)tty_get_size(s->tty_fd, &size, &ignored);
	return size;
}
