/*
 * rawcall.h - system calls without libc, for the freestanding programs that are embedded in kist
 * (the monitor, the runtime's stub). Results are the kernel's: negative errno on failure.
 */
#ifndef SYS_RAWCALL_H
#define SYS_RAWCALL_H

#include <sys/syscall.h>

#if defined(__x86_64__)

static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

#elif defined(__aarch64__)

static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

#else
#error "not ported to this architecture: add it here and to monitor/shim/start.c and runtime/stub"
#endif

#define SYS_CALL(n, a, b, c, d, e, f)                                                              \
	sys6((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys1(n, a) SYS_CALL(n, a, 0, 0, 0, 0, 0)
#define sys2(n, a, b) SYS_CALL(n, a, b, 0, 0, 0, 0)
#define sys3(n, a, b, c) SYS_CALL(n, a, b, c, 0, 0, 0)
#define sys4(n, a, b, c, d) SYS_CALL(n, a, b, c, d, 0, 0)
#define sys5(n, a, b, c, d, e) SYS_CALL(n, a, b, c, d, e, 0)

#endif
