/*
 * world_test.h - what the live tests of the runtime run in: a store of one layer made from the
 * busybox of the machine, and a container's writable directories.
 */
#ifndef RUNTIME_WORLD_TEST_H
#define RUNTIME_WORLD_TEST_H

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"
#include "runtime/runtime.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define BUSYBOX "/bin/busybox"
#define OUTPUT_MAX (1024 * 1024)

/* A store with one layer, and a container's writable directories. */
struct world {
	char dir[128];
	char id[ID_HEX_LEN + 1];
	int overlay, upper, work;
	const char *lower[2];
	struct idmaps maps;
	bool rootless;
};

static const char *const default_env[] = {"PATH=/bin:/usr/bin", NULL};

static void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void sh(const char *fmt, ...)
{
	AUTO_BUF struct buf b = BUF_INIT(16384);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	assert_int_equal(system(buf_str(&b)), 0);
}

static int open_below(const struct world *w, const char *name)
{
	AUTO_FREE char *path = str_fmt("%s/%s", w->dir, name);
	int fd = open(path, O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void make_applets(const struct world *w)
{
	static const char *const names[] = {
	    "sh", "true", "sleep", "cat",  "ls",  "grep", "id",	   "hostname", "ip",  "cut", "sort",
	    "tr", "wc",	  "touch", "head", "tee", "stat", "mknod", "readlink", "tty", "stty"};
	AUTO_CLOSE int bin = open_below(w, "overlay/a/diff/bin");
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(symlinkat("busybox", bin, names[i]), 0);
}

static void make_world(struct world *w)
{
	/* Not on an overlay: that cannot hold another one. */
	(void)snprintf(w->dir, sizeof(w->dir), "%s/kist-live-XXXXXX",
		       getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(w->dir));
	rand_id(w->id);
	sh("cd %s && chmod 755 . && mkdir -p overlay/l overlay/a/diff upper work && "
	   "ln -s ../a/diff overlay/l/A && cd overlay/a/diff && "
	   "mkdir -p bin etc tmp root proc sys dev home && chmod 1777 tmp && "
	   "cp " BUSYBOX " bin/busybox && "
	   "echo root:x:0:0:root:/root:/bin/sh > etc/passwd && "
	   "echo alice:x:1000:1000::/home/alice:/bin/sh >> etc/passwd && "
	   "echo root:x:0: > etc/group && echo alice:x:1000: >> etc/group && "
	   "echo wheel:x:10:root,alice >> etc/group && "
	   "printf '\\177ELFgarbage' > bin/garbage && chmod 755 bin/garbage && "
	   "echo text > etc/text",
	   w->dir);
	make_applets(w);
	w->overlay = open_below(w, "overlay");
	w->upper = open_below(w, "upper");
	w->work = open_below(w, "work");
	w->lower[0] = "l/A";
}

static int remove_world(void *arg, struct err *err)
{
	const struct world *w = arg;

	return tree_remove(AT_FDCWD, w->dir, err);
}

static void end_world(struct world *w)
{
	struct err err = ERR_INIT;
	int r;

	close(w->overlay);
	close(w->upper);
	close(w->work);
	/* Some files belong to subordinate IDs. */
	r = w->rootless ? userns_run(&w->maps, 0, NULL, 0, remove_world, w, &err)
			: remove_world(w, &err);
	if (r < 0)
		fail_msg("%s", err.text);
}

static bool can_run(void)
{
	return access(BUSYBOX, X_OK) == 0;
}

static int does_nothing(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

/* User namespaces may be switched off, or newuidmap missing. */
static bool can_run_rootless(const struct idmaps *maps)
{
	struct err err = ERR_INIT;

	if (geteuid() == 0 || !can_run())
		return false;
	if (userns_run(maps, USERNS_MOUNT, NULL, 0, does_nothing, NULL, &err) == 0)
		return true;
	print_message("# %s\n", err.text);
	return false;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (geteuid() == 0 && can_run())
		make_world(w);
	*state = w;
	return 0;
}

static int setup_rootless(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err err = ERR_INIT;

	if (idmap_load(geteuid(), getegid(), &w->maps, &err) == 1 && can_run_rootless(&w->maps)) {
		w->rootless = true;
		make_world(w);
	}
	*state = w;
	return 0;
}

static int setup_single(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	idmap_single(geteuid(), getegid(), &w->maps);
	if (can_run_rootless(&w->maps)) {
		w->rootless = true;
		make_world(w);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	if (w->id[0])
		end_world(w);
	free(w);
	return 0;
}

static struct world *live(void **state)
{
	struct world *w = *state;

	if (!w->id[0]) {
		print_message("# skipped: needs " BUSYBOX " and root, or (rootless) a user with "
			      "subordinate IDs\n");
		skip();
	}
	return w;
}

static struct runtime_spec spec_of(const struct world *w, const char *const *argv)
{
	struct runtime_spec s = RUNTIME_SPEC_INIT;

	s.id = w->id;
	s.hostname = "box";
	s.rootfs.overlay_dir = w->overlay;
	s.rootfs.lower = w->lower;
	s.rootfs.upper = w->upper;
	s.rootfs.work = w->work;
	s.masked = runtime_masked;
	s.readonly_paths = runtime_readonly;
	s.process.argv = argv;
	s.process.env = default_env;
	if (w->rootless) {
		s.rootfs.userxattr = true;
		s.ns[RUNTIME_USER].mode = RUNTIME_NS_NEW;
		s.maps = &w->maps;
	}
	return s;
}

/* Runs it to its end; returns the exit code, or the negative error of the start. */
static int run(struct runtime_spec *s, struct buf *out, struct err *err)
{
	struct runtime_proc p = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	int pair[2], code = 0, r;

	assert_int_equal(fd_pipe(pair, err), 0);
	if (!s->process.terminal)
		s->process.stdio[1] = s->process.stdio[2] = pair[1];
	r = runtime_start(s, &p, &cgroups, err);
	close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
		return r;
	}
	assert_int_equal(fd_read_all(pair[0], "output", out, err), 0);
	close(pair[0]);
	assert_int_equal(proc_wait(p.pid, &code, err), 0);
	close(p.pidfd);
	if (p.pty >= 0)
		close(p.pty);
	assert_int_equal(cgroup_remove_paths(&cgroups, err), 0);
	return code;
}

/* "sh -c script" in a default container: its output, which must end with code 0. */
static const char *output_of(struct runtime_spec *s, const char *script, struct buf *out)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct err err = ERR_INIT;
	int r;

	s->process.argv = argv;
	buf_reset(out);
	r = run(s, out, &err);
	if (r != 0)
		print_message("# %s: %d %s\n%s\n", script, r, err.text, buf_str(out));
	assert_int_equal(r, 0);
	return buf_str(out);
}

#define TEST_START                                                                                 \
	struct world *w = live(state);                                                             \
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);                                            \
	struct runtime_spec s = spec_of(w, NULL)

#endif
