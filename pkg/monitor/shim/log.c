/*
 * log.c - the container's log. What cannot be written is lost for the log and nobody else: the
 * container goes on, and the file keeps only whole entries.
 */
#include "klog.h"
#include "monitor.h"
#include "sys/rawcall.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

void log_open(void)
{
	long end;

	mon.log.fd = mon.wire.fds & 1U << FD_LOG ? FD_LOG : NO_FD;
	if (mon.log.fd == NO_FD)
		return;
	end = sys3(SYS_lseek, mon.log.fd, 0, SEEK_END);
	mon.log.end = end > 0 ? (uint64_t)end : 0;
}

bool log_serves(void)
{
	return mon.log.fd != NO_FD && !mon.log.failed && mon.wire.log_size_max == 0;
}

/* Puts an empty file in place of the full one, as conmon does. */
static bool log_replace(void)
{
	char tmp[sizeof(mon.wire.log_name) + 4];
	uint32_t n = 0;
	long fd;

	for (; mon.wire.log_name[n]; n++)
		tmp[n] = mon.wire.log_name[n];
	mem_copy(tmp + n, ".tmp", 5);
	fd = sys4(SYS_openat, FD_LOG_DIR, tmp,
		  O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	if (sys4(SYS_renameat, FD_LOG_DIR, tmp, FD_LOG_DIR, mon.wire.log_name) < 0) {
		(void)sys1(SYS_close, fd);
		(void)sys3(SYS_unlinkat, FD_LOG_DIR, tmp, 0);
		return false;
	}
	(void)sys1(SYS_close, mon.log.fd);
	mon.log.fd = (int)fd;
	mon.log.end = 0;
	return true;
}

/* Whole entries. On failure nothing of them stays in the file. */
static void log_append(size_t len)
{
	size_t done = 0;
	long n = 0;

	while (done < len) {
		n = sys3(SYS_write, mon.log.fd, log_data + done, len - done);
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	mon.log.failed = done < len;
	if (!mon.log.failed)
		mon.log.end += len;
	else if (done > 0)
		(void)sys2(SYS_ftruncate, mon.log.fd, mon.log.end);
}

static size_t log_room(void)
{
	uint64_t max = mon.wire.log_size_max, left = max > mon.log.end ? max - mon.log.end : 0;

	return max == 0 || left > sizeof(log_data) ? sizeof(log_data) : (size_t)left;
}

void log_write(bool is_stderr, const char *data, size_t len)
{
	size_t used = 0, filled;
	char stamp[KLOG_STAMP_LEN];
	struct timespec now = {0};

	if (mon.log.fd == NO_FD)
		return;
	(void)sys2(SYS_clock_gettime, CLOCK_REALTIME, &now);
	klog_stamp(stamp, now.tv_sec, (uint32_t)now.tv_nsec, mon.wire.utc_offset);
	while (used < len) {
		filled = klog_fill(log_data, log_room(), stamp, is_stderr, data, len, &used);
		if (filled == 0 && mon.log.end > 0) {
			if (!log_replace())
				return;
			continue;
		}
		if (filled == 0) /* a limit below one entry: each file gets one */
			filled =
			    klog_fill(log_data, KLOG_ENTRY_MAX, stamp, is_stderr, data, len, &used);
		log_append(filled);
	}
}
