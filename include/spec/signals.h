/* signals.h - names and numbers of signals as docker and podman accept them. */
#ifndef SPEC_SIGNALS_H
#define SPEC_SIGNALS_H

struct err;

/* "SIGTERM", "term", "15", "RTMIN+3", "SIGRTMAX-1"; 1..64. ERR_INVALID "invalid signal: X". */
int signal_parse(const char *s, int *ret, struct err *err);
/* "SIGTERM", "SIGRTMIN+3"; "" for no signal. */
#define SIGNAL_NAME_MAX 16
const char *signal_name(int sig, char out[SIGNAL_NAME_MAX]);

#endif
