#include "tmpl_lex.h"

#include <stdio.h>

bool tmpl_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* '\0' behind the end. */
static char at_or_nul(struct str text, size_t at)
{
	return at < text.len ? text.ptr[at] : '\0';
}

static bool starts_at(struct str text, size_t at, const char *word)
{
	size_t n = strlen(word);

	return at <= text.len && text.len - at >= n && memcmp(text.ptr + at, word, n) == 0;
}

/* Letters of any script count: every byte from 0x80 on. */
static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t tmpl_left_delim(struct str text, size_t at, bool *trim)
{
	if (!starts_at(text, at, "{{"))
		return 0;
	*trim = at_or_nul(text, at + 2) == '-' && tmpl_is_space(at_or_nul(text, at + 3));
	return *trim ? 4 : 2;
}

size_t tmpl_right_delim(struct str text, size_t at, bool *trim)
{
	size_t p = at;

	*trim = false;
	if (starts_at(text, at, "}}"))
		return 2;
	while (tmpl_is_space(at_or_nul(text, p)))
		p++;
	if (p == at || !starts_at(text, p, "-}}"))
		return 0;
	*trim = true;
	return p + 3 - at;
}

static struct token bad(size_t from, size_t to, const char *why)
{
	struct token t = {.kind = TOK_BAD, .from = from, .to = to};

	(void)snprintf(t.error, sizeof(t.error), "%s", why);
	return t;
}

static struct token bad_character(struct str text, size_t at)
{
	unsigned char c = (unsigned char)at_or_nul(text, at);
	struct token t = {.kind = TOK_BAD, .from = at, .to = at + 1};

	if (at >= text.len)
		(void)snprintf(t.error, sizeof(t.error), "unclosed action");
	else if (c > ' ' && c < 0x7f)
		(void)snprintf(t.error, sizeof(t.error), "bad character U+%04X '%c'", c, c);
	else
		(void)snprintf(t.error, sizeof(t.error), "bad character 0x%02X", c);
	return t;
}

/* May a name end before offset at? */
static bool at_terminator(struct str text, size_t at)
{
	char c = at_or_nul(text, at);

	return at >= text.len || tmpl_is_space(c) || strchr(".,|:=)(", c) ||
	       starts_at(text, at, "}}");
}

/* .Name, $name, name: from the first character, n of which are the sign before the name. */
static struct token lex_name(struct str text, size_t at, size_t n, enum tok kind)
{
	size_t p = at + n;

	while (is_alnum(at_or_nul(text, p)))
		p++;
	if (!at_terminator(text, p))
		return bad_character(text, p);
	if (kind == TOK_FIELD && p == at + n)
		kind = TOK_DOT;
	return (struct token){.kind = kind, .from = at, .to = p};
}

static struct token lex_quoted(struct str text, size_t at, char quote, enum tok kind)
{
	static const char *const names[] = {[TOK_STRING] = "unterminated quoted string",
					    [TOK_CHAR] = "unterminated character constant"};
	size_t p = at + 1;
	char c;

	for (; p < text.len; p++) {
		c = text.ptr[p];
		if (c == '\n')
			break;
		if (c == quote)
			return (struct token){.kind = kind, .from = at, .to = p + 1};
		if (c == '\\' && at_or_nul(text, p + 1) != '\n')
			p++;
	}
	return bad(at, p, names[kind]);
}

static struct token lex_raw(struct str text, size_t at)
{
	const char *end = memchr(text.ptr + at + 1, '`', text.len - at - 1);

	if (!end)
		return bad(at, text.len, "unterminated raw quoted string");
	return (struct token){.kind = TOK_RAW, .from = at, .to = (size_t)(end - text.ptr) + 1};
}

/* Takes what may belong to a number; tmpl_number judges it. */
static struct token lex_number(struct str text, size_t at)
{
	size_t p = at;
	char c;

	if (text.ptr[p] == '+' || text.ptr[p] == '-')
		p++;
	for (; p < text.len; p++) {
		c = text.ptr[p];
		if ((c == '+' || c == '-') && p > at && (text.ptr[p - 1] | 0x20) == 'e' &&
		    !starts_at(text, at, "0x"))
			continue;
		if (!is_alnum(c) && c != '.')
			break;
	}
	return (struct token){.kind = TOK_NUMBER, .from = at, .to = p};
}

static struct token lex_space(struct str text, size_t at)
{
	size_t p = at;
	bool trim;

	while (tmpl_is_space(at_or_nul(text, p)))
		p++;
	if (tmpl_right_delim(text, at, &trim) && trim)
		return (struct token){.kind = TOK_END,
				      .from = at,
				      .to = at + tmpl_right_delim(text, at, &trim),
				      .trim = true};
	return (struct token){.kind = TOK_SPACE, .from = at, .to = p};
}

static struct token lex_sign(struct str text, size_t at)
{
	static const struct {
		const char *text;
		enum tok kind;
	} signs[] = {{"}}", TOK_END}, {":=", TOK_DECLARE}, {"=", TOK_ASSIGN}, {"|", TOK_PIPE},
		     {"(", TOK_OPEN}, {")", TOK_CLOSE},	   {",", TOK_COMMA}};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (starts_at(text, at, signs[i].text))
			return (struct token){
			    .kind = signs[i].kind, .from = at, .to = at + strlen(signs[i].text)};
	if (at_or_nul(text, at) == ':')
		return bad(at, at + 1, "expected :=");
	return bad_character(text, at);
}

struct token tmpl_lex(struct str text, size_t at)
{
	char c = at_or_nul(text, at), next = at_or_nul(text, at + 1);

	if (at >= text.len)
		return (struct token){.kind = TOK_EOF, .from = at, .to = at};
	if (tmpl_is_space(c))
		return lex_space(text, at);
	if (c == '"')
		return lex_quoted(text, at, '"', TOK_STRING);
	if (c == '\'')
		return lex_quoted(text, at, '\'', TOK_CHAR);
	if (c == '`')
		return lex_raw(text, at);
	if (is_digit(c) || ((c == '.' || c == '+' || c == '-') && is_digit(next)) ||
	    ((c == '+' || c == '-') && next == '.'))
		return lex_number(text, at);
	if (c == '.')
		return lex_name(text, at, 1, TOK_FIELD);
	if (c == '$')
		return lex_name(text, at, 1, TOK_VARIABLE);
	if (is_alnum(c))
		return lex_name(text, at, 0, TOK_IDENT);
	return lex_sign(text, at);
}
