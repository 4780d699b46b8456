/* kist exec */
#include "envlist.h"
#include "pick.h"
#include "preserve.h"
#include "verbs.h"
#include "base/auto.h"
#include "base/err.h"
#include "monitor/relay.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/spawn.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

struct exec_args {
	bool detach, stdin_open, terminal, privileged, latest;
	const char *user, *workdir, *detach_keys;
	struct preserve_args preserve;
	struct strv env, env_file;
};

#define AT(member) offsetof(struct exec_args, member)

static const struct opt opts[] = {
    {'d', "detach", OPT_FLAG, AT(detach), NULL, "Run in the background"},
    {0, "detach-keys", OPT_STRING, AT(detach_keys), "KEYS", "Keys that detach"},
    {'e', "env", OPT_STRINGS, AT(env), "NAME[=VALUE]", "Set an environment variable"},
    {0, "env-file", OPT_STRINGS, AT(env_file), "FILE", "Read environment variables from a file",
     .complete = "files"},
    {'i', "interactive", OPT_FLAG, AT(stdin_open), NULL, "Keep standard input open"},
    {'l', "latest", OPT_FLAG, AT(latest), NULL, "The newest container"},
    {0, "privileged", OPT_FLAG, AT(privileged), NULL, "Give the command all rights that we have"},
    {'t', "tty", OPT_FLAG, AT(terminal), NULL, "Give the command a terminal"},
    {'u', "user", OPT_STRING, AT(user), "USER[:GROUP]", "User to run as"},
    {'w', "workdir", OPT_STRING, AT(workdir), "DIR", "Working directory of the command"},
    {0},
};

static const struct opt_group groups[] = {
    {preserve_opts, offsetof(struct exec_args, preserve), NULL},
    {0},
};

/* The command's standard streams are pipes that we relay, never ours: a process of the container
 * could open a file again through /proc/self/fd with other rights, reach the host's tree from a
 * directory, or type into our terminal. -1 is /dev/null. */
struct streams {
	int give[3];  /* the command's ends */
	int relay[3]; /* ours: write end, read ends */
};

static int make_stream(int fd, bool wanted, struct streams *s, struct err *err)
{
	int pipe[2], r;

	if (!wanted)
		return 0;
	r = fd_pipe(pipe, err);
	if (r < 0)
		return r;
	s->give[fd] = pipe[fd == STDIN_FILENO ? 0 : 1];
	s->relay[fd] = pipe[fd == STDIN_FILENO ? 1 : 0];
	return 0;
}

static int make_streams(const struct exec_args *a, struct streams *s, struct err *err)
{
	int r;

	*s = (struct streams){{-1, -1, -1}, {-1, -1, -1}};
	if (a->terminal)
		return 0;
	r = make_stream(STDIN_FILENO, a->stdin_open, s, err);
	if (r == 0)
		r = make_stream(STDOUT_FILENO, true, s, err);
	return r < 0 ? r : make_stream(STDERR_FILENO, true, s, err);
}

/* The command has its ends now. */
static void close_given(const struct streams *s)
{
	int i;

	for (i = 0; i < 3; i++)
		if (s->give[i] >= 0)
			(void)close(s->give[i]);
}

struct signals {
	int pidfd;
};

static void pass_signal(void *arg, int signo)
{
	const struct signals *s = arg;
	struct err ignored = ERR_INIT;

	(void)proc_signal(s->pidfd, signo, &ignored);
}

static int relay(struct app *app, const struct exec_args *a, const struct container_exec_process *p,
		 const struct streams *s, struct monitor_result *result, struct err *err)
{
	struct signals signals = {p->pidfd};
	struct relay rl = {
	    .user = {.want_stdin = a->stdin_open,
		     .want_stdout = a->terminal || s->relay[1] >= 0,
		     .want_stderr = !a->terminal && s->relay[2] >= 0,
		     .want_tty = a->terminal,
		     .signal = pass_signal,
		     .arg = &signals},
	    .pidfd = p->pidfd,
	    .tty_fd = p->terminal,
	    .take_stdin_fd = s->relay[0],
	    .take_stdout_fd = s->relay[1],
	    .take_stderr_fd = s->relay[2],
	};
	const char *keys = a->detach_keys ? a->detach_keys : app->conf.detach_keys;
	int r;

	r = monitor_keys_parse(keys ? keys : MONITOR_DETACH_KEYS_DEFAULT, &rl.user.keys, err);
	return r < 0 ? r : relay_run(&rl, result, err);
}

static void warn_about_limits(const struct container_exec_process *p)
{
	if (p->outside_cgroup)
		say("Warning: the command runs outside of the container's cgroup, as this "
		    "login "
		    "session may not enter it: the container's limits do not hold for it");
}

static int exec_attached(struct app *app, struct container *c, const struct exec_args *a,
			 struct container_exec *e, struct preserved *preserved, struct err *err)
{
	struct container_exec_process p = {.pidfd = -1, .terminal = -1};
	struct monitor_result result = {0};
	struct streams s;
	int r, i, code;

	r = make_streams(a, &s, err);
	for (i = 0; i < 3; i++)
		e->stdio[i] = s.give[i];
	if (r == 0)
		r = container_exec_start(c, e, &p, err);
	close_given(&s);
	preserved_close(preserved);
	if (r == 0)
		warn_about_limits(&p);
	if (r == 0)
		r = relay(app, a, &p, &s, &result, err);
	if (r < 0 || result.end == MONITOR_DETACHED)
		return r;
	r = proc_wait(p.pid, &code, err);
	return r < 0 ? r : code;
}

struct detached {
	struct container *c;
	struct container_exec *e;
};

/* Stays as the parent of a detached command: the runtime ends a command with its parent. */
static int detached_main(void *arg, struct err *err)
{
	struct container_exec_process p = {.pidfd = -1, .terminal = -1};
	const struct detached *d = arg;
	int r, code;

	r = container_exec_start(d->c, d->e, &p, err);
	if (r < 0)
		return r;
	/* The caller waits for the descriptors to close: the command runs. */
	(void)close_range(3, ~0U, 0);
	return proc_wait(p.pid, &code, err);
}

static int exec_detached(struct container *c, struct container_exec *e, struct err *err)
{
	char session[ID_HEX_LEN + 1];
	struct detached d = {c, e};
	struct spawn role = {
	    .name = "exec",
	    .flags = SPAWN_SESSION | SPAWN_RESET_SIGNALS | SPAWN_NULL_STDIO,
	    .main = detached_main,
	    .arg = &d,
	};
	struct child child = CHILD_INIT;
	int r = spawn_start(&role, &child, err);

	if (r == 0)
		r = spawn_started(&child, err);
	if (r < 0)
		return r;
	/* As podman: something to show for it. Nothing is kept under this ID. */
	rand_id(session);
	return out_line(session, err);
}

static int operands(const struct exec_args *a, const struct strv *rest, struct strv *ret,
		    struct err *err)
{
	size_t i;
	int r = 0;

	for (i = a->latest ? 0 : 1; r == 0 && i < rest->n; i++)
		r = strv_add(ret, rest->v[i], err);
	if (r == 0 && ret->n == 0)
		return err_set(err, ERR_INVALID, "you must provide a command to run");
	return r;
}

static int run(struct app *app, const void *args, const struct strv *rest, struct err *err)
{
	AUTO_STRV struct strv command = STRV_INIT, env = STRV_INIT;
	AUTO_CONTAINER struct container *c = NULL;
	const struct exec_args *a = args;
	struct container_exec e = {
	    .args = &command,
	    .env = &env,
	    .user = a->user,
	    .workdir = a->workdir,
	    .terminal = a->terminal,
	    .privileged = a->privileged,
	    .stdio = {-1, -1, -1},
	};
	const struct strv none = STRV_INIT;
	struct preserved preserved;
	int r;

	r = preserve_fds(&a->preserve, &preserved, err);
	e.fds = preserved.fds;
	e.n_fds = preserved.n;
	if (r == 0)
		r = pick_one(app, a->latest, a->latest ? &none : rest, &c, err);
	if (r == 0)
		r = operands(a, rest, &command, err);
	if (r == 0)
		r = envlist_build(&a->env_file, &a->env, &env, err);
	if (r < 0)
		return r;
	return a->detach ? exec_detached(c, &e, err)
			 : exec_attached(app, c, a, &e, &preserved, err);
}

const struct verb verb_exec = {
    .path = "exec",
    .aliases = "container exec",
    .summary = "Run a command in a running container",
    .usage = "[options] CONTAINER COMMAND [ARG...]",
    .examples = "kist exec web ls /\nkist exec -it web sh",
    .opts = opts,
    .groups = groups,
    .args_size = sizeof(struct exec_args),
    .min_args = 1,
    .max_args = VERB_ANY_ARGS,
    .complete = "containers",
    .needs = NEED_CONTAINERS,
    .flags = VERB_STOP_AT_OPERAND,
    .run = run,
};
