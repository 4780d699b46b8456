/* Sessions with a monitor: terminals, keys, signals, input, broken streams. */
#include "box_test.h"
#include "shim/frame.h"

static void input_and_its_end_reach_the_container(void **state)
{
	struct box b = {.script = "cat; echo done",
			.wants = MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT};
	AUTO_CLOSE int in = -1;
	struct monitor_result r;

	(void)state;
	box_start(&b);
	in = box_file(&b, "in");
	assert_int_equal(write(in, "hello\n", 6), 6);
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	r = box_attach(&b, b.client, true, in, false);
	assert_int_equal(r.code, 0);
	(void)box_wait(&b);
	box_expect(&b, "out", "hello\ndone\n");
	box_end(&b);
}

static void input_that_nobody_reads_does_not_hold_up_the_rest(void **state)
{
	struct box b = {.script = "sleep 0.3; echo out; sleep 0.2; exit 3",
			.wants = MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT};
	AUTO_CLOSE int in = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct monitor_result r;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, in, false);
	assert_int_equal(r.code, 3);
	(void)box_wait(&b);
	box_expect(&b, "out", "out\n");
	box_end(&b);
}

/* Input that the monitor never read resets the connection; what it had sent before is still there.
 */
static void a_reset_does_not_hide_what_came_before_it(void **state)
{
	struct frame_small input = frame_make(FRAME_STDIN_EOF), end = frame_make(FRAME_EXIT);
	struct monitor_attach a = {.foreground = true, .is_first = true};
	struct monitor_result r = {0};
	struct err err = ERR_INIT;
	int s[2];

	(void)state;
	end.u.exit.code = 3;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s), 0);
	assert_int_equal(send(s[0], &input, frame_size(&input), 0), frame_size(&input));
	assert_int_equal(send(s[1], &end, frame_size(&end), 0), frame_size(&end));
	(void)close(s[1]);
	assert_int_equal(monitor_attach(s[0], &a, &r, &err), 0);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 3);
	(void)close(s[0]);
}

static void a_client_that_goes_closes_stdin_where_asked(void **state)
{
	struct box b = {.script = "cat >/dev/null; exit 6",
			.wants = MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT,
			.flags = MONITOR_STDIN_ONCE};
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	(void)close(b.client);
	b.client = -1;
	assert_int_equal(box_wait(&b), 0);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	assert_int_equal(e.code, 6);
	box_end(&b);
}

/* Attaches with a stdout that nobody reads. */
static struct monitor_result attach_broken(struct box *b, int sock, bool foreground)
{
	struct monitor_attach a = {
	    .user = {.want_stdout = true, .want_stderr = true},
	    .foreground = foreground,
	    .is_first = foreground,
	};
	struct monitor_result r = {0};
	struct err err = ERR_INIT;
	int p[2];

	assert_int_equal(pipe(p), 0);
	(void)close(p[0]);
	a.user.fds[1] = p[1];
	a.user.fds[2] = box_file(b, "err");
	assert_int_equal(monitor_attach(sock, &a, &r, &err), 0);
	assert_true(r.stdout_broken);
	(void)close(p[1]);
	(void)close(a.user.fds[2]);
	return r;
}

static void a_broken_stdout_ends_the_pipeline(void **state)
{
	struct box b = {.script = "yes 2>/dev/null; echo after >&2; exit 9"};
	struct monitor_result r;

	(void)state;
	box_start(&b);
	r = attach_broken(&b, b.client, true);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 9);
	(void)box_wait(&b);
	box_expect(&b, "err", "after\n");
	box_end(&b);
}

static void a_broken_stdout_ends_only_the_spectator(void **state)
{
	struct box b = {.script = "sleep 0.2; echo a; sleep 0.2; echo b; exit 4", .no_first = true};
	AUTO_CLOSE int sock = -1;
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	sock = box_connect(&b);
	assert_int_equal(attach_broken(&b, sock, false).end, MONITOR_DETACHED);
	(void)box_wait(&b);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	assert_int_equal(e.code, 4);
	box_end(&b);
}

/* A terminal of the test's own, in place of the user's. */
struct user_tty {
	int master, slave;
	struct termios before;
};

static void user_tty_open(struct user_tty *t)
{
	struct err err = ERR_INIT;
	unsigned number;

	assert_int_equal(tty_open_master(AT_FDCWD, "/dev/ptmx", &t->master, &number, &err), 0);
	assert_int_equal(tty_open_slave(t->master, &t->slave, &err), 0);
	assert_int_equal(tty_set_size(t->master, (struct tty_size){20, 70}, &err), 0);
	assert_int_equal(tcgetattr(t->slave, &t->before), 0);
}

static void user_tty_close(struct user_tty *t)
{
	struct termios after;

	assert_int_equal(tcgetattr(t->slave, &after), 0);
	assert_int_equal(after.c_lflag, t->before.c_lflag);
	assert_int_equal(after.c_iflag, t->before.c_iflag);
	(void)close(t->master);
	(void)close(t->slave);
}

static struct monitor_result attach_tty(struct box *b, const struct user_tty *t)
{
	AUTO_CLOSE int out = box_file(b, "out");
	struct monitor_attach a = {.user = {.want_stdin = true,
					    .want_stdout = true,
					    .want_tty = true,
					    .fds = {t->slave, out, -1}},
				   .foreground = true,
				   .is_first = true};
	struct monitor_result r = {0};
	struct err err = ERR_INIT;

	assert_int_equal(monitor_keys_parse(MONITOR_DETACH_KEYS_DEFAULT, &a.user.keys, &err), 0);
	assert_int_equal(monitor_attach(b->client, &a, &r, &err), 0);
	return r;
}

static pid_t typist(const struct user_tty *t)
{
	struct err err = ERR_INIT;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void)usleep(300000);
	(void)tty_set_size(t->master, (struct tty_size){30, 90}, &err);
	(void)kill(getppid(), SIGWINCH); /* it is not the test's controlling terminal */
	(void)usleep(200000);
	(void)!write(t->master, "hi\r", 3);
	(void)usleep(200000);
	(void)!write(t->master, "\x10x\x10\x11", 4); /* ctrl-p x ctrl-p ctrl-q */
	_exit(0);
}

#define WANTS_TTY (MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT | MONITOR_WANT_FOREGROUND)

static void a_terminal_carries_input_output_and_size(void **state)
{
	struct box b = {.script = "sleep 0.1; stty size; read x; stty size; echo got $x; exec cat",
			.tty = true,
			.wants = WANTS_TTY};
	AUTO_BUF struct buf text = BUF_INIT(65536);
	AUTO_CLOSE int sock = -1, empty = -1;
	struct monitor_result r;
	struct err err = ERR_INIT;
	struct user_tty t;
	pid_t pid;

	(void)state;
	user_tty_open(&t);
	box_start(&b);
	pid = typist(&t);
	r = attach_tty(&b, &t);
	assert_int_equal(r.end, MONITOR_DETACHED);
	(void)waitpid(pid, NULL, 0);
	user_tty_close(&t);
	box_read(&b, "out", &text);
	assert_non_null(strstr(buf_str(&text), "20 70\r\n"));
	assert_non_null(strstr(buf_str(&text), "hi\r\n30 90\r\ngot hi\r\n"));

	/* Detached, it still runs. A new client without a terminal ends its input. */
	assert_int_equal(lock_is_held(b.dir, "lock", &err), 1);
	sock = box_connect(&b);
	empty = box_file(&b, "in");
	r = box_attach(&b, sock, false, empty, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 0);
	(void)box_wait(&b);
	box_end(&b);
}

static void output_of_a_terminal_is_complete_at_the_end(void **state)
{
	struct box b = {.script = "seq 1 20000", .tty = true};
	AUTO_BUF struct buf text = BUF_INIT(1 << 20);

	(void)state;
	box_start(&b);
	(void)box_attach(&b, b.client, true, -1, false);
	(void)box_wait(&b);
	box_read(&b, "out", &text);
	assert_true(text.len > 8);
	assert_string_equal(buf_str(&text) + text.len - 7, "20000\r\n");
	box_end(&b);
}

static void a_terminal_that_nobody_holds_does_not_keep_the_monitor_busy(void **state)
{
	struct box b = {.script = "echo a; exec <&- >&- 2>&-; sleep 0.5; exec >/dev/tty; echo b",
			.tty = true};
	char path[64], line[512] = "";
	AUTO_FCLOSE FILE *f = NULL;
	unsigned long user = 99, sys = 99;

	(void)state;
	box_start(&b);
	(void)usleep(450000);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", b.monitor);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f))
		(void)sscanf(line,
			     "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			     &user, &sys);
	assert_true(user + sys < 10);
	(void)box_attach(&b, b.client, true, -1, false);
	(void)box_wait(&b);
	box_expect(&b, "out", "a\r\nb\r\n");
	box_end(&b);
}

static void pass_signal(void *arg, int signo)
{
	char c = (char)signo;

	(void)!write(*(int *)arg, &c, 1);
}

static void signals_are_passed_on(void **state)
{
	static const int sent[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
	struct box b = {.script = "sleep 1; exit 3"};
	struct monitor_attach a = {.foreground = true, .is_first = true};
	struct monitor_result r;
	struct err err = ERR_INIT;
	int p[2], status;
	char got = 0;
	pid_t pid;
	size_t i;

	(void)state;
	box_start(&b);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		a.user.signal = pass_signal;
		a.user.arg = &p[1];
		_exit(monitor_attach(b.client, &a, &r, &err) < 0 ? 99 : r.code);
	}
	(void)close(p[1]);
	(void)usleep(200000);
	/* One after the other: of several that wait, the kernel gives the lowest first. */
	for (i = 0; i < ARRAY_LEN(sent); i++) {
		assert_int_equal(kill(pid, sent[i]), 0);
		assert_int_equal(read(p[0], &got, 1), 1);
		assert_int_equal(got, sent[i]);
	}
	(void)waitpid(pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 3);
	(void)close(p[0]);
	(void)box_wait(&b);
	box_end(&b);
}

static void a_signal_that_ends_us_leaves_the_terminal_restored(void **state)
{
	struct box b = {.script = "sleep 1", .tty = true, .wants = WANTS_TTY};
	struct termios during;
	struct user_tty t;
	int status;
	pid_t pid;

	(void)state;
	user_tty_open(&t);
	box_start(&b);
	pid = fork();
	if (pid == 0) {
		(void)attach_tty(&b, &t);
		_exit(0);
	}
	(void)usleep(300000);
	assert_int_equal(tcgetattr(t.slave, &during), 0);
	assert_int_equal(during.c_lflag & ICANON, 0);
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	user_tty_close(&t);
	(void)box_wait(&b);
	box_end(&b);
}

static void a_stop_gives_the_terminal_back_and_continuing_takes_it_again(void **state)
{
	struct box b = {.script = "sleep 1.5", .tty = true, .wants = WANTS_TTY};
	struct termios now;
	struct user_tty t;
	int status;
	pid_t pid;

	(void)state;
	user_tty_open(&t);
	box_start(&b);
	pid = fork();
	if (pid == 0) {
		(void)attach_tty(&b, &t);
		_exit(0);
	}
	(void)usleep(300000);
	(void)kill(pid, SIGTSTP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	if (WIFSTOPPED(status)) { /* an orphaned process group is not stopped */
		assert_int_equal(tcgetattr(t.slave, &now), 0);
		assert_int_not_equal(now.c_lflag & ICANON, 0);
		(void)kill(pid, SIGCONT);
		(void)usleep(200000);
		assert_int_equal(tcgetattr(t.slave, &now), 0);
		assert_int_equal(now.c_lflag & ICANON, 0);
		(void)waitpid(pid, &status, 0);
	}
	user_tty_close(&t);
	(void)box_wait(&b);
	box_end(&b);
}

static void cgroups_are_emptied_and_memory_kills_noted(void **state)
{
	struct box b = {.script = "sleep 0.2", .no_first = true};
	char text[256];
	struct monitor_exit e;
	struct err err = ERR_INIT;
	int n, fd;

	(void)state;
	box_start(&b);
	assert_int_equal(mkdirat(b.dir, "one", 0700), 0);
	assert_int_equal(mkdirat(b.dir, "one/below", 0700), 0);
	assert_int_equal(mkdirat(b.dir, "one/below/that", 0700), 0);
	assert_int_equal(mkdirat(b.dir, "two", 0700), 0);
	fd = box_file(&b, "two/memory.events");
	assert_int_equal(write(fd, "oom 2\noom_kill 2\n", 17), 17);
	(void)close(fd);
	n = snprintf(text, sizeof(text), "%s/one\n%s/two\n/no/such/thing\n", b.path, b.path);
	fd = box_file(&b, "cgroup");
	assert_int_equal(write(fd, text, (size_t)n), n);
	(void)close(fd);
	(void)box_wait(&b);
	assert_int_equal(faccessat(b.dir, "one", F_OK, 0), -1);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	assert_int_equal(e.oom, 1);
	box_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(input_and_its_end_reach_the_container),
	    cmocka_unit_test(input_that_nobody_reads_does_not_hold_up_the_rest),
	    cmocka_unit_test(a_reset_does_not_hide_what_came_before_it),
	    cmocka_unit_test(a_client_that_goes_closes_stdin_where_asked),
	    cmocka_unit_test(a_broken_stdout_ends_the_pipeline),
	    cmocka_unit_test(a_broken_stdout_ends_only_the_spectator),
	    cmocka_unit_test(a_terminal_carries_input_output_and_size),
	    cmocka_unit_test(output_of_a_terminal_is_complete_at_the_end),
	    cmocka_unit_test(a_terminal_that_nobody_holds_does_not_keep_the_monitor_busy),
	    cmocka_unit_test(signals_are_passed_on),
	    cmocka_unit_test(a_signal_that_ends_us_leaves_the_terminal_restored),
	    cmocka_unit_test(a_stop_gives_the_terminal_back_and_continuing_takes_it_again),
	    cmocka_unit_test(cgroups_are_emptied_and_memory_kills_noted),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
