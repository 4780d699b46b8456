#include "sys/tty.h"
#include "base/auto.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

bool tty_is(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}

int tty_raw(int fd, struct tty_saved *ret_saved, struct err *err)
{
	struct tty_saved saved = {.valid = true};
	struct termios raw;

	if (tcgetattr(fd, &saved.termios) < 0)
		return err_sys(err, errno, "reading the terminal's settings");
	raw = saved.termios;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return err_sys(err, errno, "setting the terminal to raw mode");
	*ret_saved = saved;
	return 0;
}

void tty_restore(int fd, struct tty_saved *saved)
{
	sigset_t ttou, old;

	if (!saved->valid)
		return;
	saved->valid = false;
	(void)sigemptyset(&ttou);
	(void)sigaddset(&ttou, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &ttou, &old);
	/* A terminal that is gone needs no settings. */
	(void)tcsetattr(fd, TCSANOW, &saved->termios);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

int tty_get_size(int fd, struct tty_size *ret, struct err *err)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		return err_sys(err, errno, "reading the terminal's size");
	*ret = (struct tty_size){.rows = w.ws_row, .cols = w.ws_col};
	return 0;
}

int tty_set_size(int fd, struct tty_size size, struct err *err)
{
	struct winsize w = {.ws_row = size.rows, .ws_col = size.cols};

	if (ioctl(fd, TIOCSWINSZ, &w) < 0)
		return err_sys(err, errno, "setting the terminal's size");
	return 0;
}

int tty_open_master(int dir, const char *path, int *ret_master, unsigned *ret_number,
		    struct err *err)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int unlock = 0;
	unsigned number;

	if (fd < 0)
		return err_sys(err, errno, "opening a pseudo-terminal (%s)", path);
	if (ioctl(fd, TIOCSPTLCK, &unlock) < 0 || ioctl(fd, TIOCGPTN, &number) < 0)
		return err_sys(err, errno, "setting up a pseudo-terminal (%s)", path);
	*ret_master = TAKE_FD(fd);
	*ret_number = number;
	return 0;
}

int tty_open_slave(int master, int *ret_slave, struct err *err)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "opening the other side of a pseudo-terminal");
	*ret_slave = fd;
	return 0;
}

int tty_winch_fd(int *ret_fd, struct err *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, errno, "blocking SIGWINCH");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "watching for changes of the terminal's size");
	*ret_fd = fd;
	return 0;
}
