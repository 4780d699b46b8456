#include "session.h"
#include "preserve.h"
#include "base/auto.h"
#include "base/err.h"
#include "monitor/client.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

/* The container may just have ended: then there is nothing to pass on. */
static void pass_signal(void *arg, int signo)
{
	struct err ignored = ERR_INIT;

	(void)container_kill(arg, signo, &ignored);
}

static int parse_keys(const struct app *app, const struct session *s, struct monitor_keys *ret,
		      struct err *err)
{
	const char *keys = s->detach_keys ? s->detach_keys : app->conf.detach_keys;
	int r = monitor_keys_parse(keys ? keys : MONITOR_DETACH_KEYS_DEFAULT, ret, err);

	return r < 0 ? err_wrap(err, "--detach-keys") : 0;
}

/* The monitor went without a word: what the kernel and the record say. */
static int code_after_loss(struct container *c, struct err *err)
{
	int code, r = container_wait_code(c, &code, err);

	return r < 0 ? r : code;
}

int session_run(struct app *app, struct session *s, struct err *err)
{
	struct monitor_attach a = {
	    .user =
		{
		    .want_stdin = s->want_stdin,
		    .want_stdout = s->want_stdout,
		    .want_stderr = s->want_stderr,
		    .want_tty = s->c->def.process.terminal,
		    .signal = s->sig_proxy ? pass_signal : NULL,
		    .arg = s->c,
		},
	    .foreground = s->first,
	    .will_remove = s->will_remove,
	    .is_first = s->first,
	};
	struct monitor_result result = {0};
	int r;

	r = parse_keys(app, s, &a.user.keys, err);
	if (r == 0)
		r = monitor_attach(s->sock, &a, &result, err);
	if (r < 0)
		return r;
	switch (result.end) {
	case MONITOR_DETACHED:
		s->detached = true;
		return 0;
	case MONITOR_LOST:
		return code_after_loss(s->c, err);
	default:
		return result.code;
	}
}

/* What the monitor executes when nobody else removes the container. */
static int removal_argv(struct app *app, const struct container *c, struct strv *ret,
			struct err *err)
{
	const char *const words[] = {"__cleanup", c->def.id, NULL};

	return app_self_argv(app, words, ret, err);
}

static int start(struct app *app, struct container *c, struct preserved *preserved, bool attach,
		 int *ret_sock, struct err *err)
{
	AUTO_STRV struct strv argv = STRV_INIT;
	struct container_start_options o = {.attach = attach};
	struct err ignored = ERR_INIT;
	int r;

	r = app_tell_single_id(app, err);
	if (r == 0)
		r = removal_argv(app, c, &argv, err);
	if (r < 0)
		return r;
	o.rerun = (const char *const *)argv.v;
	if (preserved) {
		o.fds = preserved->fds;
		o.n_fds = preserved->n;
	}
	r = container_start(c, &o, ret_sock, err);
	if (preserved)
		preserved_close(preserved);
	/* A container that never ran has nothing to keep it for. */
	if (r < 0 && r != -ERR_IN_USE && c->def.auto_remove)
		(void)container_remove(c, false, &ignored);
	return r;
}

static int write_pidfile(const char *path, struct container *c, struct err *err)
{
	struct container_status st = {0};
	char text[16];
	int r;

	if (!path)
		return 0;
	r = container_get_status(c, &st, err);
	(void)snprintf(text, sizeof(text), "%d", st.pid);
	if (r == 0)
		r = file_create(AT_FDCWD, path, 0644, text, strlen(text), err);
	return r < 0 ? err_wrap(err, "--pidfile") : 0;
}

int session_start(struct app *app, struct session *s, struct err *err)
{
	AUTO_CLOSE int sock = -1;
	int code, r;

	r = start(app, s->c, s->preserved, true, &sock, err);
	if (r < 0)
		return r;
	s->sock = sock;
	s->first = true;
	s->will_remove = s->c->def.auto_remove;
	r = write_pidfile(s->pidfile, s->c, err);
	if (r < 0)
		return r;
	code = session_run(app, s, err);
	/* After detaching it still runs, and its monitor will see to it. Its status is not asked:
	 * on a full disk the monitor cannot record the end, and would count as running until it is
	 * gone. */
	if (code < 0 || !s->c->def.auto_remove || s->detached)
		return code;
	r = container_remove_ended(s->c, err);
	return r < 0 ? r : code;
}

int session_start_detached(struct app *app, struct container *c, struct preserved *preserved,
			   const char *pidfile, struct err *err)
{
	int none = -1;
	int r = start(app, c, preserved, false, &none, err);

	return r < 0 ? r : write_pidfile(pidfile, c, err);
}
