/* human.h - sizes as podman writes them in some tables: three figures, a blank before the unit. */
#ifndef CMD_HUMAN_H
#define CMD_HUMAN_H

#include "base/str.h"

/* "2.14 MB"; returns out. */
const char *human_apart(uint64_t bytes, char out[HUMAN_MAX]);

#endif
