/* Values as text: Go's %v and the other verbs of its Printf. */
#include "tmpl_run.h"
#include "utf8.h"
#include "base/buf.h"
#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Widths and precisions beyond this are refused, as Go refuses those beyond a million. */
#define WIDTH_MAX 10000
#define SCRATCH_MAX (64U << 10)
#define SHORTEST_DIGITS 17
/* From 10 to this power on, Go writes a float with an exponent. */
#define FLOAT_PLAIN_MAX 6

struct spec {
	bool plus, minus, sharp, space, zero;
	bool names, syntax; /* %+v and %#v */
	int width, prec;    /* -1: not given */
	char verb;
	struct tmpl_mem *mem;
	unsigned depth;
};

static int print_value(struct spec *s, struct tmpl_value v, struct buf *out, struct err *err);

/* text in the width of s; zeros go behind the sign of a number. */
static void pad(const struct spec *s, const char *text, size_t len, bool number, struct buf *out)
{
	size_t n = s->width > 0 ? utf8_count(text, len) : 0, fill = 0, sign = 0;

	if (s->width > 0 && n < (size_t)s->width)
		fill = (size_t)s->width - n;
	if (!s->minus) {
		if (s->zero && number && len > 0 && strchr("+- ", *text))
			sign = 1;
		buf_add(out, text, sign);
		for (; fill > 0; fill--)
			buf_addc(out, s->zero ? '0' : ' ');
	}
	buf_add(out, text + sign, len - sign);
	for (; fill > 0; fill--)
		buf_addc(out, ' ');
}

static void quote(const char *s, size_t len, char mark, struct buf *out)
{
	static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
	const char *at;
	size_t n;

	buf_addc(out, mark);
	for (; len > 0; s += n, len -= n) {
		n = utf8_len(s, len);
		at = strchr(values, *s);
		if (n > 1)
			buf_add(out, s, n);
		else if (*s == mark || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if (*s >= ' ' && *s < 0x7f)
			buf_addc(out, *s);
		else if (at)
			buf_addf(out, "\\%c", names[at - values]);
		else
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		n = n ? n : 1;
	}
	buf_addc(out, mark);
}

/* "%!d(string=x)" */
static int print_bad(const struct spec *s, struct tmpl_value v, struct buf *out, struct err *err)
{
	int r = 0;

	buf_addf(out, "%%!%c(%s", s->verb, tmpl_type(v));
	if (v.kind != TMPL_NIL) {
		buf_addc(out, '=');
		r = tmpl_print(v, s->mem, out, err);
	}
	buf_addc(out, ')');
	return r;
}

static int print_string(const struct spec *s, const char *v, struct buf *out, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(out->max);
	size_t len = strlen(v), i, n = 0;

	if (s->prec >= 0) {
		for (i = 0; i < len && n < (size_t)s->prec; n++)
			i += utf8_len(v + i, len - i) ? utf8_len(v + i, len - i) : 1;
		len = i;
	}
	switch (s->syntax ? 'q' : s->verb) {
	case 'v':
	case 's':
		pad(s, v, len, false, out);
		return 0;
	case 'q':
		quote(v, len, '"', &b);
		break;
	case 'x':
	case 'X':
		for (i = 0; i < len; i++)
			buf_addf(&b, s->verb == 'x' ? "%02x" : "%02X", (unsigned char)v[i]);
		break;
	default:
		return print_bad(s, tmpl_string(v), out, err);
	}
	if (!buf_ok(&b))
		return buf_check(&b, "the output", err);
	pad(s, buf_str(&b), b.len, false, out);
	return 0;
}

/* Digits of v in base, at the end of out; returns where they begin. */
static char *digits_of(uint64_t v, unsigned base, bool upper, char out[72])
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *p = out + 71;

	*p = '\0';
	do {
		*--p = set[v % base];
		v /= base;
	} while (v);
	return p;
}

static int print_rune(const struct spec *s, int64_t v, struct buf *out)
{
	AUTO_BUF struct buf b = BUF_INIT(SCRATCH_MAX), quoted = BUF_INIT(SCRATCH_MAX);
	bool valid = v > 0 && v <= 0x10ffff && !(v >= 0xd800 && v < 0xe000);

	if (s->verb == 'U') {
		buf_addf(&b, "U+%04llX", (unsigned long long)v);
	} else {
		utf8_add(&b, valid ? (uint32_t)v : 0xfffd);
		if (s->verb == 'q') {
			quote(buf_str(&b), b.len, '\'', &quoted);
			pad(s, buf_str(&quoted), quoted.len, false, out);
			return 0;
		}
	}
	pad(s, buf_str(&b), b.len, false, out);
	return 0;
}

static int print_int(const struct spec *s, int64_t v, struct buf *out, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(SCRATCH_MAX);
	unsigned base = 10;
	char tmp[72], *digits;
	int i;

	switch (s->verb) {
	case 'v':
	case 'd':
		break;
	case 'b':
		base = 2;
		break;
	case 'o':
	case 'O':
		base = 8;
		break;
	case 'x':
	case 'X':
		base = 16;
		break;
	case 'c':
	case 'q':
	case 'U':
		return print_rune(s, v, out);
	default:
		return print_bad(s, tmpl_int(v), out, err);
	}
	digits = digits_of(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, base, s->verb == 'X', tmp);
	if (v < 0)
		buf_addc(&b, '-');
	else if (s->plus || s->space)
		buf_addc(&b, s->plus ? '+' : ' ');
	if (s->verb == 'O' || (s->sharp && base != 10))
		buf_adds(&b, base == 2	      ? "0b"
			     : base == 16     ? s->verb == 'x' ? "0x" : "0X"
			     : s->verb == 'O' ? "0o"
					      : "0");
	for (i = (int)strlen(digits); i < s->prec; i++)
		buf_addc(&b, '0');
	buf_adds(&b, digits);
	pad(s, buf_str(&b), b.len, true, out);
	return 0;
}

/* As few digits as read back the same, in the form d.ddde+dd; returns digits behind the point. */
static int shortest(double f, char *out, size_t max)
{
	int n;

	for (n = 0; n < SHORTEST_DIGITS; n++) {
		(void)snprintf(out, max, "%.*e", n, f);
		if (strtod(out, NULL) == f)
			break;
	}
	return n;
}

void tmpl_print_float(double f, bool json, struct buf *out)
{
	char text[64];
	int fraction, exponent;
	bool plain;

	if (isnan(f) || isinf(f)) {
		buf_adds(out, isnan(f) ? "NaN" : f > 0 ? "+Inf" : "-Inf");
		return;
	}
	fraction = shortest(f, text, sizeof(text));
	exponent = (int)strtod(strchr(text, 'e') + 1, NULL);
	if (json)
		plain = f == 0 || (fabs(f) >= 1e-6 && fabs(f) < 1e21);
	else
		plain = exponent >= -4 && exponent < FLOAT_PLAIN_MAX;
	if (plain)
		buf_addf(out, "%.*f", fraction > exponent ? fraction - exponent : 0, f);
	else
		buf_adds(out, text);
}

static int print_float(const struct spec *s, double f, struct buf *out, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(SCRATCH_MAX);
	int prec = s->prec < 0 ? 6 : s->prec;

	if (!strchr("veEfFgG", s->verb))
		return print_bad(s, tmpl_float(f), out, err);
	if ((s->plus || s->space) && f >= 0)
		buf_addc(&b, s->plus ? '+' : ' ');
	if (strchr("vgG", s->verb) && s->prec < 0)
		tmpl_print_float(f, false, &b);
	else if (s->verb == 'e')
		buf_addf(&b, "%.*e", prec, f);
	else if (s->verb == 'E')
		buf_addf(&b, "%.*E", prec, f);
	else if (s->verb == 'f' || s->verb == 'F')
		buf_addf(&b, "%.*f", prec, f);
	else
		buf_addf(&b, "%.*g", prec, f);
	pad(s, buf_str(&b), b.len, true, out);
	return 0;
}

static void print_key(const struct spec *s, const char *key, bool map, struct buf *out)
{
	if (map && s->syntax)
		quote(key, strlen(key), '"', out);
	else
		buf_adds(out, key);
	buf_addc(out, ':');
}

/* [a b], map[k:v], {a b}; with + {A:a B:b}; with # as in a Go program. */
static int print_container(struct spec *s, struct tmpl_value v, struct buf *out, struct err *err)
{
	struct tmpl_value e = tmpl_nil();
	bool object = v.kind == TMPL_OBJECT, map = v.kind == TMPL_MAP;
	const char *key = NULL;
	size_t i, n = tmpl_count(v);
	int r;

	if (s->syntax)
		buf_addf(out, "%s{", tmpl_type(v));
	else
		buf_adds(out, object ? "{" : map ? "map[" : "[");
	for (i = 0; i < n && buf_ok(out); i++) {
		r = tmpl_at(v, i, s->mem, &key, &e, err);
		if (r < 0)
			return r;
		if (i > 0)
			buf_adds(out, s->syntax ? ", " : " ");
		if (map || (object && (s->names || s->syntax)))
			print_key(s, key, map, out);
		r = print_value(s, e, out, err);
		if (r < 0)
			return r;
	}
	buf_addc(out, object || s->syntax ? '}' : ']');
	return 0;
}

static int print_value(struct spec *s, struct tmpl_value v, struct buf *out, struct err *err)
{
	const char *text = NULL;
	int r;

	switch (v.kind) {
	case TMPL_NIL:
		if (s->verb != 'v')
			return print_bad(s, v, out, err);
		pad(s, "<nil>", 5, false, out);
		return 0;
	case TMPL_BOOL:
		if (s->verb != 'v' && s->verb != 't')
			return print_bad(s, v, out, err);
		pad(s, v.b ? "true" : "false", v.b ? 4 : 5, false, out);
		return 0;
	case TMPL_INT:
		return print_int(s, v.i, out, err);
	case TMPL_FLOAT:
		return print_float(s, v.f, out, err);
	case TMPL_STRING:
		return print_string(s, v.s, out, err);
	default:
		break;
	}
	if (v.ops->text && strchr("vsqxX", s->verb) && !s->syntax) {
		r = v.ops->text(v.obj, s->mem, &text, err);
		return r < 0 ? r : print_string(s, text, out, err);
	}
	if (s->depth >= TMPL_VALUE_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "a value is nested deeper than %d",
			       TMPL_VALUE_DEPTH_MAX);
	s->depth++;
	r = print_container(s, v, out, err);
	s->depth--;
	return r;
}

int tmpl_print(struct tmpl_value v, struct tmpl_mem *mem, struct buf *out, struct err *err)
{
	struct spec s = {.width = -1, .prec = -1, .verb = 'v', .mem = mem};

	return print_value(&s, v, out, err);
}

/* The arguments of one printf. */
struct arguments {
	const struct tmpl_value *v;
	size_t n, used;
	bool reordered, bad_index;
};

static void parse_flags(const char **p, struct spec *s)
{
	for (;; (*p)++) {
		if (**p == '+')
			s->plus = true;
		else if (**p == '-')
			s->minus = true;
		else if (**p == '#')
			s->sharp = true;
		else if (**p == ' ')
			s->space = true;
		else if (**p == '0')
			s->zero = true;
		else
			return;
	}
}

/* "[2]": the second argument is the next one. */
static void parse_index(const char **p, struct arguments *args)
{
	size_t i, n = 0;

	if (**p != '[')
		return;
	args->reordered = true;
	for (i = 1; (*p)[i] >= '0' && (*p)[i] <= '9' && n <= args->n; i++)
		n = n * 10 + (size_t)((*p)[i] - '0');
	args->bad_index = (*p)[i] != ']' || n < 1 || n > args->n;
	if (!args->bad_index)
		args->used = n - 1;
	*p += strcspn(*p, "]");
	*p += **p == ']';
}

/* Digits or *; -1 when neither is there, -2 when it is no usable number. */
static int parse_width(const char **p, struct arguments *args)
{
	int v = -1;

	if (**p == '*') {
		(*p)++;
		if (args->used >= args->n || args->v[args->used++].kind != TMPL_INT)
			return -2;
		if (args->v[args->used - 1].i > WIDTH_MAX || args->v[args->used - 1].i < -WIDTH_MAX)
			return -2;
		return (int)args->v[args->used - 1].i;
	}
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		v = (v < 0 ? 0 : v) * 10 + (**p - '0');
		if (v > WIDTH_MAX)
			v = WIDTH_MAX + 1;
	}
	return v > WIDTH_MAX ? -2 : v;
}

/* Behind the percent sign, up to the verb. */
static void parse_spec(const char **p, struct spec *s, struct arguments *args, struct buf *out)
{
	bool star;

	args->bad_index = false;
	parse_flags(p, s);
	parse_index(p, args);
	star = **p == '*';
	s->width = parse_width(p, args);
	if (star && s->width < -2) {
		s->minus = true;
		s->width = -s->width;
	}
	if (s->width == -2)
		buf_adds(out, "%!(BADWIDTH)");
	s->prec = -1;
	if (**p == '.') {
		(*p)++;
		parse_index(p, args);
		s->prec = parse_width(p, args);
		if (s->prec == -1)
			s->prec = 0;
		if (s->prec < 0) {
			buf_adds(out, "%!(BADPREC)");
			s->prec = -1;
		}
	}
	parse_index(p, args);
	if (s->minus)
		s->zero = false;
}

static int print_verb(struct spec *s, struct arguments *args, struct buf *out, struct err *err)
{
	struct tmpl_value v;

	if (s->verb == '%') {
		buf_addc(out, '%');
		return 0;
	}
	if (args->bad_index) {
		buf_addf(out, "%%!%c(BADINDEX)", s->verb);
		return 0;
	}
	if (args->used >= args->n) {
		buf_addf(out, "%%!%c(MISSING)", s->verb);
		return 0;
	}
	v = args->v[args->used++];
	if (s->verb == 'T') {
		pad(s, tmpl_type(v), strlen(tmpl_type(v)), false, out);
		return 0;
	}
	if (s->verb == 'v') { /* here + and # say how containers look */
		s->names = s->plus;
		s->syntax = s->sharp;
		s->plus = s->sharp = false;
	}
	return print_value(s, v, out, err);
}

static int print_extra(struct arguments *args, struct tmpl_mem *mem, struct buf *out,
		       struct err *err)
{
	size_t first = args->used;
	struct tmpl_value v;
	int r;

	buf_adds(out, "%!(EXTRA ");
	for (; args->used < args->n; args->used++) {
		v = args->v[args->used];
		buf_addf(out, "%s%s", args->used > first ? ", " : "", tmpl_type(v));
		if (v.kind == TMPL_NIL)
			continue;
		buf_addc(out, '=');
		r = tmpl_print(v, mem, out, err);
		if (r < 0)
			return r;
	}
	buf_addc(out, ')');
	return 0;
}

int tmpl_printf(const char *format, const struct tmpl_value *argv, size_t n, struct tmpl_mem *mem,
		struct buf *out, struct err *err)
{
	struct arguments args = {.v = argv, .n = n};
	const char *p = format, *percent;
	int r;

	while ((percent = strchr(p, '%'))) {
		struct spec s = {.mem = mem};

		buf_add(out, p, (size_t)(percent - p));
		p = percent + 1;
		parse_spec(&p, &s, &args, out);
		if (!*p) {
			buf_adds(out, "%!(NOVERB)");
			break;
		}
		s.verb = *p++;
		r = print_verb(&s, &args, out, err);
		if (r < 0)
			return r;
	}
	if (!percent)
		buf_adds(out, p);
	return args.used < n && !args.reordered ? print_extra(&args, mem, out, err) : 0;
}
