/*
 * The ISO polynomial is x^64 + x^4 + x^3 + x + 1. Because it has so few terms, multiplying by x^64
 * is four shifts, and because squaring keeps the number of terms in GF(2), so is multiplying by
 * x^512: x^512 = (x^64)^8 = x^32 + x^24 + x^8 + 1. No tables: eight words run beside each other, in
 * vectors, each multiplied by x^512 a step. Registers are reflected: the highest bit is the
 * coefficient of x^0.
 */
#include "digest/digest.h"

#include <endian.h>
#include <string.h>

#define STEP ((size_t)64)
typedef uint64_t pair __attribute__((vector_size(16)));
typedef uint64_t quad __attribute__((vector_size(32)));

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

/* Macros, because a function that takes or returns the wider vectors would have another ABI in
 * every instruction set. */
#define LOAD(v, p) memcpy(&(v), p, sizeof(v))
#define STEP_LANE(v, p)                                                                            \
	do {                                                                                       \
		high = (v) << 56 ^ (v) << 40 ^ (v) << 32;                                          \
		LOAD(next, p);                                                                     \
		(v) ^= (v) >> 8 ^ (v) >> 24 ^ (v) >> 32;                                           \
		(v) ^= high ^ high >> 1 ^ high >> 3 ^ high >> 4 ^ next;                            \
	} while (0)

/* Both: n is a positive multiple of STEP. */
static void many_plain(uint64_t crc, const uint8_t *p, size_t n, uint64_t out[8])
{
	const uint8_t *end = p + n;
	pair a, b, c, d, high, next;

	LOAD(a, p), LOAD(b, p + 16), LOAD(c, p + 32), LOAD(d, p + 48);
	a[0] ^= crc;
	for (p += STEP; p < end; p += STEP) {
		STEP_LANE(a, p);
		STEP_LANE(b, p + 16);
		STEP_LANE(c, p + 32);
		STEP_LANE(d, p + 48);
	}
	memcpy(out, &a, 16), memcpy(out + 2, &b, 16), memcpy(out + 4, &c, 16);
	memcpy(out + 6, &d, 16);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void many_avx2(uint64_t crc, const uint8_t *p, size_t n,
						      uint64_t out[8])
{
	const uint8_t *end = p + n;
	quad a, b, high, next;

	LOAD(a, p), LOAD(b, p + 32);
	a[0] ^= crc;
	for (p += STEP; p < end; p += STEP) {
		STEP_LANE(a, p);
		STEP_LANE(b, p + 32);
	}
	memcpy(out, &a, 32), memcpy(out + 4, &b, 32);
}
#endif

static uint64_t many(uint64_t crc, const uint8_t *p, size_t n)
{
	uint64_t lanes[8];
	int i;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		many_avx2(crc, p, n, lanes);
	else
#endif
		many_plain(crc, p, n, lanes);
	for (crc = 0, i = 0; i < 8; i++)
		crc = times_x64(crc ^ lanes[i]);
	return crc;
}

uint64_t crc64_iso(uint64_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;
	/* Words are taken as they lie in memory, which is right for little-endian machines. */
	size_t bulk = __BYTE_ORDER == __LITTLE_ENDIAN ? n - n % STEP : 0;

	crc = ~crc;
	if (bulk > 0)
		crc = many(crc, p, bulk);
	for (p += bulk, n -= bulk; n >= 8; p += 8, n -= 8)
		crc = times_x64(crc ^ word_at(p));
	for (; n > 0; p++, n--)
		crc = times_x8((crc ^ *p) & 0xff) ^ crc >> 8;
	return ~crc;
}
