/* What comes back: status, headers, body. Called by libcurl; all of it is hostile. */
#include "client.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/times.h"

#include <ctype.h>
#include <string.h>

/* Of all headers that one request is answered with: interim ones, the answer's, trailers. */
#define ANSWER_HEADERS_MAX (64 * 1024)

void answer_reset(struct http_transfer *t)
{
	strv_fini(&t->answer);
	t->status = 0;
	t->begun = t->enough = false;
	buf_reset(&t->body);
}

static bool status_ok(const struct http_transfer *t)
{
	return t->status >= 200 && t->status < 300;
}

/* "HTTP/1.1 200 OK": 200, or 0. */
static int parse_status(struct str line)
{
	struct str code;

	(void)str_cut(&line, ' ');
	line = str_trim(line);
	code = str_cut(&line, ' ');
	if (code.len != 3 || !isdigit((unsigned char)code.ptr[0]) ||
	    !isdigit((unsigned char)code.ptr[1]) || !isdigit((unsigned char)code.ptr[2]))
		return 0;
	return (code.ptr[0] - '0') * 100 + (code.ptr[1] - '0') * 10 + code.ptr[2] - '0';
}

size_t answer_header(char *data, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	struct str line = str_trim((struct str){data, size * n});

	t->answer_bytes += size * n;
	if (t->answer_bytes > ANSWER_HEADERS_MAX) {
		(void)err_set(&t->failed, ERR_LIMIT, "the answer's header is larger than %d bytes",
			      ANSWER_HEADERS_MAX);
		return 0;
	}
	if (line.len >= 5 && memcmp(line.ptr, "HTTP/", 5) == 0) {
		answer_reset(t); /* of a 100 Continue before */
		t->status = parse_status(line);
		return size * n;
	}
	if (t->begun || line.len == 0) /* trailers do not count */
		return size * n;
	return strv_addn(&t->answer, line, &t->failed) < 0 ? 0 : size * n;
}

/* A server that sends a byte now and then is not silent. */
int answer_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		    curl_off_t up)
{
	struct http_transfer *t = ctx;
	unsigned max = t->req.answer_seconds ? t->req.answer_seconds : HTTP_ANSWER_SECONDS;
	char host[URL_HOSTPORT_MAX];

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	if (t->has_source || (t->begun && t->req.write) ||
	    time_monotonic_ns() - t->begun_at < (int64_t)max * NSEC_PER_SEC)
		return 0;
	(void)err_set(&t->failed, ERR_NETWORK, "%s: the answer did not come within %u seconds",
		      url_hostport(&t->url, host), max);
	return 1;
}

static int begin(struct http_transfer *t)
{
	if (t->begun)
		return 0;
	t->begun = true;
	return t->req.begin ? t->req.begin(t->req.ctx, t, &t->failed) : 0;
}

void answer_end(struct http_transfer *t)
{
	if (status_ok(t))
		(void)begin(t);
}

/* The body of an error: as much as is worth showing. */
static size_t keep_error_body(struct http_transfer *t, const char *data, size_t len)
{
	size_t room = HTTP_ERROR_BODY_MAX - t->body.len;

	buf_add(&t->body, data, len < room ? len : room);
	if (len <= room)
		return len;
	t->enough = true;
	return 0;
}

static size_t keep_body(struct http_transfer *t, const char *data, size_t len)
{
	size_t max = t->req.max_body ? t->req.max_body : HTTP_ERROR_BODY_MAX;

	if (len > max - t->body.len) {
		(void)err_set(&t->failed, ERR_LIMIT, "the answer is larger than %zu bytes", max);
		return 0;
	}
	buf_add(&t->body, data, len);
	if (!buf_ok(&t->body)) {
		(void)err_nomem(&t->failed);
		return 0;
	}
	return len;
}

size_t answer_body(char *data, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	size_t len = size * n;

	if (!status_ok(t))
		return keep_error_body(t, data, len);
	if (begin(t) < 0)
		return 0;
	if (!t->req.write)
		return keep_body(t, data, len);
	if (len > 0 && t->req.write(t->req.ctx, data, len, &t->failed) < 0)
		return 0;
	t->received += len;
	if (t->req.progress)
		t->req.progress(t->req.ctx, t->received, t->sent);
	return len;
}

const char *http_header(const struct http_transfer *t, const char *name, size_t nth)
{
	size_t i, len = strlen(name);
	const char *line;

	for (i = 0; i < t->answer.n; i++) {
		line = t->answer.v[i];
		if (strncasecmp(line, name, len) == 0 && line[len] == ':' && nth-- == 0)
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

int64_t http_content_length(const struct http_transfer *t)
{
	const char *text = http_header(t, "Content-Length", 0);
	struct err ignored = ERR_INIT;
	uint64_t n;

	if (!text || parse_u64(text, "Content-Length", 0, INT64_MAX, &n, &ignored) < 0)
		return -1;
	return (int64_t)n;
}

int http_status(const struct http_transfer *t)
{
	return t->status;
}

struct buf *http_body(struct http_transfer *t)
{
	return &t->body;
}

uint64_t http_received(const struct http_transfer *t)
{
	return t->received;
}
