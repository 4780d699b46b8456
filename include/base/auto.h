/*
 * auto.h - release at the end of scope, and hand-over.
 *
 * Every resource variable is initialised where it is declared. The attribute does not run across
 * _exit, exec or longjmp.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO(release) __attribute__((cleanup(release)))
#define AUTO_FREE AUTO(auto_free_p)
#define AUTO_CLOSE AUTO(auto_close_p)
#define AUTO_CLOSEDIR AUTO(auto_closedir_p)
#define AUTO_FCLOSE AUTO(auto_fclose_p)

/* Moves a pointer, or a descriptor, out of its variable. */
#define TAKE(ptr)                                                                                  \
	({                                                                                         \
		__typeof__(ptr) taken_ = (ptr);                                                    \
		(ptr) = NULL;                                                                      \
		taken_;                                                                            \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

/* Defines NAME_p(T **), the form that AUTO wants, from a destructor that accepts NULL. */
#define DEFINE_AUTO(type, destroy)                                                                 \
	static inline void destroy##_p(type **p)                                                   \
	{                                                                                          \
		destroy(*p);                                                                       \
	}

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline void auto_free_p(void *p)
{
	free(*(void **)p);
}

static inline void auto_close_p(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void auto_closedir_p(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static inline void auto_fclose_p(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#endif
