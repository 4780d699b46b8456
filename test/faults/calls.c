#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define OUR_ARCH AUDIT_ARCH_RISCV64
#else
#error "which AUDIT_ARCH_ is this?"
#endif

/* Where the arguments say which file it is: number of the argument with the directory's (or the
 * file's) descriptor and of the one with the path, or NONE. */
#define NONE (-1)
#define HERE (-2) /* no directory: relative to the working directory */

enum special { PLAIN, OPEN, OPEN2, WRITES, NO_FILE };

struct call {
	int nr;
	const char *name;
	unsigned does;
	signed char dir, path;
	enum special special;
};

#define CHANGES (DOES_CHANGE)
#define TAKES_SPACE (DOES_CHANGE | DOES_SPACE)
#define CALL(name, ...)                                                                            \
	{                                                                                          \
		__NR_##name, #name, __VA_ARGS__                                                    \
	}

static const struct call calls[] = {
    CALL(openat, TAKES_SPACE | DOES_READ, 0, 1, OPEN),
    CALL(openat2, TAKES_SPACE | DOES_READ, 0, 1, OPEN2),
    CALL(write, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(pwrite64, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(writev, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(pwritev, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(pwritev2, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(sendfile, TAKES_SPACE | DOES_TALK, 0, NONE, WRITES),
    CALL(splice, TAKES_SPACE | DOES_TALK, 2, NONE, WRITES),
    CALL(copy_file_range, TAKES_SPACE, 2, NONE, WRITES),
    CALL(ftruncate, CHANGES, 0, NONE, PLAIN),
    CALL(fallocate, TAKES_SPACE, 0, NONE, PLAIN),
    CALL(mkdirat, TAKES_SPACE, 0, 1, PLAIN),
    CALL(mknodat, TAKES_SPACE, 0, 1, PLAIN),
    CALL(linkat, TAKES_SPACE, 2, 3, PLAIN),
    CALL(symlinkat, TAKES_SPACE, 1, 2, PLAIN),
    CALL(renameat2, TAKES_SPACE, 2, 3, PLAIN),
    CALL(unlinkat, CHANGES, 0, 1, PLAIN),
    CALL(fchmod, CHANGES, 0, NONE, PLAIN),
    CALL(fchmodat, CHANGES, 0, 1, PLAIN),
    CALL(fchown, CHANGES, 0, NONE, PLAIN),
    CALL(fchownat, CHANGES, 0, 1, PLAIN),
    CALL(utimensat, CHANGES, 0, 1, PLAIN),
    CALL(setxattr, TAKES_SPACE, HERE, 0, PLAIN),
    CALL(lsetxattr, TAKES_SPACE, HERE, 0, PLAIN),
    CALL(fsetxattr, TAKES_SPACE, 0, NONE, PLAIN),
    CALL(removexattr, CHANGES, HERE, 0, PLAIN),
    CALL(lremovexattr, CHANGES, HERE, 0, PLAIN),
    CALL(fremovexattr, CHANGES, 0, NONE, PLAIN),
    CALL(fsync, DOES_SYNC | DOES_SPACE, 0, NONE, PLAIN),
    CALL(fdatasync, DOES_SYNC | DOES_SPACE, 0, NONE, PLAIN),
    CALL(syncfs, DOES_SYNC | DOES_SPACE, 0, NONE, PLAIN),
    CALL(sync_file_range, DOES_SYNC | DOES_SPACE, 0, NONE, PLAIN),
    CALL(mount, DOES_KERNEL, HERE, 1, NO_FILE),
    CALL(umount2, DOES_KERNEL, HERE, 0, NO_FILE),
    CALL(move_mount, DOES_KERNEL, 2, 3, NO_FILE),
    CALL(read, DOES_READ, 0, NONE, PLAIN),
    CALL(pread64, DOES_READ, 0, NONE, PLAIN),
    CALL(readv, DOES_READ, 0, NONE, PLAIN),
    CALL(getdents64, DOES_READ, 0, NONE, PLAIN),
    CALL(newfstatat, DOES_READ, 0, 1, PLAIN),
    CALL(statx, DOES_READ, 0, 1, PLAIN),
    CALL(fstat, DOES_READ, 0, NONE, PLAIN),
    CALL(readlinkat, DOES_READ, 0, 1, PLAIN),
    CALL(faccessat, DOES_READ, 0, 1, PLAIN),
    CALL(faccessat2, DOES_READ, 0, 1, PLAIN),
    CALL(getxattr, DOES_READ, HERE, 0, PLAIN),
    CALL(lgetxattr, DOES_READ, HERE, 0, PLAIN),
    CALL(fgetxattr, DOES_READ, 0, NONE, PLAIN),
    CALL(flistxattr, DOES_READ, 0, NONE, PLAIN),
    CALL(clone, DOES_TALK, NONE, NONE, NO_FILE),
    CALL(clone3, DOES_TALK, NONE, NONE, NO_FILE),
    CALL(execve, DOES_TALK, NONE, NONE, NO_FILE),
    CALL(sendto, DOES_TALK, NONE, NONE, NO_FILE),
    CALL(sendmsg, DOES_TALK, NONE, NONE, NO_FILE),
#ifdef __NR_fchmodat2
    CALL(fchmodat2, CHANGES, 0, 1, PLAIN),
#endif
/* Older forms, which newer machines do not have. */
#ifdef __NR_renameat
    CALL(renameat, TAKES_SPACE, 2, 3, PLAIN),
#endif
#ifdef __NR_open
    CALL(open, TAKES_SPACE | DOES_READ, HERE, 0, OPEN),
    CALL(creat, TAKES_SPACE, HERE, 0, PLAIN),
    CALL(mkdir, TAKES_SPACE, HERE, 0, PLAIN),
    CALL(mknod, TAKES_SPACE, HERE, 0, PLAIN),
    CALL(link, TAKES_SPACE, HERE, 1, PLAIN),
    CALL(symlink, TAKES_SPACE, HERE, 1, PLAIN),
    CALL(rename, TAKES_SPACE, HERE, 1, PLAIN),
    CALL(unlink, CHANGES, HERE, 0, PLAIN),
    CALL(rmdir, CHANGES, HERE, 0, PLAIN),
    CALL(truncate, CHANGES, HERE, 0, PLAIN),
    CALL(chmod, CHANGES, HERE, 0, PLAIN),
    CALL(chown, CHANGES, HERE, 0, PLAIN),
    CALL(lchown, CHANGES, HERE, 0, PLAIN),
    CALL(stat, DOES_READ, HERE, 0, PLAIN),
    CALL(lstat, DOES_READ, HERE, 0, PLAIN),
    CALL(readlink, DOES_READ, HERE, 0, PLAIN),
    CALL(access, DOES_READ, HERE, 0, PLAIN),
    CALL(fork, DOES_TALK, NONE, NONE, NO_FILE),
    CALL(vfork, DOES_TALK, NONE, NONE, NO_FILE),
#endif
};
#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

struct sock_fprog calls_filter(unsigned does)
{
	struct sock_filter *f = calloc(2 * N_CALLS + 5, sizeof(*f));
	unsigned short n = 0;
	size_t i;

	if (!f)
		return (struct sock_fprog){0};
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, nr));
	for (i = 0; i < N_CALLS; i++) {
		if (!(calls[i].does & does))
			continue;
		f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						      (unsigned)calls[i].nr, 0, 1);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (struct sock_fprog){.len = n, .filter = f};
}

/* Copies from the caller's memory; as much as is mapped there. */
static size_t peek(pid_t pid, uint64_t from, void *to, size_t n)
{
	size_t got = 0, page = 4096, part;

	while (got < n) {
		part = page - (size_t)((from + got) % page);
		part = part < n - got ? part : n - got;
		struct iovec mine = {(char *)to + got, part},
			     theirs = {(void *)(uintptr_t)(from + got), part};

		if (process_vm_readv(pid, &mine, 1, &theirs, 1, 0) != (ssize_t)part)
			break;
		got += part;
	}
	return got;
}

static bool peek_path(pid_t pid, uint64_t from, char out[PATH_MAX])
{
	size_t n = 0;

	/* In pieces, since most paths are short. */
	while (n + 256 <= PATH_MAX) {
		size_t got = peek(pid, from + n, out + n, 256);

		if (memchr(out + n, '\0', got))
			return true;
		if (got < 256)
			return false;
		n += got;
	}
	return false;
}

static bool read_proc_link(pid_t pid, const char *what, char out[PATH_MAX])
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	n = readlink(path, out, PATH_MAX - 1);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

/* What a descriptor, or AT_FDCWD, stands for. */
static bool name_of_fd(pid_t pid, int fd, char out[PATH_MAX])
{
	char what[32];

	if (fd == AT_FDCWD)
		return read_proc_link(pid, "cwd", out);
	(void)snprintf(what, sizeof(what), "fd/%d", fd);
	return read_proc_link(pid, what, out);
}

/* /proc/self/fd/N[/rest] is what descriptor N stands for. */
static bool through_proc(pid_t pid, const char *path, char out[TARGET_MAX])
{
	char base[PATH_MAX], *end;
	long fd;

	if (strncmp(path, "/proc/self/fd/", 14) != 0)
		return false;
	fd = strtol(path + 14, &end, 10);
	if (end == path + 14 || (*end && *end != '/') || !name_of_fd(pid, (int)fd, base))
		return false;
	(void)snprintf(out, TARGET_MAX, "%.*s%.*s", PATH_MAX / 2, base, PATH_MAX / 2, end);
	return true;
}

static bool find_target(const struct seccomp_notif *n, const struct call *c, char out[TARGET_MAX])
{
	char base[PATH_MAX] = "", path[PATH_MAX] = "";
	pid_t pid = (pid_t)n->pid;
	int fd = c->dir == HERE ? AT_FDCWD : (int)n->data.args[(int)c->dir];

	/* utimensat(fd, NULL) and the like: the descriptor's own file. */
	if (c->path != NONE && n->data.args[(int)c->path] != 0 &&
	    !peek_path(pid, n->data.args[(int)c->path], path))
		return false;
	if (through_proc(pid, path, out))
		return true;
	if (path[0] != '/' && !name_of_fd(pid, fd, base))
		return false;
	(void)snprintf(out, TARGET_MAX, "%.*s%s%.*s", PATH_MAX / 2, base,
		       base[0] && path[0] ? "/" : "", PATH_MAX / 2, path);
	return true;
}

/* No file on any disk. */
static bool is_elsewhere(const char *target)
{
	static const char *const prefixes[] = {"/proc/",  "/dev/",   "/sys/",
					       "pipe:",	  "socket:", "anon_inode:",
					       "/memfd:", "mnt:",    "net:"};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(target, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return target[0] != '/' && strncmp(target, "(unreachable)", 13) != 0;
}

static bool is_cgroup(const char *target)
{
	return strncmp(target, "/sys/fs/cgroup/", 15) == 0;
}

/* Asked by way of the caller's own descriptors and root: it may be in another mount namespace. */
static bool exists(const struct seccomp_notif *n, const struct call *c, struct stat *ret)
{
	char path[PATH_MAX] = "", full[TARGET_MAX];
	int fd = c->dir == HERE ? AT_FDCWD : (int)n->data.args[(int)c->dir];

	if (c->path == NONE) {
		(void)snprintf(full, sizeof(full), "/proc/%u/fd/%d", n->pid, fd);
		return stat(full, ret) == 0;
	}
	if (!peek_path((pid_t)n->pid, n->data.args[(int)c->path], path))
		return false;
	if (path[0] == '/')
		(void)snprintf(full, sizeof(full), "/proc/%u/root%s", n->pid, path);
	else if (fd == AT_FDCWD)
		(void)snprintf(full, sizeof(full), "/proc/%u/cwd/%s", n->pid, path);
	else
		(void)snprintf(full, sizeof(full), "/proc/%u/fd/%d/%s", n->pid, fd, path);
	return lstat(full, ret) == 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

/* As a file system with blocks of 4 KiB has it. */
static void weigh(const struct seccomp_notif *n, const struct call *c, struct seen *ret)
{
	static const char *const removing[] = {"unlinkat",  "unlink", "renameat",
					       "renameat2", "rename", NULL};
	static const char *const making[] = {"mkdirat", "mkdir", NULL};
	unsigned long block = 4096, len = n->data.args[2];
	struct stat st;

	if (is_one_of(c->name, removing) && exists(n, c, &st) && S_ISREG(st.st_mode) &&
	    st.st_nlink == 1)
		ret->gives = (unsigned long)st.st_blocks * 512;
	if (strcmp(c->name, "ftruncate") == 0 && n->data.args[1] == 0 && exists(n, c, &st))
		ret->gives = (unsigned long)st.st_blocks * 512;
	if (strcmp(c->name, "fallocate") == 0)
		ret->takes = n->data.args[3];
	if (is_one_of(c->name, making))
		ret->takes = block;
	if (c->special != WRITES)
		return;
	/* What is written over needs no more room. */
	if (strcmp(c->name, "pwrite64") == 0 && exists(n, c, &st) &&
	    n->data.args[3] + len <= (unsigned long)st.st_size)
		return;
	ret->takes = strcmp(c->name, "writev") == 0 ? block : (len + block - 1) / block * block;
}

/* Opening a file that is there changes nothing and needs no space. */
static unsigned open_does(const struct seccomp_notif *n, const struct call *c)
{
	uint64_t flags = n->data.args[c->path + 1];
	struct open_how how = {0};
	struct stat st;

	if (c->special == OPEN2) {
		(void)peek((pid_t)n->pid, n->data.args[2], &how, sizeof(how));
		flags = how.flags;
	}
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return TAKES_SPACE | DOES_READ;
	if ((flags & O_CREAT) && !exists(n, c, &st))
		return TAKES_SPACE | DOES_READ;
	return DOES_READ | (flags & O_TRUNC ? DOES_CHANGE : 0);
}

bool calls_look(const struct seccomp_notif *n, struct seen *ret)
{
	const struct call *c = NULL;
	size_t i;

	for (i = 0; i < N_CALLS && !c; i++)
		if (calls[i].nr == n->data.nr)
			c = &calls[i];
	if (!c)
		return false;
	ret->name = c->name;
	ret->does = c->does;
	ret->target[0] = '\0';
	ret->takes = ret->gives = 0;
	if (c->dir == NONE)
		return true;
	if (!find_target(n, c, ret->target)) {
		ret->does &= DOES_TALK;
		return ret->does != 0;
	}
	if (c->special == NO_FILE)
		return true;
	if (is_cgroup(ret->target)) {
		ret->does = c->does & DOES_CHANGE && c->special != OPEN ? DOES_KERNEL : 0;
		return ret->does != 0;
	}
	if (is_elsewhere(ret->target)) {
		ret->does &= DOES_TALK;
		return ret->does != 0;
	}
	ret->does &= ~(unsigned)DOES_TALK;
	if (c->special == OPEN || c->special == OPEN2)
		ret->does = open_does(n, c);
	weigh(n, c, ret);
	return true;
}
