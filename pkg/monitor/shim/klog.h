/*
 * klog.h - writing podman's k8s-file log format (monitor/logs.h describes and reads it); pure
 * functions, used by the monitor and its tests.
 *
 * As conmon does: the bytes of one read from the container carry one time; a part of a line that
 * ends without newline is tagged P, and what completes it F; a line longer than KLOG_TEXT_MAX is
 * stored in parts; an unfinished line at the end stays P.
 */
#ifndef SHIM_KLOG_H
#define SHIM_KLOG_H

#include "mem.h"

#include <stdbool.h>

/* conmon reads 8192 bytes at a time, so no reader meets longer parts from it either. */
#define KLOG_TEXT_MAX 8192U
/* "2026-11-22T06:48:20.123456789+00:00" */
#define KLOG_STAMP_LEN 35U
/* stamp, " stdout F " */
#define KLOG_PREFIX_LEN (KLOG_STAMP_LEN + 10U)
#define KLOG_ENTRY_MAX (KLOG_PREFIX_LEN + KLOG_TEXT_MAX + 1U)

static inline void klog_digits(char *out, unsigned width, uint64_t v)
{
	while (width > 0) {
		out[--width] = (char)('0' + v % 10);
		v /= 10;
	}
}

/* Days since 1970 to a date: counted in eras of 400 years that begin on 1 March, so that the leap
 * day is the last of its year. */
static inline void klog_date(char *out, int64_t days)
{
	int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	uint64_t day_of_era = (uint64_t)(shifted - era * 146097);
	uint64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t m = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * m + 2) / 5 + 1;
	uint64_t month = m < 10 ? m + 3 : m - 9;
	int64_t year = (int64_t)year_of_era + era * 400 + (month <= 2);

	klog_digits(out, 4, (uint64_t)year);
	out[4] = '-';
	klog_digits(out + 5, 2, month);
	out[7] = '-';
	klog_digits(out + 8, 2, day);
}

/* KLOG_STAMP_LEN bytes for a time in years 1970 to 9999; offset: seconds east of UTC. */
static inline void klog_stamp(char *out, int64_t sec, uint32_t nsec, int32_t offset)
{
	int64_t local = sec + offset;
	uint64_t clock = (uint64_t)(local % 86400);
	uint32_t minutes = (uint32_t)(offset < 0 ? -offset : offset) / 60;

	klog_date(out, local / 86400);
	out[10] = 'T';
	klog_digits(out + 11, 2, clock / 3600);
	out[13] = ':';
	klog_digits(out + 14, 2, clock / 60 % 60);
	out[16] = ':';
	klog_digits(out + 17, 2, clock % 60);
	out[19] = '.';
	klog_digits(out + 20, 9, nsec);
	out[29] = offset < 0 ? '-' : '+';
	klog_digits(out + 30, 2, minutes / 60);
	out[32] = ':';
	klog_digits(out + 33, 2, minutes % 60);
}

/* Puts as many whole entries as fit (room bytes) to out; returns their length, and moves *used
 * forward by the bytes of data that they hold. 0: not even the first one fits. */
static inline size_t klog_fill(char *out, size_t room, const char *stamp, bool is_stderr,
			       const char *data, size_t len, size_t *used)
{
	size_t filled = 0, left, text;
	const char *newline;

	while (*used < len) {
		left = len - *used;
		newline = mem_find(data + *used, '\n',
				   left < KLOG_TEXT_MAX + 1 ? left : KLOG_TEXT_MAX + 1);
		text = newline ? (size_t)(newline - (data + *used)) : left;
		if (text > KLOG_TEXT_MAX)
			text = KLOG_TEXT_MAX;
		if (room - filled < KLOG_PREFIX_LEN + text + 1)
			break;
		mem_copy(out + filled, stamp, KLOG_STAMP_LEN);
		mem_copy(out + filled + KLOG_STAMP_LEN,
			 is_stderr ? newline ? " stderr F " : " stderr P "
			 : newline ? " stdout F "
				   : " stdout P ",
			 10);
		mem_copy(out + filled + KLOG_PREFIX_LEN, data + *used, text);
		filled += KLOG_PREFIX_LEN + text;
		out[filled++] = '\n';
		*used += text + (newline != NULL);
	}
	return filled;
}

#endif
