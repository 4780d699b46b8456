/* Points in time as values: how they print, their methods, and Go's layouts ("2006-01-02"). */
#include "tmpl_run.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"

#include <stdio.h>
#include <time.h>

#define FORMAT_TIME_MAX 4096
#define ZERO_SEC (-62135596800LL) /* year 1 */
#define SEC_PER_HOUR 3600
#define SEC_PER_MIN 60

struct moment {
	int64_t ns; /* 0: Go's zero time */
	bool local;
};

static const struct tmpl_ops time_ops;

int tmpl_time(struct tmpl_mem *mem, int64_t ns, bool local, struct tmpl_value *ret, struct err *err)
{
	struct moment *m = tmpl_alloc(mem, sizeof(*m), err);

	if (!m)
		return -(int)err->code;
	*m = (struct moment){ns, local};
	*ret = tmpl_object(&time_ops, m);
	return 0;
}

static int64_t seconds(const struct moment *m)
{
	if (m->ns == 0)
		return ZERO_SEC;
	return m->ns / NSEC_PER_SEC - (m->ns % NSEC_PER_SEC < 0);
}

static int64_t fraction(const struct moment *m)
{
	return (m->ns % NSEC_PER_SEC + NSEC_PER_SEC) % NSEC_PER_SEC;
}

static void broken_down(const struct moment *m, struct tm *tm)
{
	time_t sec = (time_t)seconds(m);

	if (m->local && m->ns != 0)
		(void)localtime_r(&sec, tm);
	else
		(void)gmtime_r(&sec, tm);
}

/* ---- layouts ---- */

enum part {
	YEAR,
	YEAR2,
	MONTH,
	MONTH2,
	MONTH_NAME,
	MONTH_WORD,
	DAY,
	DAY2,
	DAY_BLANK,
	YEAR_DAY,
	WEEKDAY_NAME,
	WEEKDAY_WORD,
	HOUR,
	HOUR12,
	HOUR12_2,
	MINUTE,
	MINUTE2,
	SECOND,
	SECOND2,
	PM,
	PM_SMALL,
	ZONE_NAME,
	ZONE,
	ZONE_COLON,
	ZONE_HOUR,
	ZONE_Z,
	ZONE_Z_COLON,
};

/* The longer of two that begin alike stands first. */
static const struct {
	const char *text;
	enum part part;
} parts[] = {
    {"January", MONTH_WORD},
    {"Jan", MONTH_NAME},
    {"Monday", WEEKDAY_WORD},
    {"Mon", WEEKDAY_NAME},
    {"MST", ZONE_NAME},
    {"2006", YEAR},
    {"-07:00", ZONE_COLON},
    {"-0700", ZONE},
    {"-07", ZONE_HOUR},
    {"Z07:00", ZONE_Z_COLON},
    {"Z0700", ZONE_Z},
    {"002", YEAR_DAY},
    {"01", MONTH2},
    {"02", DAY2},
    {"03", HOUR12_2},
    {"04", MINUTE2},
    {"05", SECOND2},
    {"06", YEAR2},
    {"15", HOUR},
    {"_2", DAY_BLANK},
    {"PM", PM},
    {"pm", PM_SMALL},
    {"1", MONTH},
    {"2", DAY},
    {"3", HOUR12},
    {"4", MINUTE},
    {"5", SECOND},
};

static const char *const months[] = {"January",	  "February", "March",	  "April",
				     "May",	  "June",     "July",	  "August",
				     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				       "Thursday", "Friday", "Saturday"};

static void add_zone(struct buf *out, const struct tm *tm, enum part part)
{
	long sec = tm->tm_gmtoff, abs = sec < 0 ? -sec : sec;

	if (sec == 0 && (part == ZONE_Z || part == ZONE_Z_COLON)) {
		buf_addc(out, 'Z');
		return;
	}
	buf_addf(out, "%c%02ld", sec < 0 ? '-' : '+', abs / SEC_PER_HOUR);
	if (part != ZONE_HOUR)
		buf_addf(out, "%s%02ld", part == ZONE_COLON || part == ZONE_Z_COLON ? ":" : "",
			 abs % SEC_PER_HOUR / SEC_PER_MIN);
}

static void add_date(struct buf *out, const struct tm *tm, enum part part)
{
	switch (part) {
	case YEAR:
		buf_addf(out, "%04d", tm->tm_year + 1900);
		break;
	case YEAR2:
		buf_addf(out, "%02d", (tm->tm_year + 1900) % 100);
		break;
	case MONTH:
	case MONTH2:
		buf_addf(out, part == MONTH ? "%d" : "%02d", tm->tm_mon + 1);
		break;
	case MONTH_NAME:
		buf_addf(out, "%.3s", months[tm->tm_mon]);
		break;
	case MONTH_WORD:
		buf_adds(out, months[tm->tm_mon]);
		break;
	case DAY:
	case DAY2:
		buf_addf(out, part == DAY ? "%d" : "%02d", tm->tm_mday);
		break;
	case DAY_BLANK:
		buf_addf(out, "%2d", tm->tm_mday);
		break;
	case YEAR_DAY:
		buf_addf(out, "%03d", tm->tm_yday + 1);
		break;
	case WEEKDAY_NAME:
		buf_addf(out, "%.3s", weekdays[tm->tm_wday]);
		break;
	default:
		buf_adds(out, weekdays[tm->tm_wday]);
		break;
	}
}

static void add_clock(struct buf *out, const struct tm *tm, bool utc, enum part part)
{
	int hour12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;

	switch (part) {
	case HOUR:
		buf_addf(out, "%02d", tm->tm_hour);
		break;
	case HOUR12:
	case HOUR12_2:
		buf_addf(out, part == HOUR12 ? "%d" : "%02d", hour12);
		break;
	case MINUTE:
	case MINUTE2:
		buf_addf(out, part == MINUTE ? "%d" : "%02d", tm->tm_min);
		break;
	case SECOND:
	case SECOND2:
		buf_addf(out, part == SECOND ? "%d" : "%02d", tm->tm_sec);
		break;
	case PM:
		buf_adds(out, tm->tm_hour >= 12 ? "PM" : "AM");
		break;
	case PM_SMALL:
		buf_adds(out, tm->tm_hour >= 12 ? "pm" : "am");
		break;
	case ZONE_NAME:
		buf_adds(out, utc || !tm->tm_zone ? "UTC" : tm->tm_zone);
		break;
	default:
		add_zone(out, tm, part);
		break;
	}
}

/* ".000" gives as many digits, ".999" drops zeros at the end; returns the length, 0: not there. */
static size_t add_fraction(struct buf *out, const char *layout, int64_t frac)
{
	size_t n = layout[0] == '.' || layout[0] == ',' ? strspn(layout + 1, "0") : 0;
	bool trim = false;
	char digits[16];

	if (n == 0 && (layout[0] == '.' || layout[0] == ',')) {
		n = strspn(layout + 1, "9");
		trim = true;
	}
	if (n == 0 || n > 9 || (layout[1 + n] >= '0' && layout[1 + n] <= '9'))
		return 0;
	(void)snprintf(digits, sizeof(digits), "%09lld", (long long)frac);
	digits[n] = '\0';
	if (trim)
		while (str_ends(digits, "0"))
			digits[strlen(digits) - 1] = '\0';
	if (*digits)
		buf_addf(out, "%c%s", layout[0], digits);
	return n + 1;
}

/* "Jan" and "Mon" are no parts when they begin a longer word. */
static bool is_part(const char *layout, size_t i)
{
	char next = layout[strlen(parts[i].text)];

	if (!str_starts(layout, parts[i].text))
		return false;
	return !((parts[i].part == MONTH_NAME || parts[i].part == WEEKDAY_NAME) && next >= 'a' &&
		 next <= 'z');
}

static void format(const struct moment *m, const char *layout, struct buf *out)
{
	struct tm tm;
	size_t i, n;

	broken_down(m, &tm);
	while (*layout) {
		n = add_fraction(out, layout, fraction(m));
		for (i = 0; n == 0 && i < ARRAY_LEN(parts); i++) {
			if (!is_part(layout, i))
				continue;
			n = strlen(parts[i].text);
			if (parts[i].part <= WEEKDAY_WORD)
				add_date(out, &tm, parts[i].part);
			else
				add_clock(out, &tm, !m->local, parts[i].part);
		}
		if (n == 0) {
			buf_addc(out, *layout);
			n = 1;
		}
		layout += n;
	}
}

static int keep_format(const struct moment *m, const char *layout, struct tmpl_mem *mem,
		       struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(FORMAT_TIME_MAX);
	int r;

	format(m, layout, &b);
	r = buf_check(&b, "a time", err);
	return r < 0 ? r : tmpl_keep(mem, buf_str(&b), b.len, ret, err);
}

/* ---- as a value ---- */

static int to_text(const void *obj, struct tmpl_mem *mem, const char **ret, struct err *err)
{
	const struct moment *m = obj;
	struct tmpl_value v;
	char text[TIME_GO_MAX];
	int r;

	if (m->ns == 0) {
		*ret = "0001-01-01 00:00:00 +0000 UTC";
		return 0;
	}
	r = tmpl_keepf(mem, &v, err, "%s", time_go(m->ns, m->local, text));
	if (r == 0)
		*ret = v.s;
	return r;
}

static int to_json(const void *obj, struct buf *out, struct err *err)
{
	const struct moment *m = obj;
	char text[RFC3339_MAX];

	buf_addf(out, "\"%s\"", m->ns ? time_rfc3339(m->ns, text) : "0001-01-01T00:00:00Z");
	return buf_check(out, "the output", err);
}

static size_t no_fields(const void *obj)
{
	(void)obj;
	return 0;
}

/* Go's Weekday and Month are numbers that print as words. */
static int number(const struct moment *m, const char *name, struct tmpl_value *ret)
{
	struct tm tm;

	broken_down(m, &tm);
	if (streq(name, "Unix"))
		*ret = tmpl_int(seconds(m));
	else if (streq(name, "UnixMilli"))
		*ret = tmpl_int(seconds(m) * 1000 + fraction(m) / 1000000);
	else if (streq(name, "UnixNano"))
		*ret = tmpl_int(m->ns);
	else if (streq(name, "Nanosecond"))
		*ret = tmpl_int(fraction(m));
	else if (streq(name, "Year"))
		*ret = tmpl_int(tm.tm_year + 1900);
	else if (streq(name, "Day"))
		*ret = tmpl_int(tm.tm_mday);
	else if (streq(name, "YearDay"))
		*ret = tmpl_int(tm.tm_yday + 1);
	else if (streq(name, "Hour"))
		*ret = tmpl_int(tm.tm_hour);
	else if (streq(name, "Minute"))
		*ret = tmpl_int(tm.tm_min);
	else if (streq(name, "Second"))
		*ret = tmpl_int(tm.tm_sec);
	else if (streq(name, "Month"))
		*ret = tmpl_string(months[tm.tm_mon]);
	else if (streq(name, "Weekday"))
		*ret = tmpl_string(weekdays[tm.tm_wday]);
	else if (streq(name, "IsZero"))
		*ret = tmpl_bool(m->ns == 0);
	else
		return 0;
	return 1;
}

static int field(const void *obj, const char *name, struct tmpl_mem *mem, struct tmpl_value *ret,
		 struct err *err)
{
	const struct moment *m = obj;
	const char *text = NULL;
	int r = 0;

	if (streq(name, "String"))
		r = to_text(obj, mem, &text, err);
	else if (streq(name, "UTC") || streq(name, "Local"))
		r = tmpl_time(mem, m->ns, streq(name, "Local"), ret, err);
	else
		return number(m, name, ret);
	if (text)
		*ret = tmpl_string(text);
	return r < 0 ? r : 1;
}

static int call(const void *obj, const char *name, const struct tmpl_value *args, size_t n,
		struct tmpl_mem *mem, struct tmpl_value *ret, struct err *err)
{
	int r;

	if (!streq(name, "Format") || n != 1 || args[0].kind != TMPL_STRING)
		return 0;
	r = keep_format(obj, args[0].s, mem, ret, err);
	return r < 0 ? r : 1;
}

static const struct tmpl_ops time_ops = {
    .type = "time.Time",
    .count = no_fields,
    .field = field,
    .call = call,
    .text = to_text,
    .json = to_json,
};
