/* What a sandboxed process cannot do any more: each test is a child of its own. */
#include "base/auto.h"
#include "base/err.h"
#include "sys/fd.h"
#include "sys/sandbox.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char scratch[] = "/tmp/kist-test-sandbox-XXXXXX";
static int top = -1;

static int make_scratch(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return mkdtemp(scratch) ? dir_open(AT_FDCWD, scratch, &top, &err) : -1;
}

static int drop_scratch(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	(void)close(top);
	return tree_remove(AT_FDCWD, scratch, &err);
}

/* The place of the first thing that was not as it should be; 0: none. */
static void in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		print_message("line %d, signal %d\n", WEXITSTATUS(status), WTERMSIG(status));
	assert_int_equal(status, 0);
}

/* Exit codes have eight bits, and no test here that many lines. */
#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			return __LINE__ & 255 ? __LINE__ & 255 : 1;                                \
	} while (0)
#define REFUSED(call) CHECK((call) == -1 && errno == ENOSYS)

static bool is_filtered(void)
{
	char line[64];
	AUTO_FCLOSE FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Seccomp:\t2", 10) == 0)
			return true;
	return false;
}

static int streams_only(void)
{
	struct err err = ERR_INIT;
	char text[8];
	int pipe_[2];
	void *p;

	CHECK(fd_pipe(pipe_, &err) == 0);
	CHECK(sandbox_calls(SANDBOX_STREAMS, &err) == 0);
	CHECK(write(pipe_[1], "hello", 5) == 5 && read(pipe_[0], text, sizeof(text)) == 5);
	p = malloc((size_t)64 << 20);
	CHECK(p && memset(p, 1, (size_t)64 << 20));
	free(p);
	REFUSED(open("/etc/passwd", O_RDONLY));
	REFUSED(openat(top, "x", O_WRONLY | O_CREAT, 0600));
	REFUSED(unlinkat(top, "x", 0));
	REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
	REFUSED(socketpair(AF_UNIX, SOCK_STREAM, 0, pipe_));
	REFUSED(dup(0));
	REFUSED(memfd_create("x", 0));
	REFUSED(fork());
	REFUSED(execl("/bin/true", "true", (char *)NULL));
	REFUSED(kill(getppid(), 0));
	REFUSED(chmod("/etc/passwd", 0666));
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	CHECK(mprotect(p, 4096, PROT_READ) == 0);
	REFUSED(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	return 0;
}

static void streams_give_no_way_to_anything_else(void **state)
{
	(void)state;
	in_child(streams_only);
}

static int child_main(void *arg, struct err *err)
{
	int r = sandbox_calls(SANDBOX_STREAMS, err);

	(void)arg;
	if (r == 0 && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
		return err_set(err, ERR_BUG, "a file could be opened");
	return r;
}

static int files_only(void)
{
	struct spawn role = {.name = "child", .flags = SPAWN_CONFINED, .main = child_main};
	struct err err = ERR_INIT;
	struct stat st;

	CHECK(sandbox_calls(SANDBOX_FILES, &err) == 0);
	CHECK(is_filtered());
	CHECK(file_create(top, "f", 0600, "x", 1, &err) == 0);
	CHECK(mkdirat(top, "d", 0700) == 0 && linkat(top, "f", top, "d/l", 0) == 0);
	CHECK(symlinkat("f", top, "s") == 0 && fstatat(top, "s", &st, 0) == 0);
	CHECK(mkfifoat(top, "p", 0600) == 0 && fchmodat(top, "f", 0640, 0) == 0);
	CHECK(fchownat(top, "s", getuid(), getgid(), AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(utimensat(top, "f", NULL, 0) == 0);
	CHECK(spawn_run(&role, &err) == 0);
	CHECK(tree_remove(top, "d", &err) == 0);
	REFUSED(socket(AF_INET, SOCK_STREAM, 0));
	REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
	REFUSED(execl("/bin/true", "true", (char *)NULL));
	REFUSED(unshare(CLONE_NEWUSER));
	REFUSED(mount("none", "/mnt", "tmpfs", 0, NULL));
	REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	REFUSED(kill(getppid(), 0));
	REFUSED(chroot("/"));
	REFUSED((int)syscall(SYS_bpf, 0, NULL, 0));
	REFUSED((int)syscall(SYS_keyctl, 0, 0));
	REFUSED((int)syscall(SYS_io_uring_setup, 1, NULL));
	REFUSED(setuid(0));
	return 0;
}

static void files_and_children_are_all_that_a_worker_has(void **state)
{
	(void)state;
	in_child(files_only);
}

static int writes_below(void)
{
	struct err err = ERR_INIT;
	int dir = -1, fd;
	char line[8];

	CHECK(dir_ensure(top, "mine", 0700, &dir, &err) == 0);
	CHECK(dir_make(top, "mine/a", 0700, &err) == 0 && dir_make(top, "mine/b", 0700, &err) == 0);
	CHECK(file_create(top, "theirs", 0600, "keep", 4, &err) == 0);
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 2)
		return 0; /* a kernel that has it not, which is no failure: sandbox.h */
	CHECK(sandbox_writes(&dir, 1, &err) == 0);
	CHECK(file_create(dir, "a/f", 0600, "x", 1, &err) == 0);
	CHECK(linkat(dir, "a/f", dir, "b/l", 0) == 0);
	CHECK(renameat(dir, "a/f", dir, "b/f") == 0 && unlinkat(dir, "b/f", 0) == 0);
	CHECK(mkdirat(dir, "c", 0700) == 0 && symlinkat("x", dir, "s") == 0);
	fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	CHECK(fd >= 0 || errno == EOPNOTSUPP);
	CHECK(openat(top, "theirs", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
	CHECK(openat(top, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == EACCES);
	CHECK(unlinkat(top, "theirs", 0) < 0 && errno == EACCES);
	CHECK(mkdirat(top, "new", 0700) < 0 && symlinkat("x", top, "new") < 0);
	CHECK(linkat(dir, "b/l", top, "out", 0) < 0 && renameat(dir, "b/l", top, "out") < 0);
	CHECK(linkat(top, "theirs", dir, "in", 0) < 0);
	fd = openat(top, "theirs", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, line, sizeof(line)) == 4);
	return 0;
}

static void writing_is_possible_below_the_named_directories_alone(void **state)
{
	(void)state;
	in_child(writes_below);
}

static int little_memory(void)
{
	struct err err = ERR_INIT;
	void *p;

	CHECK(sandbox_memory((uint64_t)64 << 20, &err) == 0);
	CHECK(sandbox_memory((uint64_t)128 << 20, &err) == 0); /* it can only become less */
	p = malloc((size_t)8 << 20);
	CHECK(p);
	free(p);
#ifndef __SANITIZE_ADDRESS__
	CHECK(!malloc((size_t)100 << 20));
#endif
	return 0;
}

static void memory_has_an_end(void **state)
{
	(void)state;
	in_child(little_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(streams_give_no_way_to_anything_else),
	    cmocka_unit_test(files_and_children_are_all_that_a_worker_has),
	    cmocka_unit_test(writing_is_possible_below_the_named_directories_alone),
	    cmocka_unit_test(memory_has_an_end),
	};

	return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
