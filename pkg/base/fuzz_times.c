/* Times and durations, as documents of strangers have them. */
#include "base/err.h"
#include "base/times.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], out[RFC3339_MAX], words[TIME_WORDS_MAX];
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	struct err err = ERR_INIT;
	int64_t ns, again;

	memcpy(text, data, n);
	text[n] = '\0';
	/* What is read and written is the same point in time. */
	if (time_parse_rfc3339(text, &ns, &err) == 0) {
		(void)time_rfc3339(ns, out);
		if (ns != 0 && (time_parse_rfc3339(out, &again, &err) < 0 || again != ns))
			abort();
	}
	(void)time_parse_when(text, "fuzz", &ns, &err);
	if (time_parse_duration(text, "fuzz", &ns, &err) == 0)
		(void)time_words(ns, words);
	return 0;
}
