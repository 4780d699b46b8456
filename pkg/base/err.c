#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->sys_errno = 0;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -(int)code;
}

int err_sys(struct err *err, int errnum, const char *fmt, ...)
{
	char reason[128];
	va_list ap;
	size_t len;

	err->code = errnum == ENOMEM ? ERR_NOMEM : ERR_SYS;
	err->sys_errno = errnum;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s",
		       strerror_r(errnum, reason, sizeof(reason)));
	return -(int)err->code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	size_t len;

	memcpy(old, err->text, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	(void)snprintf(err->text + len, sizeof(err->text) - len, ": %s", old);
	return -(int)err->code;
}

int err_nomem(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

void err_send(int fd, const struct err *err)
{
	ssize_t n;

	do
		n = write(fd, err, sizeof(*err));
	while (n < 0 && errno == EINTR);
}

static bool err_is_sane(const struct err *err)
{
	return (int)err->code > ERR_NONE && err->code < ERR_CODE_COUNT &&
	       memchr(err->text, '\0', sizeof(err->text)) != NULL;
}

int err_recv(int fd, struct err *err)
{
	struct err got;
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(got)) {
		n = read(fd, (char *)&got + have, sizeof(got) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (have == 0)
		return 0;
	if (have < sizeof(got) || !err_is_sane(&got))
		(void)err_set(&got, ERR_BUG, "a child process reported a malformed error");
	*err = got;
	return 1;
}
