/* The monitor program, as monitor_exec puts it into a memory file. */
	.section .rodata
	.balign 16
	.globl monitor_program
	.globl monitor_program_end
	.hidden monitor_program
	.hidden monitor_program_end
monitor_program:
	.incbin SHIM_FILE
monitor_program_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
