#include "base/err.h"
#include "base/times.h"
#include "monitor/logs.h"

#include <stdio.h>

/* Of the longest RFC 3339 time with nanoseconds and offset. */
#define STAMP_MAX 35

/* Exactly "2026-11-22T06:48:20" followed by a fraction and an offset; the form that every writer
 * of this format uses, without the cost of the general reader: logs are long. */
static bool digits(const char *s, unsigned n, unsigned *ret)
{
	unsigned v = 0;

	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned)(*s - '0');
	}
	*ret = v;
	return true;
}

static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	/* Years that begin in March, in eras of 400 years. */
	unsigned y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
	unsigned of_era = y % 400;

	return (int64_t)(y / 400) * 146097 +
	       (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day - 1) -
	       719468;
}

static bool parse_clock(const char *s, int64_t *ret_sec)
{
	unsigned year, month, day, h, m, sec;

	if (!digits(s, 4, &year) || s[4] != '-' || !digits(s + 5, 2, &month) || s[7] != '-' ||
	    !digits(s + 8, 2, &day) || s[10] != 'T' || !digits(s + 11, 2, &h) || s[13] != ':' ||
	    !digits(s + 14, 2, &m) || s[16] != ':' || !digits(s + 17, 2, &sec))
		return false;
	if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    h > 23 || m > 59 || sec > 60)
		return false;
	*ret_sec = days_since_1970(year, month, day) * 86400 + h * 3600 + m * 60 + sec;
	return true;
}

static bool parse_offset(const char *s, size_t n, int64_t *ret_sec)
{
	unsigned h, m;

	*ret_sec = 0;
	if (n == 1)
		return *s == 'Z';
	if (n != 6 || (*s != '+' && *s != '-') || !digits(s + 1, 2, &h) || s[3] != ':' ||
	    !digits(s + 4, 2, &m) || h > 23 || m > 59)
		return false;
	*ret_sec = (int64_t)(h * 3600 + m * 60) * (*s == '-' ? -1 : 1);
	return true;
}

static bool parse_stamp(struct str s, int64_t *ret_ns)
{
	int64_t sec, offset, frac = 0, unit = NSEC_PER_SEC / 10;
	size_t i = 19;

	if (s.len < 20 || s.len > STAMP_MAX || !parse_clock(s.ptr, &sec))
		return false;
	if (s.ptr[i] == '.')
		for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++, unit /= 10)
			frac += unit * (s.ptr[i] - '0');
	if (i >= s.len || !parse_offset(s.ptr + i, s.len - i, &offset))
		return false;
	*ret_ns = (sec - offset) * NSEC_PER_SEC + frac;
	return true;
}

bool log_parse(struct str line, struct log_piece *ret)
{
	struct str rest = line, stream, tag;
	struct log_piece p = {0};

	p.time = str_cut(&rest, ' ');
	stream = str_cut(&rest, ' ');
	tag = str_cut(&rest, ' ');
	/* An empty text may have lost its blank; rest is then NULL. */
	if (!stream.ptr || !tag.ptr || tag.len < 1 || (tag.len > 1 && tag.ptr[1] != ':'))
		return false;
	p.is_stderr = str_eq(stream, "stderr");
	if ((!p.is_stderr && !str_eq(stream, "stdout")) ||
	    (tag.ptr[0] != 'F' && tag.ptr[0] != 'P') || !parse_stamp(p.time, &p.time_ns))
		return false;
	p.end = tag.ptr[0] == 'F';
	p.text = rest.ptr ? rest : (struct str){tag.ptr + tag.len, 0};
	*ret = p;
	return true;
}

/* As Go prints it: "Z" for +00:00, the fraction without trailing zeros. */
const char *log_time_text(const struct log_piece *p, char out[RFC3339_MAX])
{
	size_t end = 19, n = p->time.len < STAMP_MAX ? p->time.len : STAMP_MAX, digits_end;
	struct str offset;

	for (digits_end = end; digits_end < n; digits_end++)
		if (p->time.ptr[digits_end] != '.' &&
		    (p->time.ptr[digits_end] < '0' || p->time.ptr[digits_end] > '9'))
			break;
	offset = (struct str){p->time.ptr + digits_end, n - digits_end};
	for (end = digits_end;
	     end > 19 && (p->time.ptr[end - 1] == '0' || p->time.ptr[end - 1] == '.'); end--)
		if (p->time.ptr[end - 1] == '.') {
			end--;
			break;
		}
	(void)snprintf(out, RFC3339_MAX, "%.*s%.*s", (int)end, p->time.ptr,
		       str_eq(offset, "+00:00") ? 1 : (int)offset.len,
		       str_eq(offset, "+00:00") ? "Z" : offset.ptr);
	return out;
}
