/*
 * err.h - the error value.
 *
 * A function that can fail returns int (0 or positive: fine; negative: failed) and takes
 * `struct err *err` as its last parameter. The innermost function says what failed and why
 * (err_sys, err_set); a caller that knows more adds it once in front (err_wrap). Text begins in
 * lower case, ends without a full stop, and names the thing and, where there is one, the fix.
 *
 * The value owns no memory: it can be copied, sent through a pipe (err_send, err_recv), and used
 * after fork or without memory. On success err is untouched; on failure outputs are untouched.
 * Only cmd/ prints errors.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* What a caller may branch on. Add one only when some caller must act differently on it. */
enum err_code {
	ERR_NONE,
	ERR_SYS, /* a system call failed: see sys_errno */
	ERR_NOMEM,
	ERR_INVALID, /* input that is wrong: an option, a reference, a document */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_IN_USE,
	ERR_DENIED,
	ERR_UNSUPPORTED, /* understood, but not built or not possible here */
	ERR_LIMIT,	 /* a named limit was met */
	ERR_TIMEOUT,
	ERR_NETWORK,	 /* a server could not be reached, or broke off */
	ERR_CORRUPT,	 /* stored or received bytes are not what they should be */
	ERR_CMD_INVOKE,	 /* the container's command cannot be invoked: exit code 126 */
	ERR_CMD_MISSING, /* the container's command was not found: exit code 127 */
	ERR_CHANGED,	 /* it is not any more what the caller saw: look again */
	ERR_BUG,
	ERR_CODE_COUNT,
};

#define ERR_TEXT_MAX 1024

struct err {
	enum err_code code;
	int sys_errno;
	char text[ERR_TEXT_MAX];
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = ERR_NONE                                                                   \
	}

/* Both return -(int)code, so that a failing line is one return statement. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* ": <strerror>" is appended. The code is ERR_SYS (ERR_NOMEM for ENOMEM). */
int err_sys(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "<text>: " in front; returns -(int)err->code. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_nomem(struct err *err);

static inline void err_clear(struct err *err)
{
	err->code = ERR_NONE;
	err->sys_errno = 0;
	err->text[0] = '\0';
}

/* True when a failed call failed with this errno. */
static inline bool err_is_errno(const struct err *err, int errnum)
{
	return err->code == ERR_SYS && err->sys_errno == errnum;
}

/*
 * Carry an error from a child to its parent. err_send writes one record to fd (best effort, in one
 * write). err_recv returns 1 and fills *err when a record came, 0 on end of file without one
 * (success of the child); a record that is malformed becomes ERR_BUG. Both retry EINTR.
 */
void err_send(int fd, const struct err *err);
int err_recv(int fd, struct err *err);

#endif
