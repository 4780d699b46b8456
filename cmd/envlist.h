/* envlist.h - -e and --env-file. */
#ifndef CMD_ENVLIST_H
#define CMD_ENVLIST_H

struct err;
struct strv;

/* Files first, then single variables; a name without value takes ours, and NAME* takes every one of
 * ours that begins so. */
int envlist_build(const struct strv *files, const struct strv *vars, struct strv *ret,
		  struct err *err);

#endif
