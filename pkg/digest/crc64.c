/*
 * The ISO polynomial is x^64 + x^4 + x^3 + x + 1. Because it has so few terms, multiplying by x^64
 * is four shifts, and because squaring keeps the number of terms in GF(2), so is multiplying by
 * x^512: x^512 = (x^64)^8 = x^32 + x^24 + x^8 + 1. No tables: eight words run beside each other, in
 * vectors of two, each multiplied by x^512 a step. Registers are reflected: the highest bit is the
 * coefficient of x^0.
 */
#include "digest/digest.h"

#include <endian.h>
#include <string.h>

#define STEP ((size_t)64)
typedef uint64_t pair __attribute__((vector_size(16)));

/* `high` is the part of the product above x^63; multiplied by x^64 again it fits. */
static uint64_t times_x64(uint64_t v)
{
	uint64_t high = v << 63 ^ v << 61 ^ v << 60;

	return v ^ v >> 1 ^ v >> 3 ^ v >> 4 ^ high ^ high >> 1 ^ high >> 3 ^ high >> 4;
}

static uint64_t times_x8(uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		v = v >> 1 ^ ((v & 1) ? 0xd800000000000000ULL : 0);
	return v;
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

static inline pair pair_at(const uint8_t *p)
{
	return (pair){word_at(p), word_at(p + 8)};
}

static inline pair times_x512(pair v)
{
	pair high = v << 56 ^ v << 40 ^ v << 32;

	return v ^ v >> 8 ^ v >> 24 ^ v >> 32 ^ high ^ high >> 1 ^ high >> 3 ^ high >> 4;
}

/* n is a positive multiple of STEP. */
static uint64_t many(uint64_t crc, const uint8_t *p, size_t n)
{
	pair a = pair_at(p), b = pair_at(p + 16), c = pair_at(p + 32), d = pair_at(p + 48);
	const uint8_t *end = p + n;

	a[0] ^= crc;
	for (p += STEP; p < end; p += STEP) {
		a = times_x512(a) ^ pair_at(p);
		b = times_x512(b) ^ pair_at(p + 16);
		c = times_x512(c) ^ pair_at(p + 32);
		d = times_x512(d) ^ pair_at(p + 48);
	}
	crc = times_x64(times_x64(a[0]) ^ a[1]);
	crc = times_x64(times_x64(crc ^ b[0]) ^ b[1]);
	crc = times_x64(times_x64(crc ^ c[0]) ^ c[1]);
	return times_x64(times_x64(crc ^ d[0]) ^ d[1]);
}

uint64_t crc64_iso(uint64_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t bulk = n - n % STEP;

	crc = ~crc;
	if (bulk > 0)
		crc = many(crc, p, bulk);
	for (p += bulk, n -= bulk; n >= 8; p += 8, n -= 8)
		crc = times_x64(crc ^ word_at(p));
	for (; n > 0; p++, n--)
		crc = times_x8((crc ^ *p) & 0xff) ^ crc >> 8;
	return ~crc;
}
