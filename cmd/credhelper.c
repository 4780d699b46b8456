#include "credhelper.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/spawn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct helper {
	const char *program, *arg;
	int in, out; /* its stdin and stdout */
};

static int exec_helper(void *arg, struct err *err)
{
	const struct helper *h = arg;

	if (dup2(h->in, STDIN_FILENO) < 0 || dup2(h->out, STDOUT_FILENO) < 0)
		return err_sys(err, errno, "redirecting %s", h->program);
	(void)execlp(h->program, h->program, h->arg, (char *)NULL);
	return err_sys(err, errno, "running the credential helper %s", h->program);
}

/* What a helper is told fits into a pipe: a name, or one credential. */
static int tell(struct child *c, const char *name, int take_in, int out_fd, struct auth_talk *talk,
		struct err *err)
{
	AUTO_BUF struct buf answer = BUF_INIT(talk->out_max);
	int r, code = 0;

	r = fd_write_all(take_in, talk->in, talk->in_len, name, err);
	(void)close(take_in);
	if (r == 0)
		r = fd_read_all(out_fd, name, &answer, err);
	if (r == 0)
		r = proc_wait(c->pid, &code, err);
	if (r < 0)
		return r;
	c->pid = 0;
	memcpy(talk->out, buf_str(&answer), answer.len);
	talk->out_len = answer.len;
	return code;
}

int credhelper_run(void *data, const char *program, const char *arg, struct auth_talk *talk,
		   struct err *err)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1}, r;
	struct helper h = {program, arg, -1, -1};
	struct spawn role = {
	    .name = program, .flags = SPAWN_RESET_SIGNALS, .main = exec_helper, .arg = &h};
	AUTO_CHILD struct child child = CHILD_INIT;

	(void)data;
	r = fd_pipe(to, err);
	if (r == 0)
		r = fd_pipe(from, err);
	if (r < 0)
		return r;
	h.in = to[0];
	h.out = from[1];
	r = spawn_start(&role, &child, err);
	(void)close(to[0]);
	(void)close(from[1]);
	if (r == 0)
		r = spawn_started(&child, err);
	if (r == 0)
		r = tell(&child, program, to[1], from[0], talk, err);
	else
		(void)close(to[1]);
	(void)close(from[0]);
	return r;
}
