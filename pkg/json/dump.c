/* Writing values as text. */
#include "base/buf.h"
#include "base/str.h"
#include "value.h"

#include <string.h>

static bool is_plain(unsigned char c, unsigned flags)
{
	if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
		return false;
	return (flags & JSON_PLAIN) || (c != '<' && c != '>' && c != '&');
}

static void dump_ascii(unsigned char c, struct buf *out)
{
	static const char letters[] = "\"\\\b\f\n\r\t", escapes[] = "\"\\bfnrt";
	const char *at = strchr(letters, c);

	if (at)
		buf_addf(out, "\\%c", escapes[at - letters]);
	else
		buf_addf(out, "\\u%04x", c);
}

/* The length of the wide character at s, 0 when it is not UTF-8. */
static size_t char_len(const char *s)
{
	size_t n;

	for (n = 2; n <= 4; n++) {
		if (((unsigned char)s[n - 1] & 0xc0) != 0x80)
			return 0;
		if (str_is_utf8(s, n))
			return n;
	}
	return 0;
}

/* Line separators are escaped and what is not UTF-8 is replaced, as Go does. */
static size_t dump_wide(const char *s, struct buf *out)
{
	size_t n = char_len(s);

	if (n == 0) {
		buf_adds(out, "\\ufffd");
		return 1;
	}
	if (n == 3 && memcmp(s, "\xe2\x80\xa8", 3) == 0)
		buf_adds(out, "\\u2028");
	else if (n == 3 && memcmp(s, "\xe2\x80\xa9", 3) == 0)
		buf_adds(out, "\\u2029");
	else
		buf_add(out, s, n);
	return n;
}

void json_dump_string(const char *s, unsigned flags, struct buf *out)
{
	const char *from;

	buf_addc(out, '"');
	while (*s) {
		for (from = s; is_plain((unsigned char)*s, flags); s++)
			;
		buf_add(out, from, (size_t)(s - from));
		if ((unsigned char)*s >= 0x80)
			s += dump_wide(s, out);
		else if (*s)
			dump_ascii((unsigned char)*s++, out);
	}
	buf_addc(out, '"');
}

static void new_line(unsigned flags, unsigned depth, struct buf *out)
{
	unsigned i;

	if (!(flags & (JSON_INDENT4 | JSON_TABS)))
		return;
	buf_addc(out, '\n');
	for (i = 0; i < depth; i++)
		buf_adds(out, flags & JSON_TABS ? "\t" : "    ");
}

static void dump(const struct json *v, unsigned flags, unsigned depth, struct buf *out);

static void dump_list(const struct json *v, unsigned flags, unsigned depth, struct buf *out)
{
	bool object = v->kind == JSON_OBJECT;
	const struct json *it;

	buf_addc(out, object ? '{' : '[');
	JSON_EACH(it, v)
	{
		if (it != v->u.list.first)
			buf_addc(out, ',');
		new_line(flags, depth + 1, out);
		if (object) {
			json_dump_string(it->name, flags, out);
			buf_adds(out, flags & (JSON_INDENT4 | JSON_TABS) ? ": " : ":");
		}
		dump(it, flags, depth + 1, out);
	}
	if (v->n > 0)
		new_line(flags, depth, out);
	buf_addc(out, object ? '}' : ']');
}

static void dump(const struct json *v, unsigned flags, unsigned depth, struct buf *out)
{
	switch (json_kind(v)) {
	case JSON_NULL:
		buf_adds(out, "null");
		break;
	case JSON_BOOL:
		buf_adds(out, v->u.yes ? "true" : "false");
		break;
	case JSON_NUMBER:
		buf_add(out, v->u.text, v->n);
		break;
	case JSON_STRING:
		json_dump_string(v->u.text, flags, out);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		dump_list(v, flags, depth, out);
		break;
	}
}

void json_dump(const struct json *v, unsigned flags, struct buf *out)
{
	dump(v, flags, 0, out);
}
