#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sys/caps.h"
#include "sys/fd.h"
#include "sys/idmap.h"
#include "sys/proc.h"
#include "sys/seccomp.h"
#include "sys/spawn.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* ---- processes by pid and start time ---- */

static void a_process_is_known_by_its_start_time(void **state)
{
	struct err err = ERR_INIT;
	uint64_t start = 0, again = 0;
	int fd = -1;

	(void)state;
	assert_int_equal(proc_start_time(getpid(), &start, &err), 0);
	assert_int_equal(proc_start_time(getpid(), &again, &err), 0);
	assert_true(start > 0 && start == again);
	assert_true(proc_alive(getpid(), start));
	assert_false(proc_alive(getpid(), start + 1));
	assert_int_equal(proc_open(getpid(), start, &fd, &err), 1);
	close(fd);
	assert_int_equal(proc_open(getpid(), start + 1, &fd, &err), 0);
	assert_int_equal(proc_open(0, 0, &fd, &err), 0);
}

static void a_zombie_counts_as_gone(void **state)
{
	struct err err = ERR_INIT;
	uint64_t start = 0;
	pid_t pid = fork();
	siginfo_t info;
	int fd = -1, code;

	(void)state;
	if (pid == 0)
		_exit(3);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_start_time(pid, &start, &err), 0);
	assert_false(proc_alive(pid, start));
	assert_int_equal(proc_open(pid, start, &fd, &err), 0);
	assert_int_equal(proc_wait(pid, &code, &err), 0);
	assert_int_equal(code, 3);
	assert_int_equal(proc_start_time(pid, &start, &err), -ERR_NOT_FOUND);
}

static void a_process_is_written_and_read_back(void **state)
{
	char text[PROC_ID_MAX];
	struct err err = ERR_INIT;
	uint64_t start;
	pid_t pid;

	(void)state;
	assert_string_equal(proc_id_format(12, 345678, text), "12 345678");
	assert_int_equal(proc_id_parse("12 345678", &pid, &start, &err), 0);
	assert_int_equal(pid, 12);
	assert_int_equal(start, 345678);
	assert_int_equal(proc_id_parse("12", &pid, &start, &err), -ERR_CORRUPT);
	assert_true(proc_id_parse("-1 5", &pid, &start, &err) < 0);
	assert_true(proc_id_parse("1 x", &pid, &start, &err) < 0);
}

static void a_status_field_is_found(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(256);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(proc_status_field(getpid(), "Tgid", &b, &err), 1);
	assert_int_equal(atol(buf_str(&b)), getpid());
	assert_int_equal(proc_status_field(getpid(), "Nothing", &b, &err), 0);
}

/* ---- roles ---- */

static int says_no(void *arg, struct err *err)
{
	return err_set(err, ERR_DENIED, "no %s", (const char *)arg);
}

static int says_yes(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

static int dies(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	_exit(9);
}

static void a_childs_error_is_the_parents(void **state)
{
	char way[] = "way";
	struct spawn s = {.name = "role", .main = says_no, .arg = way};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spawn_run(&s, &err), -ERR_DENIED);
	assert_string_equal(err.text, "no way");
	s.main = says_yes;
	assert_int_equal(spawn_run(&s, &err), 0);
	s.main = dies;
	assert_int_equal(spawn_run(&s, &err), -ERR_BUG);
	assert_string_equal(err.text, "role: ended with exit code 9");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Reports which of the descriptors below 64 are open. */
static int lists_fds(void *arg, struct err *err)
{
	uint64_t mask = 0;
	int fd;

	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			mask |= UINT64_C(1) << fd;
	return fd_write_all(*(int *)arg, &mask, sizeof(mask), "pipe", err);
}

static void a_confined_child_has_only_its_descriptors(void **state)
{
	struct err err = ERR_INIT;
	int pair[2], other = open("/", O_RDONLY | O_CLOEXEC);
	struct spawn s = {.name = "role",
			  .flags = SPAWN_CONFINED,
			  .fds = &pair[1],
			  .n_fds = 1,
			  .main = lists_fds,
			  .arg = &pair[1]};
	uint64_t mask = 0;

	(void)state;
	assert_int_equal(fd_pipe(pair, &err), 0);
	assert_int_equal(spawn_run(&s, &err), 0);
	assert_int_equal(read(pair[0], &mask, sizeof(mask)), sizeof(mask));
	assert_true(mask & (UINT64_C(1) << pair[1]));
	assert_false(mask & (UINT64_C(1) << pair[0]));
	assert_false(mask & (UINT64_C(1) << other));
	close(pair[0]);
	close(pair[1]);
	close(other);
}

static int refuses(void *arg, pid_t pid, struct err *err)
{
	(void)arg;
	(void)pid;
	return err_set(err, ERR_LIMIT, "not today");
}

static void a_failed_preparation_ends_the_child(void **state)
{
	struct spawn s = {.name = "role", .main = says_yes, .prepare = refuses};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spawn_run(&s, &err), -ERR_LIMIT);
	assert_string_equal(err.text, "not today");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static int waits(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	for (;;)
		(void)pause();
	return 0;
}

static void a_child_dies_with_its_parent(void **state)
{
	struct spawn s = {.name = "role", .flags = SPAWN_CONFINED, .main = waits};
	struct child c = CHILD_INIT;
	struct err err = ERR_INIT;
	uint64_t start = 0;
	int pair[2], i, status;
	pid_t parent, pid = 0;

	(void)state;
	assert_int_equal(fd_pipe(pair, &err), 0);
	parent = fork();
	if (parent == 0) {
		if (spawn_start(&s, &c, &err) == 0)
			(void)!write(pair[1], &c.pid, sizeof(c.pid));
		(void)pause();
	}
	assert_int_equal(read(pair[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(proc_start_time(pid, &start, &err), 0);
	/* It may not have asked for the signal yet: then it notices by itself. */
	(void)kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	for (i = 0; i < 500 && proc_alive(pid, start); i++)
		(void)usleep(10000);
	assert_false(proc_alive(pid, start));
	close(pair[0]);
	close(pair[1]);
}

static void a_program_is_run_and_its_words_are_kept(void **state)
{
	const char *ok[] = {"true", NULL}, *missing[] = {"no-such-program-xyz", NULL};
	const char *talks[] = {"sh", "-c", "echo first >&2; echo second >&2; exit 3", NULL};
	const char *silent[] = {"sh", "-c", "exit 3", NULL};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(spawn_program(ok, &err), 0);
	assert_int_equal(spawn_program(missing, &err), -ERR_NOT_FOUND);
	assert_int_equal(spawn_program(talks, &err), -ERR_DENIED);
	assert_string_equal(err.text, "first");
	assert_int_equal(spawn_program(silent, &err), -ERR_DENIED);
	assert_string_equal(err.text, "sh: ended with code 3");
}

/* ---- IDs ---- */

#define PARSE(text, name, uid) idmap_parse_subid(text, strlen(text), name, uid, 1, &m, &err)

static void subordinate_ranges_are_found_by_name_and_uid(void **state)
{
	struct idmap m = {0};
	struct err err = ERR_INIT;
	uint32_t id;

	(void)state;
	assert_int_equal(PARSE("bob:5:5\nann:100000:65536\n1000:300000:10\n", "ann", 1000), 2);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.range[0].inside, 1);
	assert_int_equal(m.range[0].outside, 100000);
	assert_int_equal(m.range[1].inside, 65537);
	assert_int_equal(idmap_to_outside(&m, 1000, &id), 1);
	assert_int_equal(id, 100999);
	assert_int_equal(idmap_to_inside(&m, 300009, &id), 1);
	assert_int_equal(id, 65546);
	assert_int_equal(idmap_to_inside(&m, 300010, &id), 0);
	assert_int_equal(idmap_to_outside(&m, 0, &id), 0);
}

static void broken_subordinate_lines_are_skipped(void **state)
{
	struct idmap m = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(PARSE("ann\nann:\nann:1\nann:x:1\nann:1:\nann:1:0\nann:4294967295:2\n"
			       "ann:99999999999:1\n:1:1\n#ann:1:1\nann:7:3",
			       "ann", 1000),
			 1);
	assert_int_equal(m.range[0].outside, 7);
}

static void too_many_ranges_are_refused(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct idmap m = {0};
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i <= IDMAP_RANGES_MAX; i++)
		buf_addf(&b, "ann:%d:1\n", 1000 + i);
	assert_int_equal(PARSE(buf_str(&b), "ann", 1), -ERR_LIMIT);
}

static int is_root_here(void *arg, struct err *err)
{
	if (geteuid() != 0 || getegid() != 0)
		return err_set(err, ERR_BUG, "uid %u", geteuid());
	if ((caps_effective() & CAPS_DEFAULT) != CAPS_DEFAULT)
		return err_set(err, ERR_BUG, "no capabilities");
	return fd_write_all(*(int *)arg, "y", 1, "pipe", err);
}

static void code_runs_as_root_of_a_user_namespace(void **state)
{
	struct idmaps maps;
	struct err err = ERR_INIT;
	int pair[2], r;
	char c = 0;

	(void)state;
	idmap_single(geteuid(), getegid(), &maps);
	assert_int_equal(fd_pipe(pair, &err), 0);
	r = userns_run(&maps, USERNS_MOUNT, &pair[1], 1, is_root_here, &pair[1], &err);
	if (r < 0 && (err_is_errno(&err, EPERM) || err_is_errno(&err, ENOSPC))) {
		print_message("# skipped: %s\n", err.text);
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(read(pair[0], &c, 1), 1);
	close(pair[0]);
	close(pair[1]);
}

/* ---- capabilities and filters ---- */

static void capabilities_have_names(void **state)
{
	struct err err = ERR_INIT;
	uint64_t mask;
	unsigned i;

	(void)state;
	for (i = 0; caps_name(i); i++) {
		assert_int_equal(caps_parse(caps_name(i), &mask, &err), 0);
		assert_true(mask == CAPS_BIT(i));
	}
	assert_int_equal(caps_parse("net_admin", &mask, &err), 0);
	assert_string_equal(caps_name((unsigned)__builtin_ctzll(mask)), "CAP_NET_ADMIN");
	assert_int_equal(caps_parse("ALL", &mask, &err), 0);
	assert_true(mask == caps_all());
	assert_int_equal(caps_parse("FLY", &mask, &err), -ERR_INVALID);
	assert_string_equal(err.text, "unknown capability \"FLY\"");
	assert_int_equal(caps_parse("", &mask, &err), -ERR_INVALID);
	assert_int_equal(caps_parse("5", &mask, &err), -ERR_INVALID);
	assert_int_equal(caps_parse("CAP_", &mask, &err), -ERR_INVALID);
}

static void an_ordinary_user_keeps_only_what_was_asked_for(void **state)
{
	struct caps_sets s = caps_for_user(CAPS_DEFAULT, CAPS_BIT(0) | CAPS_BIT(12), false);

	(void)state;
	assert_true(s.bounding == CAPS_DEFAULT);
	assert_true(s.effective == CAPS_BIT(0) && s.ambient == CAPS_BIT(0));
	s = caps_for_user(CAPS_DEFAULT, 0, true);
	assert_true(s.effective == CAPS_DEFAULT && s.ambient == 0 && s.inheritable == 0);
}

static void a_filter_is_compiled_once(void **state)
{
	AUTO_BUF struct buf a = BUF_INIT(SECCOMP_BPF_MAX), b = BUF_INIT(SECCOMP_BPF_MAX);
	char dir[] = "/tmp/kist-seccomp-XXXXXX";
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(seccomp_default(CAPS_DEFAULT, fd, &a, &err), 0);
	assert_int_equal(seccomp_default(CAPS_DEFAULT, fd, &b, &err), 0);
	assert_true(a.len > 0 && a.len % 8 == 0 && a.len == b.len);
	assert_memory_equal(a.ptr, b.ptr, a.len);
	/* Other capabilities, another filter. */
	buf_reset(&b);
	assert_int_equal(seccomp_default(caps_all(), fd, &b, &err), 0);
	assert_true(a.len != b.len || memcmp(a.ptr, b.ptr, a.len) != 0);
	assert_int_equal(tree_remove(AT_FDCWD, dir, &err), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_is_known_by_its_start_time),
	    cmocka_unit_test(a_zombie_counts_as_gone),
	    cmocka_unit_test(a_process_is_written_and_read_back),
	    cmocka_unit_test(a_status_field_is_found),
	    cmocka_unit_test(a_childs_error_is_the_parents),
	    cmocka_unit_test(a_confined_child_has_only_its_descriptors),
	    cmocka_unit_test(a_failed_preparation_ends_the_child),
	    cmocka_unit_test(a_child_dies_with_its_parent),
	    cmocka_unit_test(a_program_is_run_and_its_words_are_kept),
	    cmocka_unit_test(subordinate_ranges_are_found_by_name_and_uid),
	    cmocka_unit_test(broken_subordinate_lines_are_skipped),
	    cmocka_unit_test(too_many_ranges_are_refused),
	    cmocka_unit_test(code_runs_as_root_of_a_user_namespace),
	    cmocka_unit_test(capabilities_have_names),
	    cmocka_unit_test(an_ordinary_user_keeps_only_what_was_asked_for),
	    cmocka_unit_test(a_filter_is_compiled_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
