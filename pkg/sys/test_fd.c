#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "sys/confined.h"
#include "sys/fd.h"
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

static char scratch[] = "/tmp/kist-test-fd-XXXXXX";
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

static void a_file_is_replaced_whole(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	AUTO_STRV struct strv names = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dir_make(top, "a", 0700, &err), 0);
	assert_int_equal(file_read(top, "f", &b, &err), 0);
	assert_int_equal(file_replace(top, "f", 0600, "one\n", 4, 0, &err), 0);
	assert_int_equal(file_replace(top, "f", 0600, "two\n", 4, FILE_SYNC, &err), 0);
	assert_int_equal(file_read_line(top, "f", &b, &err), 1);
	assert_string_equal(buf_str(&b), "two");
	assert_int_equal(dir_list(top, ".", &names, &err), 0);
	assert_int_equal(names.n, 2);
}

static void names_of_temporary_files_are_known(void **state)
{
	char name[NAME_MAX + 1], other[NAME_MAX + 1];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(file_temporary("f", name, &err), 0);
	assert_int_equal(file_temporary("f", other, &err), 0);
	assert_string_not_equal(name, other);
	assert_true(file_is_temporary(name));
	assert_false(file_is_temporary(".tmp-f"));
	assert_false(file_is_temporary(".tmp-0123456789abcdef"));
	assert_false(file_is_temporary("f0123456789abcdef"));
}

static void a_whole_file_is_there_once(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	AUTO_STRV struct strv names = STRV_INIT;
	AUTO_CLOSE int dir = -1;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dir_ensure(top, "whole", 0700, &dir, &err), 0);
	assert_int_equal(file_create_whole(dir, "f", 0600, "one\n", 4, &err), 0);
	assert_int_equal(file_create_whole(dir, "f", 0600, "two\n", 4, &err), 0);
	assert_int_equal(file_read_line(dir, "f", &b, &err), 1);
	assert_string_equal(buf_str(&b), "one");
	assert_int_equal(dir_list(dir, ".", &names, &err), 0);
	assert_int_equal(names.n, 1);
}

static void reading_stops_at_the_limit(void **state)
{
	AUTO_BUF struct buf small = BUF_INIT(3), exact = BUF_INIT(4);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(file_create(top, "lim", 0600, "four", 4, &err), 0);
	assert_int_equal(file_create(top, "lim", 0600, "four", 4, &err), -ERR_SYS);
	assert_int_equal(file_read(top, "lim", &small, &err), -ERR_LIMIT);
	assert_int_equal(file_read(top, "lim", &exact, &err), 1);
	assert_string_equal(buf_str(&exact), "four");
}

static void a_symlink_or_fifo_is_not_read(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", top, "ln"), 0);
	assert_int_equal(file_read(top, "ln", &b, &err), -ERR_SYS);
	assert_int_equal(mkfifoat(top, "fifo", 0600), 0);
	assert_int_equal(file_read(top, "fifo", &b, &err), -ERR_INVALID);
}

static void a_tree_goes_without_following_links(void **state)
{
	unsigned long long bytes, inodes;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dir_make(top, "t/x/y/z", 0700, &err), 0);
	assert_int_equal(file_create(top, "t/x/file", 0400, "data", 4, &err), 0);
	assert_int_equal(linkat(top, "t/x/file", top, "t/link", 0), 0);
	assert_int_equal(symlinkat("../../f-keep", top, "t/x/out"), 0);
	assert_int_equal(file_create(top, "f-keep", 0600, "", 0, &err), 0);
	assert_int_equal(fchmodat(top, "t/x/y", 0500, 0), 0);
	assert_int_equal(tree_usage(top, "t", &bytes, &inodes, &err), 0);
	assert_int_equal(inodes, 6);
	assert_int_equal(tree_remove(top, "t", &err), 0);
	assert_int_equal(tree_remove(top, "t", &err), 0);
	assert_int_equal(faccessat(top, "f-keep", F_OK, 0), 0);
	assert_int_equal(faccessat(top, "t", F_OK, 0), -1);
}

/* A container can make what no path reaches. */
static void trees_deeper_than_any_path_are_counted_and_removed(void **state)
{
	enum { DEEP = 3000, SIDE = 400 };
	struct rlimit few = {160, 160}, old;
	unsigned long long bytes = 0, inodes = 0;
	struct err err = ERR_INIT;
	int i, fd, next;

	(void)state;
	assert_int_equal(dir_ensure(top, "deep", 0700, &fd, &err), 0);
	assert_int_equal(file_create(fd, ".kist-moved-0", 0600, "", 0, &err), 0);
	for (i = 0; i < DEEP; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		if (i % SIDE == 0) {
			assert_int_equal(mkdirat(fd, "side", 0700), 0);
			assert_int_equal(file_create(fd, "side/f", 0600, "", 0, &err), 0);
		}
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		if (i % 7 == 0)
			assert_int_equal(fchmod(fd, 0500), 0);
		(void)close(fd);
		fd = next;
	}
	assert_int_equal(symlinkat("../..", fd, "link"), 0);
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(tree_usage(top, "deep", &bytes, &inodes, &err), 0);
	assert_int_equal(inodes, 1 + 1 + DEEP + 1 + 2 * (DEEP / SIDE + 1));
	if (tree_remove(top, "deep", &err) < 0)
		print_message("%s\n", err.text);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(faccessat(top, "deep", F_OK, 0), -1);
	assert_int_equal(err.code, ERR_NONE);
}

static void paths_stay_inside_their_root(void **state)
{
	AUTO_CLOSE int root = -1, fd = -1, in = -1;
	struct err err = ERR_INIT;
	const char *name;
	struct stat st;
	int parent = -1;

	(void)state;
	assert_int_equal(dir_ensure(top, "root", 0700, &root, &err), 0);
	assert_int_equal(file_create(top, "outside", 0600, "", 0, &err), 0);
	assert_int_equal(symlinkat("../../outside", root, "up"), 0);
	assert_int_equal(symlinkat("/sub", root, "abs"), 0);
	assert_int_equal(confined_find(root, "up", O_RDONLY, &fd, &err), 0);
	assert_int_equal(confined_find(root, "/../../outside", O_RDONLY, &fd, &err), 0);
	assert_int_equal(confined_mkdirs(root, "/sub/deeper", 0755, &fd, &err), 0);
	assert_int_equal(confined_mkdirs(root, "abs/also", 0755, &in, &err), 0);
	assert_int_equal(fstatat(root, "sub/also", &st, 0), 0);
	assert_int_equal(confined_parent(root, "sub/new", &parent, &name, &err), 0);
	assert_string_equal(name, "new");
	(void)close(parent);
	assert_int_equal(confined_parent(root, "sub/..", &parent, &name, &err), -ERR_INVALID);
}

static void a_shared_lock_is_not_taken_for_an_exclusive_one(void **state)
{
	struct err err = ERR_INIT;
	int a = -1, b = -1, c = -1;

	(void)state;
	assert_int_equal(lock_open(top, "kinds", LOCK_SHARED, &a, &err), 0);
	assert_int_equal(lock_is_held(top, "kinds", &err), 0);
	assert_int_equal(lock_try_open(top, "kinds", LOCK_SHARED, &b, &err), 1);
	assert_int_equal(lock_try_open(top, "kinds", LOCK_EXCLUSIVE, &c, &err), 0);
	(void)close(a);
	(void)close(b);
	assert_int_equal(lock_try_open(top, "kinds", LOCK_EXCLUSIVE, &c, &err), 1);
	assert_int_equal(lock_is_held(top, "kinds", &err), 1);
	(void)close(c);
}

static void a_lock_is_seen_and_freed_by_death(void **state)
{
	struct err err = ERR_INIT;
	int fd = -1, p[2], status;
	pid_t child;
	char c;

	(void)state;
	assert_int_equal(fd_pipe(p, &err), 0);
	child = fork();
	if (child == 0) {
		if (lock_open(top, "lock", LOCK_EXCLUSIVE, &fd, &err) == 0)
			(void)!write(p[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(lock_is_held(top, "lock", &err), 1);
	assert_int_equal(lock_try_open(top, "lock", LOCK_EXCLUSIVE, &fd, &err), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(lock_is_held(top, "lock", &err), 0);
	assert_int_equal(lock_try_open(top, "lock", LOCK_EXCLUSIVE, &fd, &err), 1);
	(void)close(fd);
	(void)close(p[0]);
	(void)close(p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_replaced_whole),
	    cmocka_unit_test(names_of_temporary_files_are_known),
	    cmocka_unit_test(a_whole_file_is_there_once),
	    cmocka_unit_test(reading_stops_at_the_limit),
	    cmocka_unit_test(a_symlink_or_fifo_is_not_read),
	    cmocka_unit_test(a_tree_goes_without_following_links),
	    cmocka_unit_test(trees_deeper_than_any_path_are_counted_and_removed),
	    cmocka_unit_test(paths_stay_inside_their_root),
	    cmocka_unit_test(a_shared_lock_is_not_taken_for_an_exclusive_one),
	    cmocka_unit_test(a_lock_is_seen_and_freed_by_death),
	};

	return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
