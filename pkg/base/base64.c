#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const void *data, size_t n, char *out)
{
	const uint8_t *p = data;
	char *start = out;
	uint32_t v;

	for (; n >= 3; p += 3, n -= 3, out += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		out[0] = alphabet[v >> 18];
		out[1] = alphabet[v >> 12 & 63];
		out[2] = alphabet[v >> 6 & 63];
		out[3] = alphabet[v & 63];
	}
	if (n == 0)
		return (size_t)(out - start);
	v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);
	*out++ = alphabet[v >> 18];
	*out++ = alphabet[v >> 12 & 63];
	*out++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
	*out++ = '=';
	return (size_t)(out - start);
}

#define X 0xff
/* Values of the 256 characters; X: not in the alphabet. */
static const uint8_t values[256] = {
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	62, X,	X,  X,	63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X,	X,  X,	X,  X,	X,  X,	0,  1,	2,  3,	4,  5,	6,
    7,	8,  9,	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X,  X,	X,  X,	X,
    X,	26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
    X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,  X,	X,
};
#undef X

ssize_t base64_decode(const char *in, size_t n, void *out)
{
	const uint8_t *p = (const uint8_t *)in;
	uint8_t *q = out, a, b, c, d, bad = 0;
	size_t pads = 0;

	if (n % 4 != 0)
		return -1;
	while (pads < 2 && n > pads && p[n - 1 - pads] == '=')
		pads++;
	if (pads > 0)
		n -= 4;
	for (; n > 0; p += 4, n -= 4) {
		a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];
		bad |= a | b | c | d;
		*q++ = (uint8_t)(a << 2 | b >> 4);
		*q++ = (uint8_t)(b << 4 | c >> 2);
		*q++ = (uint8_t)(c << 6 | d);
	}
	if (pads > 0) {
		a = values[p[0]], b = values[p[1]], c = pads == 1 ? values[p[2]] : 0;
		bad |= a | b | c;
		*q++ = (uint8_t)(a << 2 | b >> 4);
		if (pads == 1)
			*q++ = (uint8_t)(b << 4 | c >> 2);
	}
	return bad & 0xc0 ? -1 : q - (uint8_t *)out;
}
