/* envlist.h - -e and --env-file. */
#ifndef CMD_ENVLIST_H
#define CMD_ENVLIST_H

struct err;
struct strv;

/* "KEY=VALUE" lines of files; blanks in front, empty lines and those that begin with # do not
 * count.
 */
int labellist_add(const struct strv *files, struct strv *ret, struct err *err);
/* All of ours. */
int envlist_add_host(struct strv *ret, struct err *err);
/* Files first, then single variables; a name without value takes ours, and NAME* takes every one of
 * ours that begins so. */
int envlist_build(const struct strv *files, const struct strv *vars, struct strv *ret,
		  struct err *err);

#endif
