/*
 * The parser: one pass over a copy of the text that belongs to the document. Strings are unescaped
 * where they stand and closed with a NUL in the place of their quote, so that a value is one small
 * piece of memory and no text is copied twice.
 */
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

/* From this many members on, repeated names are looked for by sorting. */
#define PAIRWISE_MAX 16

struct parser {
	struct json_doc *doc;
	const char *text; /* as it came, for positions */
	char *start, *p, *end;
	unsigned depth, flags;
	const char *what;
	struct err *err;
};

static int fail_at(const struct parser *p, const char *at, const char *reason)
{
	size_t off = (size_t)(at - p->start), i, line = 1, bol = 0;

	for (i = 0; i < off; i++)
		if (p->text[i] == '\n') {
			line++;
			bol = i + 1;
		}
	return err_set(p->err, ERR_INVALID, "%s: line %zu, column %zu: %s", p->what, line,
		       off - bol + 1, reason);
}

static int fail(const struct parser *p, const char *reason)
{
	return fail_at(p, p->p, p->p == p->end ? "unexpected end" : reason);
}

static int no_room(const struct parser *p)
{
	return err_set(p->err, ERR_NOMEM, "%s: out of memory, or more than %zu values", p->what,
		       JSON_VALUES_MAX);
}

static void skip_space(struct parser *p)
{
	while (p->p < p->end && (*p->p == ' ' || *p->p == '\n' || *p->p == '\t' || *p->p == '\r'))
		p->p++;
}

static bool take(struct parser *p, char c)
{
	if (p->p == p->end || *p->p != c)
		return false;
	p->p++;
	return true;
}

/* Four hex digits at s, -1 when they are not. */
static int hex4(const char *s, const char *end)
{
	int v = 0, i;
	char c;

	if (end - s < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		c = s[i];
		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* p->p is behind "\u". Half a surrogate pair becomes U+FFFD, as in Go. */
static int take_unicode(struct parser *p, char **to)
{
	int c = hex4(p->p, p->end), low = -1;

	if (c < 0)
		return fail(p, "\\u wants four hex digits");
	if (c == 0)
		return fail(p, "a NUL character is not accepted");
	p->p += 4;
	if (c >= 0xd800 && c < 0xe000) {
		if (c < 0xdc00 && p->end - p->p >= 6 && p->p[0] == '\\' && p->p[1] == 'u')
			low = hex4(p->p + 2, p->end);
		if (low >= 0xdc00 && low < 0xe000) {
			p->p += 6;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		} else {
			c = 0xfffd;
		}
	}
	*to = put_utf8(*to, (unsigned)c);
	return 0;
}

/* p->p is behind the backslash. */
static int take_escape(struct parser *p, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (p->p == p->end)
		return fail(p, "");
	if (take(p, 'u'))
		return take_unicode(p, to);
	at = *p->p ? strchr(from, *p->p) : NULL;
	if (!at)
		return fail(p, "unknown escape in a string");
	p->p++;
	*(*to)++ = into[at - from];
	return 0;
}

static inline bool is_plain(unsigned char c)
{
	return c != '"' && c != '\\' && c >= 0x20 && c < 0x80;
}

/* p->p is behind the opening quote; afterwards behind the closing one. */
static int take_string(struct parser *p, const char **ret, size_t *ret_len)
{
	char *from = p->p, *to;
	bool ascii = true;
	int r;

	while (p->p < p->end && is_plain((unsigned char)*p->p))
		p->p++;
	for (to = p->p; p->p < p->end && *p->p != '"';) {
		if (*p->p == '\\') {
			p->p++;
			r = take_escape(p, &to);
			if (r < 0)
				return r;
			continue;
		}
		if ((unsigned char)*p->p < 0x20)
			return fail(p, "control character in a string");
		if ((unsigned char)*p->p >= 0x80)
			ascii = false;
		*to++ = *p->p++;
	}
	if (p->p == p->end)
		return fail(p, "");
	if (!ascii && !str_is_utf8(from, (size_t)(to - from)))
		return fail_at(p, from, "text is not UTF-8");
	p->p++;
	*to = '\0';
	*ret = from;
	*ret_len = (size_t)(to - from);
	return 0;
}

static size_t skip_digits(struct parser *p)
{
	char *from = p->p;

	while (p->p < p->end && *p->p >= '0' && *p->p <= '9')
		p->p++;
	return (size_t)(p->p - from);
}

static int take_number(struct parser *p, struct json *v)
{
	char *from = p->p;

	(void)take(p, '-');
	if (!take(p, '0') && skip_digits(p) == 0)
		return fail(p, "expected a value");
	if (take(p, '.') && skip_digits(p) == 0)
		return fail(p, "expected a digit");
	if (take(p, 'e') || take(p, 'E')) {
		if (!take(p, '+'))
			(void)take(p, '-');
		if (skip_digits(p) == 0)
			return fail(p, "expected a digit");
	}
	v->kind = JSON_NUMBER;
	v->u.text = from;
	v->n = (size_t)(p->p - from);
	return 0;
}

static bool take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->p) < n || memcmp(p->p, word, n) != 0)
		return false;
	p->p += n;
	return true;
}

static int take_value(struct parser *p, struct json *v);

static int take_items(struct parser *p, struct json *v)
{
	struct json *item;
	int r;

	v->kind = JSON_ARRAY;
	skip_space(p);
	if (take(p, ']'))
		return 0;
	do {
		item = json_value_new(p->doc, JSON_NULL);
		if (!item)
			return no_room(p);
		r = take_value(p, item);
		if (r < 0)
			return r;
		json_link(v, item);
		skip_space(p);
	} while (take(p, ','));
	return take(p, ']') ? 0 : fail(p, "expected , or ]");
}

static bool same_name(const struct json *a, const struct json *b)
{
	return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0;
}

static bool has_twins_pairwise(const struct json *v)
{
	const struct json *a, *b;

	JSON_EACH(a, v)
	{
		for (b = a->next; b; b = b->next)
			if (same_name(a, b))
				return true;
	}
	return false;
}

struct numbered {
	struct json *v;
	size_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int r = strcmp(x->v->name, y->v->name);

	if (r != 0)
		return r;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Unlinks the members that have lost their name. */
static void drop_nameless(struct json *v)
{
	struct json *it = v->u.list.first, *next;

	v->u.list.first = v->u.list.last = NULL;
	v->n = 0;
	for (; it; it = next) {
		next = it->next;
		it->next = NULL;
		if (it->name)
			json_link(v, it);
	}
}

/* All but the last of each name are taken out. Returns how many those were. */
static long drop_twins(struct parser *p, struct json *v)
{
	AUTO_FREE struct numbered *all = calloc(v->n, sizeof(*all));
	struct json *it;
	size_t n = 0, i;
	long dropped = 0;

	if (!all)
		return err_nomem(p->err);
	JSON_EACH(it, v)
	{
		all[n] = (struct numbered){it, n};
		n++;
	}
	qsort(all, n, sizeof(*all), by_name);
	for (i = 0; i + 1 < n; i++)
		if (same_name(all[i].v, all[i + 1].v)) {
			all[i].v->name = NULL;
			dropped++;
		}
	if (dropped > 0)
		drop_nameless(v);
	return dropped;
}

static int check_twins(struct parser *p, struct json *v)
{
	long dropped;

	if (v->n < 2 || (v->n <= PAIRWISE_MAX && !has_twins_pairwise(v)))
		return 0;
	dropped = drop_twins(p, v);
	if (dropped < 0)
		return (int)dropped;
	if (dropped > 0 && !(p->flags & JSON_DUPLICATES))
		return fail_at(p, p->p - 1, "this object has a member name twice");
	return 0;
}

static int take_member(struct parser *p, struct json *v)
{
	struct json *item = json_value_new(p->doc, JSON_NULL);
	size_t len;
	int r;

	if (!item)
		return no_room(p);
	skip_space(p);
	if (!take(p, '"'))
		return fail(p, "expected a member name");
	r = take_string(p, &item->name, &len);
	if (r < 0)
		return r;
	item->name_len = (unsigned)len;
	skip_space(p);
	if (!take(p, ':'))
		return fail(p, "expected :");
	r = take_value(p, item);
	if (r < 0)
		return r;
	json_link(v, item);
	return 0;
}

static int take_members(struct parser *p, struct json *v)
{
	int r;

	v->kind = JSON_OBJECT;
	skip_space(p);
	if (take(p, '}'))
		return 0;
	do {
		r = take_member(p, v);
		if (r < 0)
			return r;
		skip_space(p);
	} while (take(p, ','));
	if (!take(p, '}'))
		return fail(p, "expected , or }");
	return check_twins(p, v);
}

static int take_list(struct parser *p, struct json *v, bool object)
{
	int r;

	if (++p->depth > JSON_DEPTH_MAX)
		return err_set(p->err, ERR_LIMIT, "%s: nested deeper than %d levels", p->what,
			       JSON_DEPTH_MAX);
	r = object ? take_members(p, v) : take_items(p, v);
	p->depth--;
	return r;
}

static int take_value(struct parser *p, struct json *v)
{
	skip_space(p);
	if (take(p, '"')) {
		v->kind = JSON_STRING;
		return take_string(p, &v->u.text, &v->n);
	}
	if (take(p, '{'))
		return take_list(p, v, true);
	if (take(p, '['))
		return take_list(p, v, false);
	if (take_word(p, "null"))
		return 0;
	if (take_word(p, "true") || take_word(p, "false")) {
		v->kind = JSON_BOOL;
		v->u.yes = p->p[-2] == 'u';
		return 0;
	}
	return take_number(p, v);
}

int json_parse_into(struct json_doc *doc, const char *text, size_t len, unsigned flags,
		    const char *what, struct json **ret, struct err *err)
{
	struct parser p = {.doc = doc, .text = text, .flags = flags, .what = what, .err = err};
	struct json *v;
	int r;

	if (len > JSON_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what, JSON_TEXT_MAX);
	v = json_value_new(doc, JSON_NULL);
	p.start = v ? json_alloc(doc, len + 1) : NULL;
	if (!p.start)
		return err_nomem(err);
	if (len > 0)
		memcpy(p.start, text, len);
	p.start[len] = '\0';
	p.p = p.start;
	p.end = p.start + len;
	r = take_value(&p, v);
	if (r < 0)
		return r;
	skip_space(&p);
	if (p.p != p.end)
		return fail(&p, "expected nothing more");
	*ret = v;
	return 0;
}

int json_parse(const char *text, size_t len, unsigned flags, const char *what,
	       struct json_doc **ret, struct err *err)
{
	AUTO_JSON struct json_doc *doc = NULL;
	struct json *root;
	int r;

	r = json_new(&doc, err);
	if (r < 0)
		return r;
	r = json_parse_into(doc, text, len, flags, what, &root, err);
	if (r < 0)
		return r;
	r = json_set_root(doc, root, err);
	if (r < 0)
		return r;
	*ret = TAKE(doc);
	return 0;
}
