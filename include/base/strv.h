/*
 * strv.h - a list of strings that owns them, always ended by NULL once anything was added.
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include "base/str.h"

struct strv {
	char **v; /* NULL or NULL-terminated */
	size_t n;
};

#define STRV_INIT                                                                                  \
	{                                                                                          \
		NULL, 0                                                                            \
	}
#define AUTO_STRV __attribute__((cleanup(strv_fini)))

void strv_fini(struct strv *s);
/* Copies. ERR_NOMEM. */
int strv_add(struct strv *s, const char *value, struct err *err);
int strv_addn(struct strv *s, struct str value, struct err *err);
int strv_addf(struct strv *s, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes value over, also on failure. NULL is ERR_NOMEM. */
int strv_take(struct strv *s, char *value, struct err *err);
int strv_copy(struct strv *dst, const struct strv *src, struct err *err);
int strv_insert(struct strv *s, size_t at, const char *value, struct err *err);
void strv_remove(struct strv *s, size_t at);
/* Index of value, or -1. */
long strv_find(const struct strv *s, const char *value);

/* Environment lists ("NAME=value"): the value, or NULL. */
const char *strv_env_get(const struct strv *s, const char *name);
/* Adds "NAME=value", or replaces the entry of the same NAME. */
int strv_env_set(struct strv *s, const char *assignment, struct err *err);

#endif
