/* The program of stub/, built before this and put into the library as it is. */
	.section .rodata
	.globl runtime_stub_start, runtime_stub_end
	.balign 16
runtime_stub_start:
	.incbin STUB_FILE
runtime_stub_end:
	.section .note.GNU-stack, "", %progbits
