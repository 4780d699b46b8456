/* credhelper.h - runs docker-credential-NAME programs; fits auth_options.helper. */
#ifndef CMD_CREDHELPER_H
#define CMD_CREDHELPER_H

#include <stddef.h>

struct err;

int credhelper_run(void *data, const char *program, const char *arg, const char *in, size_t in_len,
		   char *out, size_t out_max, size_t *ret_out_len, struct err *err);

#endif
