#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* The one variable of the program that is not a constant: set once, before anything else runs. */
static enum log_level current = LOG_WARN;

static const char *const names[] = {"trace", "debug", "info", "warn", "error", "fatal"};

int log_level_parse(const char *name)
{
	int i;

	for (i = 0; i <= LOG_FATAL; i++)
		if (strcasecmp(name, names[i]) == 0)
			return i;
	if (strcasecmp(name, "warning") == 0)
		return LOG_WARN;
	return strcasecmp(name, "panic") == 0 ? LOG_FATAL : -1;
}

void log_set_level(enum log_level level)
{
	current = level;
}

bool log_on(enum log_level level)
{
	return level >= current;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char line[2048];
	va_list ap;
	int n, m;

	if (!log_on(level))
		return;
	n = snprintf(line, sizeof(line), "kist[%d] %s: ", (int)getpid(), names[level]);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n);
}
