/*
 * gen.h - files made from the verb tables: shell completion and manual pages. contrib/gen.sh calls
 * them through the hidden words "kist __gen bash|zsh|fish|man DIR".
 */
#ifndef CMD_GEN_H
#define CMD_GEN_H

#include "verb.h"

/* what: bash, zsh, fish (one file below dir, kist.<what>) or man (kist.1, kist-<verb>.1 ...). */
int gen_files(const struct program *p, const char *what, const char *dir, struct err *err);

#endif
