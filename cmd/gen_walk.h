/* gen_walk.h - what the generators of completions and manual pages share. Each appends to out. */
#ifndef CMD_GEN_WALK_H
#define CMD_GEN_WALK_H

#include "gen.h"

struct buf;

void gen_bash(const struct program *p, struct buf *out);
void gen_zsh(const struct program *p, struct buf *out);
void gen_fish(const struct program *p, struct buf *out);
/* The page of the program, and that of one verb. */
void gen_man_program(const struct program *p, struct buf *out);
void gen_man_verb(const struct program *p, const struct verb *v, struct buf *out);

/* Options that are completed and documented: not hidden, not old spellings. */
bool gen_is_shown(const struct opt *o);
/* All paths of a verb, its own first; returns how many. Views into the verb's strings. */
#define GEN_PATHS_MAX 16
size_t gen_paths(const struct verb *v, struct str out[GEN_PATHS_MAX]);
/* Words that may follow a group's path ("" is the top), in order, with their summaries; calls each
 * for every one. */
void gen_subcommands(const struct program *p, const char *group,
		     void (*each)(struct str word, const char *summary, void *arg), void *arg);
/* What completes the value of an option, or an operand: "files", "dirs", "images", ..., or NULL. */
const char *gen_complete(const char *complete);

#endif
