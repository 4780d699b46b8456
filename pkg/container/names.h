/* names.h - names for containers that were given none. */
#ifndef CONTAINER_NAMES_H
#define CONTAINER_NAMES_H

#define RANDOM_NAME_MAX 48

/* attempt: how often a name was taken already. */
const char *random_name(unsigned attempt, char out[RANDOM_NAME_MAX]);

#endif
