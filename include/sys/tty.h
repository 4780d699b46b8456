/*
 * tty.h - terminals: raw mode and back, window size, pseudo-terminal pairs.
 *
 * Descriptors are borrowed. A process that puts the user's terminal into raw mode must restore it
 * on every way out, also on signals: it blocks them and reads them from a signalfd (tty_winch_fd
 * shows the pattern; pkg/monitor/user.c does it for all signals).
 */
#ifndef SYS_TTY_H
#define SYS_TTY_H

#include <stdbool.h>
#include <termios.h>

struct err;

struct tty_size {
	unsigned short rows, cols;
};

/* What tty_raw found; a plain value. */
struct tty_saved {
	bool valid;
	struct termios termios;
};

bool tty_is(int fd);

/* No echo, no line editing, no signals from keys, 8 bits; output is not processed either. */
int tty_raw(int fd, struct tty_saved *ret_saved, struct err *err);
/* Does nothing when saved is not valid. A background process is not stopped for it (SIGTTOU is
 * blocked meanwhile). Safe to call twice; saved becomes invalid. */
void tty_restore(int fd, struct tty_saved *saved);

int tty_get_size(int fd, struct tty_size *ret, struct err *err);
/* On a pty master: the foreground process group of the other side gets SIGWINCH. */
int tty_set_size(int fd, struct tty_size size, struct err *err);

/* A new pty from a ptmx device: path below dir, such as "ptmx" in a devpts mount, or AT_FDCWD and
 * "/dev/ptmx" for the host's. Unlocked. ret_number is N of the slave's /dev/pts/N. The slave is
 * reached through the master (TIOCGPTPEER), never by path. Both are close-on-exec and do not
 * become the controlling terminal. */
int tty_open_master(int dir, const char *path, int *ret_master, unsigned *ret_number,
		    struct err *err);
int tty_open_slave(int master, int *ret_slave, struct err *err);

/* Blocks SIGWINCH in this process and returns a descriptor that is readable after each change of
 * the window size (struct signalfd_siginfo records). */
int tty_winch_fd(int *ret_fd, struct err *err);

#endif
