/* The grammar of a TOML file: lines, headers, keys, values that hold values. */
#include "text/toml.h"
#include "toml_node.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

#include <stdio.h>
#include <stdlib.h>

/* Further limits: values and depth in toml_node.c, length of a number in toml_word.c. */
#define FILE_MAX (1U << 20)
#define KEY_PARTS_MAX 32

static void skip_blanks(struct toml_in *in)
{
	while (toml_peek(in) == ' ' || toml_peek(in) == '\t')
		in->p++;
}

static int skip_comment(struct toml_in *in, struct err *err)
{
	int c = toml_peek(in);

	if (c != '#')
		return 0;
	for (; c >= 0 && c != '\n'; c = toml_peek(in)) {
		if (toml_is_control(c) && !(c == '\r' && toml_peek_at(in, 1) == '\n'))
			return toml_syntax(in, err, "control character 0x%02x in a comment",
					   (unsigned)c);
		in->p++;
	}
	return 0;
}

static bool take_newline(struct toml_in *in)
{
	if (toml_peek(in) == '\r' && toml_peek_at(in, 1) == '\n')
		in->p++;
	if (toml_peek(in) != '\n')
		return false;
	in->p++;
	in->line++;
	return true;
}

/* Blanks, comments and line breaks, as they may stand in arrays and between lines. */
static int skip_space(struct toml_in *in, struct err *err)
{
	int r;

	do {
		skip_blanks(in);
		r = skip_comment(in, err);
		if (r < 0)
			return r;
	} while (take_newline(in));
	return 0;
}

static int unexpected(struct toml_in *in, const char *wanted, struct err *err)
{
	int c = toml_peek(in);

	if (c < 0)
		return toml_syntax(in, err, "expected %s, found the end of the file", wanted);
	if (c == '\n' || c == '\r')
		return toml_syntax(in, err, "expected %s, found the end of the line", wanted);
	if (c < ' ' || c >= 0x7f)
		return toml_syntax(in, err, "expected %s, found byte 0x%02x", wanted, (unsigned)c);
	return toml_syntax(in, err, "expected %s, found '%c'", wanted, c);
}

static int end_line(struct toml_in *in, struct err *err)
{
	int r;

	skip_blanks(in);
	r = skip_comment(in, err);
	if (r < 0)
		return r;
	if (in->p < in->end && !take_newline(in))
		return unexpected(in, "the end of the line", err);
	return 0;
}

static bool is_bare(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

static int read_key_part(struct toml_in *in, struct strv *parts, struct err *err)
{
	const char *start = in->p;
	char *s = NULL;
	int r;

	if (parts->n >= KEY_PARTS_MAX)
		return toml_syntax(in, err, "the key has more than %d parts", KEY_PARTS_MAX);
	if (toml_peek(in) == '"' || toml_peek(in) == '\'') {
		r = toml_read_string(in, false, &s, err);
		if (r < 0)
			return r;
		return strv_take(parts, s, err);
	}
	while (is_bare(toml_peek(in)))
		in->p++;
	if (in->p == start)
		return unexpected(in, "a key", err);
	return strv_addn(parts, (struct str){start, (size_t)(in->p - start)}, err);
}

/* a.b."c d", with blanks around the dots; the cursor ends behind trailing blanks. */
static int read_key(struct toml_in *in, struct strv *parts, struct err *err)
{
	int r;

	for (;;) {
		skip_blanks(in);
		r = read_key_part(in, parts, err);
		if (r < 0)
			return r;
		skip_blanks(in);
		if (toml_peek(in) != '.')
			return 0;
		in->p++;
	}
}

static int new_table(struct toml_value *parent, const char *key, unsigned line,
		     enum toml_origin origin, struct toml_value **ret, struct err *err)
{
	int r = toml_node_new(parent, key, line, ret, err);

	if (r < 0)
		return r;
	(*ret)->kind = TOML_TABLE;
	(*ret)->origin = origin;
	return 0;
}

static int defined_before(const struct toml_in *in, const struct toml_value *v, struct err *err)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "already defined in line %u", v->line);
	return toml_error_at(v, in->line, err, text);
}

/* One step of a [header] towards its last key. */
static int step_header(struct toml_in *in, struct toml_value **at, const char *key, struct err *err)
{
	struct toml_value *v = toml_node_child(*at, key, strlen(key));

	if (!v)
		return new_table(*at, key, in->line, TOML_IMPLICIT, at, err);
	if (v->kind == TOML_ARRAY && v->origin == TOML_HEADERS && v->list.n > 0)
		v = v->list.v[v->list.n - 1];
	else if (v->kind != TOML_TABLE || v->origin == TOML_IN_VALUE)
		return defined_before(in, v, err);
	*at = v;
	return 0;
}

/* The last key of [header]. */
static int enter_table(struct toml_in *in, struct toml_value **at, const char *key, struct err *err)
{
	struct toml_value *v = toml_node_child(*at, key, strlen(key));

	if (!v)
		return new_table(*at, key, in->line, TOML_HEADER, at, err);
	if (v->kind != TOML_TABLE || v->origin != TOML_IMPLICIT)
		return defined_before(in, v, err);
	v->origin = TOML_HEADER;
	v->line = in->line;
	*at = v;
	return 0;
}

/* The last key of [[header]]. */
static int enter_element(struct toml_in *in, struct toml_value **at, const char *key,
			 struct err *err)
{
	struct toml_value *v = toml_node_child(*at, key, strlen(key));
	int r;

	if (!v) {
		r = toml_node_new(*at, key, in->line, &v, err);
		if (r < 0)
			return r;
		v->kind = TOML_ARRAY;
		v->origin = TOML_HEADERS;
	}
	if (v->kind != TOML_ARRAY || v->origin != TOML_HEADERS)
		return defined_before(in, v, err);
	return new_table(v, NULL, in->line, TOML_HEADER, at, err);
}

/* [a.b] or [[a.b]]: *ret is the table that the lines below it fill. */
static int read_header(struct toml_in *in, struct toml_value **ret, struct err *err)
{
	bool element = toml_peek_at(in, 1) == '[';
	struct toml_value *at = in->doc->root;
	AUTO_STRV struct strv key = STRV_INIT;
	size_t i;
	int r;

	in->p += element ? 2 : 1;
	r = read_key(in, &key, err);
	if (r < 0)
		return r;
	if (key.n == 0 || toml_peek(in) != ']' || (element && toml_peek_at(in, 1) != ']'))
		return unexpected(in, element ? "']]'" : "']'", err);
	in->p += element ? 2 : 1;
	for (i = 0; i + 1 < key.n; i++) {
		r = step_header(in, &at, key.v[i], err);
		if (r < 0)
			return r;
	}
	r = element ? enter_element(in, &at, key.v[i], err) : enter_table(in, &at, key.v[i], err);
	if (r < 0)
		return r;
	*ret = at;
	return end_line(in, err);
}

/* One step of a dotted key towards its last part. */
static int step_dotted(struct toml_in *in, struct toml_value **at, const char *key, struct err *err)
{
	struct toml_value *v = toml_node_child(*at, key, strlen(key));

	if (!v)
		return new_table(*at, key, in->line, TOML_DOTTED, at, err);
	if (v->kind != TOML_TABLE || (v->origin != TOML_DOTTED && v->origin != TOML_IMPLICIT))
		return defined_before(in, v, err);
	v->origin = TOML_DOTTED;
	*at = v;
	return 0;
}

static int read_value(struct toml_in *in, struct toml_value *v, struct err *err);

/* key = value, into table. */
static int read_pair(struct toml_in *in, struct toml_value *table, struct err *err)
{
	AUTO_STRV struct strv key = STRV_INIT;
	struct toml_value *v, *outer = in->at;
	size_t i;
	int r;

	r = read_key(in, &key, err);
	if (r < 0)
		return r;
	if (key.n == 0 || toml_peek(in) != '=')
		return unexpected(in, "'=' after the key", err);
	in->p++;
	for (i = 0; i + 1 < key.n; i++) {
		r = step_dotted(in, &table, key.v[i], err);
		if (r < 0)
			return r;
	}
	v = toml_node_child(table, key.v[i], strlen(key.v[i]));
	if (v)
		return defined_before(in, v, err);
	r = toml_node_new(table, key.v[i], in->line, &v, err);
	if (r < 0)
		return r;
	in->at = v;
	skip_blanks(in);
	r = read_value(in, v, err);
	in->at = outer;
	return r;
}

static int read_array(struct toml_in *in, struct toml_value *v, struct err *err)
{
	struct toml_value *element;
	int r;

	v->kind = TOML_ARRAY;
	v->origin = TOML_IN_VALUE;
	in->p++;
	for (;;) {
		r = skip_space(in, err);
		if (r < 0)
			return r;
		if (toml_peek(in) == ']')
			break;
		r = toml_node_new(v, NULL, in->line, &element, err);
		if (r < 0)
			return r;
		r = read_value(in, element, err);
		if (r < 0)
			return r;
		r = skip_space(in, err);
		if (r < 0)
			return r;
		if (toml_peek(in) == ']')
			break;
		if (toml_peek(in) != ',')
			return unexpected(in, "',' or ']'", err);
		in->p++;
	}
	in->p++;
	return 0;
}

/* Closes the tables that dotted keys made within an inline table. */
static void close_tables(struct toml_value *v)
{
	size_t i;

	if (v->kind != TOML_TABLE)
		return;
	v->origin = TOML_IN_VALUE;
	for (i = 0; i < v->list.n; i++)
		close_tables(v->list.v[i]);
}

static int read_inline_table(struct toml_in *in, struct toml_value *v, struct err *err)
{
	int r;

	v->kind = TOML_TABLE;
	v->origin = TOML_DOTTED;
	in->p++;
	skip_blanks(in);
	while (toml_peek(in) != '}' || v->list.n > 0) {
		r = read_pair(in, v, err);
		if (r < 0)
			return r;
		skip_blanks(in);
		if (toml_peek(in) == '}')
			break;
		if (toml_peek(in) != ',')
			return unexpected(in, "',' or '}'", err);
		in->p++;
	}
	in->p++;
	close_tables(v);
	return 0;
}

static int read_value(struct toml_in *in, struct toml_value *v, struct err *err)
{
	char *s = NULL;
	int r;

	switch (toml_peek(in)) {
	case '"':
	case '\'':
		r = toml_read_string(in, true, &s, err);
		if (r < 0)
			return r;
		v->kind = TOML_STRING;
		v->s = s;
		return 0;
	case '[':
		return read_array(in, v, err);
	case '{':
		return read_inline_table(in, v, err);
	default:
		return toml_read_word(in, v, err);
	}
}

static int read_lines(struct toml_in *in, struct err *err)
{
	struct toml_value *table = in->doc->root;
	int r;

	for (;;) {
		r = skip_space(in, err);
		if (r < 0 || in->p == in->end)
			return r;
		if (toml_peek(in) == '[') {
			r = read_header(in, &table, err);
		} else {
			r = read_pair(in, table, err);
			if (r >= 0)
				r = end_line(in, err);
		}
		if (r < 0)
			return r;
	}
}

/* The line in which the text stops being UTF-8. */
static unsigned bad_line(const char *text, size_t len)
{
	unsigned line = 1;
	const char *nl;

	while ((nl = memchr(text, '\n', len)) && str_is_utf8(text, (size_t)(nl - text))) {
		len -= (size_t)(nl + 1 - text);
		text = nl + 1;
		line++;
	}
	return line;
}

int toml_parse(const char *name, const char *text, size_t len, struct toml **ret, struct err *err)
{
	AUTO(toml_free_p) struct toml *t = NULL;
	struct toml_in in = {.p = text, .end = text + len, .line = 1};
	int r;

	if (len > FILE_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %u bytes", name, FILE_MAX);
	if (!str_is_utf8(text, len))
		return err_set(err, ERR_INVALID, "%s:%u: not UTF-8", name, bad_line(text, len));
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_nomem(err);
	r = str_set(&t->name, name, err);
	if (r < 0)
		return r;
	r = toml_node_root(t, err);
	if (r < 0)
		return r;
	in.doc = t;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		in.p += 3;
	r = read_lines(&in, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void toml_free(struct toml *t)
{
	if (!t)
		return;
	toml_node_free(t->root);
	free(t->name);
	free(t);
}
