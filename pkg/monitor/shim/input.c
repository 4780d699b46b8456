/*
 * input.c - from clients to the container.
 */
#include "monitor.h"
#include "sys/rawcall.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/tty.h>

#define CTRL_D 4

/* The end of input in a terminal is a key; it must be typed twice when a line is unfinished (the
 * first only hands the line over). */
static void type_eof(void)
{
	in_data[0] = in_data[1] = CTRL_D;
	mon.in.at = 0;
	mon.in.len = mon.in.last == '\n' || mon.in.last == CTRL_D ? 1 : 2;
	mon.in.eof = false;
}

static void taken(void)
{
	const struct frame_small f = frame_make(FRAME_TAKEN);
	struct client *c;

	for (c = mon.clients; c < mon.clients + CLIENTS_MAX; c++) {
		c->blocked = false;
		if (c->owed && c->fd != NO_FD)
			client_tell(c, &f, NO_FD);
		c->owed = false;
	}
}

void input_flush(void)
{
	long n;

	while (mon.in.fd != NO_FD && (mon.in.len > 0 || (mon.in.eof && mon.is_tty))) {
		if (mon.in.len == 0)
			type_eof();
		n = sys3(SYS_write, mon.in.fd, in_data + mon.in.at, mon.in.len);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN || n == 0)
			return;
		if (n < 0) {
			/* Nobody reads any more. A terminal may be opened again. */
			mon.in.len = 0;
			if (!mon.is_tty)
				fd_close(&mon.in.fd);
			break;
		}
		mon.in.last = in_data[mon.in.at + (uint32_t)n - 1];
		mon.in.at += (uint32_t)n;
		mon.in.len -= (uint32_t)n;
	}
	mon.in.len = 0;
	taken();
	if (mon.in.eof && !mon.is_tty)
		fd_close(&mon.in.fd);
}

void input_message(struct client *c, size_t n)
{
	c->owed = true;
	mon.used_much |= n > PAGE / 2;
	if (mon.in.fd != NO_FD && !mon.in.eof && c->wants & MONITOR_WANT_STDIN) {
		mon.in.at = sizeof(struct frame_head);
		mon.in.len = (uint32_t)n - mon.in.at;
	}
	input_flush();
}

void input_eof(void)
{
	mon.in.eof = true;
	input_flush();
}
