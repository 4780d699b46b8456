/* An answer as libcurl hands it over: header lines, an empty one, pieces of a body, trailers. */
#include "client.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 61

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *ctx, const void *data, size_t n, struct err *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < n; i++)
		*(size_t *)ctx += ((const unsigned char *)data)[i];
	return 0;
}

static void look(struct http_transfer *t)
{
	static const char *const names[] = {"Content-Length", "Location", "Link", "x"};
	size_t i, k;
	const char *v;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (k = 0; (v = http_header(t, names[i], k)); k++)
			if (strlen(v) > 65536)
				abort();
	if (http_content_length(t) < -1 || http_status(t) < 0 || http_status(t) > 999)
		abort();
	if (http_body(t)->len > t->body.max)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_transfer t = {.body = BUF_INIT(HTTP_ERROR_BODY_MAX)};
	char *text = malloc(size + 1), *p, *end, *line;
	size_t sum = 0, n;
	bool body = false;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (size > 0 && (text[0] & 1)) {
		t.req.write = take;
		t.req.ctx = &sum;
	}
	for (p = text, end = text + size; p < end; p += n) {
		line = memchr(p, '\n', (size_t)(end - p));
		n = line && !body ? (size_t)(line + 1 - p) : (size_t)(end - p);
		n = body && n > PIECE ? PIECE : n;
		if ((body ? answer_body : answer_header)(p, 1, n, &t) != n)
			break;
		body = body || n <= 2;
	}
	(void)answer_header(text, 1, size < PIECE ? size : PIECE, &t);
	look(&t);
	strv_fini(&t.answer);
	buf_fini(&t.body);
	free(text);
	return 0;
}
