/*
 * Making a container.
 *
 * The caller becomes its parent. One clone3(2) makes the first process in all new namespaces and in
 * its v2 control group; what a rootless one needs from outside (ID maps) it waits for. It puts the
 * container together by itself and ends in the stub (launch.c, process.c); its errors and the
 * stub's come up through two pipes, whose ends tell that all went well.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "setup.h"
#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/spawn.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	uint64_t clone_flag;
	const char *name;
} namespaces[RUNTIME_NS_COUNT] = {
    [RUNTIME_USER] = {CLONE_NEWUSER, "user"},	    [RUNTIME_MOUNT] = {CLONE_NEWNS, "mount"},
    [RUNTIME_PID] = {CLONE_NEWPID, "pid"},	    [RUNTIME_NET] = {CLONE_NEWNET, "network"},
    [RUNTIME_IPC] = {CLONE_NEWIPC, "ipc"},	    [RUNTIME_UTS] = {CLONE_NEWUTS, "uts"},
    [RUNTIME_CGROUP] = {CLONE_NEWCGROUP, "cgroup"},
};

/* ---- in the child ---- */

static int join_namespaces(const struct runtime_spec *spec, struct err *err)
{
	int ns;

	for (ns = 0; ns < RUNTIME_NS_COUNT; ns++) {
		/* The parent joined the pid namespace for us. */
		if (spec->ns[ns].mode != RUNTIME_NS_JOIN || ns == RUNTIME_PID)
			continue;
		if (setns(spec->ns[ns].fd, (int)namespaces[ns].clone_flag) < 0)
			return err_sys(err, errno, "joining the %s namespace", namespaces[ns].name);
	}
	return 0;
}

/* Keys of the caller's session are not for the container. */
static int new_keyring(struct err *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS)
		return 0;
	return err_sys(err, errno, "making a session keyring%s",
		       errno == EDQUOT ? " (raise sysctl kernel.keys.maxkeys)" : "");
}

static int set_oom_score(const struct runtime_process *p, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	char text[16];
	int n;

	if (!p->oom_score_adj)
		return 0;
	n = snprintf(text, sizeof(text), "%d", *p->oom_score_adj);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return err_sys(err, errno, "--oom-score-adj: setting it to %s", text);
	return 0;
}

static int enter_namespaces(struct setup *s, struct err *err)
{
	const struct runtime_spec *spec = s->spec;
	int r;

	if (s->cgroup) {
		r = cgroup_join_v1(s->cgroup, err);
		if (r < 0)
			return r;
	}
	/* Only now: its root is the group that the process is in. */
	if (spec->ns[RUNTIME_CGROUP].mode == RUNTIME_NS_NEW && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "making a cgroup namespace");
	r = join_namespaces(spec, err);
	if (r == 0)
		r = new_keyring(err);
	if (r == 0)
		r = set_oom_score(&spec->process, err);
	if (r < 0)
		return r;
	if (spec->hostname && spec->ns[RUNTIME_UTS].mode == RUNTIME_NS_NEW &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_sys(err, errno, "setting host name %s", spec->hostname);
	return spec->ns[RUNTIME_NET].mode == RUNTIME_NS_NEW ? net_loopback_up(err) : 0;
}

static int build_root(struct setup *s, struct err *err)
{
	int r;

	r = mounts_open_sources(s, err);
	if (r == 0)
		r = root_mount(s, err);
	if (r == 0)
		r = mounts_standard(s, err);
	if (r == 0)
		r = mounts_listed(s, err);
	if (r == 0 && s->spec->process.terminal)
		r = dev_console(s, err);
	if (r == 0)
		r = paths_sysctls(s, err);
	if (r == 0)
		r = paths_protect(s, err);
	return r < 0 ? r : root_enter(s, err);
}

static int container_main(void *arg, struct err *err)
{
	struct setup *s = arg;
	const char *flags = "-";
	int r;

	/* Where others may be in the same pid namespace, they must not look into this process,
	 * which still is kist. */
	if (s->spec->ns[RUNTIME_PID].mode != RUNTIME_NS_NEW)
		(void)prctl(PR_SET_DUMPABLE, 0);
	(void)umask(0);
	r = enter_namespaces(s, err);
	if (r == 0)
		r = build_root(s, err);
	if (r < 0)
		return r;
	if (s->spec->init)
		flags = s->spec->process.terminal ? "it" : "i";
	else if (s->spec->process.terminal)
		flags = "t";
	return launch_exec(&s->launch, s->root, flags, err);
}

/* ---- in the parent ---- */

static int container_prepare(void *arg, pid_t pid, struct err *err)
{
	struct setup *s = arg;

	return s->spec->prepare(s->spec->prepare_arg, pid, err);
}

static int check_namespaces(const struct runtime_spec *spec, struct err *err)
{
	const struct runtime_ns_plan *user = &spec->ns[RUNTIME_USER];

	if (spec->ns[RUNTIME_MOUNT].mode != RUNTIME_NS_NEW)
		return err_set(err, ERR_INVALID, "a container needs its own mount namespace");
	if (user->mode == RUNTIME_NS_JOIN)
		return err_set(err, ERR_UNSUPPORTED,
			       "joining another container's user namespace is not supported yet");
	if (user->mode == RUNTIME_NS_NEW && !spec->maps)
		return err_set(err, ERR_BUG, "a user namespace without ID maps");
	if (user->mode == RUNTIME_NS_HOST && geteuid() != 0)
		return err_set(err, ERR_BUG, "an ordinary user's container needs a user namespace");
	if (spec->init && spec->ns[RUNTIME_PID].mode != RUNTIME_NS_NEW)
		return err_set(err, ERR_INVALID,
			       "--init: the container shares another pid namespace, which has its "
			       "own init");
	return 0;
}

static int check_mounts(const struct runtime_spec *spec, struct err *err)
{
	const struct runtime_mount *m;
	size_t i;

	for (i = 0; i < spec->n_mounts; i++) {
		m = &spec->mounts[i];
		if (!m->target || m->target[0] != '/')
			return err_set(err, ERR_INVALID, "mount target %s is not an absolute path",
				       m->target ? m->target : "(none)");
		if (m->kind == RUNTIME_BIND && m->source && m->source[0] != '/')
			return err_set(err, ERR_INVALID, "mount source %s is not an absolute path",
				       m->source);
		if (!m->target[strspn(m->target, "/")])
			return err_set(err, ERR_INVALID, "a mount cannot have the target /");
	}
	return 0;
}

static int check_spec(const struct runtime_spec *spec, struct err *err)
{
	const char *const *p;
	int r;

	r = check_namespaces(spec, err);
	if (r == 0)
		r = check_mounts(spec, err);
	if (r == 0 && spec->process.apparmor)
		r = err_set(err, ERR_UNSUPPORTED, "AppArmor profiles are not supported yet");
	for (p = spec->sysctls; p && *p && r == 0; p++)
		r = paths_check_sysctl(spec, *p, err);
	return r;
}

static int note_root_path(struct setup *s, struct err *err)
{
	const struct runtime_rootfs *fs = &s->spec->rootfs;

	if (fs->overlay_dir < 0)
		return mount_path_of(fs->dir, s->overlay, err);
	if (!fs->overlay_path)
		return mount_path_of(fs->overlay_dir, s->overlay, err);
	if (strlen(fs->overlay_path) >= sizeof(s->overlay))
		return err_set(err, ERR_LIMIT, "%s is longer than %d bytes", fs->overlay_path,
			       MOUNT_PATH_MAX);
	memcpy(s->overlay, fs->overlay_path, strlen(fs->overlay_path) + 1);
	return 0;
}

static int note_paths(struct setup *s, struct err *err)
{
	const struct runtime_rootfs *fs = &s->spec->rootfs;
	char path[MOUNT_PATH_MAX];
	const struct runtime_mount *m;
	size_t i;
	int r;

	r = note_root_path(s, err);
	if (r == 0 && fs->overlay_dir >= 0)
		r = mount_path_of(fs->upper, s->upper, err);
	if (r == 0 && fs->overlay_dir >= 0)
		r = mount_path_of(fs->work, s->work, err);
	for (i = 0; i < s->spec->n_mounts && r == 0; i++) {
		m = &s->spec->mounts[i];
		path[0] = '\0';
		if (m->kind == RUNTIME_BIND && !m->source)
			r = mount_path_of(m->source_fd, path, err);
		if (r == 0)
			r = strv_add(&s->sources, path, err);
	}
	return r;
}

static void setup_fini(struct setup *s)
{
	launch_fini(&s->launch);
	strv_fini(&s->sources);
	cgroup_free(s->cgroup);
}

static int keep_fds(const struct setup *s, int **ret, size_t *ret_n, struct err *err)
{
	const struct runtime_spec *spec = s->spec;
	int *fds = calloc(s->launch.n_keep + spec->n_mounts + RUNTIME_NS_COUNT + 4 + CGROUP_FDS_MAX,
			  sizeof(*fds));
	size_t n = 0, i;

	if (!fds)
		return err_nomem(err);
	for (i = 0; i < s->launch.n_keep; i++)
		fds[n++] = s->launch.keep[i];
	for (i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].kind == RUNTIME_BIND && !spec->mounts[i].source)
			fds[n++] = spec->mounts[i].source_fd;
	for (i = 0; i < RUNTIME_NS_COUNT; i++)
		if (spec->ns[i].mode == RUNTIME_NS_JOIN)
			fds[n++] = spec->ns[i].fd;
	n += cgroup_v1_fds(s->cgroup, fds + n);
	if (spec->rootfs.overlay_dir >= 0) {
		fds[n++] = spec->rootfs.overlay_dir;
		fds[n++] = spec->rootfs.upper;
		fds[n++] = spec->rootfs.work;
	} else {
		fds[n++] = spec->rootfs.dir;
	}
	*ret = fds;
	*ret_n = n;
	return 0;
}

static uint64_t clone_flags(const struct setup *s)
{
	uint64_t flags = 0;
	int ns;

	/* The cgroup namespace is made later, by the child. */
	for (ns = 0; ns < RUNTIME_CGROUP; ns++)
		if (s->spec->ns[ns].mode == RUNTIME_NS_NEW)
			flags |= namespaces[ns].clone_flag;
	if (s->cgroup && cgroup_clone_fd(s->cgroup) >= 0)
		flags |= CLONE_INTO_CGROUP;
	return flags;
}

/* A process can only be born into another pid namespace: ours is changed for that moment. */
static int start_child(struct setup *s, const struct spawn *role, struct child *child,
		       struct err *err)
{
	const struct runtime_ns_plan *pid = &s->spec->ns[RUNTIME_PID];
	AUTO_CLOSE int own = -1;
	int r;

	if (pid->mode != RUNTIME_NS_JOIN)
		return spawn_start(role, child, err);
	own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(pid->fd, CLONE_NEWPID) < 0)
		return err_sys(err, errno, "joining the pid namespace");
	r = spawn_start(role, child, err);
	if (setns(own, CLONE_NEWPID) < 0 && r == 0)
		r = err_sys(err, errno, "returning to the own pid namespace");
	return r;
}

static int start(struct setup *s, struct runtime_proc *ret, struct err *err)
{
	AUTO_CHILD struct child child = CHILD_INIT;
	AUTO_FREE int *fds = NULL;
	AUTO_CLOSE int pty = -1;
	uint64_t start_time;
	struct spawn role = {
	    .name = "container",
	    .flags = SPAWN_CONFINED | SPAWN_SESSION,
	    .clone_flags = clone_flags(s),
	    .maps = s->spec->ns[RUNTIME_USER].mode == RUNTIME_NS_NEW ? s->spec->maps : NULL,
	    .cgroup_fd = s->cgroup ? cgroup_clone_fd(s->cgroup) : -1,
	    .prepare = s->spec->prepare ? container_prepare : NULL,
	    .main = container_main,
	    .arg = s,
	};
	int r;

	r = keep_fds(s, &fds, &role.n_fds, err);
	if (r < 0)
		return r;
	role.fds = fds;
	role.status_min = s->launch.above;
	r = start_child(s, &role, &child, err);
	if (r < 0)
		return r;
	launch_parent(&s->launch);
	if (s->spec->process.terminal) {
		r = launch_take_terminal(&s->launch, &pty, err);
		if (r < 0)
			return r;
	}
	r = spawn_started(&child, err);
	if (r == 0)
		r = launch_wait(&s->launch, err);
	if (r == 0)
		r = proc_start_time(child.pid, &start_time, err);
	if (r < 0)
		return r;
	*ret = (struct runtime_proc){.pid = child.pid,
				     .pidfd = TAKE_FD(child.pidfd),
				     .pty = TAKE_FD(pty),
				     .start_time = start_time};
	child.pid = 0;
	return 0;
}

/* Who can make device nodes, or mount a file system that has some or shows those of the image,
 * reaches the machine's disks unless the kernel refuses to open them. (In a user namespace it
 * always does.) */
static int limit_devices(const struct setup *s, struct err *err)
{
	const struct runtime_spec *spec = s->spec;
	const char *what = spec->process.caps & CAPS_BIT(CAP_SYS_ADMIN) ? "SYS_ADMIN" : "MKNOD";
	int r;

	if (!(spec->process.caps & (CAPS_BIT(CAP_MKNOD) | CAPS_BIT(CAP_SYS_ADMIN))) ||
	    spec->privileged || spec->ns[RUNTIME_USER].mode == RUNTIME_NS_NEW ||
	    !userns_is_initial())
		return 0;
	if (!s->cgroup)
		return err_set(err, ERR_UNSUPPORTED,
			       "--cap-add %s: without a control group the container could open "
			       "every device of the host (--privileged allows that)",
			       what);
	r = cgroup_limit_devices(s->cgroup, err);
	return r < 0 ? err_wrap(err, "--cap-add %s (--privileged does without)", what) : 0;
}

int runtime_start(const struct runtime_spec *spec, struct runtime_proc *ret,
		  struct strv *ret_cgroups, struct err *err)
{
	AUTO(setup_fini)
	struct setup s = {.spec = spec,
			  .launch = {.stub = -1,
				     .status = {-1, -1},
				     .pid = {-1, -1},
				     .tty = {-1, -1},
				     .stdio = {-1, -1, -1}},
			  .host_sys = -1,
			  .null = -1,
			  .root = -1,
			  .dev = -1,
			  .pts = -1,
			  .masked_dir = -1};
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err ignored = ERR_INIT;
	int r;

	r = check_spec(spec, err);
	if (r == 0)
		r = note_paths(&s, err);
	if (r == 0)
		r = launch_init(&s.launch, &spec->process, false, err);
	s.launch.single = spec->maps && spec->maps->single;
	if (r == 0 && !spec->no_cgroup)
		r = cgroup_create(spec->id, spec->limits, spec->cgroup_record, &s.cgroup, err);
	if (r < 0)
		return r;
	if (s.cgroup)
		r = cgroup_paths(s.cgroup, &cgroups, err);
	if (r == 0)
		r = limit_devices(&s, err);
	if (r == 0)
		r = start(&s, ret, err);
	if (r < 0) {
		(void)cgroup_remove_paths(&cgroups, &ignored); /* the first error counts */
		return r;
	}
	strv_fini(ret_cgroups);
	*ret_cgroups = cgroups;
	cgroups = (struct strv)STRV_INIT;
	return 0;
}

int runtime_signal(pid_t pid, uint64_t start_time, int sig, struct err *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	r = proc_open(pid, start_time, &fd, err);
	if (r > 0)
		r = proc_signal(fd, sig, err);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "the container is not running");
	return r < 0 ? r : 0;
}
