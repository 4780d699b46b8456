/*
 * Each line is a flat JSON object; it is taken apart in place, in the line's own buffer, because
 * what a JSON string or base64 stands for is never longer than its text. Unknown members are
 * skipped.
 */
#include "archive/compress.h"
#include "archive/tarsplit.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/base64.h"

#include <string.h>

#define DEPTH_MAX 16 /* of what is skipped */
#define CRC_LEN 8

struct tarsplit_reader {
	struct stream *plain;
	struct buf line;
	uint64_t lines;
};

int tarsplit_reader_new(struct stream *from, struct tarsplit_reader **ret, struct err *err)
{
	AUTO(tarsplit_reader_free_p) struct tarsplit_reader *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_nomem(err);
	t->line.max = TARSPLIT_LINE_MAX;
	r = decompress_open(from, &t->plain, NULL, err);
	if (r < 0)
		return r;
	*ret = TAKE(t);
	return 0;
}

void tarsplit_reader_free(struct tarsplit_reader *r)
{
	if (!r)
		return;
	stream_close(r->plain);
	buf_fini(&r->line);
	free(r);
}

/* 1, or 0 at the end. The newline is not part of it. */
static int next_line(struct tarsplit_reader *t, struct err *err)
{
	const char *end = NULL;
	const void *data;
	size_t n;
	int r;

	buf_reset(&t->line);
	while (!end) {
		r = stream_peek(t->plain, &data, &n, err);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		end = memchr(data, '\n', n);
		n = end ? (size_t)(end - (const char *)data) : n;
		if (n > TARSPLIT_LINE_MAX - t->line.len)
			return err_set(err, ERR_LIMIT, "tar-split: line longer than %d bytes",
				       TARSPLIT_LINE_MAX);
		buf_add(&t->line, data, n);
		if (!buf_ok(&t->line))
			return err_nomem(err);
		stream_consume(t->plain, n + (end != NULL));
	}
	t->lines++;
	return end || t->line.len > 0;
}

/* A place in the line. Parsers return false when the text is wrong. */
struct at {
	char *p;
	const char *end; /* a NUL stands here */
};

static void blanks(struct at *a)
{
	while (a->p < a->end && (*a->p == ' ' || *a->p == '\t' || *a->p == '\r'))
		a->p++;
}

static bool literal(struct at *a, const char *text)
{
	size_t n = strlen(text);

	blanks(a);
	if ((size_t)(a->end - a->p) < n || memcmp(a->p, text, n) != 0)
		return false;
	a->p += n;
	return true;
}

static bool hex4(const char *p, const char *end, unsigned *ret)
{
	unsigned v = 0;
	int i;

	if (end - p < 4)
		return false;
	for (i = 0; i < 4; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (unsigned)(p[i] - '0');
		else if ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'f')
			v = v << 4 | (unsigned)((p[i] | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static char *put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 63));
		}
		*out++ = (char)(0x80 | (c >> 6 & 63));
	}
	*out++ = (char)(0x80 | (c & 63));
	return out;
}

/* Behind "\u". A lone surrogate becomes U+FFFD, as in Go. */
static bool escape_u(struct at *a, char **out)
{
	unsigned c, low;

	if (!hex4(a->p, a->end, &c))
		return false;
	a->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && a->end - a->p >= 6 && a->p[0] == '\\' && a->p[1] == 'u' &&
	    hex4(a->p + 2, a->end, &low) && low >= 0xdc00 && low < 0xe000) {
		a->p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	*out = put_utf8(*out, c);
	return true;
}

static bool escape(struct at *a, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *which;
	char c;

	if (a->p >= a->end)
		return false;
	c = *a->p++;
	if (c == 'u')
		return escape_u(a, out);
	which = c ? strchr(from, c) : NULL;
	if (!which)
		return false;
	*(*out)++ = to[which - from];
	return true;
}

/* The text is decoded in place and ended by NUL (over the quote, or before). */
static bool string(struct at *a, struct str *ret)
{
	char *start, *out;

	if (!literal(a, "\""))
		return false;
	start = a->p;
	a->p += strcspn(a->p, "\"\\");
	out = a->p;
	while (a->p < a->end && *a->p != '"') {
		if (*a->p != '\\')
			*out++ = *a->p++;
		else if (a->p++, !escape(a, &out))
			return false;
	}
	if (a->p >= a->end)
		return false;
	a->p++;
	*out = '\0';
	*ret = (struct str){start, (size_t)(out - start)};
	return true;
}

static bool number(struct at *a, uint64_t *ret)
{
	uint64_t v = 0;
	const char *start;

	blanks(a);
	start = a->p;
	for (; a->p < a->end && *a->p >= '0' && *a->p <= '9'; a->p++) {
		if (v > (uint64_t)(INT64_MAX - (*a->p - '0')) / 10)
			return false;
		v = v * 10 + (uint64_t)(*a->p - '0');
	}
	*ret = v;
	return a->p > start;
}

/* Any value: strings are honoured, brackets counted, the rest is not looked at. */
static bool skip(struct at *a)
{
	struct str ignored;
	int depth = 0;

	for (blanks(a); a->p < a->end; blanks(a)) {
		if (depth == 0 && (*a->p == ',' || *a->p == '}'))
			return true;
		if (*a->p == '"') {
			if (!string(a, &ignored))
				return false;
			continue;
		}
		if (*a->p == '{' || *a->p == '[')
			depth++;
		else if (*a->p == '}' || *a->p == ']')
			depth--;
		if (depth < 0 || depth > DEPTH_MAX)
			return false;
		a->p++;
	}
	return false;
}

enum { SEEN_TYPE = 1, SEEN_NAME = 2, SEEN_RAW = 4, SEEN_SIZE = 8, SEEN_PAYLOAD = 16 };

struct members {
	unsigned seen;
	uint64_t type, size;
	struct str name, raw, payload; /* payload: ptr NULL for null */
};

static bool value_of(struct at *a, struct members *m, unsigned which)
{
	switch (which) {
	case SEEN_TYPE:
		return number(a, &m->type);
	case SEEN_SIZE:
		return number(a, &m->size);
	case SEEN_NAME:
		return string(a, &m->name);
	case SEEN_RAW:
		return literal(a, "null") || string(a, &m->raw);
	case SEEN_PAYLOAD:
		return literal(a, "null") || string(a, &m->payload);
	default:
		return skip(a);
	}
}

static bool member(struct at *a, struct members *m)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {{"type", SEEN_TYPE},
		     {"name", SEEN_NAME},
		     {"name_raw", SEEN_RAW},
		     {"size", SEEN_SIZE},
		     {"payload", SEEN_PAYLOAD}};
	unsigned which = 0;
	struct str key;
	size_t i;

	if (!string(a, &key) || !literal(a, ":"))
		return false;
	for (i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(key, known[i].name))
			which = known[i].bit;
	if (m->seen & which)
		return false;
	m->seen |= which;
	return value_of(a, m, which);
}

static bool object(struct at *a, struct members *m)
{
	if (!literal(a, "{"))
		return false;
	do {
		if (!member(a, m))
			return false;
	} while (literal(a, ","));
	if (!literal(a, "}"))
		return false;
	blanks(a);
	return a->p == a->end;
}

/* In place; the text was ended by NUL, and what it stands for is shorter. */
static bool decode(struct str *s)
{
	char *p = (char *)s->ptr;
	ssize_t n;

	if (!p)
		return true;
	n = base64_decode(p, s->len, p);
	if (n < 0)
		return false;
	p[n] = '\0';
	s->len = (size_t)n;
	return true;
}

static bool file_of(struct members *m, struct tarsplit_item *ret)
{
	struct str *name = m->seen & SEEN_NAME ? &m->name : &m->raw;
	size_t i;

	if (!decode(&m->raw) || (name->ptr && memchr(name->ptr, '\0', name->len)))
		return false;
	if (m->size > 0 ? m->payload.len != CRC_LEN : m->payload.len > CRC_LEN)
		return false;
	*ret = (struct tarsplit_item){
	    .is_file = true, .name = name->ptr ? name->ptr : "", .size = m->size};
	for (i = 0; i < m->payload.len; i++)
		ret->crc = ret->crc << 8 | (uint8_t)m->payload.ptr[i];
	return true;
}

static bool item_of(struct members *m, struct tarsplit_item *ret)
{
	if (!decode(&m->payload))
		return false;
	if (m->type == 1)
		return file_of(m, ret);
	*ret = (struct tarsplit_item){.data = m->payload.ptr ? m->payload.ptr : "",
				      .len = m->payload.len};
	return m->type == 2;
}

int tarsplit_next(struct tarsplit_reader *r, struct tarsplit_item *ret, struct err *err)
{
	struct members m = {0};
	struct at a;
	int n;

	do {
		n = next_line(r, err);
		if (n <= 0)
			return n;
		a = (struct at){r->line.ptr, r->line.ptr + r->line.len};
	} while (r->line.len == 0);
	if (!object(&a, &m) || !item_of(&m, ret))
		return err_set(err, ERR_CORRUPT, "tar-split: line %llu is malformed",
			       (unsigned long long)r->lines);
	return 1;
}
