/* The texts around a report: header names, formats as users write them, indented JSON. */
#include "report_text.h"
#include "text/report.h"
#include "base/buf.h"

enum letter { LOWER, UPPER, DIGIT, OTHER };

static enum letter letter_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	return c >= '0' && c <= '9' ? DIGIT : OTHER;
}

/* A word ends where the kind of letter changes; the last of several capitals before a small letter
 * belongs to the next word: "IDMap" is "ID MAP". */
static bool word_begins(const char *name, size_t i)
{
	enum letter before = letter_of(name[i - 1]), here = letter_of(name[i]);

	if (here == UPPER && before == UPPER)
		return letter_of(name[i + 1]) == LOWER;
	if (here == LOWER && before == UPPER)
		return false;
	return here != before;
}

void report_header(const char *name, struct buf *out)
{
	size_t i;

	for (i = 0; name[i]; i++) {
		if (i > 0 && word_begins(name, i))
			buf_addc(out, ' ');
		buf_addc(out, letter_of(name[i]) == LOWER ? (char)(name[i] & ~0x20) : name[i]);
	}
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\n\r");
}

bool report_is_json(const char *format)
{
	const char *s;

	if (!format)
		return false;
	format = skip_blanks(format);
	s = str_after(format, "json");
	if (s)
		return !*skip_blanks(s);
	s = str_after(format, "{{");
	s = s ? str_after(skip_blanks(s), "json") : NULL;
	if (!s)
		return false;
	if (*s == '.') /* not well-formed, but podman takes it */
		s++;
	s = str_after(skip_blanks(s), "}}");
	return s && !*skip_blanks(s);
}

/* Behind "{{ WORD" with blanks between; NULL when s does not begin so. */
static const char *after_action(const char *s, const char *word)
{
	s = str_after(s, "{{");
	return s ? str_after(skip_blanks(s), word) : NULL;
}

/* Is there {{range .}} and behind it {{end}}? Then the format does its own ranging. */
bool report_has_range(const char *format)
{
	bool open = false;
	const char *s, *p;

	for (s = format; *s; s++) {
		p = after_action(s, "range");
		if (p && *(p = skip_blanks(p)) == '.' && str_starts(skip_blanks(p + 1), "}}"))
			open = true;
		p = after_action(s, "end");
		if (p && open) {
			p = skip_blanks(p);
			if (*p == '-')
				p++;
			if (str_starts(p, "}}"))
				return true;
		}
	}
	return false;
}

void report_unescape(const char *format, bool blanks_too, struct buf *out)
{
	for (; *format; format++) {
		if (*format == '\\' && (format[1] == 't' || format[1] == 'n')) {
			format++;
			buf_addc(out, *format == 't' ? '\t' : '\n');
		} else {
			buf_addc(out, blanks_too && *format == ' ' ? '\t' : *format);
		}
	}
}

static bool is_name(char c)
{
	return letter_of(c) != OTHER || c == '_';
}

/* A . or $ by itself: the whole row is used. Dots of plain text count too, which does no harm. */
static bool uses_row(const char *format)
{
	const char *s;

	for (s = format; *s; s++)
		if ((*s == '.' || *s == '$') && !is_name(s[1]) && s[1] != '.')
			return true;
	return false;
}

bool report_uses(const struct report_type *type, const char *format, const char *field)
{
	const char *text = str_empty(format) || streq(format, "table") ? type->table : format;

	return report_is_json(text) || uses_row(text) || strstr(text, field);
}

static void new_line(struct buf *out, size_t blanks)
{
	buf_addc(out, '\n');
	while (blanks-- > 0 && buf_ok(out))
		buf_addc(out, ' ');
}

/* The string that begins at i; returns the place of its closing quote. */
static size_t add_string(struct str json, size_t i, struct buf *out)
{
	size_t start = i;

	for (i++; i < json.len && json.ptr[i] != '"'; i++)
		if (json.ptr[i] == '\\')
			i++;
	if (i >= json.len)
		i = json.len - 1;
	buf_add(out, json.ptr + start, i + 1 - start);
	return i;
}

void report_indent_json(struct str json, unsigned indent, struct buf *out)
{
	size_t depth = 0, i;
	char c;

	for (i = 0; i < json.len; i++) {
		c = json.ptr[i];
		if (c == '"') {
			i = add_string(json, i, out);
		} else if (c == '{' || c == '[') {
			buf_addc(out, c);
			if (i + 1 < json.len && (json.ptr[i + 1] == '}' || json.ptr[i + 1] == ']'))
				buf_addc(out, json.ptr[++i]);
			else
				new_line(out, ++depth * indent);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
			new_line(out, depth * indent);
			buf_addc(out, c);
		} else if (c == ',') {
			buf_addc(out, c);
			new_line(out, depth * indent);
		} else if (c == ':') {
			buf_adds(out, ": ");
		} else if (c > ' ') {
			buf_addc(out, c);
		}
	}
}
