/* What a credential helper prints: the first byte is its exit code. */
#include "base/auto.h"
#include "base/err.h"
#include "config/auth.h"
#include "credhelper.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct said {
	const uint8_t *data;
	size_t size;
};

static int run(void *arg, const char *program, const char *word, struct auth_talk *talk,
	       struct err *err)
{
	const struct said *s = arg;

	(void)program;
	(void)word;
	(void)err;
	talk->out_len = s->size - 1 < talk->out_max ? s->size - 1 : talk->out_max;
	memcpy(talk->out, s->data + 1, talk->out_len);
	return s->data[0] & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said said = {data, size};
	const struct auth_options o = {.helper = run, .helper_data = &said};
	AUTO_AUTH struct auth a = {0};
	struct err err = ERR_INIT;

	if (size < 1)
		return 0;
	/* Either a user with a password, or a token. */
	if (credhelper_get(&o, "fuzz", "a.example.com", &a, &err) > 0 &&
	    (!a.user == !a.identity_token || (a.user && !a.password)))
		abort();
	return 0;
}
