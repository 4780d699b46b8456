/* Numbers, truth values, dates and times of TOML. */
#include "toml_node.h"
#include "base/err.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>

#define WORD_MAX 127

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word_char(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c > 0 && strchr("+-_.:", c));
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Moves *s over digits of base, copying them without the underscores, which must stand between
 * digits. False when there is no digit. */
static bool take_digits(const char **s, int base, char **out)
{
	const char *p = *s;

	if (digit_value(*p) >= base)
		return false;
	while (digit_value(*p) < base) {
		*(*out)++ = *p++;
		if (*p == '_' && digit_value(p[1]) < base)
			p++;
	}
	*s = p;
	return true;
}

/* Plain digits of base, as take_digits left them, with a sign. */
static bool to_int(const char *digits, int base, bool negative, int64_t *ret)
{
	uint64_t v = 0;

	for (; *digits; digits++)
		if (__builtin_mul_overflow(v, (unsigned)base, &v) ||
		    __builtin_add_overflow(v, (unsigned)digit_value(*digits), &v))
			return false;
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* 1 an int, 0 not one, -1 one that does not fit. */
static int read_int(const char *s, int64_t *ret)
{
	bool negative = *s == '-', sign = negative || *s == '+';
	char digits[WORD_MAX + 1], *out = digits;
	int base = 10;

	s += sign;
	if (!sign && s[0] == '0' && s[1] && strchr("xob", s[1])) {
		base = s[1] == 'x' ? 16 : s[1] == 'o' ? 8 : 2;
		s += 2;
	} else if (s[0] == '0' && s[1]) {
		return 0;
	}
	if (!take_digits(&s, base, &out) || *s)
		return 0;
	*out = '\0';
	return to_int(digits, base, negative, ret) ? 1 : -1;
}

/* sign? (inf | nan) */
static bool read_special(const char *s, double *ret)
{
	bool negative = *s == '-';

	s += negative || *s == '+';
	if (streq(s, "inf"))
		*ret = negative ? -INFINITY : INFINITY;
	else if (streq(s, "nan"))
		*ret = NAN;
	else
		return false;
	return true;
}

static bool read_float(const char *s, double *ret)
{
	char plain[WORD_MAX + 1], *out = plain;

	if (read_special(s, ret))
		return true;
	if (*s == '-' || *s == '+')
		*out++ = *s++;
	if (*s == '0' && s[1] != '.' && (s[1] | 0x20) != 'e')
		return false;
	if (!take_digits(&s, 10, &out))
		return false;
	if (*s == '.') {
		*out++ = *s++;
		if (!take_digits(&s, 10, &out))
			return false;
	}
	if ((*s | 0x20) == 'e') {
		*out++ = *s++;
		if (*s == '-' || *s == '+')
			*out++ = *s++;
		if (!take_digits(&s, 10, &out))
			return false;
	}
	*out = '\0';
	if (*s)
		return false;
	*ret = strtod(plain, NULL);
	return true;
}

/* Two digits at most max, moves on. */
static bool take_two(const char **s, int min, int max)
{
	int v;

	if (!is_digit((*s)[0]) || !is_digit((*s)[1]))
		return false;
	v = ((*s)[0] - '0') * 10 + (*s)[1] - '0';
	*s += 2;
	return v >= min && v <= max;
}

static bool take_char(const char **s, const char *set)
{
	if (!**s || !strchr(set, **s))
		return false;
	(*s)++;
	return true;
}

static bool take_date(const char **s)
{
	const char *p = *s;

	if (!is_digit(p[0]) || !is_digit(p[1]) || !is_digit(p[2]) || !is_digit(p[3]))
		return false;
	p += 4;
	if (!take_char(&p, "-") || !take_two(&p, 1, 12) || !take_char(&p, "-") ||
	    !take_two(&p, 1, 31))
		return false;
	*s = p;
	return true;
}

static bool take_clock(const char **s)
{
	const char *p = *s;

	if (!take_two(&p, 0, 23) || !take_char(&p, ":") || !take_two(&p, 0, 59) ||
	    !take_char(&p, ":") || !take_two(&p, 0, 60))
		return false;
	if (*p == '.') {
		p++;
		if (!is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	}
	*s = p;
	return true;
}

static bool is_time(const char *s)
{
	bool date = take_date(&s);

	if (date && !*s)
		return true;
	if (date && !take_char(&s, "Tt "))
		return false;
	if (!take_clock(&s))
		return false;
	if (date && take_char(&s, "Zz"))
		return !*s;
	if (date && take_char(&s, "+-"))
		return take_two(&s, 0, 23) && take_char(&s, ":") && take_two(&s, 0, 59) && !*s;
	return !*s;
}

/* Copies the word at the cursor. A date may be followed by one blank and a time. */
static int take_word(struct toml_in *in, char out[WORD_MAX + 1], struct err *err)
{
	const char *date = out;
	size_t n = 0;
	int c;

	while (n < WORD_MAX) {
		c = toml_peek(in);
		out[n] = '\0';
		if (!is_word_char(c) && !(c == ' ' && n == 10 && is_digit(out[0]) &&
					  is_digit((char)toml_peek_at(in, 1)) && take_date(&date)))
			break;
		out[n++] = (char)c;
		in->p++;
	}
	if (n == WORD_MAX)
		return toml_syntax(in, err, "the value is longer than %d characters", WORD_MAX);
	if (n == 0)
		return toml_syntax(in, err, "a value is missing");
	return 0;
}

int toml_read_word(struct toml_in *in, struct toml_value *v, struct err *err)
{
	char word[WORD_MAX + 1];
	int r;

	r = take_word(in, word, err);
	if (r < 0)
		return r;
	if (streq(word, "true") || streq(word, "false")) {
		v->b = word[0] == 't';
		return 0;
	}
	r = read_int(word, &v->i);
	if (r < 0)
		return toml_syntax(in, err, "%s does not fit into 64 bits", word);
	if (r > 0) {
		v->kind = TOML_INT;
	} else if (is_time(word)) {
		v->s = strdup(word);
		if (!v->s)
			return err_nomem(err);
		v->kind = TOML_TIME;
	} else if (read_float(word, &v->f)) {
		v->kind = TOML_FLOAT;
	} else {
		return toml_syntax(in, err, "\"%s\" is not a value (a string needs quotes)", word);
	}
	return 0;
}
