#include "spec/signals.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"

#include <signal.h>
#include <stdio.h>
#include <strings.h>

/* The kernel's and docker's numbering; the C library keeps some real-time signals for itself, so
 * its SIGRTMIN is a function. */
#define RTMIN_NUMBER 34
#define RTMAX_NUMBER 64

static const struct {
	const char *name;
	int number;
} names[] = {
    {"HUP", SIGHUP},
    {"INT", SIGINT},
    {"QUIT", SIGQUIT},
    {"ILL", SIGILL},
    {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},
    {"BUS", SIGBUS},
    {"FPE", SIGFPE},
    {"KILL", SIGKILL},
    {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE},
    {"ALRM", SIGALRM},
    {"TERM", SIGTERM},
    {"STKFLT", 16},
    {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},
    {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},
    {"URG", SIGURG},
    {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ},
    {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},
    {"WINCH", SIGWINCH},
    {"IO", SIGIO},
    {"PWR", SIGPWR},
    {"SYS", SIGSYS},
    /* second names, not given out */
    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},
    {"POLL", SIGIO},
    {"UNUSED", SIGSYS},
};

static int parse_name(const char *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(s, names[i].name) == 0)
			return names[i].number;
	return -1;
}

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n */
static int parse_realtime(const char *s)
{
	bool min = strncasecmp(s, "RTMIN", 5) == 0;
	struct err ignored = ERR_INIT;
	uint64_t n = 0;

	if (!min && strncasecmp(s, "RTMAX", 5) != 0)
		return -1;
	s += 5;
	if (*s && (*s != (min ? '+' : '-') ||
		   parse_u64(s + 1, "", 0, RTMAX_NUMBER - RTMIN_NUMBER, &n, &ignored) < 0))
		return -1;
	return min ? RTMIN_NUMBER + (int)n : RTMAX_NUMBER - (int)n;
}

int signal_parse(const char *s, int *ret, struct err *err)
{
	struct err ignored = ERR_INIT;
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	uint64_t number;
	int sig;

	if (parse_u64(s, "", 1, RTMAX_NUMBER, &number, &ignored) == 0) {
		*ret = (int)number;
		return 0;
	}
	sig = parse_name(name);
	if (sig < 0)
		sig = parse_realtime(name);
	if (sig < 0)
		return err_set(err, ERR_INVALID, "invalid signal: %.40s", s);
	*ret = sig;
	return 0;
}

const char *signal_name(int sig, char out[SIGNAL_NAME_MAX])
{
	const int middle = (RTMIN_NUMBER + RTMAX_NUMBER) / 2;
	size_t i;

	out[0] = '\0';
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].number == sig) {
			(void)snprintf(out, SIGNAL_NAME_MAX, "SIG%s", names[i].name);
			return out;
		}
	if (sig == RTMIN_NUMBER || sig == RTMAX_NUMBER)
		(void)snprintf(out, SIGNAL_NAME_MAX, "SIGRT%s",
			       sig == RTMIN_NUMBER ? "MIN" : "MAX");
	else if (sig > RTMIN_NUMBER && sig <= middle)
		(void)snprintf(out, SIGNAL_NAME_MAX, "SIGRTMIN+%d", sig - RTMIN_NUMBER);
	else if (sig > middle && sig < RTMAX_NUMBER)
		(void)snprintf(out, SIGNAL_NAME_MAX, "SIGRTMAX-%d", RTMAX_NUMBER - sig);
	return out;
}
