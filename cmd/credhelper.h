/* credhelper.h - runs docker-credential-NAME programs; fits auth_options.helper. */
#ifndef CMD_CREDHELPER_H
#define CMD_CREDHELPER_H

#include "config/auth.h"

int credhelper_run(void *data, const char *program, const char *arg, struct auth_talk *talk,
		   struct err *err);

#endif
