/* The body of a request: from memory or pulled. */
#include "client.h"

#include <stdio.h>
#include <string.h>

static size_t read_data(struct http_transfer *t, char *out, size_t n)
{
	size_t left = t->source.len - t->data_at;

	if (n > left)
		n = left;
	if (n > 0)
		memcpy(out, (const char *)t->source.data + t->data_at, n);
	t->data_at += n;
	return n;
}

size_t source_read(char *out, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	ssize_t got;

	if (!t->source.pull) {
		got = (ssize_t)read_data(t, out, size * n);
	} else {
		got = t->source.pull(t->source.ctx, out, size * n, &t->failed);
		if (got == HTTP_PULL_WAIT) {
			t->paused = true;
			return CURL_READFUNC_PAUSE;
		}
		t->pulled = true;
	}
	if (got < 0)
		return CURL_READFUNC_ABORT;
	t->sent += (uint64_t)got;
	if (t->req.progress)
		t->req.progress(t->req.ctx, t->received, t->sent);
	return (size_t)got;
}

/* libcurl sends again by itself when a kept connection turns out to be dead. */
int source_seek(void *ctx, curl_off_t offset, int whence)
{
	struct http_transfer *t = ctx;

	if (offset != 0 || whence != SEEK_SET || !source_can_repeat(t))
		return CURL_SEEKFUNC_CANTSEEK;
	return source_rewind(t, &t->failed) < 0 ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

int64_t source_size(const struct http_transfer *t)
{
	if (!t->has_source)
		return 0;
	return t->source.pull ? t->source.size : (int64_t)t->source.len;
}

bool source_can_repeat(const struct http_transfer *t)
{
	return !t->has_source || !t->source.pull || !t->pulled || t->source.rewind;
}

int source_rewind(struct http_transfer *t, struct err *err)
{
	int r = 0;

	t->data_at = 0;
	t->sent = 0;
	t->paused = false;
	if (t->pulled)
		r = t->source.rewind(t->source.ctx, err);
	t->pulled = false;
	return r;
}
