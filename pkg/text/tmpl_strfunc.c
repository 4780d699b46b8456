/* Functions of templates that make text. */
#include "tmpl_func.h"
#include "utf8.h"
#include "base/buf.h"
#include "base/err.h"

#include <ctype.h>
#include <locale.h>
#include <wctype.h>

/* Blanks that pad adds. */
#define PAD_MAX 10000

/* As Go's Sprint: a blank between two arguments when neither is a string. */
static int print_args(const struct tmpl_call *c, struct buf *out, struct err *err)
{
	int i, r;

	for (i = 0; i < c->n; i++) {
		if (i > 0 && c->args[i].kind != TMPL_STRING && c->args[i - 1].kind != TMPL_STRING)
			buf_addc(out, ' ');
		r = tmpl_print(c->args[i], c->mem, out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int tmpl_fn_print(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	int r = print_args(c, &b, err);

	return r < 0 ? r : tmpl_result(c, &b, ret, err);
}

int tmpl_fn_println(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	int i, r;

	for (i = 0; i < c->n; i++) {
		if (i > 0)
			buf_addc(&b, ' ');
		r = tmpl_print(c->args[i], c->mem, &b, err);
		if (r < 0)
			return r;
	}
	buf_addc(&b, '\n');
	return tmpl_result(c, &b, ret, err);
}

int tmpl_fn_printf(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	const char *format = NULL;
	int r;

	r = tmpl_arg_string(c, 0, &format, err);
	if (r >= 0)
		r = tmpl_printf(format, c->args + 1, (size_t)c->n - 1, c->mem, &b, err);
	return r < 0 ? r : tmpl_result(c, &b, ret, err);
}

int tmpl_fn_json(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	int r = tmpl_print_json(c->args[0], c->mem, &b, err);

	return r < 0 ? r : tmpl_result(c, &b, ret, err);
}

/* Printed arguments with each byte replaced by what the table says; NULL keeps it. */
static int escape(const struct tmpl_call *c, const char *(*replace)(unsigned char),
		  struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf in = BUF_INIT(TMPL_RESULT_MAX), b = BUF_INIT(TMPL_RESULT_MAX);
	const char *with;
	size_t i;
	int r;

	r = print_args(c, &in, err);
	if (r >= 0)
		r = buf_check(&in, "a value", err);
	if (r < 0)
		return r;
	for (i = 0; i < in.len; i++) {
		with = replace((unsigned char)in.ptr[i]);
		if (with)
			buf_adds(&b, with);
		else
			buf_addc(&b, in.ptr[i]);
	}
	return tmpl_result(c, &b, ret, err);
}

static const char *html_of(unsigned char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '\'':
		return "&#39;";
	case '"':
		return "&#34;";
	default:
		return NULL;
	}
}

int tmpl_fn_html(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	return escape(c, html_of, ret, err);
}

static const char *js_of(unsigned char c)
{
	static const char *const control[] = {
	    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
	    "\\u0008", "\\u0009", "\\u000A", "\\u000B", "\\u000C", "\\u000D", "\\u000E", "\\u000F",
	    "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
	    "\\u0018", "\\u0019", "\\u001A", "\\u001B", "\\u001C", "\\u001D", "\\u001E", "\\u001F"};

	switch (c) {
	case '\\':
		return "\\\\";
	case '\'':
		return "\\'";
	case '"':
		return "\\\"";
	case '<':
		return "\\u003C";
	case '>':
		return "\\u003E";
	case '&':
		return "\\u0026";
	case '=':
		return "\\u003D";
	default:
		return c < ' ' ? control[c] : NULL;
	}
}

int tmpl_fn_js(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	return escape(c, js_of, ret, err);
}

int tmpl_fn_urlquery(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf in = BUF_INIT(TMPL_RESULT_MAX), b = BUF_INIT(TMPL_RESULT_MAX);
	unsigned char ch;
	size_t i;
	int r;

	r = print_args(c, &in, err);
	if (r < 0)
		return r;
	for (i = 0; i < in.len; i++) {
		ch = (unsigned char)in.ptr[i];
		if ((ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') ||
		    (ch && strchr("-_.~", ch)))
			buf_addc(&b, (char)ch);
		else if (ch == ' ')
			buf_addc(&b, '+');
		else
			buf_addf(&b, "%%%02X", ch);
	}
	return tmpl_result(c, &b, ret, err);
}

int tmpl_fn_join(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	struct tmpl_value list = c->args[0], e = tmpl_nil();
	const char *sep = NULL;
	size_t i;
	int r;

	r = tmpl_arg_string(c, 1, &sep, err);
	if (r < 0)
		return r;
	if (list.kind == TMPL_NIL || (list.kind == TMPL_STRING && list.header)) {
		*ret = list.kind == TMPL_NIL ? tmpl_string("") : list;
		return 0;
	}
	if (list.kind != TMPL_LIST)
		return tmpl_error(c->t, c->arg_nodes[0] ? c->arg_nodes[0] : c->node, err,
				  "wrong type for value; expected []string; got %s",
				  tmpl_type(list));
	for (i = 0; i < tmpl_count(list); i++) {
		r = tmpl_at(list, i, c->mem, NULL, &e, err);
		if (r >= 0 && i > 0)
			buf_adds(&b, sep);
		if (r >= 0)
			r = tmpl_print(e, c->mem, &b, err);
		if (r < 0)
			return r;
	}
	return tmpl_result(c, &b, ret, err);
}

/* Pieces between separators; an empty separator gives characters. */
static size_t next_piece(const char *s, const char *sep)
{
	const char *end;
	size_t n;

	if (!*sep) {
		n = utf8_len(s, strlen(s));
		return n ? n : 1;
	}
	end = strstr(s, sep);
	return end ? (size_t)(end - s) : strlen(s);
}

static size_t count_pieces(const char *s, const char *sep)
{
	size_t n = 1, step = strlen(sep);

	if (!step)
		return utf8_count(s, strlen(s));
	for (s = strstr(s, sep); s; s = strstr(s + step, sep))
		n++;
	return n;
}

int tmpl_fn_split(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	const char *s = NULL, *sep = NULL;
	struct tmpl_value *all;
	size_t i, n, len;
	int r;

	r = tmpl_arg_string(c, 0, &s, err);
	if (r >= 0)
		r = tmpl_arg_string(c, 1, &sep, err);
	if (r < 0)
		return r;
	n = count_pieces(s, sep);
	all = tmpl_alloc(c->mem, (n + 1) * sizeof(*all), err);
	if (!all)
		return -(int)err->code;
	for (i = 0; i < n; i++) {
		len = next_piece(s, sep);
		r = tmpl_keep(c->mem, s, len, &all[i], err);
		if (r < 0)
			return r;
		s += len + (i + 1 < n ? strlen(sep) : 0);
	}
	return tmpl_keep_list(c->mem, all, n, ret, err);
}

enum letters { ALL_UPPER, ALL_LOWER, FIRST_UPPER };

/* Go's strings.Title: what begins a word behind it. */
static bool is_separator(uint32_t c, locale_t locale)
{
	if (c < 0x80)
		return !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') &&
		       c != '_';
	return locale && iswspace_l(c, locale);
}

/* Without a locale that knows all letters (never with glibc 2.35 and newer, or musl) those of
 * ASCII are changed. */
static uint32_t change_letter(uint32_t c, enum letters how, bool first, locale_t locale)
{
	if (how == FIRST_UPPER && !first)
		return c;
	if (c < 0x80)
		return (uint32_t)(how == ALL_LOWER ? tolower((int)c) : toupper((int)c));
	if (!locale)
		return c;
	return how == ALL_LOWER ? towlower_l(c, locale) : towupper_l(c, locale);
}

static void free_locale(locale_t *l)
{
	if (*l)
		freelocale(*l);
}

static int change_case(struct tmpl_call *c, enum letters how, struct tmpl_value *ret,
		       struct err *err)
{
	AUTO(free_locale) locale_t locale = (locale_t)0;
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	const char *s = NULL;
	bool first = true;
	uint32_t letter;
	size_t n;
	int r;

	r = tmpl_arg_string(c, 0, &s, err);
	if (r < 0)
		return r;
	for (; *s; s += n) {
		letter = utf8_get(s, strlen(s), &n);
		if (n > 1 && !locale)
			locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
		if (n == 1)
			buf_addc(&b, (char)change_letter(letter, how, first, locale));
		else
			utf8_add(&b, change_letter(letter, how, first, locale));
		first = is_separator(letter, locale);
	}
	return tmpl_result(c, &b, ret, err);
}

int tmpl_fn_upper(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	return change_case(c, ALL_UPPER, ret, err);
}

int tmpl_fn_lower(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	return change_case(c, ALL_LOWER, ret, err);
}

int tmpl_fn_title(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	return change_case(c, FIRST_UPPER, ret, err);
}

int tmpl_fn_trim(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	const char *s = NULL;
	struct str t;
	int r;

	r = tmpl_arg_string(c, 0, &s, err);
	if (r < 0)
		return r;
	t = str_trim(str_of(s));
	return tmpl_keep(c->mem, t.ptr, t.len, ret, err);
}

int tmpl_fn_pad(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(TMPL_RESULT_MAX);
	int64_t before = 0, after = 0;
	const char *s = NULL;
	int r;

	r = tmpl_arg_string(c, 0, &s, err);
	if (r >= 0)
		r = tmpl_arg_int(c, 1, &before, err);
	if (r >= 0)
		r = tmpl_arg_int(c, 2, &after, err);
	if (r < 0)
		return r;
	if (before < 0 || after < 0 || before > PAD_MAX || after > PAD_MAX)
		return tmpl_call_error(c, err, "not between 0 and %d blanks", PAD_MAX);
	if (*s) {
		buf_addf(&b, "%*s", (int)before, "");
		buf_addf(&b, "%s%*s", s, (int)after, "");
	}
	return tmpl_result(c, &b, ret, err);
}

int tmpl_fn_truncate(struct tmpl_call *c, struct tmpl_value *ret, struct err *err)
{
	const char *s = NULL;
	int64_t n = 0;
	size_t len;
	int r;

	r = tmpl_arg_string(c, 0, &s, err);
	if (r >= 0)
		r = tmpl_arg_int(c, 1, &n, err);
	if (r < 0)
		return r;
	if (n < 0)
		return tmpl_call_error(c, err, "negative length");
	len = strlen(s);
	return tmpl_keep(c->mem, s, (uint64_t)n < len ? (size_t)n : len, ret, err);
}
