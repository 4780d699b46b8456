/* Numbers from and to text; declared in base/str.h. */
#include "base/err.h"
#include "base/str.h"

#include <stdio.h>
#include <strings.h>

#define NANO 1000000000ULL
#define NANO_DIGITS 9

/* Reads digits at *s and moves it behind them. False: no digit, or it does not fit. */
static bool take_digits(const char **s, uint64_t *ret)
{
	uint64_t v = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++)
		if (__builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (unsigned)(**s - '0'), &v))
			return false;
	*ret = v;
	return true;
}

int parse_u64(const char *s, const char *what, uint64_t min, uint64_t max, uint64_t *ret,
	      struct err *err)
{
	const char *p = s;
	uint64_t v;

	if (!take_digits(&p, &v) || *p)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not a whole number", what, s);
	if (v < min || v > max)
		return err_set(err, ERR_INVALID, "%s: %s is not between %llu and %llu", what, s,
			       (unsigned long long)min, (unsigned long long)max);
	*ret = v;
	return 0;
}

int parse_i64(const char *s, const char *what, int64_t min, int64_t max, int64_t *ret,
	      struct err *err)
{
	const char *p = *s == '-' ? s + 1 : s;
	uint64_t u;
	int64_t v;

	if (!take_digits(&p, &u) || *p || u > INT64_MAX)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not a whole number", what, s);
	v = *s == '-' ? -(int64_t)u : (int64_t)u;
	if (v < min || v > max)
		return err_set(err, ERR_INVALID, "%s: %s is not between %lld and %lld", what, s,
			       (long long)min, (long long)max);
	*ret = v;
	return 0;
}

int parse_mode(const char *s, const char *what, unsigned *ret, struct err *err)
{
	unsigned v = 0;
	size_t i, n = strlen(s);

	if (n == 0 || n > 5)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not an octal mode", what, s);
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '7')
			return err_set(err, ERR_INVALID, "%s: \"%s\" is not an octal mode", what,
				       s);
		v = v * 8 + (unsigned)(s[i] - '0');
	}
	if (v > 07777)
		return err_set(err, ERR_INVALID, "%s: mode %s is above 7777", what, s);
	*ret = v;
	return 0;
}

/* The power of 1024 that a unit names, -1 for none. */
static int unit_power(const char *unit)
{
	static const char letters[] = "bkmgtp";
	char c = (char)(*unit | 0x20);
	const char *at;

	if (!*unit)
		return 0;
	at = strchr(letters, c);
	if (!at)
		return -1;
	if (c != 'b' && unit[1] && strcasecmp(unit + 1, "b") != 0 &&
	    strcasecmp(unit + 1, "ib") != 0)
		return -1;
	if (c == 'b' && unit[1])
		return -1;
	return (int)(at - letters);
}

static bool take_fraction(const char **s, uint64_t *ret)
{
	uint64_t v = 0;
	int digits = 0;

	*ret = 0;
	if (**s != '.')
		return true;
	for ((*s)++; **s >= '0' && **s <= '9'; (*s)++)
		if (digits < NANO_DIGITS) {
			v = v * 10 + (unsigned)(**s - '0');
			digits++;
		}
	if (digits == 0)
		return false;
	for (; digits < NANO_DIGITS; digits++)
		v *= 10;
	*ret = v;
	return true;
}

int parse_size(const char *s, const char *what, uint64_t *ret, struct err *err)
{
	uint64_t whole, frac, unit, v;
	const char *p = s;
	int power;

	if (!take_digits(&p, &whole) || !take_fraction(&p, &frac))
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not a size (such as 512m or 2g)",
			       what, s);
	if (*p == ' ')
		p++;
	power = unit_power(p);
	if (power < 0)
		return err_set(err, ERR_INVALID,
			       "%s: \"%s\" has an unknown unit (use b, k, m, g or t)", what, s);
	unit = 1ULL << (10 * power);
	if (__builtin_mul_overflow(whole, unit, &v) ||
	    __builtin_add_overflow(v, (uint64_t)((unsigned __int128)frac * unit / NANO), &v))
		return err_set(err, ERR_INVALID, "%s: %s is too large", what, s);
	*ret = v;
	return 0;
}

int parse_nano(const char *s, const char *what, uint64_t *ret, struct err *err)
{
	uint64_t whole = 0, frac, v;
	const char *p = s;

	if ((*p != '.' && !take_digits(&p, &whole)) || !take_fraction(&p, &frac) || *p || p == s)
		return err_set(err, ERR_INVALID, "%s: \"%s\" is not a number", what, s);
	if (__builtin_mul_overflow(whole, NANO, &v) || __builtin_add_overflow(v, frac, &v))
		return err_set(err, ERR_INVALID, "%s: %s is too large", what, s);
	*ret = v;
	return 0;
}

/* unit_at: what is rounded up to this many of a unit is given in the next one. */
static const char *human(uint64_t bytes, int figures, double unit_at, const char *gap,
			 char out[HUMAN_MAX])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)bytes;
	size_t i = 0;

	while (v >= unit_at && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000.0;
		i++;
	}
	(void)snprintf(out, HUMAN_MAX, "%.*g%s%s", figures, v, gap, units[i]);
	return out;
}

const char *human_size(uint64_t bytes, char out[HUMAN_MAX])
{
	return human(bytes, 4, 1000.0, "", out);
}

/* 999.9 kB in three figures would be "1e+03 kB", as in podman: this is 1 MB. */
const char *human_size_short(uint64_t bytes, const char *gap, char out[HUMAN_MAX])
{
	return human(bytes, 3, 999.5, gap, out);
}
