/*
 * fields.h - how a verb defines the fields that its --format templates may name: each is a
 * function of the row, listed in a table of the verb.
 */
#ifndef CMD_FIELDS_H
#define CMD_FIELDS_H

#include "text/tmpl.h"

/* The head of such a function. */
#define FIELD(fn)                                                                                  \
	static int fn(const void *row, struct tmpl_mem *mem, struct tmpl_value *ret,               \
		      struct err *err)

/* A field that costs nothing and cannot fail. */
#define PLAIN(fn, value)                                                                           \
	FIELD(fn)                                                                                  \
	{                                                                                          \
		(void)row;                                                                         \
		(void)mem;                                                                         \
		(void)err;                                                                         \
		*ret = (value);                                                                    \
		return 0;                                                                          \
	}

#endif
