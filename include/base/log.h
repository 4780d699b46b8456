/*
 * log.h - diagnostic messages on standard error, off unless asked for (--log-level).
 *
 * Modules log only with log_debug; warnings and errors that a user must see travel up as errors or
 * callbacks and are printed by cmd/.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL };

/* podman's names (trace debug info warn warning error fatal panic), any case; -1 for others. */
int log_level_parse(const char *name);
void log_set_level(enum log_level level);
bool log_on(enum log_level level);
void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)                                                                             \
	do {                                                                                       \
		if (log_on(LOG_DEBUG))                                                             \
			log_msg(LOG_DEBUG, __VA_ARGS__);                                           \
	} while (0)

#endif
