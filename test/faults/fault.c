/*
 * fault - runs a command and does it harm at one system call.
 *
 *	fault [-n N] [-a ACTION] [-d DIR] [-x DIR] [-t SECONDS] [-r REPORT] [-l LIST] COMMAND
 *[ARG...]
 *
 * The calls of the command and of all its children are numbered as they come. At number N (0:
 *never) kill      all processes are killed before the call is made kill-one  the process that makes
 *it is killed ENOSPC    the call fails so; ENOSPC-on: the disk is full from then on, but for what
 *the command gives back by removing files EIO       the call fails so; EIO-on: and all later ones
 * What is numbered depends on the action. kill: calls that change files, mounts or control groups.
 * Between two of them no process changes anything that outlives it, so that being killed at any
 *other moment leaves the same behind. kill-one: also messages and new processes, by which one
 *process changes what another does. ENOSPC: calls that take space, or wait for the disk. EIO:
 *these, and all that read, below the DIR of -d. What is below the DIR of -x is not looked at.
 *
 * Calls are watched by seccomp's user notification: each waits in the kernel for our answer, so
 *that nothing happens behind our back while processes are being killed, and signals, user IDs and
 *parents stay as they are. REPORT tells what came of it: points N; hit N CALL FILE; exit CODE or
 *signal NUMBER; left PROCESS (one that outlived the command for SECONDS); hung. LIST gets a line a
 *call. Ends with the command's exit code, 77 when the kernel does not let us watch.
 */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define EXIT_UNABLE 77
#define SECONDS_DEFAULT 60
/* How long processes may outlive the command that started them. */
#define AFTER_SECONDS 10
#define EACH_MS 10

struct action {
	const char *name;
	unsigned does, below; /* what is numbered: anywhere, and only below the directory */
	unsigned watches;     /* what is also looked at */
	bool one, on;
	int error;
};

static const struct action actions[] = {
    {"kill", .does = DOES_CHANGE | DOES_KERNEL},
    {"kill-one", .does = DOES_CHANGE | DOES_KERNEL | DOES_TALK, .one = true},
    {"ENOSPC", .does = DOES_SPACE, .error = ENOSPC},
    {"ENOSPC-on", .does = DOES_SPACE, .watches = DOES_CHANGE, .error = ENOSPC, .on = true},
    {"EIO", .does = DOES_CHANGE | DOES_SYNC, .below = DOES_READ, .error = EIO},
    {"EIO-on", .does = DOES_CHANGE | DOES_SYNC, .below = DOES_READ, .error = EIO, .on = true},
};

struct fault {
	const struct action *action;
	unsigned long n, at; /* calls so far; the one that is hit */
	const char *dir, *except;
	long seconds;
	FILE *report, *list;
	unsigned long free; /* bytes, while the disk is full */
	int listener, signals;
	pid_t pid;
	int status;
	bool ended, killed;
};

/* What child and parent share until the child executes the command. */
struct start {
	volatile int listener; /* number in the child: -1 not yet, -2 it cannot be */
	volatile int go;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "fault: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void nap(void)
{
	const struct timespec t = {.tv_nsec = 100 * 1000};

	(void)nanosleep(&t, NULL);
}

/* ---- the command ---- */

static int install(unsigned does)
{
	struct sock_fprog prog = calls_filter(does);
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd;

	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	return (int)fd;
}

static void run_command(struct start *s, unsigned does, char **argv)
{
	sigset_t none;
	int fd = install(does);

	if (fd < 0) {
		(void)fprintf(stderr, "fault: watching system calls: %s\n", strerror(errno));
		s->listener = -2;
		_exit(EXIT_UNABLE);
	}
	s->listener = fd;
	while (!s->go)
		nap();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)close(fd);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static void start_command(struct fault *f, char **argv)
{
	struct start *s =
	    mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int pidfd;

	if (s == MAP_FAILED)
		die("shared memory");
	s->listener = -1;
	f->pid = fork();
	if (f->pid < 0)
		die("fork");
	if (f->pid == 0)
		run_command(s, f->action->does | f->action->below | f->action->watches, argv);
	while (s->listener == -1)
		nap();
	if (s->listener == -2)
		exit(EXIT_UNABLE);
	pidfd = (int)syscall(SYS_pidfd_open, f->pid, 0);
	f->listener = (int)syscall(SYS_pidfd_getfd, pidfd, s->listener, 0);
	if (f->listener < 0)
		die("taking over the listener");
	(void)close(pidfd);
	s->go = 1;
}

/* ---- its end ---- */

static void reap(struct fault *f)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != f->pid)
			continue;
		f->ended = true;
		f->status = status;
	}
}

/* Our children; what they started becomes ours when they are gone. */
static int kill_children(struct fault *f, bool tell)
{
	char path[64], comm[64] = "?\n";
	FILE *children, *c;
	int pid, n = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	if (!children)
		die(path);
	while (fscanf(children, "%d", &pid) == 1) {
		n++;
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		c = tell ? fopen(path, "re") : NULL;
		if (c && fgets(comm, sizeof(comm), c))
			(void)fprintf(f->report, "left %d %s", pid, comm);
		if (c)
			(void)fclose(c);
		(void)kill(pid, SIGKILL);
	}
	(void)fclose(children);
	return n;
}

/* No call is answered meanwhile: nothing changes on disk any more. */
static void kill_all(struct fault *f, bool tell)
{
	f->killed = true;
	while (kill_children(f, tell) > 0) {
		nap();
		reap(f);
	}
}

/* ---- calls ---- */

static bool is_below(const char *dir, const char *target)
{
	size_t len = dir ? strlen(dir) : 0;

	return dir && strncmp(target, dir, len) == 0 && (!target[len] || target[len] == '/');
}

static bool is_numbered(const struct fault *f, const struct seen *seen)
{
	if (is_below(f->except, seen->target))
		return false;
	return seen->does & f->action->does ||
	       (seen->does & f->action->below && is_below(f->dir, seen->target));
}

static void answer(struct fault *f, const struct seccomp_notif *n, int error)
{
	struct seccomp_notif_resp r = {.id = n->id, .error = -error};

	if (!error)
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	/* The caller may have died meanwhile. */
	(void)ioctl(f->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

static void tell(FILE *to, const char *word, const struct fault *f, const struct seccomp_notif *n,
		 const struct seen *seen)
{
	char path[64], comm[64] = "?";
	FILE *c;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", n->pid);
	c = fopen(path, "re");
	if (c && fgets(comm, sizeof(comm), c))
		comm[strcspn(comm, "\n")] = '\0';
	if (c)
		(void)fclose(c);
	(void)fprintf(to, "%s%lu %s[%s%s] %s\n", word, f->n, seen->name, comm,
		      n->pid == (unsigned)f->pid ? "" : ", child", seen->target);
}

/* On a full disk: is there room for this one? */
static bool has_room(struct fault *f, const struct seen *seen)
{
	if (f->action->error != ENOSPC || f->n == f->at || f->free == 0 || seen->takes > f->free)
		return false;
	f->free = f->free - seen->takes + seen->gives;
	return true;
}

static void hit(struct fault *f, const struct seccomp_notif *n, const struct seen *seen)
{
	if (f->n == f->at)
		tell(f->report, "hit ", f, n, seen);
	if (has_room(f, seen)) {
		answer(f, n, 0);
		return;
	}
	if (f->action->error) {
		answer(f, n, f->action->error);
	} else if (f->action->one) {
		(void)kill((pid_t)n->pid, SIGKILL);
	} else {
		kill_all(f, false);
	}
}

static void take_call(struct fault *f)
{
	struct seccomp_notif n = {0};
	struct seen seen = {0};

	/* The caller may have died meanwhile. */
	if (ioctl(f->listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return;
	if (!calls_look(&n, &seen) || !is_numbered(f, &seen)) {
		f->free += f->at && f->n >= f->at ? seen.gives : 0;
		answer(f, &n, 0);
		return;
	}
	f->n++;
	if (f->list)
		tell(f->list, "", f, &n, &seen);
	if (f->at && (f->n == f->at || (f->action->on && f->n > f->at)))
		hit(f, &n, &seen);
	else
		answer(f, &n, 0);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Until no process of the command is left. */
static void watch(struct fault *f)
{
	struct pollfd p[2] = {{.fd = f->listener, .events = POLLIN},
			      {.fd = f->signals, .events = POLLIN}};
	double end = now() + (double)f->seconds;
	struct signalfd_siginfo info;

	while (!f->killed) {
		if (poll(p, 2, EACH_MS) < 0 && errno != EINTR)
			die("poll");
		if (p[1].revents && read(f->signals, &info, sizeof(info)) > 0) {
			bool before = f->ended;

			reap(f);
			if (f->ended && !before && end > now() + AFTER_SECONDS)
				end = now() + AFTER_SECONDS;
		}
		if (p[0].revents & POLLIN)
			take_call(f);
		else if (p[0].revents & POLLHUP)
			break;
		if (!f->killed && now() > end) {
			if (!f->ended)
				(void)fprintf(f->report, "hung\n");
			kill_all(f, true);
		}
	}
	while (!f->ended) {
		reap(f);
		nap();
	}
}

static void parse(struct fault *f, int argc, char **argv)
{
	const char *name = "kill";
	size_t i;
	int c;

	f->seconds = SECONDS_DEFAULT;
	while ((c = getopt(argc, argv, "+n:a:d:x:t:r:l:")) != -1) {
		if (c == 'n')
			f->at = strtoul(optarg, NULL, 10);
		else if (c == 'a')
			name = optarg;
		else if (c == 'd')
			f->dir = optarg;
		else if (c == 'x')
			f->except = optarg;
		else if (c == 't')
			f->seconds = strtol(optarg, NULL, 10);
		else if (c == 'r')
			f->report = fopen(optarg, "we");
		else if (c == 'l')
			f->list = fopen(optarg, "we");
		else
			exit(2);
	}
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			f->action = &actions[i];
	if (!f->report)
		f->report = stderr;
	if (f->action && optind < argc)
		return;
	(void)fprintf(
	    stderr, "usage: fault [-n N] [-a kill|kill-one|ENOSPC[-on]|EIO[-on]] [-d DIR] [-x DIR] "
		    "[-t SECONDS] [-r REPORT] [-l LIST] COMMAND [ARG...]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct fault f = {.listener = -1};
	sigset_t mask;

	parse(&f, argc, argv);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		die("becoming the reaper");
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	f.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	start_command(&f, argv + optind);
	watch(&f);
	(void)fprintf(f.report, "points %lu\n", f.n);
	if (WIFSIGNALED(f.status))
		(void)fprintf(f.report, "signal %d\n", WTERMSIG(f.status));
	else
		(void)fprintf(f.report, "exit %d\n", WEXITSTATUS(f.status));
	return WIFEXITED(f.status) ? WEXITSTATUS(f.status) : 128 + WTERMSIG(f.status);
}
