#include "base/times.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define SEC_PER_MIN 60
#define SEC_PER_HOUR 3600
#define SEC_PER_DAY 86400

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t time_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t time_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Whole seconds, rounded down; *frac gets the rest. */
static time_t seconds_of(int64_t ns, int64_t *frac)
{
	*frac = ns % NSEC_PER_SEC;
	if (*frac >= 0)
		return (time_t)(ns / NSEC_PER_SEC);
	*frac += NSEC_PER_SEC;
	return (time_t)(ns / NSEC_PER_SEC - 1);
}

/* ".123" without trailing zeros, nothing for a whole second; returns the length with it. */
static size_t put_fraction(int64_t frac, char *out, size_t n, size_t max)
{
	if (frac == 0)
		return n;
	n += (size_t)snprintf(out + n, max - n, ".%09lld", (long long)frac);
	while (out[n - 1] == '0')
		n--;
	return n;
}

const char *time_rfc3339(int64_t ns, char out[RFC3339_MAX])
{
	int64_t frac;
	time_t sec = seconds_of(ns, &frac);
	struct tm tm;
	size_t n;

	(void)gmtime_r(&sec, &tm);
	n = strftime(out, RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	n = put_fraction(frac, out, n, RFC3339_MAX);
	(void)snprintf(out + n, RFC3339_MAX - n, "Z");
	return out;
}

const char *time_go(int64_t ns, bool local, char out[TIME_GO_MAX])
{
	int64_t frac;
	time_t sec = seconds_of(ns, &frac);
	struct tm tm;
	size_t n;

	if (local)
		(void)localtime_r(&sec, &tm);
	else
		(void)gmtime_r(&sec, &tm);
	n = strftime(out, TIME_GO_MAX, "%Y-%m-%d %H:%M:%S", &tm);
	n = put_fraction(frac, out, n, TIME_GO_MAX);
	/* gmtime_r names the zone GMT */
	(void)strftime(out + n, TIME_GO_MAX - n, local ? " %z %Z" : " +0000 UTC", &tm);
	return out;
}

/* Exactly `width` digits at *s. */
static bool take_fixed(const char **s, int width, int *ret)
{
	int v = 0, i;

	for (i = 0; i < width; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (**s - '0');
	}
	*ret = v;
	return true;
}

static bool take_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool take_date(const char **s, struct tm *tm)
{
	if (!take_fixed(s, 4, &tm->tm_year) || !take_char(s, '-') ||
	    !take_fixed(s, 2, &tm->tm_mon) || !take_char(s, '-') || !take_fixed(s, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31;
}

static bool take_clock(const char **s, struct tm *tm, int64_t *frac)
{
	int64_t unit = NSEC_PER_SEC / 10;

	*frac = 0;
	if (!take_fixed(s, 2, &tm->tm_hour) || !take_char(s, ':') ||
	    !take_fixed(s, 2, &tm->tm_min) || !take_char(s, ':') || !take_fixed(s, 2, &tm->tm_sec))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	if (!take_char(s, '.'))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		*frac += unit * (**s - '0');
	return true;
}

static bool take_offset(const char **s, int64_t *ret_sec)
{
	int sign, h, m;

	*ret_sec = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return true;
	if (**s != '+' && **s != '-')
		return false;
	sign = **s == '-' ? -1 : 1;
	(*s)++;
	if (!take_fixed(s, 2, &h) || !take_char(s, ':') || !take_fixed(s, 2, &m) || h > 23 ||
	    m > 59)
		return false;
	*ret_sec = (int64_t)sign * (h * SEC_PER_HOUR + m * SEC_PER_MIN);
	return true;
}

/* int64 nanoseconds reach from 1678 to 2262. Go's zero time lies before: 0. False when too late. */
static bool to_ns(int64_t sec, int64_t frac, int64_t *ret)
{
	if (sec > 9000000000LL)
		return false;
	*ret = sec < -9000000000LL ? 0 : sec * NSEC_PER_SEC + frac;
	return true;
}

int time_parse_rfc3339(const char *s, int64_t *ret, struct err *err)
{
	struct tm tm = {0};
	int64_t frac, off, sec;
	const char *p = s;

	if (!take_date(&p, &tm) ||
	    !(take_char(&p, 'T') || take_char(&p, 't') || take_char(&p, ' ')) ||
	    !take_clock(&p, &tm, &frac) || !take_offset(&p, &off) || *p)
		return err_set(err, ERR_INVALID, "\"%s\" is not an RFC 3339 time", s);
	sec = (int64_t)timegm(&tm) - off;
	if (!to_ns(sec, frac, ret))
		return err_set(err, ERR_INVALID, "\"%s\" lies too far in the future", s);
	return 0;
}

/* A date, or date and clock, without zone: local time. */
static bool parse_local(const char *s, int64_t *ret)
{
	struct tm tm = {.tm_isdst = -1};
	int64_t frac = 0;
	const char *p = s;

	if (!take_date(&p, &tm))
		return false;
	if (*p && !((take_char(&p, 'T') || take_char(&p, ' ')) && take_clock(&p, &tm, &frac)))
		return false;
	if (*p)
		return false;
	return to_ns((int64_t)mktime(&tm), frac, ret);
}

int time_parse_when(const char *s, const char *what, int64_t *ret, struct err *err)
{
	struct err ignored = ERR_INIT;
	uint64_t nano;
	int64_t d;

	if (time_parse_rfc3339(s, ret, &ignored) == 0 || parse_local(s, ret))
		return 0;
	if (parse_nano(s, what, &nano, &ignored) == 0 && nano <= INT64_MAX) {
		*ret = (int64_t)nano;
		return 0;
	}
	if (time_parse_duration(s, what, &d, &ignored) == 0) {
		*ret = time_now_ns() - d;
		return 0;
	}
	return err_set(
	    err, ERR_INVALID,
	    "%s: \"%s\" is neither a time (2006-01-02T15:04:05Z, seconds since 1970) nor a "
	    "duration (10m)",
	    what, s);
}

static const struct {
	const char *unit;
	int64_t ns;
} duration_units[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", NSEC_PER_SEC},
    {"m", SEC_PER_MIN *NSEC_PER_SEC},
    {"h", SEC_PER_HOUR *NSEC_PER_SEC},
};

static int64_t unit_ns(const char *unit, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++)
		if (strlen(duration_units[i].unit) == len &&
		    memcmp(duration_units[i].unit, unit, len) == 0)
			return duration_units[i].ns;
	return 0;
}

/* One "1.5h" at *s, added to *sum. */
static bool take_duration_part(const char **s, int64_t *sum)
{
	size_t num = strspn(*s, "0123456789."), len = strspn(*s + num, "nusmh");
	struct err ignored = ERR_INIT;
	char digits[32];
	uint64_t nano;
	__int128 v;

	if (num == 0 || num >= sizeof(digits))
		return false;
	memcpy(digits, *s, num);
	digits[num] = '\0';
	if (parse_nano(digits, "", &nano, &ignored) < 0 || unit_ns(*s + num, len) == 0)
		return false;
	v = (__int128)nano * unit_ns(*s + num, len) / NSEC_PER_SEC;
	if (v > INT64_MAX - *sum)
		return false;
	*sum += (int64_t)v;
	*s += num + len;
	return true;
}

int time_parse_duration(const char *s, const char *what, int64_t *ret_ns, struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *p = s;
	int64_t sum = 0;
	uint64_t nano;

	if (parse_nano(s, what, &nano, &ignored) == 0 && nano <= INT64_MAX) {
		*ret_ns = (int64_t)nano;
		return 0;
	}
	do {
		if (!take_duration_part(&p, &sum))
			return err_set(err, ERR_INVALID,
				       "%s: \"%s\" is not a duration (such as 90s or 1h30m)", what,
				       s);
	} while (*p);
	*ret_ns = sum;
	return 0;
}

const char *time_words(int64_t duration_ns, char out[TIME_WORDS_MAX])
{
	int64_t s = duration_ns / NSEC_PER_SEC, h;

	h = (s + SEC_PER_HOUR / 2) / SEC_PER_HOUR;
	if (s < 1)
		(void)snprintf(out, TIME_WORDS_MAX, "Less than a second");
	else if (s == 1)
		(void)snprintf(out, TIME_WORDS_MAX, "1 second");
	else if (s < SEC_PER_MIN)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld seconds", (long long)s);
	else if (s < 2 * SEC_PER_MIN)
		(void)snprintf(out, TIME_WORDS_MAX, "About a minute");
	else if (s < SEC_PER_HOUR)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld minutes", (long long)(s / SEC_PER_MIN));
	else if (h <= 1)
		(void)snprintf(out, TIME_WORDS_MAX, "About an hour");
	else if (h < 48)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld hours", (long long)h);
	else if (h < 24LL * 7 * 2)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld days", (long long)(h / 24));
	else if (h < 24LL * 30 * 2)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld weeks", (long long)(h / 24 / 7));
	else if (h < 24LL * 365 * 2)
		(void)snprintf(out, TIME_WORDS_MAX, "%lld months", (long long)(h / 24 / 30));
	else
		(void)snprintf(out, TIME_WORDS_MAX, "%lld years", (long long)(h / 24 / 365));
	return out;
}
