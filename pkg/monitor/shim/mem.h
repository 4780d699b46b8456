/*
 * mem.h - copying and searching memory, without libc in the monitor and with it elsewhere.
 */
#ifndef SHIM_MEM_H
#define SHIM_MEM_H

#include <stddef.h>
#include <stdint.h>

#if __STDC_HOSTED__

#include <string.h>

static inline void mem_copy(void *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}

static inline const char *mem_find(const char *p, char c, size_t n)
{
	return n > 0 ? memchr(p, c, n) : NULL;
}

#else

static inline void mem_copy(void *to, const void *from, size_t n)
{
#if defined(__x86_64__)
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
	__builtin_memcpy(to, from, n);
#endif
}

static inline const char *mem_find(const char *p, char c, size_t n)
{
	const uint64_t ones = 0x0101010101010101ULL, tops = 0x8080808080808080ULL;
	const uint64_t want = ones * (unsigned char)c;
	uint64_t word;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		__builtin_memcpy(&word, p, sizeof(word));
		word ^= want;
		if ((word - ones) & ~word & tops)
			break;
	}
	for (; n > 0; p++, n--)
		if (*p == c)
			return p;
	return NULL;
}

#endif

/* The decimal digits of v at out; returns their number (at most 20). */
static inline unsigned mem_decimal(char *out, uint64_t v)
{
	char digits[20];
	unsigned n = 0, i;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	for (i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

#endif
