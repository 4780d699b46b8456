/*
 * frame.h - messages between a monitor and its clients; used by both, without libc.
 *
 * The socket is a SOCK_SEQPACKET one: each message is one frame and is sent whole or not at all,
 * which is what lets the monitor pass over a client that does not read (decision 0004). A frame is
 * a head and a body of head.len bytes, in the machine's byte order (both ends run on one kernel).
 */
#ifndef SHIM_FRAME_H
#define SHIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION 1U
/* Bytes of one output or input frame. */
#define FRAME_BODY_MAX 65536U

enum frame_type {
	FRAME_BAD,
	/* to the monitor */
	FRAME_HELLO,	 /* frame_hello: what the client wants */
	FRAME_STDIN,	 /* input; the next one only after FRAME_TAKEN */
	FRAME_STDIN_EOF, /* end of input */
	FRAME_RESIZE,	 /* frame_resize */
	FRAME_RESUME,	 /* frame_offset: this client has read the log up to there */
	FRAME_CLOSED,	 /* frame_closed: the client cannot pass on this stream any more */
	FRAME_CONFIRM,	 /* after FRAME_EXIT: this client removes the container */
	/* to the client */
	FRAME_WELCOME, /* frame_welcome: answer to FRAME_HELLO */
	FRAME_TAKEN,   /* the container took the last input (or nobody ever will) */
	FRAME_STDOUT,  /* output, also of a terminal */
	FRAME_STDERR,  /* output */
	FRAME_LAG,     /* frame_offset: the output from there on is in the log, passed along */
	FRAME_EXIT,    /* frame_exit: the container ended; nothing follows */
	FRAME_BYE,     /* frame_bye: the monitor cuts this client off */
	FRAME_TYPES,
};

struct frame_head {
	uint32_t type;
	uint32_t len;
};

struct frame_hello {
	uint32_t version;
	uint32_t wants; /* MONITOR_WANT_... */
};

struct frame_resize {
	uint16_t rows, cols;
	uint32_t zero;
};

struct frame_offset {
	uint64_t offset;
};

struct frame_closed {
	uint32_t stream; /* FRAME_STDOUT or FRAME_STDERR */
	uint32_t zero;
};

struct frame_welcome {
	uint32_t version;
	uint32_t has_stdin; /* input goes somewhere */
};

struct frame_exit {
	int32_t code;
	uint32_t oom;
	int64_t finished_ns;
	uint64_t log_end; /* for a client that reads the log */
};

enum { BYE_FULL = 1, BYE_SLOW = 2, BYE_VERSION = 3 };

struct frame_bye {
	uint32_t reason;
	uint32_t zero;
};

/* Any small frame. */
struct frame_small {
	struct frame_head head;
	union {
		struct frame_hello hello;
		struct frame_resize resize;
		struct frame_offset offset;
		struct frame_closed closed;
		struct frame_welcome welcome;
		struct frame_exit exit;
		struct frame_bye bye;
	} u;
};

#define FRAME_MESSAGE_MAX (sizeof(struct frame_head) + FRAME_BODY_MAX)

/* Size of the body of a type; -1: anything from 1 to FRAME_BODY_MAX; -2: no such type. */
static inline long frame_body_size(uint32_t type)
{
	switch (type) {
	case FRAME_STDIN:
	case FRAME_STDOUT:
	case FRAME_STDERR:
		return -1;
	case FRAME_STDIN_EOF:
	case FRAME_CONFIRM:
	case FRAME_TAKEN:
		return 0;
	case FRAME_HELLO:
		return sizeof(struct frame_hello);
	case FRAME_RESIZE:
		return sizeof(struct frame_resize);
	case FRAME_RESUME:
	case FRAME_LAG:
		return sizeof(struct frame_offset);
	case FRAME_CLOSED:
		return sizeof(struct frame_closed);
	case FRAME_WELCOME:
		return sizeof(struct frame_welcome);
	case FRAME_EXIT:
		return sizeof(struct frame_exit);
	case FRAME_BYE:
		return sizeof(struct frame_bye);
	default:
		return -2;
	}
}

/* The type of a received message of n bytes, FRAME_BAD when it is not one that may come in this
 * direction. A whole frame is there when FRAME_BAD is not returned. */
static inline enum frame_type frame_check(const void *message, size_t n, bool to_monitor)
{
	struct frame_head head;
	long size;

	if (n < sizeof(head))
		return FRAME_BAD;
	__builtin_memcpy(&head, message, sizeof(head));
	if ((head.type < FRAME_WELCOME) != to_monitor || head.len != n - sizeof(head))
		return FRAME_BAD;
	size = frame_body_size(head.type);
	if (size == -1 ? head.len == 0 || head.len > FRAME_BODY_MAX : (long)head.len != size)
		return FRAME_BAD;
	return (enum frame_type)head.type;
}

/* A small frame with an empty body of the size of its type. */
static inline struct frame_small frame_make(enum frame_type type)
{
	struct frame_small f = {0};
	long size = frame_body_size(type);

	f.head.type = type;
	f.head.len = size > 0 ? (uint32_t)size : 0;
	return f;
}

static inline size_t frame_size(const struct frame_small *f)
{
	return sizeof(f->head) + f->head.len;
}

#endif
