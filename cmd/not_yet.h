/* not_yet.h - flags that podman has and kist has not, so that they are refused as such and not as
 * typing errors. Who builds one takes it off the list (cmd/test_verbs.c sees to that). */
#ifndef CMD_NOT_YET_H
#define CMD_NOT_YET_H

/* Of a verb (its path; "" is the program): "add-host publish:p", the letter behind the colon. NULL:
 * there are none. */
const char *not_yet_of(const char *path);

#endif
