#include "secret64.h"
#include "base/base64.h"
#include "base/buf.h"

#include <string.h>

void secret64_encode(const void *data, size_t len, struct buf *out)
{
	char *p = buf_space(out, 4 * ((len + 2) / 3));

	if (p)
		buf_grew(out, base64_encode(data, len, p));
}

/* Appends the text without its line ends; returns where it begins, NULL when out is full. */
static char *add_plain(const char *text, struct buf *out)
{
	size_t start = out->len;

	for (; *text; text++)
		if (*text != '\n' && *text != '\r')
			buf_addc(out, *text);
	return buf_ok(out) ? out->ptr + start : NULL;
}

bool secret64_decode(const char *text, struct buf *out)
{
	size_t start = out->len;
	ssize_t n;
	char *p;

	if (!*text)
		return true;
	p = add_plain(text, out);
	if (!p)
		return true; /* the failure sticks in out */
	if (out->len == start)
		return true;
	n = base64_decode(p, out->len - start, p);
	if (n >= 0)
		memset(p + n, 0,
		       out->len - start - (size_t)n); /* nothing of a secret is left over */
	buf_truncate(out, start + (n < 0 ? 0 : (size_t)n));
	return n >= 0;
}
