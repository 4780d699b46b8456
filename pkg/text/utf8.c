#include "utf8.h"
#include "base/buf.h"
#include "base/str.h"

void utf8_add(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(b, (char)(0xe0 | c >> 12));
		} else {
			buf_addc(b, (char)(0xf0 | c >> 18));
			buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

size_t utf8_len(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= len && str_is_utf8(s, n) ? n : 0;
}

uint32_t utf8_get(const char *s, size_t len, size_t *ret_len)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t n = utf8_len(s, len), i;
	uint32_t c;

	*ret_len = n ? n : 1;
	c = (unsigned char)*s & (n ? first[n] : 0xff);
	for (i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

size_t utf8_count(const char *s, size_t len)
{
	size_t count = 0, n;

	while (len > 0) {
		n = utf8_len(s, len);
		if (n == 0)
			n = 1;
		s += n;
		len -= n;
		count++;
	}
	return count;
}
