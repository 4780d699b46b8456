/* What registries and token servers answer with: error bodies, tokens. */
#include "session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size > 0 ? (const char *)data : "", *p;
	char said[REPLY_TEXT_MAX], *token = NULL;
	struct err err = ERR_INIT;
	uint64_t seconds;

	(void)reply_parse(text, size, said);
	for (p = said; *p; p++)
		if (!isprint((unsigned char)*p))
			abort();
	if (token_parse(text, size, &token, &seconds, &err) < 0)
		return 0;
	for (p = token; *p; p++)
		if (!isgraph((unsigned char)*p))
			abort();
	free(token);
	return 0;
}
