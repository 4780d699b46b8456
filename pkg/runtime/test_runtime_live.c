/* Real containers from the busybox of the machine. Needs root (else everything is skipped, and said
 * so); the rootless part runs as the user of KIST_TEST_USER, by default the first in /etc/subuid.
 */
#include "world_test.h"

static void exit_codes_are_the_commands(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *ok[] = {"true", NULL}, *seven[] = {"sh", "-c", "exit 7", NULL};
	const char *killed[] = {"sh", "-c", "sh -c 'kill -9 $$'; exit $?", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, ok);

	assert_int_equal(run(&s, &out, &err), 0);
	s.process.argv = seven;
	assert_int_equal(run(&s, &out, &err), 7);
	s.process.argv = killed;
	assert_int_equal(run(&s, &out, &err), 137);
}

static void a_missing_command_is_named(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *foo[] = {"foo", NULL}, *path[] = {"/no/foo", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, foo);

	assert_int_equal(run(&s, &out, &err), -ERR_CMD_MISSING);
	assert_string_equal(err.text, "executable file \"foo\" not found in $PATH");
	s.process.argv = path;
	assert_int_equal(run(&s, &out, &err), -ERR_CMD_MISSING);
	assert_string_equal(err.text,
			    "executable file \"/no/foo\" not found: No such file or directory");
}

static void what_cannot_be_executed_is_named(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *dir[] = {"/etc", NULL}, *text[] = {"/etc/text", NULL};
	const char *garbage[] = {"garbage", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, dir);

	assert_int_equal(run(&s, &out, &err), -ERR_CMD_INVOKE);
	assert_string_equal(err.text, "executing \"/etc\": is a directory");
	s.process.argv = text;
	assert_int_equal(run(&s, &out, &err), -ERR_CMD_INVOKE);
	assert_string_equal(err.text, "executing \"/etc/text\": Permission denied");
	s.process.argv = garbage;
	assert_int_equal(run(&s, &out, &err), -ERR_CMD_INVOKE);
	assert_string_equal(err.text, "executing \"/bin/garbage\": Exec format error");
}

static void the_world_inside_is_separate(void **state)
{
	TEST_START;
	char host[64];
	const char *text;

	text = output_of(
	    &s, "hostname; echo $$; ls /proc | grep -c '^[0-9]'; ip addr | grep -c lo:", &out);
	assert_string_equal(text, "box\n1\n3\n1\n");
	(void)gethostname(host, sizeof(host));
	assert_string_not_equal(host, "box");
}

static void nothing_of_the_host_is_mounted(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	struct runtime_spec s = spec_of(w, NULL);
	const char *text;

	text =
	    output_of(&s, "cut -d' ' -f5 /proc/self/mountinfo | sort | tr '\\n' ' '; ls /", &out);
	assert_non_null(strstr(text, "/ /dev "));
	assert_null(strstr(text, "/tmp/kist"));
	assert_string_equal(strchr(text, '\n') ? "" : "", "");
	assert_null(strstr(text, "/boot"));
}

static void capabilities_are_podmans(void **state)
{
	TEST_START;

	assert_string_equal(output_of(&s, "grep Cap /proc/self/status", &out),
			    "CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\n"
			    "CapEff:\t00000000800405fb\nCapBnd:\t00000000800405fb\n"
			    "CapAmb:\t0000000000000000\n");
	s.process.user = "alice";
	assert_string_equal(output_of(&s, "grep Cap /proc/self/status", &out),
			    "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
			    "CapEff:\t0000000000000000\nCapBnd:\t00000000800405fb\n"
			    "CapAmb:\t0000000000000000\n");
	s.process.caps_added = CAPS_BIT(10);
	assert_string_equal(output_of(&s, "grep Cap /proc/self/status", &out),
			    "CapInh:\t0000000000000400\nCapPrm:\t0000000000000400\n"
			    "CapEff:\t0000000000000400\nCapBnd:\t00000000800405fb\n"
			    "CapAmb:\t0000000000000400\n");
}

static void the_system_call_filter_is_on(void **state)
{
	TEST_START;

	assert_string_equal(
	    output_of(&s, "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status", &out),
	    "NoNewPrivs:\t0\nSeccomp:\t2\n");
	s.process.no_new_privs = true;
	assert_string_equal(
	    output_of(&s, "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status", &out),
	    "NoNewPrivs:\t1\nSeccomp:\t2\n");
	s.process.seccomp = RUNTIME_SECCOMP_NONE;
	assert_string_equal(output_of(&s, "grep ^Seccomp: /proc/self/status", &out),
			    "Seccomp:\t0\n");
}

static void kernel_paths_are_hidden_and_read_only(void **state)
{
	TEST_START;

	assert_string_equal(
	    output_of(&s, "wc -c < /proc/timer_list; ls /sys/firmware | wc -l", &out), "0\n0\n");
	assert_string_equal(output_of(&s,
				      "touch /sys/x 2>/dev/null || echo 1; "
				      "echo 1 2>/dev/null > /proc/sys/kernel/panic || echo 2; "
				      "touch /bin/x && echo 3; touch /dev/x && echo 4",
				      &out),
			    "1\n2\n3\n4\n");
	s.readonly = true;
	assert_string_equal(output_of(&s,
				      "touch /bin/y 2>/dev/null || echo 1; touch /dev/shm/x && "
				      "echo 2",
				      &out),
			    "1\n2\n");
}

static void devices_are_there(void **state)
{
	TEST_START;
	const char *want = "console no\nnull\nzero\nfull\nrandom\nurandom\ntty\nptmx\n5\n";
	const char *script = "test -e /dev/console || echo console no; "
			     "for d in null zero full random urandom tty ptmx; do "
			     "test -c /dev/$d && echo $d; done; "
			     "head -c 5 /dev/zero | tee /dev/null /dev/fd/2 2>/dev/null | wc -c";

	assert_string_equal(output_of(&s, script, &out), want);
	s.process.caps |= CAPS_BIT(27); /* CAP_MKNOD: nodes are bound, and new ones do not work */
	assert_string_equal(output_of(&s, script, &out), want);
	assert_string_equal(output_of(&s,
				      "mknod /dev/z c 1 5 2>/dev/null; mknod /z c 1 5 2>/dev/null; "
				      "head -c1 /dev/z 2>/dev/null || echo 1; "
				      "head -c1 /z 2>/dev/null || echo 2",
				      &out),
			    "1\n2\n");
}

static void users_are_looked_up_inside(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *argv[] = {"true", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, argv);

	s.process.user = "alice";
	assert_string_equal(output_of(&s, "id -u; id -g; id -G; echo $HOME", &out),
			    "1000\n1000\n1000 10\n/home/alice\n");
	s.process.user = "1234:10";
	assert_string_equal(output_of(&s, "id -u; id -g; echo $HOME", &out), "1234\n10\n/\n");
	s.process.user = "foo";
	s.process.argv = argv;
	assert_int_equal(run(&s, &out, &err), -ERR_CMD_INVOKE);
	assert_string_equal(err.text,
			    "unable to find user foo: no matching entries in passwd file");
}

static void the_working_directory_is_made(void **state)
{
	TEST_START;

	s.process.cwd = "/srv/new";
	s.process.user = "alice";
	assert_string_equal(output_of(&s, "pwd; touch x && echo mine", &out), "/srv/new\nmine\n");
}

static void only_standard_descriptors_are_open(void **state)
{
	TEST_START;
	const char *argv[] = {"ls", "/proc/self/fd", NULL};
	struct err err = ERR_INIT;
	int extra = open("/", O_DIRECTORY);

	s.process.argv = argv;
	assert_int_equal(run(&s, &out, &err), 0);
	assert_string_equal(buf_str(&out), "0\n1\n2\n3\n"); /* 3 is ls's own */
	close(extra);
}

static void the_programs_own_file_is_out_of_reach(void **state)
{
	TEST_START;
	const char *argv[] = {"/evil", NULL};
	struct err err = ERR_INIT;

	/* What an image would do to make the runtime execute itself inside. */
	sh("printf '#!/proc/self/exe\\n' > %s/upper/evil; chmod 755 %s/upper/evil", w->dir, w->dir);
	s.process.argv = argv;
	assert_int_not_equal(run(&s, &out, &err), 0);
	assert_string_equal(buf_str(&out), "");
}

static void a_symlink_at_a_mount_target_stays_inside(void **state)
{
	TEST_START;
	struct runtime_mount m = {
	    .kind = RUNTIME_BIND, .source = "/etc/hostname", .target = "/link/file"};
	AUTO_FREE char *outside = str_fmt("%s/outside", w->dir);

	sh("mkdir %s && ln -s %s %s/upper/link", outside, outside, w->dir);
	s.mounts = &m;
	s.n_mounts = 1;
	/* The link's target is looked up inside, where it does not exist. */
	{
		const char *argv[] = {"true", NULL};
		struct err err = ERR_INIT;

		s.process.argv = argv;
		(void)run(&s, &out, &err);
	}
	sh("test -z \"$(ls %s)\"", outside);
	sh("rm %s/upper/link && ln -s /proc/sys %s/upper/link", w->dir, w->dir);
	m.target = "/link/kernel/domainname";
	{
		const char *argv[] = {"true", NULL};
		struct err err = ERR_INIT;

		s.process.argv = argv;
		assert_int_equal(run(&s, &out, &err), -ERR_DENIED);
		assert_non_null(strstr(err.text, "leads it into /proc"));
	}
}

static void a_symlink_in_place_of_proc_is_refused(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *argv[] = {"true", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, argv);

	sh("rmdir %s/overlay/a/diff/proc && ln -s tmp %s/overlay/a/diff/proc", w->dir, w->dir);
	assert_int_equal(run(&s, &out, &err), -ERR_DENIED);
	assert_string_equal(err.text, "the image has no directory /proc, but something else");
}

static void who_joined_dies_with_the_caller(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sleep", "100", NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_exec_spec x = RUNTIME_EXEC_INIT;
	struct runtime_proc p = RUNTIME_PROC_INIT, q = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err err = ERR_INIT;
	int pair[2], i, status, code;
	pid_t caller;

	assert_int_equal(runtime_start(&s, &p, &cgroups, &err), 0);
	assert_int_equal(fd_pipe(pair, &err), 0);
	x.pid = p.pid;
	x.start_time = p.start_time;
	x.cgroups = &cgroups;
	x.process.argv = argv;
	x.process.env = default_env;
	x.process.user = "alice";
	caller = fork();
	if (caller == 0) {
		if (runtime_exec(&x, &q, &err) < 0)
			_exit(1);
		(void)!write(pair[1], &q, sizeof(q));
		(void)raise(SIGKILL);
	}
	close(pair[1]);
	assert_int_equal(read(pair[0], &q, sizeof(q)), sizeof(q));
	assert_int_equal(waitpid(caller, &status, 0), caller);
	for (i = 0; i < 200 && proc_alive(q.pid, q.start_time); i++)
		(void)usleep(10000);
	assert_false(proc_alive(q.pid, q.start_time));
	assert_true(proc_alive(p.pid, p.start_time));
	assert_int_equal(runtime_signal(p.pid, p.start_time, SIGKILL, &err), 0);
	assert_int_equal(proc_wait(p.pid, &code, &err), 0);
	close(p.pidfd);
	close(pair[0]);
	assert_int_equal(cgroup_remove_paths(&cgroups, &err), 0);
}

static void volumes_and_tmpfs_are_mounted(void **state)
{
	TEST_START;
	AUTO_FREE char *vol = str_fmt("%s/vol", w->dir);
	AUTO_FREE char *file = str_fmt("%s/vol/file", w->dir);
	struct runtime_mount m[] = {
	    {.kind = RUNTIME_BIND, .source = vol, .target = "/data/a", .recursive = true},
	    {.kind = RUNTIME_BIND, .source = vol, .target = "/ro", .ro = true},
	    {.kind = RUNTIME_BIND, .target = "/etc/given", .source_fd = -1},
	    {.kind = RUNTIME_TMPFS, .target = "/scratch", .options = "size=1m,mode=700,noexec"},
	};

	sh("mkdir %s && echo content > %s", vol, file);
	m[2].source_fd = open(file, O_PATH | O_CLOEXEC);
	s.mounts = m;
	s.n_mounts = ARRAY_LEN(m);
	assert_string_equal(output_of(&s,
				      "cat /data/a/file /etc/given; echo x > /data/a/made; "
				      "touch /ro/x 2>/dev/null || echo ro; stat -c %a /scratch; "
				      "grep -c 'scratch.*noexec' /proc/self/mountinfo",
				      &out),
			    "content\ncontent\nro\n700\n1\n");
	sh("test -e %s/made", vol);
	close(m[2].source_fd);
}

static void a_terminal_is_the_containers_own(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sh", "-c",
			      "tty; stty size; test -c /dev/console && echo console; "
			      "ls /proc/self/fd | tr '\\n' ' '; echo > /dev/tty",
			      NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_proc p = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err err = ERR_INIT;
	char text[512];
	size_t len = 0;
	ssize_t n;
	int code;

	s.process.terminal = true;
	s.process.size = (struct tty_size){.rows = 33, .cols = 99};
	assert_int_equal(runtime_start(&s, &p, &cgroups, &err), 0);
	while ((n = read(p.pty, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	assert_string_equal(text, "/dev/pts/0\r\n33 99\r\nconsole\r\n0 1 2 3 \r\n");
	assert_int_equal(proc_wait(p.pid, &code, &err), 0);
	assert_int_equal(code, 0);
	close(p.pidfd);
	close(p.pty);
	assert_int_equal(cgroup_remove_paths(&cgroups, &err), 0);
}

static void init_forwards_signals_and_reaps(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sh", "-c",
			      "(sh -c 'sleep 0.1 & exec true' &); trap 'exit 42' TERM; echo up; "
			      "cat /proc/1/comm; tr '\\0' ' ' < /proc/1/cmdline; echo; "
			      "while :; do sleep 0.05; done",
			      NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_proc p = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err err = ERR_INIT;
	char text[512];
	ssize_t n;
	int pair[2], code;
	size_t len = 0;

	assert_int_equal(fd_pipe(pair, &err), 0);
	s.init = true;
	s.process.stdio[1] = pair[1];
	assert_int_equal(runtime_start(&s, &p, &cgroups, &err), 0);
	close(pair[1]);
	while (len < sizeof(text) - 1 && !memchr(text, '\n', len ? len - 1 : 0)) {
		n = read(pair[0], text + len, sizeof(text) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	(void)usleep(300000);
	assert_int_equal(runtime_signal(p.pid, p.start_time, SIGTERM, &err), 0);
	assert_int_equal(proc_wait(p.pid, &code, &err), 0);
	assert_int_equal(code, 42);
	assert_int_equal(runtime_signal(p.pid, p.start_time, SIGTERM, &err), -ERR_NOT_FOUND);
	close(p.pidfd);
	close(pair[0]);
	assert_int_equal(cgroup_remove_paths(&cgroups, &err), 0);
}

static void limits_are_set(void **state)
{
	TEST_START;
	struct cgroup_limits limits = {
	    .memory = 64 << 20, .pids = 50, .cpu_quota = 50000, .cpu_period = 100000};
	const char *text;

	s.limits = &limits;
	if (cgroup_mode() == CGROUP_V2 &&
	    system("for c in memory pids cpu; do grep -qw $c /sys/fs/cgroup/cgroup.controllers || "
		   "exit 1; done") != 0) {
		print_message("# skipped: no memory, pids and cpu controllers here\n");
		skip();
	}
	if (cgroup_mode() == CGROUP_V2) {
		text = output_of(&s, "cd /sys/fs/cgroup; cat memory.max pids.max cpu.max", &out);
		assert_string_equal(text, "67108864\n50\n50000 100000\n");
		return;
	}
	text = output_of(&s,
			 "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max "
			 "cpu/cpu.cfs_quota_us",
			 &out);
	assert_string_equal(text, "67108864\n50\n50000\n");
}

static void processes_join_a_container(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sleep", "100", NULL};
	const char *probe[] = {"sh", "-c",
			       "hostname; id -u; grep -E '^(CapEff|Seccomp):' /proc/self/status; "
			       "pwd; ls /proc/self/fd | tr '\\n' ' '; readlink /proc/1/exe; exit 5",
			       NULL};
	const char *missing[] = {"nothing", NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_exec_spec x = RUNTIME_EXEC_INIT;
	struct runtime_proc p = RUNTIME_PROC_INIT, q = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	struct err err = ERR_INIT;
	int pair[2], code;

	assert_int_equal(runtime_start(&s, &p, &cgroups, &err), 0);
	assert_int_equal(fd_pipe(pair, &err), 0);
	x.pid = p.pid;
	x.start_time = p.start_time;
	x.cgroups = &cgroups;
	x.process.argv = probe;
	x.process.env = default_env;
	x.process.cwd = "/tmp";
	x.process.stdio[1] = x.process.stdio[2] = pair[1];
	if (runtime_exec(&x, &q, &err) < 0)
		fail_msg("%s", err.text);
	close(pair[1]);
	assert_int_equal(fd_read_all(pair[0], "output", &out, &err), 0);
	close(pair[0]);
	assert_int_equal(proc_wait(q.pid, &code, &err), 0);
	assert_int_equal(code, 5);
	close(q.pidfd);
	assert_string_equal(buf_str(&out), "box\n0\nCapEff:\t00000000800405fb\nSeccomp:\t2\n/tmp\n"
					   "0 1 2 3 /bin/busybox\n");
	x.process.argv = missing;
	x.process.stdio[1] = x.process.stdio[2] = -1;
	assert_int_equal(runtime_exec(&x, &q, &err), -ERR_CMD_MISSING);
	assert_string_equal(err.text, "executable file \"nothing\" not found in $PATH");
	x.process.cwd = "/srv/not/there";
	x.process.cwd_must_exist = true;
	assert_int_equal(runtime_exec(&x, &q, &err), -ERR_CMD_MISSING);
	assert_string_equal(err.text, "working directory /srv/not/there: no such directory");
	assert_int_equal(runtime_signal(p.pid, p.start_time, SIGKILL, &err), 0);
	assert_int_equal(proc_wait(p.pid, &code, &err), 0);
	assert_int_equal(code, 137);
	close(p.pidfd);
	assert_int_equal(runtime_exec(&x, &q, &err), -ERR_NOT_FOUND);
	assert_int_equal(cgroup_remove_paths(&cgroups, &err), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_terminal_is_made_for_who_joins(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sleep", "100", NULL}, *probe[] = {"tty", NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_exec_spec x = RUNTIME_EXEC_INIT;
	struct runtime_proc p = RUNTIME_PROC_INIT, q = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err err = ERR_INIT;
	char text[64] = "";
	int code;

	assert_int_equal(runtime_start(&s, &p, &cgroups, &err), 0);
	x.pid = p.pid;
	x.start_time = p.start_time;
	x.process.argv = probe;
	x.process.env = default_env;
	x.process.terminal = true;
	if (runtime_exec(&x, &q, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(proc_wait(q.pid, &code, &err), 0);
	assert_true(read(q.pty, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "/dev/pts/0\r\n");
	close(q.pty);
	close(q.pidfd);
	assert_int_equal(runtime_signal(p.pid, p.start_time, SIGKILL, &err), 0);
	assert_int_equal(proc_wait(p.pid, &code, &err), 0);
	close(p.pidfd);
	assert_int_equal(cgroup_remove_paths(&cgroups, &err), 0);
}

static void a_container_dies_with_its_parent(void **state)
{
	struct world *w = live(state);
	const char *argv[] = {"sleep", "100", NULL};
	struct runtime_spec s = spec_of(w, argv);
	struct runtime_proc p = RUNTIME_PROC_INIT;
	AUTO_STRV struct strv cgroups = STRV_INIT;
	struct err err = ERR_INIT;
	int pair[2], i, status;
	pid_t parent;

	s.process.user = "alice"; /* a change of identity clears the signal: it is set behind it */
	s.no_cgroup = true;
	assert_int_equal(fd_pipe(pair, &err), 0);
	parent = fork();
	if (parent == 0) {
		if (runtime_start(&s, &p, &cgroups, &err) < 0)
			_exit(1);
		(void)!write(pair[1], &p, sizeof(p));
		(void)raise(SIGKILL);
	}
	assert_int_equal(read(pair[0], &p, sizeof(p)), sizeof(p));
	assert_int_equal(waitpid(parent, &status, 0), parent);
	for (i = 0; i < 200 && proc_alive(p.pid, p.start_time); i++)
		(void)usleep(10000);
	assert_false(proc_alive(p.pid, p.start_time));
	close(pair[0]);
	close(pair[1]);
}

static void host_namespaces_can_be_shared(void **state)
{
	TEST_START;
	AUTO_FREE char *want = NULL;
	char link[64] = "";

	assert_true(readlink("/proc/self/ns/net", link, sizeof(link) - 1) > 0);
	want = str_fmt("%s\n", link);
	s.ns[RUNTIME_NET].mode = RUNTIME_NS_HOST;
	assert_string_equal(output_of(&s, "readlink /proc/self/ns/net", &out), want);
	s.ns[RUNTIME_PID].mode = RUNTIME_NS_HOST;
	s.ns[RUNTIME_IPC].mode = RUNTIME_NS_HOST;
	s.ns[RUNTIME_UTS].mode = RUNTIME_NS_HOST;
	s.ns[RUNTIME_CGROUP].mode = RUNTIME_NS_HOST;
	assert_string_equal(output_of(&s, "test $$ -gt 1 && echo shared", &out), "shared\n");
}

static void privileged_has_the_hosts_devices(void **state)
{
	TEST_START;

	s.privileged = true;
	s.masked = s.readonly_paths = NULL;
	s.process.caps = caps_bounding();
	s.process.seccomp = RUNTIME_SECCOMP_NONE;
	assert_string_equal(
	    output_of(&s,
		      "test -c /dev/kmsg && echo kmsg; grep Seccomp: /proc/self/status;"
		      "touch /sys/x 2>&1 | grep -c 'Read-only' | cat",
		      &out),
	    access("/dev/kmsg", F_OK) == 0 ? "kmsg\nSeccomp:\t0\n0\n" : "Seccomp:\t0\n0\n");
}

static void kernel_parameters_are_set(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *argv[] = {"true", NULL};
	const char *const good[] = {"net.ipv4.ip_forward=1", "kernel.msgmax=4096", NULL};
	const char *const bad[] = {"kernel.panic=1", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, argv);

	s.sysctls = good;
	assert_string_equal(
	    output_of(&s, "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax", &out),
	    "1\n4096\n");
	s.sysctls = bad;
	s.process.argv = argv;
	assert_int_equal(run(&s, &out, &err), -ERR_INVALID);
}

/* ---- as an ordinary user ---- */

static void an_ordinary_user_runs_containers(void **state)
{
	TEST_START;

	assert_string_equal(
	    output_of(&s,
		      "id -u; hostname; touch /made /dev/shm/x && echo ok; "
		      "head -c 3 /dev/zero | wc -c; "
		      "grep CapEff /proc/self/status; grep -c '^overlay / ' /proc/mounts",
		      &out),
	    "0\nbox\nok\n3\nCapEff:\t00000000800405fb\n1\n");
	s.ns[RUNTIME_NET].mode = RUNTIME_NS_HOST;
	assert_string_equal(output_of(&s, "touch /sys/x 2>/dev/null || echo ro", &out), "ro\n");
}

static void subordinate_ids_are_users_inside(void **state)
{
	TEST_START;

	s.process.user = "alice";
	s.process.cwd = "/work";
	assert_string_equal(output_of(&s, "id -u; id -G; touch x; stat -c %u x", &out),
			    "1000\n1000 10\n1000\n");
}

static void one_id_has_no_other_users(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *argv[] = {"true", NULL};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, argv);

	s.process.user = "alice";
	assert_int_equal(run(&s, &out, &err), -ERR_SYS);
	assert_non_null(strstr(err.text, "not mapped"));
}

static void limits_without_rights_are_refused(void **state)
{
	struct world *w = live(state);
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *argv[] = {"true", NULL};
	struct cgroup_limits limits = {.pids = 2048, .pids_is_default = true};
	struct err err = ERR_INIT;
	struct runtime_spec s = spec_of(w, argv);

	s.limits = &limits;
	assert_int_equal(run(&s, &out, &err), 0);
	if (access("/sys/fs/cgroup/memory", W_OK) == 0 || cgroup_mode() == CGROUP_V2)
		return; /* this user may have been given some */
	limits.memory = 64 << 20;
	assert_int_equal(run(&s, &out, &err), -ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "--memory"));
}

/* Becomes the test user: false when there is none. */
static bool become_user(void)
{
	const char *name = getenv("KIST_TEST_USER");
	const struct passwd *pw;
	char first[64];
	AUTO_FCLOSE FILE *f = fopen("/etc/subuid", "re");

	if (!name && f && fscanf(f, "%63[^:\n]", first) == 1)
		name = first;
	pw = name ? getpwnam(name) : NULL;
	if (!pw || setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return false;
	/* A program that changed its identity is not dumpable; an ordinary user's kist is. */
	return prctl(PR_SET_DUMPABLE, 1) == 0;
}

#define ROOTLESS(f) cmocka_unit_test_setup_teardown(f, setup_rootless, teardown)
#define SINGLE(f) cmocka_unit_test_setup_teardown(f, setup_single, teardown)
#define LIVE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LIVE(exit_codes_are_the_commands),
	    LIVE(a_missing_command_is_named),
	    LIVE(what_cannot_be_executed_is_named),
	    LIVE(the_world_inside_is_separate),
	    LIVE(nothing_of_the_host_is_mounted),
	    LIVE(capabilities_are_podmans),
	    LIVE(the_system_call_filter_is_on),
	    LIVE(kernel_paths_are_hidden_and_read_only),
	    LIVE(devices_are_there),
	    LIVE(users_are_looked_up_inside),
	    LIVE(the_working_directory_is_made),
	    LIVE(only_standard_descriptors_are_open),
	    LIVE(the_programs_own_file_is_out_of_reach),
	    LIVE(a_symlink_at_a_mount_target_stays_inside),
	    LIVE(a_symlink_in_place_of_proc_is_refused),
	    LIVE(volumes_and_tmpfs_are_mounted),
	    LIVE(a_terminal_is_the_containers_own),
	    LIVE(init_forwards_signals_and_reaps),
	    LIVE(limits_are_set),
	    LIVE(processes_join_a_container),
	    LIVE(a_terminal_is_made_for_who_joins),
	    LIVE(a_container_dies_with_its_parent),
	    LIVE(who_joined_dies_with_the_caller),
	    LIVE(host_namespaces_can_be_shared),
	    LIVE(privileged_has_the_hosts_devices),
	    LIVE(kernel_parameters_are_set),
	};
	const struct CMUnitTest rootless[] = {
	    ROOTLESS(an_ordinary_user_runs_containers),
	    ROOTLESS(subordinate_ids_are_users_inside),
	    ROOTLESS(exit_codes_are_the_commands),
	    ROOTLESS(a_missing_command_is_named),
	    ROOTLESS(capabilities_are_podmans),
	    ROOTLESS(kernel_paths_are_hidden_and_read_only),
	    ROOTLESS(devices_are_there),
	    ROOTLESS(a_terminal_is_the_containers_own),
	    ROOTLESS(processes_join_a_container),
	    ROOTLESS(a_terminal_is_made_for_who_joins),
	    ROOTLESS(a_container_dies_with_its_parent),
	    ROOTLESS(who_joined_dies_with_the_caller),
	    ROOTLESS(limits_without_rights_are_refused),
	    SINGLE(an_ordinary_user_runs_containers),
	    SINGLE(one_id_has_no_other_users),
	    SINGLE(processes_join_a_container),
	};
	int code = 0, failed = 0;
	struct err err = ERR_INIT;
	pid_t pid;

	if (geteuid() != 0)
		return cmocka_run_group_tests(rootless, NULL, NULL);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (!become_user())
			print_message("# no KIST_TEST_USER and nobody in /etc/subuid: rootless "
				      "tests are skipped\n");
		code = cmocka_run_group_tests(rootless, NULL, NULL);
		(void)fflush(NULL);
		_exit(code);
	}
	return proc_wait(pid, &code, &err) < 0 || code || failed;
}
