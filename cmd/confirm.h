/* confirm.h - asking before something is removed. */
#ifndef CMD_CONFIRM_H
#define CMD_CONFIRM_H

struct err;

/* Prints the warning and the question. 1 yes, 0 no; ERR_INVALID when nobody answers. */
int confirm(const char *warning, struct err *err);

#endif
