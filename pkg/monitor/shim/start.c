/*
 * start.c - where the kernel enters the program, and the memory functions that compilers call on
 * their own.
 */
#include "mem.h"

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void monitor_main(long *stack) __attribute__((noreturn, used));

#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call monitor_main\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x0, sp\n"
	"	bl monitor_main\n");
#endif

typedef uint64_t any_word __attribute__((aligned(1), may_alias));

/* The empty asm keeps compilers from turning these loops into calls of themselves. */
#define KEEP_LOOP __asm__ volatile("" ::: "memory")

void *memcpy(void *to, const void *from, size_t n)
{
#if defined(__x86_64__)
	mem_copy(to, from, n);
#else
	const char *f = from;
	char *t = to;

	for (; n >= 8; n -= 8, t += 8, f += 8) {
		*(any_word *)t = *(const any_word *)f;
		KEEP_LOOP;
	}
	for (; n > 0; n--) {
		*t++ = *f++;
		KEEP_LOOP;
	}
#endif
	return to;
}

void *memset(void *to, int c, size_t n)
{
	char *t = to;

	for (; n > 0; n--) {
		*t++ = (char)c;
		KEEP_LOOP;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	const char *f = from;
	char *t = to;

	if (t <= f)
		return memcpy(to, from, n);
	while (n-- > 0) {
		t[n] = f[n];
		KEEP_LOOP;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n > 0; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
		KEEP_LOOP;
	}
	return 0;
}
