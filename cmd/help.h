/* help.h - help texts made from the verb tables. Each appends to out, which is then printed. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "verb.h"

struct buf;

void help_program(const struct program *p, struct buf *out);
/* path: "image". */
void help_group(const struct program *p, const char *path, struct buf *out);
/* path: the one that was used, for the usage line. */
void help_verb(const struct program *p, const struct verb *v, const char *path, struct buf *out);

#endif
