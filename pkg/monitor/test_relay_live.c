/* Sessions without a monitor, around an ordinary shell. */
#include "box_test.h"
#include "monitor/relay.h"

#include <sys/syscall.h>

struct run {
	const char *script;
	bool tty;
	int in;	 /* -1: no input wanted */
	int out; /* -1: the file "out" */
	/* filled */
	struct box b; /* for its directory and files */
	struct monitor_result result;
	int code;
};

static int pidfd_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	assert_true(fd >= 0);
	return fd;
}

static pid_t run_pipes(const struct run *x, struct relay *r)
{
	int in[2], out[2], er[2];
	struct err err = ERR_INIT;
	pid_t pid;

	assert_int_equal(fd_pipe(in, &err), 0);
	assert_int_equal(fd_pipe(out, &err), 0);
	assert_int_equal(fd_pipe(er, &err), 0);
	pid = box_shell(&x->b, in[0], out[1], er[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(er[1]);
	r->take_stdin_fd = in[1];
	r->take_stdout_fd = out[0];
	r->take_stderr_fd = er[0];
	return pid;
}

static pid_t run_tty(const struct run *x, struct relay *r)
{
	struct err err = ERR_INIT;
	unsigned number;
	int slave;
	pid_t pid;

	assert_int_equal(tty_open_master(AT_FDCWD, "/dev/ptmx", &r->tty_fd, &number, &err), 0);
	assert_int_equal(tty_open_slave(r->tty_fd, &slave, &err), 0);
	pid = box_shell(&x->b, slave, slave, slave);
	(void)close(slave);
	return pid;
}

/* Runs the script and waits for it. */
static void run(struct run *x)
{
	struct relay r = {.tty_fd = -1,
			  .take_stdin_fd = -1,
			  .take_stdout_fd = -1,
			  .take_stderr_fd = -1,
			  .user = {.want_stdin = x->in >= 0,
				   .want_stdout = true,
				   .want_stderr = true,
				   .want_tty = x->tty}};
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	x->b = (struct box){.script = x->script, .tty = x->tty};
	box_make(&x->b);
	pid = x->tty ? run_tty(x, &r) : run_pipes(x, &r);
	r.pidfd = pidfd_of(pid);
	r.user.fds[0] = x->in;
	r.user.fds[1] = x->out >= 0 ? x->out : box_file(&x->b, "out");
	r.user.fds[2] = box_file(&x->b, "err");
	if (relay_run(&r, &x->result, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	x->code = WEXITSTATUS(status);
	(void)close(r.pidfd);
	(void)close(r.user.fds[2]);
	if (x->out < 0)
		(void)close(r.user.fds[1]);
	if (r.tty_fd >= 0)
		(void)close(r.tty_fd);
}

static void both_streams_come_through(void **state)
{
	struct run x = {.script = "echo a; echo b >&2; cat; exit 5", .in = -1, .out = -1};

	(void)state;
	run(&x);
	assert_int_equal(x.result.end, MONITOR_EXITED);
	assert_int_equal(x.code, 5);
	box_expect(&x.b, "out", "a\n");
	box_expect(&x.b, "err", "b\n");
	box_remove(&x.b);
}

static void input_goes_in_and_ends(void **state)
{
	AUTO_CLOSE int in = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	struct run x = {.script = "wc -c; exit 1", .in = in, .out = -1};
	AUTO_BUF struct buf text = BUF_INIT(100);

	(void)state;
	run(&x);
	assert_int_equal(x.code, 1);
	box_read(&x.b, "out", &text);
	assert_true(text.len > 1);
	box_remove(&x.b);
}

static void much_output_is_complete(void **state)
{
	struct run x = {.script = "seq 1 1000000", .in = -1, .out = -1};
	struct stat st;

	(void)state;
	run(&x);
	assert_int_equal(fstatat(x.b.dir, "out", &st, 0), 0);
	assert_int_equal(st.st_size, 6888896);
	box_remove(&x.b);
}

static void a_process_left_behind_is_not_waited_for(void **state)
{
	struct run x = {.script = "echo now; setsid sleep 5 & exit 2", .in = -1, .out = -1};
	int64_t t = time_monotonic_ns();

	(void)state;
	run(&x);
	assert_int_equal(x.code, 2);
	assert_true(time_monotonic_ns() - t < 3 * NSEC_PER_SEC);
	box_expect(&x.b, "out", "now\n");
	box_remove(&x.b);
}

static void a_broken_stdout_reaches_the_command(void **state)
{
	struct run x = {.script = "yes 2>/dev/null; exit 9", .in = -1};
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	(void)close(p[0]);
	x.out = p[1];
	run(&x);
	assert_true(x.result.stdout_broken);
	assert_int_equal(x.code, 9);
	(void)close(p[1]);
	box_remove(&x.b);
}

static void a_terminal_is_complete_and_ends_with_its_input(void **state)
{
	AUTO_CLOSE int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct run x = {.script = "seq 1 5000; cat; echo over", .tty = true, .in = in, .out = -1};
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);

	(void)state;
	run(&x);
	box_read(&x.b, "out", &text);
	assert_true(text.len > 30);
	assert_string_equal(buf_str(&text) + text.len - 12, "5000\r\nover\r\n");
	box_remove(&x.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_streams_come_through),
	    cmocka_unit_test(input_goes_in_and_ends),
	    cmocka_unit_test(much_output_is_complete),
	    cmocka_unit_test(a_process_left_behind_is_not_waited_for),
	    cmocka_unit_test(a_broken_stdout_reaches_the_command),
	    cmocka_unit_test(a_terminal_is_complete_and_ends_with_its_input),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
