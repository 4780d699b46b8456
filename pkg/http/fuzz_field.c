/* Header fields that servers send: WWW-Authenticate, Content-Range, Link, Retry-After. */
#include "base/err.h"
#include "http/field.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void challenges(const char *text)
{
	struct http_challenge c;
	struct err err = ERR_INIT;
	const char *p = text, *before;

	for (before = p; http_challenge_next(&p, &c, &err) > 0; before = p) {
		(void)http_challenge_get(&c, "realm");
		http_challenge_fini(&c);
		if (p <= before || p > text + strlen(text))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *link = NULL;
	uint64_t first, last;
	int64_t total;
	struct err err = ERR_INIT;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	challenges(text);
	if (http_content_range(text, &first, &last, &total, &err) == 0 &&
	    (last < first || (total >= 0 && last >= (uint64_t)total)))
		abort();
	if (http_link_next(text, &link, &err) > 0)
		free(link);
	if (http_retry_after(text) < -1)
		abort();
	free(text);
	return 0;
}
