#include "archive/compress.h"
#include "archive/tarsplit.h"
#include "base/err.h"
#include "base/str.h"
#include "base/base64.h"

#include <stdio.h>

#define GZIP_LEVEL 1
#define OUT_SIZE ((size_t)64 * 1024)
/* Raw bytes encoded at once: a multiple of 3. */
#define PIECE ((size_t)3 * 4096)
/* The longest thing written in one go, but for pieces of base64. */
#define TOKEN_MAX 128

struct tarsplit_writer {
	struct compressor *c;
	uint64_t position;
	size_t segment; /* raw bytes in the open segment line; 0: none is open */
	uint8_t carry[3];
	unsigned carried;
	size_t used;
	char out[OUT_SIZE];
};

int tarsplit_writer_new(const struct sink *to, struct tarsplit_writer **ret, struct err *err)
{
	struct tarsplit_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_nomem(err);
	r = compressor_new(COMPRESSION_GZIP, GZIP_LEVEL, to, &w->c, err);
	if (r < 0) {
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void tarsplit_writer_free(struct tarsplit_writer *w)
{
	if (w)
		compressor_free(w->c);
	free(w);
}

static int flush(struct tarsplit_writer *w, struct err *err)
{
	size_t n = w->used;

	w->used = 0;
	return compressor_write(w->c, w->out, n, err);
}

/* Makes room for n characters at out + used. */
static int reserve(struct tarsplit_writer *w, size_t n, struct err *err)
{
	return w->used + n > OUT_SIZE ? flush(w, err) : 0;
}

static int put(struct tarsplit_writer *w, const char *s, size_t n, struct err *err)
{
	int r = reserve(w, n, err);

	if (r < 0)
		return r;
	memcpy(w->out + w->used, s, n);
	w->used += n;
	return 0;
}

static int put_base64(struct tarsplit_writer *w, const void *data, size_t n, struct err *err)
{
	int r = reserve(w, 4 * ((n + 2) / 3), err);

	if (r < 0)
		return r;
	w->used += base64_encode(data, n, w->out + w->used);
	return 0;
}

static int put_number(struct tarsplit_writer *w, const char *before, uint64_t v, const char *after,
		      struct err *err)
{
	char text[TOKEN_MAX];
	int n = snprintf(text, sizeof(text), "%s%llu%s", before, (unsigned long long)v, after);

	return put(w, text, (size_t)n, err);
}

static int end_line(struct tarsplit_writer *w, struct err *err)
{
	return put_number(w, ",\"position\":", w->position++, "}\n", err);
}

static int end_segment(struct tarsplit_writer *w, struct err *err)
{
	unsigned carried = w->carried;
	int r;

	if (w->segment == 0)
		return 0;
	w->segment = 0;
	w->carried = 0;
	r = put_base64(w, w->carry, carried, err);
	if (r == 0)
		r = put(w, "\"", 1, err);
	return r < 0 ? r : end_line(w, err);
}

/* Fills up the carried bytes to three. */
static int encode(struct tarsplit_writer *w, const uint8_t *p, size_t n, struct err *err)
{
	size_t whole;
	int r;

	while (w->carried > 0 && w->carried < 3 && n > 0)
		w->carry[w->carried++] = *p++, n--;
	if (w->carried == 3) {
		w->carried = 0;
		r = put_base64(w, w->carry, 3, err);
		if (r < 0)
			return r;
	}
	while (n >= 3) {
		whole = n < PIECE ? n - n % 3 : PIECE;
		r = put_base64(w, p, whole, err);
		if (r < 0)
			return r;
		p += whole;
		n -= whole;
	}
	while (n > 0)
		w->carry[w->carried++] = *p++, n--;
	return 0;
}

int tarsplit_raw(struct tarsplit_writer *w, const void *data, size_t n, struct err *err)
{
	static const char begin[] = "{\"type\":2,\"payload\":\"";
	const uint8_t *p = data;
	size_t part;
	int r = 0;

	while (n > 0 && r == 0) {
		if (w->segment == 0)
			r = put(w, begin, sizeof(begin) - 1, err);
		part = TARSPLIT_SEGMENT_MAX - w->segment;
		part = n < part ? n : part;
		if (r == 0)
			r = encode(w, p, part, err);
		w->segment += part;
		p += part;
		n -= part;
		if (r == 0 && w->segment == TARSPLIT_SEGMENT_MAX)
			r = end_segment(w, err);
	}
	return r;
}

int tarsplit_cut(struct tarsplit_writer *w, struct err *err)
{
	return end_segment(w, err);
}

/* As Go's encoder does it; s is UTF-8. */
static int put_string(struct tarsplit_writer *w, const char *s, struct err *err)
{
	char text[16];
	int n, r = 0;

	for (; *s && r == 0; s++) {
		n = 1;
		text[0] = *s;
		if (*s == '"' || *s == '\\')
			n = snprintf(text, sizeof(text), "\\%c", *s);
		else if (*s == '\n' || *s == '\r' || *s == '\t')
			n = snprintf(text, sizeof(text), "\\%c",
				     *s == '\n'	  ? 'n'
				     : *s == '\r' ? 'r'
						  : 't');
		else if ((unsigned char)*s < ' ' || *s == '<' || *s == '>' || *s == '&')
			n = snprintf(text, sizeof(text), "\\u%04x", (unsigned)*s);
		else if (str_starts(s, "\xe2\x80\xa8") || str_starts(s, "\xe2\x80\xa9"))
			n = snprintf(text, sizeof(text), "\\u202%c", s[2] == '\xa8' ? '8' : '9'),
			s += 2;
		r = put(w, text, (size_t)n, err);
	}
	return r;
}

static int put_raw_name(struct tarsplit_writer *w, const char *name, struct err *err)
{
	size_t n = strlen(name), part;
	int r = 0;

	for (; n > 0 && r == 0; name += part, n -= part) {
		part = n < PIECE ? n : PIECE;
		r = put_base64(w, name, part, err);
	}
	return r;
}

static int put_name(struct tarsplit_writer *w, const char *name, struct err *err)
{
	bool utf8 = str_is_utf8(name, strlen(name));
	const char *key = utf8 ? ",\"name\":\"" : ",\"name_raw\":\"";
	int r;

	if (!*name)
		return 0;
	r = put(w, key, strlen(key), err);
	if (r == 0)
		r = utf8 ? put_string(w, name, err) : put_raw_name(w, name, err);
	return r < 0 ? r : put(w, "\"", 1, err);
}

static int put_crc(struct tarsplit_writer *w, uint64_t crc, struct err *err)
{
	uint8_t bytes[8];
	int i, r;

	for (i = 7; i >= 0; i--, crc >>= 8)
		bytes[i] = (uint8_t)crc;
	r = put(w, "\"", 1, err);
	if (r == 0)
		r = put_base64(w, bytes, sizeof(bytes), err);
	return r < 0 ? r : put(w, "\"", 1, err);
}

int tarsplit_file(struct tarsplit_writer *w, const char *name, uint64_t size, uint64_t crc,
		  struct err *err)
{
	static const char begin[] = "{\"type\":1", payload[] = ",\"payload\":";
	int r;

	r = end_segment(w, err);
	if (r == 0)
		r = put(w, begin, sizeof(begin) - 1, err);
	if (r == 0)
		r = put_name(w, name, err);
	if (r == 0 && size > 0)
		r = put_number(w, ",\"size\":", size, "", err);
	if (r == 0)
		r = put(w, payload, sizeof(payload) - 1, err);
	if (r == 0)
		r = size > 0 ? put_crc(w, crc, err) : put(w, "null", 4, err);
	return r < 0 ? r : end_line(w, err);
}

int tarsplit_finish(struct tarsplit_writer *w, struct err *err)
{
	int r;

	r = end_segment(w, err);
	if (r == 0)
		r = flush(w, err);
	return r < 0 ? r : compressor_finish(w->c, err);
}
