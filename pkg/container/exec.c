/* More processes in a running container, and its log. */
#include "containers.h"
#include "rspec.h"
#include "base/err.h"

#include <fcntl.h>
#include <unistd.h>

static int merge_env(const struct container *c, const struct container_exec *e, struct strv *ret,
		     struct err *err)
{
	size_t i;
	int r;

	r = strv_copy(ret, &c->def.process.env, err);
	if (r == 0 && e->terminal)
		r = strv_env_set(ret, "TERM=xterm", err);
	for (i = 0; r == 0 && e->env && i < e->env->n; i++)
		r = strv_env_set(ret, e->env->v[i], err);
	return r;
}

static int not_running(const struct container *c, enum container_state state, struct err *err)
{
	return err_set(
	    err, ERR_INVALID,
	    "can only create exec sessions on running containers: container %s is in state "
	    "%s: container state improper",
	    c->def.name, container_state_name(state));
}

static void fill_process(const struct container_exec *e, const struct strv *env,
			 struct runtime_process *p)
{
	int i;

	p->argv = (const char *const *)e->args->v;
	p->env = (const char *const *)env->v;
	if (e->workdir) {
		p->cwd = e->workdir;
		p->cwd_must_exist = true;
	}
	if (e->user)
		p->user = e->user;
	p->terminal = e->terminal;
	for (i = 0; i < 3; i++)
		p->stdio[i] = e->stdio[i];
	p->fds = e->fds;
	p->n_fds = e->n_fds;
}

int container_exec_start(struct container *c, const struct container_exec *e,
			 struct container_exec_process *ret, struct err *err)
{
	AUTO(rspec_fini) struct rspec rs = {.upper = -1, .work = -1, .seccomp_cache = -1};
	AUTO_STRV struct strv env = STRV_INIT, cgroups = STRV_INIT;
	struct runtime_exec_spec spec = RUNTIME_EXEC_INIT;
	struct runtime_proc proc = RUNTIME_PROC_INIT;
	struct container_status s;
	AUTO_CLOSE int run = -1;
	int r;

	r = container_get_status(c, &s, err);
	if (r < 0)
		return r;
	if (s.state != CONTAINER_RUNNING)
		return not_running(c, s.state, err);
	r = state_open_run(&c->owner->state, c->def.id, &run, err);
	if (r == 0)
		r = container_read_cgroups(run, &cgroups, err);
	if (r == 0)
		r = merge_env(c, e, &env, err);
	spec.pid = s.pid;
	spec.start_time = s.pid_start;
	spec.cgroups = &cgroups;
	spec.privileged = e->privileged || c->def.process.privileged;
	if (r == 0)
		r = rspec_process(c, spec.privileged, &rs, &spec.process, err);
	if (r < 0)
		return r;
	fill_process(e, &env, &spec.process);
	r = runtime_exec(&spec, &proc, err);
	if (r < 0)
		return r;
	*ret = (struct container_exec_process){proc.pid, proc.pidfd, proc.pty, proc.outside_cgroup};
	return 0;
}

int container_log(struct container *c, int *ret_dir, const char **ret_name, struct err *err)
{
	const char *path = c->def.log_path;

	if (streq(c->def.log_driver ? c->def.log_driver : "", "none"))
		return err_set(err, ERR_UNSUPPORTED,
			       "container %s was created with --log-driver none: it has no log",
			       c->def.name);
	*ret_dir = path ? AT_FDCWD : c->dir;
	*ret_name = path ? path : LOG_FILE;
	return faccessat(*ret_dir, *ret_name, F_OK, 0) == 0;
}
