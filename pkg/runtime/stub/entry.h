/* entry.h - where the kernel enters the stub. */
#ifndef STUB_ENTRY_H
#define STUB_ENTRY_H

#if defined(__x86_64__)

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call stub_main\n");

#elif defined(__aarch64__)

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x29, #0\n"
	"	mov x0, sp\n"
	"	bl stub_main\n");

#endif

#endif
