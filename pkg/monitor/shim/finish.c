/*
 * finish.c - after the container's end: exit record, word to the clients, cgroups, cleanup.
 */
#include "mem.h"
#include "monitor.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#define CGROUP_DEPTH_MAX 16
#define SIGNALS 64

struct dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* A small file as text into room bytes; its length, 0 when it cannot be read. */
static size_t read_text(int dir, const char *path, char *out, size_t room)
{
	long fd = sys4(SYS_openat, dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	size_t len = 0;
	long n = 0;

	if (fd < 0)
		return 0;
	while (len + 1 < room) {
		n = sys3(SYS_read, fd, out + len, room - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	(void)sys1(SYS_close, fd);
	out[len] = '\0';
	return len;
}

/* The number after KEY and a blank at the start of a line of text, 0 without it. */
static uint64_t text_number(const char *text, size_t len, const char *key, size_t key_len)
{
	const char *at = text, *end = text + len;
	uint64_t v = 0;

	while (at && (size_t)(end - at) > key_len) {
		if (__builtin_memcmp(at, key, key_len) == 0) {
			for (at += key_len; at < end && *at >= '0' && *at <= '9'; at++)
				v = v * 10 + (uint64_t)(*at - '0');
			return v;
		}
		at = mem_find(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return 0;
}

/* Calls f for each cgroup directory that the file names. */
static void each_cgroup(void (*f)(int parent, const char *path))
{
	size_t len = read_text(FD_RUN, "cgroup", in_data, sizeof(in_data)), n;
	char *at = in_data, *end = in_data + len;

	for (; at < end; at += n + 1) {
		const char *newline = mem_find(at, '\n', (size_t)(end - at));

		n = newline ? (size_t)(newline - at) : (size_t)(end - at);
		at[n] = '\0';
		if (at[0] == '/')
			f(AT_FDCWD, at);
	}
}

static void cgroup_oom(int parent, const char *path)
{
	/* Of version 2 and of version 1; the others are not there. */
	static const char files[2][20] = {"memory.events", "memory.oom_control"};
	long dir = sys4(SYS_openat, parent, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	size_t n;
	int i;

	for (i = 0; i < 2 && dir >= 0; i++) {
		n = read_text((int)dir, files[i], log_data, PAGE);
		if (text_number(log_data, n, "oom_kill ", 9) > 0)
			mon.oom = 1;
	}
	if (dir >= 0)
		(void)sys1(SYS_close, dir);
}

static void cgroup_kill(int dir)
{
	size_t len = read_text(dir, "cgroup.procs", log_data, sizeof(log_data));
	const char *at = log_data, *end = log_data + len;
	long pid;

	while (at < end) {
		for (pid = 0; at < end && *at >= '0' && *at <= '9'; at++)
			pid = pid * 10 + (*at - '0');
		if (pid > 1)
			(void)sys2(SYS_kill, pid, SIGKILL);
		at++;
	}
}

static bool cgroup_rmdir(int parent, const char *name, int depth);

static void cgroup_empty(int dir, int depth)
{
	char entries[1024] __attribute__((aligned(8)));
	const struct dirent64 *e;
	long n, at;

	if (mon.wire.flags & MONITOR_KILL_CGROUP)
		cgroup_kill(dir);
	while ((n = sys3(SYS_getdents64, dir, entries, sizeof(entries))) > 0)
		for (at = 0; at < n; at += e->reclen) {
			e = (const void *)(entries + at);
			if (e->type == 4 && e->name[0] != '.')
				(void)cgroup_rmdir(dir, e->name, depth + 1);
		}
}

/* Removes a cgroup and those below it; false when something in it still lives. */
static bool cgroup_rmdir(int parent, const char *name, int depth)
{
	long r = sys3(SYS_unlinkat, parent, name, AT_REMOVEDIR), dir;

	if (r == 0 || r == -ENOENT || depth > CGROUP_DEPTH_MAX)
		return true;
	if (r != -EBUSY && r != -ENOTEMPTY)
		return true; /* not ours to remove: a later retry would not help */
	dir = sys4(SYS_openat, parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (dir < 0)
		return true;
	cgroup_empty((int)dir, depth);
	(void)sys1(SYS_close, dir);
	return sys3(SYS_unlinkat, parent, name, AT_REMOVEDIR) == 0;
}

static void cgroup_remove(int parent, const char *path)
{
	struct timespec pause = {0, 1000000};
	int64_t until = now_ms() + CGROUP_MS;

	while (!cgroup_rmdir(parent, path, 0) && now_ms() < until) {
		(void)sys2(SYS_nanosleep, &pause, 0);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
}

static bool write_exit(int dir)
{
	char text[64];
	unsigned n = mem_decimal(text, (uint64_t)mon.code);
	bool ok;
	long fd;

	text[n++] = ' ';
	n += mem_decimal(text + n, (uint64_t)mon.finished_ns);
	text[n++] = ' ';
	text[n++] = (char)('0' + mon.oom);
	text[n++] = '\n';
	fd = sys4(SYS_openat, dir, "exit.tmp",
		  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = sys3(SYS_write, fd, text, n) == (long)n;
	(void)sys1(SYS_close, fd);
	if (ok && sys4(SYS_renameat, dir, "exit.tmp", dir, "exit") == 0)
		return true;
	(void)sys3(SYS_unlinkat, dir, "exit.tmp", 0);
	return false;
}

void tell_exit(struct client *c)
{
	struct frame_small f = frame_make(FRAME_EXIT);

	f.u.exit.code = mon.code;
	f.u.exit.oom = mon.oom;
	f.u.exit.finished_ns = mon.finished_ns;
	f.u.exit.log_end = mon.log.end;
	client_tell(c, &f, NO_FD);
}

/* Waits until a client that promised to remove the container confirms it; false when none does. */
static bool confirmed(void)
{
	int64_t until = now_ms() + CONFIRM_MS, left;
	struct timespec t;
	struct pollfd p;
	struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		while (c->fd != NO_FD && c->wants & MONITOR_WANT_REMOVE && !c->confirmed) {
			left = until - now_ms();
			if (left <= 0)
				break;
			t = (struct timespec){left / 1000, left % 1000 * 1000000};
			p = (struct pollfd){c->fd, POLLIN, 0};
			if (sys5(SYS_ppoll, &p, 1, &t, 0, 0) > 0) {
				c->blocked = false;
				client_read(c);
			}
		}
		if (c->confirmed)
			return true;
	}
	return false;
}

/* The lock is given up with all other descriptors, so that it is free for the command. */
static void run_cleanup(char **argv, char **env)
{
	char action[32] = {0};
	uint64_t none = 0;
	int s;

	for (s = 1; s <= SIGNALS; s++)
		(void)sys4(SYS_rt_sigaction, s, action, 0, sizeof(none));
	(void)sys4(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
	(void)sys3(SYS_close_range, FD_SETUP, ~0U, 0);
	(void)sys3(SYS_execve, argv[0], argv, env);
}

void finish(char **argv, char **env)
{
	struct client *c;

	each_cgroup(cgroup_oom);
	/* With the disk full, the run directory (tmpfs) may still take it. */
	if (!write_exit(FD_STATE))
		(void)write_exit(FD_RUN);
	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++)
		if (c->fd != NO_FD && c->hello)
			tell_exit(c);
	each_cgroup(cgroup_remove);
	(void)sys3(SYS_unlinkat, FD_RUN, "attach", 0);
	if (argv && !confirmed())
		run_cleanup(argv, env);
	for (;;)
		(void)sys1(SYS_exit_group, 0);
}
