/*
 * wire.h - what monitor_exec hands to the embedded program: descriptors at fixed numbers, and one
 * struct through the pipe at FD_SETUP. Arguments: "kist-monitor", the container's ID, then the
 * cleanup command; the environment is the cleanup command's.
 */
#ifndef SHIM_WIRE_H
#define SHIM_WIRE_H

#include <stdint.h>

/* 0, 1 and 2 are /dev/null. A descriptor whose bit in wire.fds is not set is closed. */
enum wire_fd {
	FD_SETUP = 3,
	FD_LOCK,
	FD_STATE,
	FD_RUN,
	FD_LOG,
	FD_LOG_DIR,
	FD_TTY,
	FD_STDIN,
	FD_STDOUT,
	FD_STDERR,
	FD_LISTEN,
	FD_CLIENT,
	FD_END,
};

#define WIRE_MAGIC 0x6b6d6f32U /* changes with this struct */
#define WIRE_ARGS_FIXED 2

struct wire {
	uint32_t magic;
	int32_t pid;
	uint32_t flags;	       /* MONITOR_... of setup.h */
	uint32_t fds;	       /* bit n: descriptor n is there */
	uint32_t client_wants; /* of FD_CLIENT */
	int32_t utc_offset;    /* seconds; for times in the log */
	uint32_t patience_ms;  /* 0: the default */
	uint32_t zero;
	uint64_t log_size_max;
	char log_name[256];
};

#endif
