/* The monitor itself, around an ordinary shell: log, exit record, clients that come, go or sleep.
 */
#include "box_test.h"

#define BIG (100 << 20)

static void output_reaches_client_and_log(void **state)
{
	static const char *const entries[] = {" stdout P abc\n", " stdout F def\n",
					      " stdout P ghi\n", " stderr F err\n",
					      " stdout P zz\n"};
	struct box b = {.script = "printf abc; sleep 0.2; printf 'def\\nghi'; sleep 0.2;"
				  "echo err >&2; sleep 0.1; printf zz; exit 7"};
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct monitor_result r;
	const char *at;
	size_t i;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 7);
	assert_int_equal(box_wait(&b), 0);
	box_expect(&b, "out", "abcdef\nghizz");
	box_expect(&b, "err", "err\n");
	box_read(&b, "ctr.log", &text);
	for (at = buf_str(&text), i = 0; i < ARRAY_LEN(entries); i++) {
		at += 35;
		assert_memory_equal(at, entries[i], strlen(entries[i]));
		at += strlen(entries[i]);
	}
	assert_int_equal(*at, 0);
	box_end(&b);
}

static void the_end_is_recorded_and_everything_given_up(void **state)
{
	struct box b = {.script = "exit 7"};
	struct monitor_result r;
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(box_wait(&b), 0);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	assert_int_equal(e.code, 7);
	assert_int_equal(e.oom, 0);
	assert_int_equal(e.finished_ns, r.finished_ns);
	assert_true(llabs(time_now_ns() - e.finished_ns) < 10 * NSEC_PER_SEC);
	assert_int_equal(lock_is_held(b.dir, "lock", &err), 0);
	assert_int_equal(faccessat(b.dir, "attach", F_OK, 0), -1);
	box_end(&b);
}

static void a_signal_becomes_its_exit_code(void **state)
{
	struct box b = {.script = "kill -KILL $$"};
	struct monitor_result r;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 137);
	(void)box_wait(&b);
	box_end(&b);
}

static void a_monitor_without_clients_does_its_work(void **state)
{
	struct box b = {.script = "echo one; exec 1>&-; sleep 0.1; exit 3", .no_first = true};
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	assert_int_equal(box_wait(&b), 0);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	assert_int_equal(e.code, 3);
	box_end(&b);
}

static void a_process_left_behind_is_not_waited_for(void **state)
{
	struct box b = {.script = "echo now; setsid sleep 5 & exit 2"};
	int64_t t = time_monotonic_ns();
	struct monitor_result r;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.code, 2);
	(void)box_wait(&b);
	assert_true(time_monotonic_ns() - t < 3 * NSEC_PER_SEC);
	box_expect(&b, "out", "now\n");
	box_end(&b);
}

static uint64_t checksum(int fd, int64_t *ret_size)
{
	unsigned char block[1 << 14];
	uint64_t sum = 5381;
	ssize_t n, i;

	*ret_size = 0;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		for (i = 0; i < n; i++)
			sum = sum * 33 + block[i];
		*ret_size += n;
	}
	return sum;
}

static int random_file(const struct box *b, const char *name, size_t size)
{
	int fd = box_file(b, name);
	unsigned char block[1 << 16];
	unsigned v = 12345;
	size_t i, done;

	for (done = 0; done < size; done += sizeof(block)) {
		for (i = 0; i < sizeof(block); i++) {
			v = v * 1103515245 + 12345;
			block[i] = (unsigned char)(v >> 16);
		}
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void a_hundred_megabytes_pass_unchanged_both_ways(void **state)
{
	struct box b = {.script = "cat",
			.wants = MONITOR_WANT_STDIN | MONITOR_WANT_STDOUT | MONITOR_WANT_FOREGROUND,
			.no_log = true};
	AUTO_CLOSE int in = -1, out = -1;
	int64_t size_in, size_out, t;
	uint64_t sum;

	(void)state;
	box_start(&b);
	in = random_file(&b, "in", BIG);
	sum = checksum(in, &size_in);
	(void)lseek(in, 0, SEEK_SET);
	t = time_monotonic_ns();
	(void)box_attach(&b, b.client, true, in, false);
	t = time_monotonic_ns() - t;
	out = openat(b.dir, "out", O_RDONLY | O_CLOEXEC);
	assert_true(checksum(out, &size_out) == sum);
	assert_int_equal(size_in, size_out);
	print_message("# 100 MB in and out: %.0f MB/s\n", 1e3 * BIG / (double)t);
	(void)box_wait(&b);
	box_end(&b);
}

static void the_log_gives_back_the_same_bytes(void **state)
{
	struct box b = {.script = "head -c 3000000 /dev/urandom"};
	AUTO_CLOSE int out = -1, back = -1;
	AUTO_BUF struct buf log = BUF_INIT(16 << 20);
	struct str rest, line;
	struct log_piece p;
	int64_t n1, n2;

	(void)state;
	box_start(&b);
	(void)box_attach(&b, b.client, true, -1, false);
	(void)box_wait(&b);
	out = openat(b.dir, "out", O_RDONLY | O_CLOEXEC);
	back = box_file(&b, "back");
	box_read(&b, "ctr.log", &log);
	rest = (struct str){buf_str(&log), log.len};
	for (line = str_cut(&rest, '\n'); rest.ptr; line = str_cut(&rest, '\n')) {
		assert_true(log_parse(line, &p));
		assert_true(p.text.len <= 8192);
		assert_int_equal(write(back, p.text.ptr, p.text.len + p.end), p.text.len + p.end);
	}
	assert_true(checksum(out, &n1) == checksum(back, &n2));
	assert_int_equal(n1, 3000000);
	assert_int_equal(n2, 3000000);
	box_end(&b);
}

static void a_limited_log_stays_below_its_limit(void **state)
{
	struct box b = {.script = "seq 1 3000", .no_first = true, .log_max = 4096};
	AUTO_BUF struct buf text = BUF_INIT(65536);

	(void)state;
	box_start(&b);
	(void)box_wait(&b);
	box_read(&b, "ctr.log", &text);
	assert_true(text.len <= 4096);
	assert_string_equal(buf_str(&text) + text.len - 7, "F 3000\n");
	assert_int_equal(faccessat(b.dir, "ctr.log.tmp", F_OK, 0), -1);
	box_end(&b);
}

static void a_full_disk_does_not_stop_the_container(void **state)
{
	struct box b = {.script = "seq 1 100; exit 8", .log = "/dev/full"};
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct monitor_result r;

	(void)state;
	box_start(&b);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.code, 8);
	box_read(&b, "out", &text);
	assert_string_equal(buf_str(&text) + text.len - 4, "100\n");
	(void)box_wait(&b);
	box_end(&b);
}

static void a_late_client_sees_what_comes_after_it(void **state)
{
	struct box b = {.script = "echo early; sleep 0.5; echo late; exit 4", .no_first = true};
	AUTO_CLOSE int sock = -1;
	struct monitor_result r;

	(void)state;
	box_start(&b);
	(void)usleep(200000);
	sock = box_connect(&b);
	r = box_attach(&b, sock, false, -1, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 4);
	(void)box_wait(&b);
	box_expect(&b, "out", "late\n");
	box_end(&b);
}

/* In a process of its own: attaches with stdout to the file out2. */
static pid_t second_client(const struct box *b)
{
	struct monitor_attach a = {.user = {.want_stdout = true}};
	struct monitor_result r;
	struct err err = ERR_INIT;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	a.user.fds[0] = a.user.fds[2] = -1;
	a.user.fds[1] = box_file(b, "out2");
	(void)monitor_attach(box_connect(b), &a, &r, &err);
	_exit(0);
}

static void two_clients_get_the_same_and_one_may_die(void **state)
{
	struct box b = {.script = "sleep 0.3; for i in 1 2 3 4 5 6 7 8 9; do echo $i;"
				  "sleep 0.1; done"};
	AUTO_BUF struct buf text = BUF_INIT(65536);
	struct monitor_result r;
	pid_t other, killer;

	(void)state;
	box_start(&b);
	other = second_client(&b);
	killer = fork();
	if (killer == 0) {
		(void)usleep(700000);
		(void)kill(other, SIGKILL);
		_exit(0);
	}
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	(void)box_wait(&b);
	(void)waitpid(other, NULL, 0);
	(void)waitpid(killer, NULL, 0);
	box_expect(&b, "out", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	box_read(&b, "out2", &text);
	assert_memory_equal(buf_str(&text), "1\n2\n", 4);
	assert_true(text.len < 18);
	box_end(&b);
}

#define LINES_OF_99 "head -c 3000000 /dev/zero | tr '\\0' 'x' | fold -w 99;"
#define LINES_OF_99_SIZE (3000000 + 3000000 / 99)

static void expect_size(const struct box *b, const char *name, off_t size)
{
	struct stat st;

	assert_int_equal(fstatat(b->dir, name, &st, 0), 0);
	assert_int_equal(st.st_size, size);
}

static void a_client_that_slept_finds_the_rest_in_the_log(void **state)
{
	struct box b = {.script = LINES_OF_99 "sleep 0.5; echo end >&2; exit 5",
			.patience_ms = 300};
	struct monitor_result r;
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	/* Its end does not wait for us. */
	(void)box_wait(&b);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 1);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.end, MONITOR_EXITED);
	assert_int_equal(r.code, 5);
	expect_size(&b, "out", LINES_OF_99_SIZE);
	box_expect(&b, "err", "end\n");
	box_end(&b);
}

static void a_client_that_wakes_up_gets_live_output_again(void **state)
{
	struct box b = {.script = LINES_OF_99 "sleep 1.5; printf live; exit 5", .patience_ms = 300};
	struct monitor_result r;

	(void)state;
	box_start(&b);
	(void)usleep(1000000);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.code, 5);
	(void)box_wait(&b);
	expect_size(&b, "out", LINES_OF_99_SIZE + 4);
	box_end(&b);
}

static void without_a_log_the_foreground_client_is_waited_for(void **state)
{
	struct box b = {.script = LINES_OF_99 "exit 5", .patience_ms = 100, .no_log = true};
	struct monitor_result r;
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	(void)usleep(800000);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 0);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.code, 5);
	(void)box_wait(&b);
	expect_size(&b, "out", LINES_OF_99_SIZE);
	box_end(&b);
}

static void without_a_log_a_spectator_that_sleeps_is_cut_off(void **state)
{
	struct box b = {.script = "sleep 0.3;" LINES_OF_99 "exit 5",
			.patience_ms = 100,
			.no_log = true,
			.wants = MONITOR_WANT_STDOUT};
	struct monitor_attach a = {.user = {.want_stdout = true}, .is_first = true};
	struct monitor_result r = {0};
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	(void)box_wait(&b);
	a.user.fds[1] = box_file(&b, "out");
	assert_int_equal(monitor_attach(b.client, &a, &r, &err), -ERR_TIMEOUT);
	(void)close(a.user.fds[1]);
	box_end(&b);
}

static void too_many_clients_are_told_so(void **state)
{
	struct box b = {.script = "sleep 0.6"};
	struct monitor_attach a = {.user = {.want_stdout = true}};
	struct monitor_result r = {0};
	struct err err = ERR_INIT;
	int socks[16];
	size_t i;

	(void)state;
	box_start(&b);
	for (i = 0; i < ARRAY_LEN(socks); i++) {
		socks[i] = box_connect(&b);
		(void)usleep(1000);
	}
	a.user.fds[1] = box_file(&b, "out");
	assert_int_equal(monitor_attach(socks[15], &a, &r, &err), -ERR_LIMIT);
	(void)close(a.user.fds[1]);
	(void)box_wait(&b);
	for (i = 0; i < ARRAY_LEN(socks); i++)
		(void)close(socks[i]);
	box_end(&b);
}

static void a_killed_monitor_frees_the_lock_and_the_client_knows(void **state)
{
	struct box b = {.script = "sleep 60"};
	struct monitor_result r;
	struct monitor_exit e;
	struct err err = ERR_INIT;

	(void)state;
	box_start(&b);
	(void)usleep(200000);
	assert_int_equal(lock_is_held(b.dir, "lock", &err), 1);
	assert_int_equal(kill(b.monitor, SIGTERM), 0);
	assert_int_equal(kill(b.monitor, SIGHUP), 0);
	(void)usleep(50000);
	assert_int_equal(waitpid(b.monitor, NULL, WNOHANG), 0);
	assert_int_equal(kill(b.monitor, SIGKILL), 0);
	r = box_attach(&b, b.client, true, -1, false);
	assert_int_equal(r.end, MONITOR_LOST);
	assert_true(WIFSIGNALED(box_wait(&b)));
	assert_int_equal(lock_is_held(b.dir, "lock", &err), 0);
	assert_int_equal(monitor_read_exit(b.dir, &e, &err), 0);
	box_end(&b);
}

static long pss_kb(pid_t pid)
{
	AUTO_FCLOSE FILE *f = NULL;
	char path[64], line[256];
	long kb = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Pss:", 4) == 0)
			(void)sscanf(line, "Pss: %ld", &kb);
	return kb;
}

static void the_monitor_is_small(void **state)
{
	struct box b = {.script = "echo hello; sleep 1.2; head -c 20000000 /dev/zero; sleep 1.5"};
	long idle, after;
	pid_t client;

	(void)state;
	box_start(&b);
	client = fork();
	if (client == 0) {
		(void)box_attach(&b, b.client, true, -1, false);
		_exit(0);
	}
	(void)usleep(900000);
	idle = pss_kb(b.monitor);
	(void)usleep(1500000);
	after = pss_kb(b.monitor);
	print_message("# PSS of the monitor: %ld kB, %ld kB after 20 MB of output\n", idle, after);
	assert_true(idle > 0 && idle < 200);
	assert_true(after > 0 && after < 200);
	(void)waitpid(client, NULL, 0);
	(void)box_wait(&b);
	box_end(&b);
}

/* Appends what it finds to the file "cleaned" of the box it runs in: whether the lock is free. */
static bool cleanup_ran(struct box *b, bool attach, bool die)
{
	char script[256];
	const char *const cleanup[] = {"/bin/sh", "-c", script, NULL};
	struct stat st;

	b->cleanup = cleanup;
	b->script = "sleep 0.2";
	(void)snprintf(script, sizeof(script), "test ! -e /proc/self/fd/4 && : >/tmp/kist-clean.%d",
		       getpid());
	box_start(b);
	if (attach)
		(void)box_attach(b, b->client, true, -1, true);
	if (die) {
		(void)close(b->client);
		b->client = -1;
	}
	(void)box_wait(b);
	(void)snprintf(script, sizeof(script), "/tmp/kist-clean.%d", getpid());
	box_end(b);
	if (stat(script, &st) < 0)
		return false;
	(void)unlink(script);
	return true;
}

static void cleanup_runs_unless_a_client_confirms(void **state)
{
	const unsigned wants = MONITOR_WANT_STDOUT | MONITOR_WANT_FOREGROUND | MONITOR_WANT_REMOVE;
	struct box alone = {.no_first = true}, confirming = {.wants = wants},
		   dying = {.wants = wants};

	(void)state;
	assert_true(cleanup_ran(&alone, false, false));
	assert_false(cleanup_ran(&confirming, true, false));
	assert_true(cleanup_ran(&dying, false, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(output_reaches_client_and_log),
	    cmocka_unit_test(the_end_is_recorded_and_everything_given_up),
	    cmocka_unit_test(a_signal_becomes_its_exit_code),
	    cmocka_unit_test(a_monitor_without_clients_does_its_work),
	    cmocka_unit_test(a_process_left_behind_is_not_waited_for),
	    cmocka_unit_test(a_hundred_megabytes_pass_unchanged_both_ways),
	    cmocka_unit_test(the_log_gives_back_the_same_bytes),
	    cmocka_unit_test(a_limited_log_stays_below_its_limit),
	    cmocka_unit_test(a_full_disk_does_not_stop_the_container),
	    cmocka_unit_test(a_late_client_sees_what_comes_after_it),
	    cmocka_unit_test(two_clients_get_the_same_and_one_may_die),
	    cmocka_unit_test(a_client_that_slept_finds_the_rest_in_the_log),
	    cmocka_unit_test(a_client_that_wakes_up_gets_live_output_again),
	    cmocka_unit_test(without_a_log_the_foreground_client_is_waited_for),
	    cmocka_unit_test(without_a_log_a_spectator_that_sleeps_is_cut_off),
	    cmocka_unit_test(too_many_clients_are_told_so),
	    cmocka_unit_test(a_killed_monitor_frees_the_lock_and_the_client_knows),
	    cmocka_unit_test(the_monitor_is_small),
	    cmocka_unit_test(cleanup_runs_unless_a_client_confirms),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
