/* Any bytes as a compressed stream, up to a bound on what comes out. */
#include "archive/compress.h"
#include "base/err.h"

#define OUT_MAX ((uint64_t)8 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(stream_close_p) struct stream *s = NULL, *plain = NULL;
	enum compression kind;
	struct err err = ERR_INIT;
	const void *p;
	size_t n;

	if (stream_of_memory(data, size, &s, &err) < 0 ||
	    decompress_open(s, &plain, &kind, &err) < 0)
		return 0;
	while (stream_arrived(plain) < OUT_MAX && stream_peek(plain, &p, &n, &err) > 0)
		stream_consume(plain, n);
	return 0;
}
