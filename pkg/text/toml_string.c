/* The four string forms of TOML. */
#include "toml_node.h"
#include "utf8.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdlib.h>

/* No string is longer than the file. */
#define STRING_MAX (1U << 20)

bool toml_is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind \u or \U. */
static int read_code_point(struct toml_in *in, int digits, struct buf *b, struct err *err)
{
	uint32_t c = 0;
	int i, h;

	for (i = 0; i < digits; i++) {
		h = hex_value(toml_peek(in));
		if (h < 0)
			return toml_syntax(in, err, "a \\%c escape needs %d hex digits",
					   digits == 4 ? 'u' : 'U', digits);
		c = c << 4 | (uint32_t)h;
		in->p++;
	}
	if (c == 0)
		return toml_syntax(in, err, "a string cannot hold a NUL character");
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return toml_syntax(in, err, "U+%X is not a character", c);
	utf8_add(b, c);
	return 0;
}

/* In a multi-line string, behind a backslash: when only blanks follow on the line, skips them, the
 * line break and all white space after it, and returns true. */
static bool skip_folded(struct toml_in *in)
{
	const char *p = in->p;

	while (p < in->end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	if (p >= in->end || *p != '\n')
		return false;
	for (; p < in->end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'); p++)
		if (*p == '\n')
			in->line++;
	in->p = p;
	return true;
}

/* Behind a backslash. */
static int read_escape(struct toml_in *in, bool multi, struct buf *b, struct err *err)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
	int c = toml_peek(in);
	const char *at;

	if (multi && skip_folded(in))
		return 0;
	if (c == 'u' || c == 'U') {
		in->p++;
		return read_code_point(in, c == 'u' ? 4 : 8, b, err);
	}
	at = c > 0 ? strchr(names, c) : NULL;
	if (!at)
		return toml_syntax(
		    in, err, c > ' ' && c < 0x7f ? "unknown escape \\%c" : "unknown escape", c);
	buf_addc(b, values[at - names]);
	in->p++;
	return 0;
}

static size_t count_quotes(const struct toml_in *in, int quote)
{
	size_t n = 0;

	while (toml_peek_at(in, n) == quote)
		n++;
	return n;
}

/* At a quote within a multi-line string: three end it, one or two more before them belong to it.
 * 1: ended. */
static int read_closing(struct toml_in *in, int quote, struct buf *b, struct err *err)
{
	size_t n = count_quotes(in, quote), i;

	if (n > 5)
		return toml_syntax(in, err, "too many quotes in a row");
	for (i = 0; i < (n >= 3 ? n - 3 : n); i++)
		buf_addc(b, (char)quote);
	in->p += n;
	return n >= 3;
}

/* One piece of a string; 1: the string has ended. */
static int read_piece(struct toml_in *in, int quote, bool multi, struct buf *b, struct err *err)
{
	int c = toml_peek(in);

	if (c < 0 || (c == '\n' && !multi))
		return toml_syntax(in, err, "the string is not closed");
	if (c == quote) {
		if (multi)
			return read_closing(in, quote, b, err);
		in->p++;
		return 1;
	}
	if (c == '\\' && quote == '"') {
		in->p++;
		return read_escape(in, multi, b, err);
	}
	if (c == '\n')
		in->line++;
	else if (toml_is_control(c) && !(multi && c == '\r' && toml_peek_at(in, 1) == '\n'))
		return toml_syntax(in, err, "control character 0x%02x in a string", (unsigned)c);
	buf_addc(b, (char)c);
	in->p++;
	return 0;
}

/* A line break right behind the opening quotes is not part of the string. */
static void skip_first_newline(struct toml_in *in)
{
	if (toml_peek(in) == '\r' && toml_peek_at(in, 1) == '\n')
		in->p++;
	if (toml_peek(in) == '\n') {
		in->p++;
		in->line++;
	}
}

int toml_read_string(struct toml_in *in, bool multi, char **ret, struct err *err)
{
	AUTO_BUF struct buf b = BUF_INIT(STRING_MAX);
	int quote = toml_peek(in), r = 0;
	char *s;

	multi = multi && count_quotes(in, quote) >= 3;
	in->p += multi ? 3 : 1;
	if (multi)
		skip_first_newline(in);
	while (r == 0)
		r = read_piece(in, quote, multi, &b, err);
	if (r < 0)
		return r;
	s = buf_take(&b);
	if (!s)
		return err_nomem(err);
	*ret = s;
	return 0;
}
