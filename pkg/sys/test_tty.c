#include "base/auto.h"
#include "base/err.h"
#include "sys/tty.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void open_pair(int *master, int *slave)
{
	struct err err = ERR_INIT;
	unsigned number;

	assert_int_equal(tty_open_master(AT_FDCWD, "/dev/ptmx", master, &number, &err), 0);
	assert_int_equal(tty_open_slave(*master, slave, &err), 0);
}

static void a_pair_carries_bytes_both_ways(void **state)
{
	AUTO_CLOSE int master = -1, slave = -1;
	char got[8] = "";

	(void)state;
	open_pair(&master, &slave);
	assert_int_equal(write(slave, "ab\n", 3), 3);
	assert_int_equal(read(master, got, sizeof(got)), 4);
	assert_memory_equal(got, "ab\r\n", 4);
	assert_int_equal(write(master, "x\n", 2), 2);
	assert_int_equal(read(slave, got, sizeof(got)), 2);
}

static void raw_mode_is_undone(void **state)
{
	AUTO_CLOSE int master = -1, slave = -1;
	struct tty_saved saved = {0};
	struct err err = ERR_INIT;
	struct termios before, during, after;

	(void)state;
	open_pair(&master, &slave);
	assert_int_equal(tcgetattr(slave, &before), 0);
	assert_int_equal(tty_raw(slave, &saved, &err), 0);
	assert_int_equal(tcgetattr(slave, &during), 0);
	assert_int_equal(during.c_lflag & (ECHO | ICANON | ISIG), 0);
	tty_restore(slave, &saved);
	tty_restore(slave, &saved);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
}

static void the_size_is_set_through_the_master(void **state)
{
	AUTO_CLOSE int master = -1, slave = -1;
	struct tty_size size = {0};
	struct err err = ERR_INIT;

	(void)state;
	open_pair(&master, &slave);
	assert_int_equal(tty_set_size(master, (struct tty_size){33, 99}, &err), 0);
	assert_int_equal(tty_get_size(slave, &size, &err), 0);
	assert_int_equal(size.rows, 33);
	assert_int_equal(size.cols, 99);
}

static void what_is_no_terminal_is_refused(void **state)
{
	AUTO_CLOSE int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct tty_saved saved = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_false(tty_is(fd));
	assert_int_equal(tty_raw(fd, &saved, &err), -ERR_SYS);
	assert_false(saved.valid);
}

static void a_change_of_size_is_seen(void **state)
{
	AUTO_CLOSE int fd = -1;
	struct err err = ERR_INIT;
	struct pollfd p = {.events = POLLIN};

	(void)state;
	assert_int_equal(tty_winch_fd(&fd, &err), 0);
	(void)raise(SIGWINCH);
	p.fd = fd;
	assert_int_equal(poll(&p, 1, 1000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_pair_carries_bytes_both_ways),
	    cmocka_unit_test(raw_mode_is_undone),
	    cmocka_unit_test(the_size_is_set_through_the_master),
	    cmocka_unit_test(what_is_no_terminal_is_refused),
	    cmocka_unit_test(a_change_of_size_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
