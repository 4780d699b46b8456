#include "base64.h"
#include "base/buf.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct buf *out)
{
	const unsigned char *p = data;
	unsigned v;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = len < 3 ? len : 3;
		v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
		buf_addc(out, alphabet[v >> 18]);
		buf_addc(out, alphabet[v >> 12 & 63]);
		buf_addc(out, n > 1 ? alphabet[v >> 6 & 63] : '=');
		buf_addc(out, n > 2 ? alphabet[v & 63] : '=');
	}
}

/* The bytes of one group of four; bits that padding leaves over have to be zero or are dropped. */
static void add_group(unsigned v, int digits, struct buf *out)
{
	v <<= 6 * (4 - digits);
	buf_addc(out, (char)(v >> 16));
	if (digits > 2)
		buf_addc(out, (char)(v >> 8));
	if (digits > 3)
		buf_addc(out, (char)v);
}

bool base64_decode(const char *text, struct buf *out)
{
	int digits = 0, pads = 0;
	const char *at;
	unsigned v = 0;

	for (; *text; text++) {
		if (*text == '\n' || *text == '\r')
			continue;
		if (*text == '=') {
			pads++;
			continue;
		}
		at = strchr(alphabet, *text);
		if (!at || pads > 0)
			return false;
		v = v << 6 | (unsigned)(at - alphabet);
		if (++digits == 4) {
			add_group(v, digits, out);
			digits = 0;
			v = 0;
		}
	}
	if (digits == 0)
		return pads == 0;
	if (digits + pads != 4 || digits == 1)
		return false;
	add_group(v, digits, out);
	return true;
}
